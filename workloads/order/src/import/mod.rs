//! Orders of other systems, taken over with the prices and totals that they have there.
//!
//! What an update could set as well is set by the decisions of updates, without their messages: an import is told
//! of as a whole.

mod lines;
mod wanted;

use crate::decisions;
use api::cart::{InventoryMode, ShippingInfo, ShippingMode, TaxMode, TaxedPrice};
use api::order::{
    AddDelivery, CustomLineRef, DeliveryDraft, LineRef, Order, OrderAction, OrderImportDraft,
    ShippingInfoImportDraft, TaxedPriceDraft,
};
use api::store::Store;
use api::tax_category::ExternalTaxRateDraft;
use api::{ApiError, CurrencyCode, Key, KeyReference, Kind, Result, TaxRate, TypedMoney};
use kit::resource::{Context, Decision, Found};
use lines::Lines;
use pricing::TaxRounding;
use std::collections::HashSet;

/// The most line items of an order, as of a cart (contract §5).
const MAX_LINES: usize = 500;
/// The most custom line items.
const MAX_CUSTOM_LINES: usize = 100;
/// The most item shipping addresses.
const MAX_ADDRESSES: usize = 500;

/// The order.
pub(crate) fn order(draft: &OrderImportDraft, cx: &Context<'_>) -> Decision<Order> {
    check(draft)?;
    wanted::want(draft, cx);
    let store = draft.store.as_ref().map(|store| cx.resolve::<Store>(Kind::Store, store)).transpose()?;
    if let (Some(store), Some(country)) = (&store, draft.country) {
        store.check_country(country)?;
    }
    let mut order = empty(draft, store.as_ref());
    let lines = Lines::of(draft, store.as_ref(), cx)?;
    for line in &draft.line_items {
        order.line_items.push(lines.line(line)?);
    }
    for line in &draft.custom_line_items {
        order.custom_line_items.push(lines.custom_line(line)?);
    }
    order.taxed_price = draft.taxed_price.as_ref().map(|taxed| taxed_price(taxed, draft)).transpose()?;
    if let Some(info) = &draft.shipping_info {
        let info = shipping(info, draft, cx)?;
        order.taxed_shipping_price.clone_from(&info.taxed_price);
        order.shipping_info = Some(info);
    }
    order.custom = cx.custom(draft.custom.as_ref(), "order")?;
    for action in actions(draft, &order) {
        let plan = decisions::decide(&order, &action, cx)?;
        plan.changes.iter().for_each(|change| change.evolve(&mut order));
    }
    // The group of the draft counts, not the one that the customer is in today.
    if draft.customer_group.is_some() {
        order.customer_group = cx.reference_opt(Kind::CustomerGroup, draft.customer_group.as_ref())?;
    }
    Ok(order)
}

/// What is wrong with a draft whatever else there is.
fn check(draft: &OrderImportDraft) -> Result<()> {
    let (lines, custom_lines) = (&draft.line_items, &draft.custom_line_items);
    if lines.is_empty() && custom_lines.is_empty() {
        return Err(ApiError::required_field("lineItems"));
    }
    for (what, count, max) in [
        ("line items", lines.len(), MAX_LINES),
        ("custom line items", custom_lines.len(), MAX_CUSTOM_LINES),
        ("item shipping addresses", draft.item_shipping_addresses.len(), MAX_ADDRESSES),
    ] {
        if count > max {
            return Err(ApiError::invalid_operation(format!("An order has at most {max} {what}.")));
        }
    }
    let modes = lines.iter().filter_map(|line| line.inventory_mode);
    if modes.chain([draft.inventory_mode]).any(|mode| mode == InventoryMode::ReserveOnCart) {
        return Err(ApiError::invalid_field("inventoryMode", "ReserveOnCart"));
    }
    unique("lineItems.key", lines.iter().filter_map(|line| line.key.as_ref()))?;
    unique("customLineItems.key", custom_lines.iter().filter_map(|line| line.key.as_ref()))
}

fn unique<'a>(field: &str, keys: impl Iterator<Item = &'a Key>) -> Result<()> {
    let mut seen = HashSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(ApiError::duplicate_field(field, key));
        }
    }
    Ok(())
}

/// The order without its lines and without what [`actions`] sets.
fn empty(draft: &OrderImportDraft, store: Option<&Found<Store>>) -> Order {
    Order {
        order_number: None,
        purchase_order_number: draft.purchase_order_number.clone(),
        customer_id: None,
        customer_email: draft.customer_email.clone(),
        customer_group: None,
        anonymous_id: None,
        store: store.map(|store| KeyReference::store(store.key.clone())),
        line_items: Vec::new(),
        custom_line_items: Vec::new(),
        total_price: draft.total_price.into(),
        taxed_price: None,
        taxed_shipping_price: None,
        price_rounding_mode: draft.price_rounding_mode,
        tax_mode: TaxMode::default(),
        tax_rounding_mode: draft.tax_rounding_mode,
        tax_calculation_mode: draft.tax_calculation_mode,
        inventory_mode: draft.inventory_mode,
        billing_address: None,
        shipping_address: None,
        shipping_mode: ShippingMode::Single,
        shipping_info: None,
        shipping_rate_input: None,
        shipping_custom_fields: None,
        shipping: Vec::new(),
        item_shipping_addresses: Vec::new(),
        discount_codes: Vec::new(),
        direct_discounts: Vec::new(),
        refused_gifts: Vec::new(),
        country: draft.country,
        locale: None,
        origin: draft.origin,
        cart: None,
        order_state: draft.order_state,
        shipment_state: draft.shipment_state,
        payment_state: draft.payment_state,
        state: None,
        sync_info: Vec::new(),
        return_info: Vec::new(),
        custom: None,
        completed_at: draft.completed_at,
    }
}

/// The updates that bring the rest of the draft into the order, whose lines know their ids.
fn actions(draft: &OrderImportDraft, order: &Order) -> Vec<OrderAction> {
    use OrderAction as A;
    let mut actions = Vec::new();
    let number = draft.order_number.clone().map(Some);
    actions.extend(number.map(|order_number| A::SetOrderNumber { order_number }));
    let customer = draft.customer_id.clone().map(Some);
    actions.extend(customer.map(|customer_id| A::SetCustomerId { customer_id }));
    actions.extend(draft.state.clone().map(|state| A::TransitionState { state, force: true }));
    let address = draft.shipping_address.clone().map(|address| Some(Box::new(address)));
    actions.extend(address.map(|address| A::SetShippingAddress { address }));
    let address = draft.billing_address.clone().map(|address| Some(Box::new(address)));
    actions.extend(address.map(|address| A::SetBillingAddress { address }));
    for address in &draft.item_shipping_addresses {
        actions.push(A::AddItemShippingAddress { address: Box::new(address.clone()) });
    }
    for (line, made) in draft.line_items.iter().zip(&order.line_items) {
        let of = || LineRef { line_item_id: Some(made.id.clone()), line_item_key: None };
        let state = line.state.clone();
        actions.extend(state.map(|state| A::ImportLineItemState { line: of(), state }));
        let details = line.shipping_details.clone().map(Some);
        actions.extend(
            details.map(|shipping_details| A::SetLineItemShippingDetails { line: of(), shipping_details }),
        );
    }
    for (line, made) in draft.custom_line_items.iter().zip(&order.custom_line_items) {
        let of = || CustomLineRef { custom_line_item_id: Some(made.id.clone()), custom_line_item_key: None };
        let state = line.state.clone();
        actions.extend(state.map(|state| A::ImportCustomLineItemState { line: of(), state }));
        let details = line.shipping_details.clone().map(Some);
        actions.extend(
            details
                .map(|shipping_details| A::SetCustomLineItemShippingDetails { line: of(), shipping_details }),
        );
    }
    let deliveries = draft.shipping_info.iter().flat_map(|info| info.deliveries.clone());
    actions.extend(deliveries.map(|DeliveryDraft { key, items, parcels, address, custom }| {
        A::AddDelivery(Box::new(AddDelivery {
            shipping_key: None,
            delivery_key: key,
            items,
            address,
            parcels,
            custom,
        }))
    }));
    actions
}

fn shipping(
    info: &ShippingInfoImportDraft,
    draft: &OrderImportDraft,
    cx: &Context<'_>,
) -> Decision<ShippingInfo> {
    pricing::check_shipping_rate(&info.shipping_rate)?;
    in_currency(draft, info.price.currency_code)?;
    in_currency(draft, info.shipping_rate.price.currency_code)?;
    let price: TypedMoney = info.price.into();
    let (tax_rate, taxed_price) = taxed(draft, price, (price, 1), info.tax_rate.as_ref())?;
    Ok(ShippingInfo {
        shipping_method_name: info.shipping_method_name.clone(),
        price,
        shipping_rate: info.shipping_rate.clone().into(),
        taxed_price,
        tax_rate,
        tax_category: cx.reference_opt(Kind::TaxCategory, info.tax_category.as_ref())?,
        shipping_method: cx.reference_opt(Kind::ShippingMethod, info.shipping_method.as_ref())?,
        deliveries: Vec::new(),
        shipping_method_state: info.shipping_method_state,
        estimated_delivery: None,
    })
}

/// The taxed price of the whole order, as it comes.
fn taxed_price(taxed: &TaxedPriceDraft, draft: &OrderImportDraft) -> Result<TaxedPrice> {
    in_currency(draft, taxed.total_net.currency_code)?;
    let net = taxed.total_net.into();
    let made =
        pricing::tax::tax_of_cart_from_amount(net, taxed.total_gross, taxed.tax_portions.clone(), &[])?;
    let Some(total_tax) = taxed.total_tax else { return Ok(made) };
    in_currency(draft, total_tax.currency_code)?;
    Ok(TaxedPrice { total_tax: total_tax.into(), ..made })
}

/// A tax rate as it comes, and the taxed price that it makes of a total of so many units.
fn taxed(
    draft: &OrderImportDraft,
    total: TypedMoney,
    units: (TypedMoney, i64),
    rate: Option<&TaxRate>,
) -> Result<(Option<TaxRate>, Option<TaxedPrice>)> {
    let Some(TaxRate { id, key, name, amount, included_in_price, country, state, sub_rates }) = rate.cloned()
    else {
        return Ok((None, None));
    };
    let amount = Some(amount);
    let checked = ExternalTaxRateDraft { name, amount, included_in_price, country, state, sub_rates };
    let rate = TaxRate { id, key, ..pricing::external_tax_rate(checked)? };
    let rounding = TaxRounding { mode: draft.tax_rounding_mode, calculation: draft.tax_calculation_mode };
    let taxed = pricing::tax_of_line(total, &[units], &rate, rounding)?;
    Ok((Some(rate), Some(taxed)))
}

/// Refuses another currency than the order's.
fn in_currency(draft: &OrderImportDraft, currency: CurrencyCode) -> Result<()> {
    if currency == draft.total_price.currency_code {
        return Ok(());
    }
    Err(ApiError::invalid_field("currencyCode", currency.as_str()))
}

#[cfg(test)]
mod tests;

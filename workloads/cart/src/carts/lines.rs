//! Line items: added, grown, shrunk, removed, re-ordered.

use super::details::{self, Subject};
use super::prices::{self, Scope};
use super::taxable::Taxable;
use super::{Held, known, taxes};
use api::cart::{
    ExternalTotalPrice, ItemShippingDetailsDraft, ItemState, LineItem, LineItemDraft, LineItemMode,
    LineItemPriceMode, ShippingMode, Ships,
};
use api::channel::ChannelRole;
use api::localized::keep_locales;
use api::product::ProductProjection;
use api::store::Store;
use api::{ApiError, Id, Key, LocalizedString, Money, Price, ProductVariant, TaxRate, TypedMoneyDraft};
use kit::resource::{Context, Decision, Found};
use pricing::LineIdentity;

/// The most line items of a cart (contract §5).
pub(super) const MAX_LINES: usize = 500;

/// Adds a line, or grows the equal one.
pub(super) fn add(cart: &mut Held, draft: &LineItemDraft, cx: &Context<'_>) -> Decision<()> {
    let quantity = draft.quantity.unwrap_or(1);
    if quantity < 1 {
        return Err(ApiError::invalid_field("quantity", quantity).into());
    }
    // Asked together, so that they come in one round.
    known::want_store(cart, cx);
    if cart.line_items.is_empty() && cart.custom_line_items.is_empty() {
        known::want_initial_state(cx);
    }
    let (product, at) = product_and_variant(draft, cx)?;
    let variant = product.all_variants().nth(at).unwrap_or(&product.master_variant);
    let distribution = draft.distribution_channel.as_ref();
    let distribution = known::channel(cart, distribution, ChannelRole::ProductDistribution, cx)?;
    let supply = known::channel(cart, draft.supply_channel.as_ref(), ChannelRole::InventorySupply, cx)?;
    let custom = cx.custom(draft.custom.as_ref(), "line-item")?;
    let tax_rates = external_rates(cart, draft)?;
    let mode = match (&draft.external_price, &draft.external_total_price) {
        (_, Some(_)) => LineItemPriceMode::ExternalTotal,
        (Some(_), None) => LineItemPriceMode::ExternalPrice,
        (None, None) => LineItemPriceMode::Platform,
    };
    let identity = LineIdentity {
        product_id: product.id(),
        variant_id: variant.id,
        line_item_mode: LineItemMode::Standard,
        custom: custom.as_ref(),
        supply_channel: supply.as_ref().map(|channel| &channel.id),
        distribution_channel: distribution.as_ref().map(|channel| &channel.id),
    };
    let grown = pricing::line_to_grow(&cart.line_items, &identity, mode);
    let at = match grown {
        Some(at) => {
            grow(cart, at, quantity, cx)?;
            at
        }
        None => {
            refuse_taken_key(cart, draft.key.as_ref())?;
            let store = known::store(cart, cx)?;
            let of_store = store.as_deref().map(|store| &store.body);
            let line = LineItem {
                id: cx.new_id(),
                key: draft.key.clone(),
                product_id: product.id().clone(),
                product_key: product.key.clone(),
                name: text(&product.name, of_store),
                product_slug: Some(text(&product.slug, of_store)),
                product_type: product.product_type.clone(),
                variant: snapshot(variant, of_store),
                price: Price::plain(product.id().clone(), Money::new(0, cart.currency()).into()),
                quantity,
                total_price: Money::new(0, cart.currency()).into(),
                discounted_price_per_quantity: Vec::new(),
                taxed_price: None,
                taxed_price_portions: Vec::new(),
                state: vec![ItemState { quantity, state: known::initial_state(cart, cx)? }],
                tax_rate: None,
                per_method_tax_rate: Vec::new(),
                supply_channel: supply,
                distribution_channel: distribution,
                price_mode: LineItemPriceMode::Platform,
                line_item_mode: LineItemMode::Standard,
                inventory_mode: draft.inventory_mode,
                shipping_details: None,
                reservation: None,
                custom,
                added_at: Some(draft.added_at.unwrap_or(cx.now)),
                last_modified_at: Some(cx.now),
            };
            let id = line.id.clone();
            cart.body.line_items.push(line);
            cart.hidden.work.tax_of.push(id);
            cart.line_items.len() - 1
        }
    };
    let prepared = settle_added(cart, at, draft, product.prices_of(variant), cx);
    if let Err(stop) = prepared {
        // Where an invalid line is simply left out, nothing of it must stay.
        if grown.is_none() {
            cart.body.line_items.pop();
        }
        return Err(stop);
    }
    for (key, rate) in tax_rates {
        cart.body.line_items[at].set_rate(key, Some(rate));
    }
    cart.hidden.remember(&product);
    cart.hidden.work.products.push(product);
    check_limits_later(cart, at);
    Ok(())
}

/// Tax rates from outside: one, or where there are several shipping methods one for each of some of them.
fn external_rates<'a>(cart: &Held, draft: &'a LineItemDraft) -> Decision<Vec<(Option<&'a str>, TaxRate)>> {
    if cart.shipping_mode == ShippingMode::Single {
        let rate = taxes::external_rate(cart, draft.external_tax_rate.as_ref())?;
        return Ok(rate.map(|rate| (None, rate)).into_iter().collect());
    }
    let mut rates = Vec::new();
    for of_method in &draft.per_method_external_tax_rate {
        let key = Some(of_method.shipping_method_key.as_str());
        cart.check_key(key)?;
        let rate = taxes::external_rate(cart, of_method.tax_rate.as_ref())?;
        rates.extend(rate.map(|rate| (key, rate)));
    }
    Ok(rates)
}

/// Price and shipping details of a line that was just added or has grown.
fn settle_added(
    cart: &mut Held,
    at: usize,
    draft: &LineItemDraft,
    prices_of_variant: &[Price],
    cx: &Context<'_>,
) -> Decision<()> {
    if prices::set_mode(cart, at, draft.external_price, draft.external_total_price.as_ref(), cx)? {
        let scope = Scope::of(cart, cx)?;
        scope.price(&mut cart.body.line_items[at], Some(prices_of_variant))?;
    }
    if let Some(wanted) = &draft.shipping_details {
        let line = &cart.line_items[at];
        let held = line.shipping_details.as_ref().map_or(&[][..], |details| details.targets.as_slice());
        let targets = pricing::add_targets(held, &wanted.targets)?;
        let details = details::checked(cart, Subject::Line, &line.id, &targets, line.quantity)?;
        cart.body.line_items[at].shipping_details = Some(details);
        details::rates_later(cart, cart.line_items[at].id.clone());
    }
    Ok(())
}

fn grow(cart: &mut Held, at: usize, quantity: i64, cx: &Context<'_>) -> Decision<()> {
    let sum = cart.line_items[at].quantity.checked_add(quantity);
    let sum = sum.ok_or_else(|| ApiError::invalid_field("quantity", quantity))?;
    put_quantity(&mut cart.body.line_items[at], sum, cx);
    Ok(())
}

/// The product that a draft names, published, and which of its variants, counted from the master.
fn product_and_variant(
    draft: &LineItemDraft,
    cx: &Context<'_>,
) -> Decision<(Found<ProductProjection>, usize)> {
    let lookup = known::product_of(draft).ok_or_else(|| {
        ApiError::invalid_input("A line item names its variant by 'sku', or by 'productId' and 'variantId'.")
    })?;
    let found =
        cx.find::<ProductProjection>(lookup)?.ok_or_else(|| match (&draft.sku, &draft.product_id) {
            (None, Some(id)) => ApiError::referenced_not_found("product", ("id", id.as_str())),
            (sku, _) => {
                ApiError::referenced_not_found("product", ("sku", sku.as_deref().unwrap_or_default()))
            }
        })?;
    let wanted = draft.variant_id.unwrap_or(found.master_variant.id);
    let at = match &draft.sku {
        Some(sku) => found.all_variants().position(|variant| variant.sku.as_ref() == Some(sku)),
        None => found.all_variants().position(|variant| variant.id == wanted),
    };
    match at {
        Some(at) => Ok((found, at)),
        None => Err(match &draft.sku {
            // The SKU is of a variant that is not published yet.
            Some(sku) => ApiError::referenced_not_found("product", ("sku", sku)),
            None => ApiError::invalid_field("variantId", wanted),
        }
        .into()),
    }
}

/// A variant as lines keep it: in a store, what the store shows of it.
pub(super) fn snapshot(variant: &ProductVariant, store: Option<&Store>) -> ProductVariant {
    let mut variant = ProductVariant { price: None, availability: None, ..variant.clone() };
    if let Some(store) = store {
        variant.prices.retain(|price| store.distributes(price.channel.as_ref().map(|channel| &channel.id)));
        variant.keep_locales(&store.languages);
    }
    variant
}

/// A text of a product as lines keep it: in a store, in the store's languages.
pub(super) fn text(text: &LocalizedString, store: Option<&Store>) -> LocalizedString {
    let mut text = text.clone();
    if let Some(store) = store {
        keep_locales(&mut text, &store.languages);
    }
    text
}

fn refuse_taken_key(cart: &Held, key: Option<&Key>) -> Decision<()> {
    match key {
        Some(key) if cart.line_items.iter().any(|line| line.key.as_ref() == Some(key)) => {
            Err(ApiError::duplicate_field("lineItems.key", key).into())
        }
        _ => Ok(()),
    }
}

/// Sets the quantity; shipping details stay as they are and may become invalid.
pub(super) fn put_quantity(line: &mut LineItem, quantity: i64, cx: &Context<'_>) {
    if line.quantity == quantity {
        return;
    }
    (line.quantity, line.last_modified_at) = (quantity, Some(cx.now));
    put_states(line);
    if let Some(details) = &mut line.shipping_details {
        details.valid = details::fits(&details.targets, quantity);
    }
}

fn put_states(line: &mut LineItem) {
    line.state.truncate(1);
    if let Some(state) = line.state.first_mut() {
        state.quantity = line.quantity;
    }
}

/// The prices that an action on a line brings.
pub(super) struct Given<'a> {
    pub(super) price: Option<TypedMoneyDraft>,
    pub(super) total: Option<&'a ExternalTotalPrice>,
}

/// `changeLineItemQuantity`.
pub(super) fn change_quantity(
    cart: &mut Held,
    at: usize,
    quantity: i64,
    given: &Given<'_>,
    cx: &Context<'_>,
) -> Decision<()> {
    if quantity < 0 {
        return Err(ApiError::invalid_field("quantity", quantity).into());
    }
    if quantity == 0 {
        cart.body.line_items.remove(at);
        return Ok(());
    }
    let mode = cart.line_items[at].price_mode;
    if mode == LineItemPriceMode::ExternalPrice && given.price.is_none() && given.total.is_none() {
        let message =
            "The line item has an external price, so a change of its quantity needs 'externalPrice'.";
        return Err(ApiError::invalid_operation(message).into());
    }
    put_quantity(&mut cart.body.line_items[at], quantity, cx);
    check_limits_later(cart, at);
    set_price(cart, at, given, cx)
}

/// Sets a line's price to what is given, or has it selected anew.
pub(super) fn set_price(cart: &mut Held, at: usize, given: &Given<'_>, cx: &Context<'_>) -> Decision<()> {
    if prices::set_mode(cart, at, given.price, given.total, cx)? {
        price_later(cart, at);
    }
    Ok(())
}

/// Has the price of a line selected when the decision settles.
pub(super) fn price_later(cart: &mut Held, at: usize) {
    let id = cart.line_items[at].id.clone();
    cart.hidden.work.price_of.push(id);
}

/// Has the quantity of a line held against its limits when the decision settles.
pub(super) fn check_limits_later(cart: &mut Held, at: usize) {
    let id = cart.line_items[at].id.clone();
    cart.hidden.work.limits_of.push(id);
}

/// `removeLineItem`: some units, or the line.
pub(super) fn remove(
    cart: &mut Held,
    at: usize,
    quantity: Option<i64>,
    given: &Given<'_>,
    targets: Option<&ItemShippingDetailsDraft>,
    cx: &Context<'_>,
) -> Decision<()> {
    let held = cart.line_items[at].quantity;
    let left = match quantity {
        None => 0,
        Some(quantity) if quantity < 1 => return Err(ApiError::invalid_field("quantity", quantity).into()),
        Some(quantity) => held.saturating_sub(quantity).max(0),
    };
    if left > 0
        && let (Some(gone), Some(details)) = (targets, &cart.line_items[at].shipping_details)
    {
        let delta: Vec<_> = gone
            .targets
            .iter()
            .map(|target| api::cart::ItemShippingTarget {
                quantity: target.quantity.saturating_neg(),
                ..target.clone()
            })
            .collect();
        let targets = pricing::identity::apply_delta(&details.targets, &delta)?;
        let valid = details::fits(&targets, left);
        cart.body.line_items[at].shipping_details = Some(api::cart::ItemShippingDetails { targets, valid });
    }
    change_quantity(cart, at, left, given, cx)
}

/// `changeLineItemsOrder`: the ids of all lines.
pub(super) fn reorder(cart: &mut Held, order: &[Id]) -> Decision<()> {
    let lines = &mut cart.body.line_items;
    let mut sorted = Vec::with_capacity(lines.len());
    for id in order {
        let at = lines.iter().position(|line| line.id == *id);
        let at = at.filter(|at| !sorted.contains(at));
        sorted.push(at.ok_or_else(|| ApiError::invalid_field("lineItemOrder", id))?);
    }
    if sorted.len() != lines.len() {
        return Err(
            ApiError::invalid_operation("'lineItemOrder' must name all line items of the cart.").into()
        );
    }
    let mut held: Vec<Option<LineItem>> = std::mem::take(lines).into_iter().map(Some).collect();
    lines.extend(sorted.into_iter().filter_map(|at| held[at].take()));
    Ok(())
}

//! A cart from its draft.

use super::hidden::CartHidden;
use super::{
    Carts, Held, actions, addresses, custom_lines, details, known, limits, lines, owner, ship, shippings,
};
use api::cart::{
    Cart, CartDraft, CartState, CustomLineItemDraft, ItemShippingDetailsDraft, LineItemDraft, ShippingMode,
    Ships,
};
use api::{ApiError, Code, KeyReference, Kind, Money};
use kit::resource::{Context, Decision, State, Stop};
use kit::store::Visibility;

/// Makes the cart; nothing is worked out yet.
pub(super) fn cart(draft: &CartDraft, cx: &Context<'_>) -> Decision<(Cart, CartHidden)> {
    check(draft)?;
    want(draft, cx);
    let project = cx.project()?;
    let store = draft.store.as_ref().map(|store| cx.store_reference(store)).transpose()?;
    let body = empty(draft, store, &project.carts);
    let mut cart: Held = State::<Carts> {
        body,
        hidden: CartHidden::default(),
        visibility: Visibility::Live,
        due_at: None,
        meta: cx.meta_of_new(),
    };
    actions::check_inventory_mode(draft.inventory_mode, cx)?;
    owner::set_retention(&mut cart, draft.delete_days_after_last_modification, cx)?;
    owner::set_locale(&mut cart, draft.locale.as_ref(), cx)?;
    owner::set_country(&mut cart, draft.country, cx)?;
    if let Some(id) = &draft.customer_id {
        let customer = known::customer(id, cx)?;
        owner::take(&mut cart, id, &customer.body)?;
        if cart.customer_email.is_none() {
            cart.body.customer_email = Some(customer.email.clone());
        }
    } else if draft.customer_group.is_some() {
        owner::set_group(&mut cart, draft.customer_group.as_ref(), cx)?;
    }
    cart.body.custom = cx.custom(draft.custom.as_ref(), "order")?;
    let billing = draft.billing_address.as_ref();
    cart.body.billing_address = billing.map(|address| addresses::address(address, cx)).transpose()?;
    addresses::set_shipping(&mut cart, draft.shipping_address.as_ref(), cx)?;
    for address in &draft.item_shipping_addresses {
        details::add_address(&mut cart, address, cx)?;
    }
    for one in &draft.shipping {
        match shippings::add(&mut cart, &one.key, &one.new, cx) {
            Err(Stop::Refused(_)) if draft.leave_out_invalid => {}
            other => other?,
        }
    }
    for one in &draft.custom_shipping {
        shippings::add_custom(&mut cart, &one.key, &one.new, cx)?;
    }
    for line in &draft.line_items {
        add_line(&mut cart, line, draft.leave_out_invalid, cx)?;
    }
    if draft.leave_out_invalid {
        limits::leave_out_refused(&mut cart, cx)?;
    }
    for line in &draft.custom_line_items {
        add_custom_line(&mut cart, line, draft.leave_out_invalid, cx)?;
    }
    cart.body.shipping_rate_input = ship::rate_input(draft.shipping_rate_input.as_ref(), cx)?;
    if draft.shipping_method.is_some() {
        let external = draft.external_tax_rate_for_shipping_method.as_ref();
        match ship::set_method(&mut cart, draft.shipping_method.as_ref(), external, cx) {
            Err(Stop::Refused(_)) if draft.leave_out_invalid => {}
            other => other?,
        }
    }
    Ok((cart.body, cart.hidden))
}

/// What is wrong with a draft whatever else there is.
fn check(draft: &CartDraft) -> Decision<()> {
    let both = |a: bool, b: bool, names: &str| {
        if a && b {
            Err(ApiError::invalid_operation(format!("A cart cannot have both {names}.")))
        } else {
            Ok(())
        }
    };
    both(draft.customer_id.is_some(), draft.anonymous_id.is_some(), "'customerId' and 'anonymousId'")?;
    both(draft.customer_id.is_some(), draft.customer_group.is_some(), "'customerId' and 'customerGroup'")?;
    if let Some(code) = draft.discount_codes.first() {
        let message = format!("The discountCode '{code}' cannot be applied to the cart.");
        return Err(ApiError::new(Code::DiscountCodeNonApplicable, message)
            .with("discountCode", code.as_str())
            .with("reason", "DoesNotExist")
            .into());
    }
    if let Some(id) = &draft.anonymous_id {
        owner::check_anonymous_id(id)?;
    }
    for (what, count, max) in [
        ("line items", draft.line_items.len(), lines::MAX_LINES),
        ("custom line items", draft.custom_line_items.len(), custom_lines::MAX_CUSTOM_LINES),
        ("shipping methods", draft.shipping.len() + draft.custom_shipping.len(), shippings::MAX_SHIPPINGS),
    ] {
        if count > max {
            return Err(ApiError::invalid_operation(format!("A cart has at most {max} {what}.")).into());
        }
    }
    Ok(())
}

/// Asks at once for all that the draft names.
fn want(draft: &CartDraft, cx: &Context<'_>) {
    cx.want_project();
    if !draft.line_items.is_empty() || !draft.custom_line_items.is_empty() {
        known::want_initial_state(cx);
    }
    draft.line_items.iter().for_each(|line| want_line(line, cx));
    for line in &draft.custom_line_items {
        if let Some(category) = &line.tax_category {
            cx.want(Context::lookup_of(Kind::TaxCategory, category));
        }
    }
    for (kind, identifier) in [
        (Kind::Store, &draft.store),
        (Kind::CustomerGroup, &draft.customer_group),
        (Kind::ShippingMethod, &draft.shipping_method),
    ] {
        if let Some(identifier) = identifier {
            cx.want(Context::lookup_of(kind, identifier));
        }
    }
    for one in &draft.shipping {
        cx.want(Context::lookup_of(Kind::ShippingMethod, &one.new.shipping_method));
    }
    if let Some(id) = &draft.customer_id {
        cx.want(kit::resource::Lookup::new(Kind::Customer, kit::resource::LookupBy::Id(id.clone())));
    }
    if let Some(custom) = &draft.custom {
        cx.want(Context::lookup_of(Kind::Type, &custom.type_ref));
    }
}

/// Asks for what a line's draft names.
pub(super) fn want_line(line: &LineItemDraft, cx: &Context<'_>) {
    if let Some(product) = known::product_of(line) {
        cx.want(product);
    }
    limits::want_of_draft(line, cx);
    for channel in [&line.distribution_channel, &line.supply_channel].into_iter().flatten() {
        cx.want(Context::lookup_of(Kind::Channel, channel));
    }
    if let Some(custom) = &line.custom {
        cx.want(Context::lookup_of(Kind::Type, &custom.type_ref));
    }
}

fn add_line(
    cart: &mut Held,
    line: &LineItemDraft,
    leave_out_invalid: bool,
    cx: &Context<'_>,
) -> Decision<()> {
    if !leave_out_invalid {
        return lines::add(cart, line, cx);
    }
    // What a method shipped that could not be had again is not distributed.
    let is_known = |key: &str| cart.shipping_mode == ShippingMode::Single || cart.info(Some(key)).is_some();
    let mut line = line.clone();
    line.shipping_details = kept_details(line.shipping_details, is_known);
    line.per_method_external_tax_rate.retain(|rate| is_known(&rate.shipping_method_key));
    match lines::add(cart, &line, cx) {
        Err(Stop::Refused(_)) => Ok(()),
        other => other,
    }
}

fn add_custom_line(
    cart: &mut Held,
    line: &CustomLineItemDraft,
    leave_out_invalid: bool,
    cx: &Context<'_>,
) -> Decision<()> {
    let is_known = |key: &str| {
        !leave_out_invalid || cart.shipping_mode == ShippingMode::Single || cart.info(Some(key)).is_some()
    };
    let shipping_details = kept_details(line.shipping_details.clone(), is_known);
    custom_lines::add(cart, &CustomLineItemDraft { shipping_details, ..line.clone() }, cx)
}

fn kept_details(
    details: Option<ItemShippingDetailsDraft>,
    is_known: impl Fn(&str) -> bool,
) -> Option<ItemShippingDetailsDraft> {
    details.filter(|details| {
        details.targets.iter().all(|target| target.shipping_method_key.as_deref().is_none_or(&is_known))
    })
}

fn empty(
    draft: &CartDraft,
    store: Option<KeyReference>,
    defaults: &api::project::CartsConfiguration,
) -> Cart {
    Cart {
        key: draft.key.clone(),
        customer_id: None,
        customer_email: draft.customer_email.clone(),
        customer_group: None,
        anonymous_id: draft.anonymous_id.clone(),
        store,
        line_items: Vec::new(),
        custom_line_items: Vec::new(),
        total_line_item_quantity: None,
        total_price: Money::new(0, draft.currency).into(),
        taxed_price: None,
        taxed_shipping_price: None,
        tax_mode: draft.tax_mode.unwrap_or_default(),
        price_rounding_mode: draft.price_rounding_mode.or(defaults.price_rounding_mode).unwrap_or_default(),
        tax_rounding_mode: draft.tax_rounding_mode.or(defaults.tax_rounding_mode).unwrap_or_default(),
        tax_calculation_mode: draft.tax_calculation_mode.unwrap_or_default(),
        inventory_mode: draft.inventory_mode.unwrap_or_default(),
        cart_state: CartState::Active,
        freeze_strategy: None,
        billing_address: None,
        shipping_address: None,
        shipping_mode: draft.shipping_mode.unwrap_or(ShippingMode::Single),
        shipping_info: None,
        shipping_rate_input: None,
        shipping_custom_fields: None,
        shipping: Vec::new(),
        item_shipping_addresses: Vec::new(),
        discount_codes: Vec::new(),
        direct_discounts: Vec::new(),
        refused_gifts: Vec::new(),
        country: None,
        locale: None,
        origin: draft.origin.unwrap_or_default(),
        custom: None,
        lock: None,
        delete_days_after_last_modification: None,
        purchase_order_number: draft.purchase_order_number.clone(),
    }
}

//! `prepare`: whether a cart can be ordered as it stands. It is worked out anew from fresh facts and
//! compared; nothing is changed.

use super::{Carts, Held, known, settle, ship};
use api::cart::{
    CartState, FreezeStrategy, ItemShippingDetails, ShippingMethodState, ShippingMode, TaxMode, TaxedPrice,
};
use api::internal::cart::PrepareCart;
use api::tax_category::TaxRate;
use api::{ApiError, Code, Id, Kind, Result, TypedMoney};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Decision, Edit};
use kit::store::Selector;
use serde_json::Value;

/// The cart's JSON text, if it can be ordered.
pub(crate) async fn prepare(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    body: &PrepareCart,
) -> Result<String> {
    let access = if body.own { Access::own(request)? } else { Access::of(request) };
    let edit = Edit { expected_version: Some(body.version), access: access.clone(), visible: false };
    let found =
        carts.edit(request, &Selector::Id(body.cart_id.clone()), &edit, |cart, cx| check(cart, cx)).await?;
    found.map(|edited| edited.json).ok_or_else(|| {
        if access == Access::PROJECT {
            no_cart(&body.cart_id)
        } else {
            ApiError::not_found(body.cart_id.as_str())
        }
    })
}

/// 400 of an order from a cart that is not there.
pub(crate) fn no_cart(id: &Id) -> ApiError {
    ApiError::referenced_not_found(Kind::Cart.type_id(), ("id", id.as_str()))
}

/// Refuses a cart that cannot be ordered.
pub(super) fn check(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    let refused = |message: &str| Err(ApiError::invalid_operation(message).into());
    match cart.cart_state {
        CartState::Active | CartState::Frozen => {}
        CartState::Ordered => return refused("The cart was ordered already."),
        CartState::Merged => return refused("The cart was merged into another one."),
    }
    if cart.line_items.is_empty() && cart.custom_line_items.is_empty() {
        return refused("An empty cart cannot be ordered.");
    }
    if cart.shipping_address.is_none() {
        return refused("A cart without a shipping address cannot be ordered.");
    }
    check_taxes(cart)?;
    check_details(cart)?;
    for line in &cart.line_items {
        cx.want(known::product_by_id(&line.product_id));
    }
    let mut fresh = cart.clone();
    fresh.hidden.work.everything();
    settle::settle(&mut fresh, cx)?;
    check_variants(cart, cx)?;
    check_method(cart, cx)?;
    check_shipping(cart, &fresh)?;
    compare(cart, &fresh)
}

/// Rates and amounts from outside must be there.
fn check_taxes(cart: &Held) -> Decision<()> {
    let lines = cart.line_items.iter().map(|line| line.tax_rate.is_some());
    let custom_lines = cart.custom_line_items.iter().map(|line| line.tax_rate.is_some());
    let shipping = cart.shipping_info.iter().map(|info| info.tax_rate.is_some());
    let mut rates = lines.chain(custom_lines).chain(shipping);
    let message = match cart.tax_mode {
        TaxMode::External | TaxMode::ExternalAmount if !rates.all(|there| there) => {
            "In the external tax modes every line item, custom line item and the shipping need an external tax rate."
        }
        TaxMode::ExternalAmount if cart.taxed_price.is_none() => {
            "In the tax mode 'ExternalAmount' the cart needs its total tax."
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid_operation(message).into())
}

/// Where units are distributed, all must be.
fn check_details(cart: &Held) -> Decision<()> {
    let needed = cart.shipping_mode == ShippingMode::Multiple;
    let bad =
        |details: &Option<ItemShippingDetails>| details.as_ref().map_or(needed, |details| !details.valid);
    let line =
        cart.line_items.iter().find(|line| bad(&line.shipping_details)).map(|line| ("LineItem", &line.id));
    let custom_line = || {
        let found = cart.custom_line_items.iter().find(|line| bad(&line.shipping_details));
        found.map(|line| ("CustomLineItem", &line.id))
    };
    let Some((subject, id)) = line.or_else(custom_line) else { return Ok(()) };
    let message = format!("The shipping details of the {subject} '{id}' do not cover its quantity.");
    Err(ApiError::new(Code::InvalidItemShippingDetails, message)
        .with("subject", subject)
        .with("itemId", id)
        .into())
}

/// A line survives the unpublishing of its product, but not the deletion of product or variant.
fn check_variants(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    for line in &cart.line_items {
        let there = match known::product(cart, &line.product_id, cx)? {
            Some(product) => product.all_variants().any(|variant| variant.id == line.variant.id),
            None => {
                known::any_product(&line.product_id, cx)?.is_some_and(|product| product.has(line.variant.id))
            }
        };
        if !there {
            let message = format!(
                "The line item '{}' cannot be ordered: the variant {} of the product '{}' does not exist any more.",
                line.id, line.variant.id, line.product_id
            );
            return Err(ApiError::invalid_operation(message).into());
        }
    }
    Ok(())
}

/// The method must still be offered, and to this cart's store. A hard-frozen cart keeps the one that it has.
fn check_method(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    let named = cart.shipping_info.as_ref().is_some_and(|info| info.shipping_method.is_some());
    if !named || cart.freeze_strategy == Some(FreezeStrategy::HardFreeze) {
        return Ok(());
    }
    if ship::chosen(cart, cx)?.is_some_and(|method| method.active && ship::serves_store(&method, cart)) {
        return Ok(());
    }
    let message = "The shipping method is not active, or not for the cart's store. Choose another one.";
    Err(ApiError::invalid_operation(message).into())
}

/// The cart must meet the predicate of its method, and have a rate for its address.
fn check_shipping(cart: &Held, fresh: &Held) -> Decision<()> {
    let Some(held) = &cart.shipping_info else { return Ok(()) };
    let fits =
        |info: &api::cart::ShippingInfo| info.shipping_method_state == ShippingMethodState::MatchesCart;
    if fits(held) && fresh.shipping_info.as_ref().is_some_and(fits) {
        return Ok(());
    }
    let message = "The shipping method does not match the cart any more. Choose another one.";
    Err(ApiError::new(Code::ShippingMethodDoesNotMatchCart, message).into())
}

/// What an order would cost, of one item.
type Cost<'a> = (&'a TypedMoney, Option<&'a TaxRate>, Option<&'a TaxedPrice>);

/// Refuses a cart whose prices, taxes or shipping are not what they would be now.
fn compare(cart: &Held, fresh: &Held) -> Decision<()> {
    let mut changed: Vec<Value> = Vec::new();
    for (held, now) in cart.line_items.iter().zip(&fresh.line_items) {
        let cost = |line| -> Cost<'_> {
            let line: &api::cart::LineItem = line;
            (&line.total_price, line.tax_rate.as_ref(), line.taxed_price.as_ref())
        };
        if differs(cost(held), cost(now)) {
            changed.push((&held.id).into());
        }
    }
    for (held, now) in cart.custom_line_items.iter().zip(&fresh.custom_line_items) {
        let cost = |line| -> Cost<'_> {
            let line: &api::cart::CustomLineItem = line;
            (&line.total_price, line.tax_rate.as_ref(), line.taxed_price.as_ref())
        };
        if differs(cost(held), cost(now)) {
            changed.push((&held.id).into());
        }
    }
    let shipping = match (&cart.shipping_info, &fresh.shipping_info) {
        (Some(held), Some(now)) => differs(
            (&held.price, held.tax_rate.as_ref(), held.taxed_price.as_ref()),
            (&now.price, now.tax_rate.as_ref(), now.taxed_price.as_ref()),
        ),
        _ => false,
    };
    if changed.is_empty() && !shipping {
        return Ok(());
    }
    let message = "The price or tax of some line items, or of the shipping, changed since it was worked out. \
                   Recalculate the cart.";
    Err(ApiError::new(Code::PriceChanged, message)
        .with("lineItems", changed)
        .with("shipping", shipping)
        .into())
}

/// Another id of the same rate is no difference.
fn differs(held: Cost<'_>, now: Cost<'_>) -> bool {
    let rate = |rate: Option<&TaxRate>| rate.map(|rate| (rate.amount, rate.included_in_price));
    held.0 != now.0 || rate(held.1) != rate(now.1) || held.2 != now.2
}

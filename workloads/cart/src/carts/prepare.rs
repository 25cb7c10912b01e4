//! `prepare`: whether a cart can be ordered as it stands. It is worked out anew from fresh facts and
//! compared; nothing is changed.

use super::taxable::Taxable;
use super::{Carts, Held, known, settle, ship};
use api::cart::{
    CartState, FreezeStrategy, ItemShippingDetails, ShippingInfo, ShippingMethodState, ShippingMode, Ships,
    TaxMode, TaxedPrice,
};
use api::internal::cart::PrepareCart;
use api::tax_category::TaxRate;
use api::{ApiError, Code, Id, Kind, Result, TypedMoney};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Decision, Edit};
use kit::store::Selector;

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
    if cart.shipping_mode == ShippingMode::Single && cart.shipping_address.is_none() {
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

/// Rates and amounts from outside must be there, of what each shipping method ships.
fn check_taxes(cart: &Held) -> Decision<()> {
    let mode = cart.shipping_mode;
    let all = cart.line_items.iter().all(|line| has_rates(line, mode))
        && cart.custom_line_items.iter().all(|line| has_rates(line, mode))
        && cart.infos().all(|(_, info)| info.tax_rate.is_some());
    let message = match cart.tax_mode {
        TaxMode::External | TaxMode::ExternalAmount if !all => {
            "In the external tax modes every line item, custom line item and the shipping need an external tax rate."
        }
        TaxMode::ExternalAmount if cart.taxed_price.is_none() => {
            "In the tax mode 'ExternalAmount' the cart needs its total tax."
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid_operation(message).into())
}

fn has_rates(item: &impl Taxable, mode: ShippingMode) -> bool {
    item.keys(mode).iter().all(|key| item.rate(key.as_deref()).is_some())
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

/// Each method must still be offered, and to this cart's store. A hard-frozen cart keeps the one that it has.
fn check_method(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    if cart.freeze_strategy == Some(FreezeStrategy::HardFreeze) {
        return Ok(());
    }
    for (key, _) in cart.infos().filter(|(_, info)| info.shipping_method.is_some()) {
        let method = ship::chosen(cart, key, cx)?;
        if !method.is_some_and(|method| method.active && ship::serves_store(&method, cart)) {
            let message =
                "The shipping method is not active, or not for the cart's store. Choose another one.";
            return Err(ApiError::invalid_operation(message).into());
        }
    }
    Ok(())
}

/// The cart must meet the predicates of its methods, and have rates for its addresses.
fn check_shipping(cart: &Held, fresh: &Held) -> Decision<()> {
    let fits = |info: &ShippingInfo| info.shipping_method_state == ShippingMethodState::MatchesCart;
    if cart.infos().all(|(key, held)| fits(held) && fresh.info(key).is_some_and(fits)) {
        return Ok(());
    }
    let message = "The shipping method does not match the cart any more. Choose another one.";
    Err(ApiError::new(Code::ShippingMethodDoesNotMatchCart, message).into())
}

/// What an order would cost, of one item.
type Cost<'a> = (TypedMoney, Vec<Option<&'a TaxRate>>, Vec<Option<&'a TaxedPrice>>);

/// Refuses a cart whose prices, taxes or shipping are not what they would be now.
fn compare(cart: &Held, fresh: &Held) -> Decision<()> {
    let mode = cart.shipping_mode;
    let mut changed: Vec<&Id> = Vec::new();
    for (held, now) in cart.line_items.iter().zip(&fresh.line_items) {
        changed.extend(differs(&cost(held, mode), &cost(now, mode)).then_some(&held.id));
    }
    for (held, now) in cart.custom_line_items.iter().zip(&fresh.custom_line_items) {
        changed.extend(differs(&cost(held, mode), &cost(now, mode)).then_some(&held.id));
    }
    let shipping = cart.infos().any(|(key, held)| {
        fresh.info(key).is_some_and(|now| differs(&shipping_cost(held), &shipping_cost(now)))
    });
    if changed.is_empty() && !shipping {
        return Ok(());
    }
    let message = "The price or tax of some line items, or of the shipping, changed since it was worked out. \
                   Recalculate the cart.";
    Err(ApiError::new(Code::PriceChanged, message)
        .with("lineItems", serde_json::json!(changed))
        .with("shipping", shipping)
        .into())
}

fn cost<T: Taxable>(item: &T, mode: ShippingMode) -> Cost<'_> {
    let keys = item.keys(mode);
    let rates = keys.iter().map(|key| item.rate(key.as_deref())).collect();
    (item.total(), rates, keys.iter().map(|key| item.taxed(key.as_deref())).collect())
}

fn shipping_cost(info: &ShippingInfo) -> Cost<'_> {
    (info.price, vec![info.tax_rate.as_ref()], vec![info.taxed_price.as_ref()])
}

/// Another id of the same rate is no difference.
fn differs(held: &Cost<'_>, now: &Cost<'_>) -> bool {
    let rates = |cost: &Cost<'_>| -> Vec<_> {
        cost.1.iter().map(|rate| rate.map(|rate| (rate.amount, rate.included_in_price))).collect()
    };
    held.0 != now.0 || rates(held) != rates(now) || held.2 != now.2
}

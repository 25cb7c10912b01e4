//! The cart's part in a checkout: marked by an order under its version, given back, confirmed. Each step is
//! idempotent by the order's id; a step that comes after its own undoing is refused.

use super::hidden::{OrderMark, Tombstone};
use super::prepare::no_cart;
use super::{Carts, Held};
use api::cart::CartState;
use api::internal::cart::{ConfirmCart, OrderCart, ReleaseCart};
use api::{ApiError, Id, Result, Timestamp};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Decision, Edit};
use kit::store::Selector;

fn change() -> Edit {
    Edit { expected_version: None, access: Access::PROJECT, visible: true }
}

/// Marks the cart as ordered; gives its JSON text.
pub(crate) async fn order(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    body: &OrderCart,
) -> Result<String> {
    let selector = Selector::Id(body.cart_id.clone());
    let edited = carts.edit(request, &selector, &change(), |cart, cx| mark(cart, body, cx)).await?;
    edited.map(|edited| edited.json).ok_or_else(|| no_cart(&body.cart_id))
}

pub(super) fn mark(cart: &mut Held, body: &OrderCart, cx: &Context<'_>) -> Decision<()> {
    let marked = cart.hidden.order.as_ref().is_some_and(|mark| mark.id == body.order_id);
    match cart.cart_state {
        CartState::Ordered if marked => return Ok(()),
        CartState::Ordered => return Err(ApiError::invalid_operation("The cart was ordered already.").into()),
        CartState::Merged => {
            return Err(ApiError::invalid_operation("The cart was merged into another one.").into());
        }
        CartState::Active | CartState::Frozen => {}
    }
    let gave_up = cart.hidden.refused.iter().any(|tombstone| tombstone.id == body.order_id);
    if gave_up || cx.now >= body.deadline || cart.meta.version != body.version {
        let (id, current) = (cart.meta.id.as_str(), cart.meta.version);
        return Err(ApiError::concurrent_modification(id, body.version, current).into());
    }
    forget_old(cart, cx.now);
    let former = cart.cart_state;
    cart.hidden.order = Some(OrderMark { id: body.order_id.clone(), former, deadline: Some(body.deadline) });
    cart.body.cart_state = CartState::Ordered;
    Ok(())
}

/// Gives the cart back, or refuses a late mark.
pub(crate) async fn release(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    body: &ReleaseCart,
) -> Result<()> {
    let selector = Selector::Id(body.cart_id.clone());
    carts
        .edit(request, &selector, &change(), |cart, cx| {
            undo(cart, &body.order_id, body.deadline, cx.now);
            Ok(())
        })
        .await?;
    Ok(())
}

pub(super) fn undo(cart: &mut Held, order: &Id, deadline: Timestamp, now: Timestamp) {
    if let Some(mark) = cart.hidden.order.take_if(|mark| mark.id == *order)
        && cart.cart_state == CartState::Ordered
    {
        cart.body.cart_state = mark.former;
    }
    forget_old(cart, now);
    if now < deadline && !cart.hidden.refused.iter().any(|tombstone| tombstone.id == *order) {
        cart.hidden.refused.push(Tombstone { id: order.clone(), until: deadline });
    }
}

/// The order stands.
pub(crate) async fn confirm(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    body: &ConfirmCart,
) -> Result<()> {
    let selector = Selector::Id(body.cart_id.clone());
    carts
        .edit(request, &selector, &change(), |cart, _| {
            if let Some(mark) = cart.hidden.order.as_mut().filter(|mark| mark.id == body.order_id) {
                mark.deadline = None;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Tombstones go with the next write after their deadline.
fn forget_old(cart: &mut Held, now: Timestamp) {
    cart.hidden.refused.retain(|tombstone| now < tombstone.until);
}

//! Carts that nobody touches go after `deleteDaysAfterLastModification` days.
//!
//! `dueAt` is set once, when the cart is made, and looked at again only when it comes: an update does not
//! move it, so it costs nothing. A cart whose units are not kept yet as it wants is due, too.

use super::{Carts, Held, holds};
use api::Timestamp;
use kit::http::RequestInfo;
use kit::recovery::Recover;
use kit::resource::{Access, Collection, Edit};
use kit::store::{Selector, Visibility};
use std::sync::Arc;

/// When a cart may go, as things stand.
fn expiry(cart: &Held) -> Option<Timestamp> {
    let days = cart.delete_days_after_last_modification?;
    Some(cart.meta.last_modified_at.plus_days(days.into()))
}

/// Sees to it that the cart is looked at in time.
pub(super) fn schedule(cart: &mut Held) {
    let expiry = expiry(cart);
    cart.due_at = match (cart.due_at, expiry) {
        (Some(due), Some(expiry)) => Some(due.min(expiry)),
        (None, expiry) => expiry,
        (Some(_), None) => None,
    };
}

/// Deletes a cart whose time has come, or looks again when it comes.
pub(super) fn delete_or_wait(cart: &mut Held, now: Timestamp) {
    match expiry(cart) {
        Some(expiry) if expiry <= now => cart.visibility = Visibility::Deleted,
        expiry => cart.due_at = expiry,
    }
}

/// What the recovery loop does with a cart that is due.
pub(crate) fn recover(carts: &Arc<Collection<Carts>>) -> Recover {
    let carts = Arc::clone(carts);
    Arc::new(move |key| {
        let carts = Arc::clone(&carts);
        Box::pin(async move {
            let request = RequestInfo::system(&key.project, "retention");
            let edit = Edit { expected_version: None, access: Access::PROJECT, visible: true };
            let due = |cart: &mut Held, cx: &mut kit::resource::Context<'_>| {
                delete_or_wait(cart, cx.now);
                Ok(())
            };
            holds::ask(&carts, &request, &key.id).await?;
            let looked_at = carts.edit(&request, &Selector::Id(key.id), &edit, due).await?;
            if let Some(gone) = looked_at.filter(|edited| edited.state.visibility == Visibility::Deleted) {
                holds::release(&carts, &request, &gone.state).await?;
            }
            Ok(())
        })
    })
}

//! How many units of a line a cart may hold: `minCartQuantity` and `maxCartQuantity` of its inventory entry.
//!
//! They are asked for together with the product, when a line is added or its quantity or supply channel changes;
//! what is in carts already stays, also when carts are merged. Without an answer there are no limits: carts go on
//! while inventory is down, or where a stack has none.

use super::Held;
use api::cart::{LineItem, LineItemDraft};
use api::internal::inventory::EntryName;
use api::reference::By;
use api::{ApiError, Code, Id, Kind};
use kit::resource::{Context, Decision, Lookup, LookupBy, Stop};
use kit::store::Claim;
use serde::Deserialize;

/// The inventory entry, as far as carts are concerned.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    min_cart_quantity: Option<i64>,
    max_cart_quantity: Option<i64>,
}

pub(super) fn lookup(entry: &EntryName) -> Lookup {
    Lookup::new(Kind::InventoryEntry, LookupBy::Claim(Claim::new(EntryName::CLAIM, entry.claim())))
        .or_nothing()
}

/// Asks for the limits of a new line, if the draft says enough to find them.
pub(super) fn want_of_draft(draft: &LineItemDraft, cx: &Context<'_>) {
    let Some(sku) = draft.sku.clone() else { return };
    let supply_channel = match draft.supply_channel.as_ref().map(|channel| channel.by()) {
        None => None,
        Some(By::Id(id)) => Some(id.clone()),
        Some(By::Key(_)) => return,
    };
    cx.want(lookup(&EntryName { sku, supply_channel }));
}

/// Asks for the limits of a line.
pub(super) fn want(line: &LineItem, cx: &Context<'_>) {
    if let Some(entry) = entry_of(line) {
        cx.want(lookup(&entry));
    }
}

/// The lines of which the limits count in this decision.
fn changed(cart: &Held) -> impl Iterator<Item = &LineItem> {
    let ids: &[Id] = &cart.hidden.work.limits_of;
    cart.line_items.iter().filter(|line| ids.contains(&line.id))
}

/// Asks for the limits of all lines of which they count.
pub(super) fn want_changed(cart: &Held, cx: &Context<'_>) {
    changed(cart).for_each(|line| want(line, cx));
}

/// Refuses a line that was changed and has too few or too many units now.
pub(super) fn check(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    changed(cart).try_for_each(|line| check_line(line, cx))
}

/// Leaves out the lines that [`check`] would refuse.
pub(super) fn leave_out_refused(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    want_changed(cart, cx);
    let mut refused: Vec<Id> = Vec::new();
    for line in changed(cart) {
        match check_line(line, cx) {
            Err(Stop::Refused(_)) => refused.push(line.id.clone()),
            other => other?,
        }
    }
    cart.body.line_items.retain(|line| !refused.contains(&line.id));
    Ok(())
}

fn check_line(line: &LineItem, cx: &Context<'_>) -> Decision<()> {
    let Some(entry) = entry_of(line) else { return Ok(()) };
    let Some(limits) = cx.find::<Limits>(lookup(&entry))? else { return Ok(()) };
    let quantity = line.quantity;
    let error = match (limits.min_cart_quantity, limits.max_cart_quantity) {
        (Some(min), _) if quantity < min => {
            let message = format!("Quantity '{quantity}' less than minimum '{min}'.");
            ApiError::new(Code::LineItemQuantityBelowLimit, message).with("minCartQuantity", min)
        }
        (_, Some(max)) if quantity > max => {
            let message = format!("Quantity '{quantity}' greater than maximum '{max}'.");
            ApiError::new(Code::LineItemQuantityAboveLimit, message).with("maxCartQuantity", max)
        }
        _ => return Ok(()),
    };
    Err(error.with("quantity", quantity).with("lineItem", &line.id).into())
}

/// The entry of a line; none if the variant has no SKU.
fn entry_of(line: &LineItem) -> Option<EntryName> {
    let supply_channel = line.supply_channel.as_ref().map(|channel| channel.id.clone());
    Some(EntryName { sku: line.variant.sku.clone()?, supply_channel })
}

//! Units that are kept for the lines of a cart: the inventory mode `ReserveOnCart`.
//!
//! Rules do no I/O. So a change is written first, with its lines as if there were stock for all of them, and is due
//! again soon; then the inventory is asked to keep the units ([`Hold`] says how many, not how many more); what it could
//! not keep is taken back from the cart by a second write, before the client gets an answer. A crash in between leaves
//! a cart that is due: the recovery loop asks again.

use super::{Carts, Held, lines, settle};
use api::cart::{Cart, CartState, InventoryMode, LineItem, ReservationReference, ReservationTypeId};
use api::internal::cart::HeldLines;
use api::internal::inventory::{EntryName, HeldLine, Hold};
use api::{ApiError, Id, Result, ServiceName};
use kit::Boxed;
use kit::http::RequestInfo;
use kit::peers::{call, internal};
use kit::resource::{Access, Collection, Context, Decision, Edit, Edited, store_error};
use kit::store::{Selector, Visibility};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// When the recovery loop looks after a cart whose units are not kept as it wants.
const AGAIN_MS: i64 = 15_000;

/// What is kept for the lines of a cart, as the inventory last said.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Holds {
    /// By line.
    lines: BTreeMap<Id, Units>,
    /// For how many minutes, and whether the units are given back then.
    terms: Option<(i64, bool)>,
    /// Whether the time begins anew.
    renew: bool,
}

/// Units of an inventory entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Units {
    #[serde(flatten)]
    entry: EntryName,
    units: i64,
}

/// A line that did not get all units.
pub(super) struct Short {
    line: LineItem,
    kept: i64,
}

fn mode(cart: &Cart, line: &LineItem) -> InventoryMode {
    line.inventory_mode.unwrap_or(cart.inventory_mode)
}

/// What the cart wants to be kept.
fn wanted(cart: &Cart) -> BTreeMap<Id, Units> {
    if !matches!(cart.cart_state, CartState::Active | CartState::Frozen) {
        return BTreeMap::new();
    }
    let kept = cart.line_items.iter().filter(|line| mode(cart, line) == InventoryMode::ReserveOnCart);
    kept.map(|line| {
        let supply_channel = line.supply_channel.as_ref().map(|channel| channel.id.clone());
        let entry = EntryName { sku: line.variant.sku.clone().unwrap_or_default(), supply_channel };
        (line.id.clone(), Units { entry, units: line.quantity })
    })
    .collect()
}

/// Whether the inventory is to be asked. What an order took is not given back by the cart.
fn is_settled(cart: &Held) -> bool {
    cart.cart_state == CartState::Ordered
        || (!cart.hidden.holds.renew && wanted(&cart.body) == cart.hidden.holds.lines)
}

/// Settles what is to be kept: each line names its reservation.
pub(super) fn settle(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let wanted = wanted(&cart.body);
    if !wanted.is_empty() {
        let project = cx.project()?;
        let inventory = &project.inventory;
        let minutes = cart.hidden.holds.terms.map(|(minutes, _)| minutes);
        let minutes = minutes.or(inventory.reservation_expiration_in_minutes.map(i64::from));
        let minutes = minutes.ok_or_else(super::actions::no_expiration)?;
        cart.hidden.holds.terms = Some((minutes, inventory.release_expired_reservations));
    }
    if cart.cart_state != CartState::Ordered {
        for line in &mut cart.body.line_items {
            if !wanted.contains_key(&line.id) {
                line.reservation = None;
            } else if line.reservation.is_none() {
                let type_id = ReservationTypeId::Reservation;
                line.reservation = Some(ReservationReference { type_id, id: cx.new_id() });
            }
        }
    }
    if !is_settled(cart) {
        let soon = cx.now.plus_millis(AGAIN_MS);
        cart.due_at = Some(cart.due_at.map_or(soon, |due| due.min(soon)));
    }
    Ok(())
}

/// `setReservationExpirationInMinutes`.
pub(super) fn set_expiration(cart: &mut Held, minutes: i64) -> Decision<()> {
    if minutes < 1 {
        return Err(ApiError::invalid_field("reservationExpirationInMinutes", minutes).into());
    }
    let expires = cart.hidden.holds.terms.is_some_and(|(_, expires)| expires);
    cart.hidden.holds.terms = Some((minutes, expires));
    cart.hidden.holds.renew = !cart.hidden.holds.lines.is_empty();
    Ok(())
}

/// Follows a change by a client. A new cart of which nothing can be kept is refused.
pub(crate) fn follow<'a>(
    carts: &'a Collection<Carts>,
    request: &'a RequestInfo,
    edited: Edited<Carts>,
) -> Boxed<'a, Result<Edited<Carts>>> {
    Box::pin(async move {
        if edited.state.visibility == Visibility::Deleted {
            if let Err(error) = release(carts, request, &edited.state).await {
                tracing::warn!(cart = %edited.state.meta.id, %error, "the inventory will ask what became of a cart");
            }
            return Ok(edited);
        }
        if is_settled(&edited.state) {
            return Ok(edited);
        }
        let (id, new) = (edited.state.meta.id.clone(), edited.state.meta.version == 1);
        let Some((mut kept, short)) = ask(carts, request, &id).await? else { return Ok(edited) };
        if new && !short.is_empty() && wanted(&kept.state.body).is_empty() {
            let gone = Edit { expected_version: None, access: Access::PROJECT, visible: true };
            carts
                .edit(request, &Selector::Id(id), &gone, |cart, _| {
                    cart.visibility = Visibility::Deleted;
                    Ok(())
                })
                .await?;
            return Err(ApiError::invalid_operation(
                "None of the line items can be reserved: too few units are available.",
            ));
        }
        if !short.is_empty() {
            let warnings: Vec<Value> = short.iter().map(warning).collect();
            kept.json = with_warnings(&kept.json, &warnings)?;
        }
        Ok(kept)
    })
}

/// [`ask`] after a change by the stack; gives the cart as it is then.
pub(super) async fn keep(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    edited: Edited<Carts>,
) -> Result<Edited<Carts>> {
    if is_settled(&edited.state) {
        return Ok(edited);
    }
    let asked = ask(carts, request, &edited.state.meta.id).await?;
    Ok(asked.map_or(edited, |(kept, _)| kept))
}

/// Asks the inventory to keep what the cart wants, and takes back from the cart what cannot be kept. Gives the cart,
/// and the lines that did not get all; `None` if there was nothing to ask.
pub(super) async fn ask(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    id: &Id,
) -> Result<Option<(Edited<Carts>, Vec<Short>)>> {
    let selector = Selector::Id(id.clone());
    let found = carts.deps.store.get(request.project(), api::Kind::Cart, &selector).await;
    let Some(document) = found.map_err(|e| store_error(&e))? else { return Ok(None) };
    let cart = carts.state(&document)?;
    if is_settled(&cart) {
        return Ok(None);
    }
    let holds = &cart.hidden.holds;
    let asked = changes(&wanted(&cart.body), holds);
    let kept = hold(carts, request, id, holds, asked.clone()).await?;
    let mut short = Vec::new();
    let edit = Edit { expected_version: None, access: Access::PROJECT, visible: true };
    let edited = carts
        .edit(request, &selector, &edit, |cart, cx| {
            short = note(cart, &asked, &kept, cx);
            cart.due_at = None;
            settle::settle(cart, cx)
        })
        .await?;
    Ok(edited.map(|edited| (edited, short)))
}

/// What is to be asked: first what is given back.
fn changes(wanted: &BTreeMap<Id, Units>, holds: &Holds) -> Vec<HeldLine> {
    let line = |id: &Id, entry: &EntryName, quantity: i64| HeldLine {
        line_item_id: id.clone(),
        entry: entry.clone(),
        quantity,
    };
    let moved = |id: &Id, held: &Units| wanted.get(id).is_none_or(|units| units.entry != held.entry);
    let given_back = holds.lines.iter().filter(|(id, held)| moved(id, held));
    let given_back = given_back.map(|(id, held)| line(id, &held.entry, 0));
    let changed = wanted.iter().filter(|(id, units)| holds.renew || holds.lines.get(*id) != Some(*units));
    given_back.chain(changed.map(|(id, units)| line(id, &units.entry, units.units))).collect()
}

/// The units that are kept for each of the lines from now on.
async fn hold(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    id: &Id,
    holds: &Holds,
    lines: Vec<HeldLine>,
) -> Result<Vec<i64>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let (minutes, expires) = holds.terms.unwrap_or((0, false));
    let (count, renew) = (lines.len(), holds.renew);
    let hold = Hold { cart_id: id.clone(), minutes, expires, renew, lines };
    let kept: Vec<i64> =
        call(carts.deps.peers.as_ref(), ServiceName::Inventory, "/hold", request, &hold).await?;
    if kept.len() == count { Ok(kept) } else { Err(internal(&"the inventory answered for other lines")) }
}

/// Notes in the cart what is kept, and lowers the lines that did not get all; gives these.
fn note(cart: &mut Held, asked: &[HeldLine], kept: &[i64], cx: &Context<'_>) -> Vec<Short> {
    let mut short = Vec::new();
    cart.hidden.holds.renew = false;
    for (line, &units) in asked.iter().zip(kept) {
        let id = &line.line_item_id;
        let holds = &mut cart.hidden.holds.lines;
        if units > 0 {
            holds.insert(id.clone(), Units { entry: line.entry.clone(), units });
        } else if holds.get(id).is_some_and(|held| held.entry == line.entry) {
            holds.remove(id);
        }
        let at = cart.line_items.iter().position(|held| held.id == *id && held.quantity == line.quantity);
        let Some(at) = at.filter(|_| units < line.quantity) else { continue };
        short.push(Short { line: cart.line_items[at].clone(), kept: units });
        if units == 0 {
            cart.body.line_items.remove(at);
        } else {
            lines::put_quantity(&mut cart.body.line_items[at], units, cx);
            lines::price_later(cart, at);
        }
    }
    short
}

/// Gives back all that is kept for a cart.
pub(crate) async fn release(carts: &Collection<Carts>, request: &RequestInfo, cart: &Held) -> Result<()> {
    if cart.cart_state == CartState::Ordered {
        return Ok(());
    }
    let holds = &cart.hidden.holds;
    hold(carts, request, &cart.meta.id, holds, changes(&BTreeMap::new(), holds)).await.map(drop)
}

/// For which of the lines the cart still wants units kept; what an undecided order took may come back to them.
pub(crate) async fn held(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    asked: &HeldLines,
) -> Result<Vec<bool>> {
    let selector = Selector::Id(asked.cart_id.clone());
    let found = carts.deps.store.get(request.project(), api::Kind::Cart, &selector).await;
    let document = found.map_err(|e| store_error(&e))?;
    let cart = document.filter(|document| document.visibility != Visibility::Deleted);
    let cart = cart.map(|document| carts.state(&document)).transpose()?;
    let now = carts.deps.clock.now();
    let wants = |cart: &Held, id: &Id| {
        let undecided = || {
            cart.hidden.order.as_ref().and_then(|mark| mark.deadline).is_some_and(|deadline| deadline > now)
        };
        let open = match cart.cart_state {
            CartState::Active | CartState::Frozen => true,
            CartState::Ordered => undecided(),
            CartState::Merged => false,
        };
        let line = cart.line_items.iter().find(|line| line.id == *id);
        open && line.is_some_and(|line| mode(&cart.body, line) == InventoryMode::ReserveOnCart)
    };
    Ok(asked.line_item_ids.iter().map(|id| cart.as_ref().is_some_and(|cart| wants(cart, id))).collect())
}

/// What the client is told of a line that did not get all units.
fn warning(Short { line, kept }: &Short) -> Value {
    let sku = line.variant.sku.as_deref().unwrap_or_default();
    let channel = line.supply_channel.as_ref().map(|channel| &channel.id);
    let from = channel.map_or("none", Id::as_str);
    let (product, quantity) = (&line.product_id, line.quantity);
    let mut warning = if *kept == 0 {
        json!({
            "code": "CannotCreateReservation",
            "message": format!("Failed to create a reservation for product {product} (SKU: {sku}, Supply Channel: {from}) with quantity {quantity}."),
            "quantity": quantity,
        })
    } else {
        json!({
            "code": "CannotUpdateReservation",
            "message": format!(
                "Failed to update the reservation for line item {} (Product ID: {product}, SKU: {sku}, Supply Channel: {from}) to a quantity of {quantity}. The reserved amount is still {kept}.",
                line.id
            ),
            "lineItemId": line.id,
            "requestedQuantity": quantity,
            "reservedQuantity": kept,
        })
    };
    warning["productId"] = json!(product);
    warning["sku"] = json!(sku);
    if let Some(channel) = channel {
        warning["supplyChannel"] = json!(channel);
    }
    warning
}

fn with_warnings(cart: &str, warnings: &[Value]) -> Result<String> {
    let mut cart: serde_json::Map<String, Value> = serde_json::from_str(cart).map_err(|e| internal(&e))?;
    cart.insert("warnings".to_owned(), json!(warnings));
    serde_json::to_string(&cart).map_err(|e| internal(&e))
}

//! Inventory entries: quantities of a SKU per supply channel.

use crate::marks::{Marks, shift};
use api::channel::ChannelRole;
use api::internal::inventory::EntryName;
use api::inventory::{
    InventoryEntry, InventoryEntryAction, InventoryEntryDraft, RESERVATION_MINUTES, StockLevels,
};
use api::{ApiError, Kind, Message, Reference, ResourceIdentifier, Result, Stored};
use kit::resource::{Context, Decision, Rules, State, set_custom_field, set_custom_type};
use kit::store::Claim;
use serde_json::{Map, Value};

/// The longest SKU.
const MAX_SKU: usize = 256;
/// What custom types name inventory entries.
const TYPE_ID: &str = "inventory-entry";

/// The rules of inventory entries.
pub(crate) struct Entries;

impl Rules for Entries {
    type Body = InventoryEntry;
    type Hidden = Marks;
    type Draft = InventoryEntryDraft;
    type Action = InventoryEntryAction;

    const KIND: Kind = Kind::InventoryEntry;
    const INDEXES: &'static [&'static str] = &["sku", "supplyChannel.id"];

    fn create(draft: &InventoryEntryDraft, cx: &mut Context<'_>) -> Decision<(InventoryEntry, Marks)> {
        if draft.sku.is_empty() || draft.sku.len() > MAX_SKU {
            return Err(ApiError::invalid_field("sku", draft.sku.as_str()).into());
        }
        check_limits(draft.min_cart_quantity, draft.max_cart_quantity)?;
        check_minutes(draft.reservation_expiration_in_minutes)?;
        let entry = InventoryEntry {
            key: draft.key.clone(),
            sku: draft.sku.clone(),
            supply_channel: supply_channel(draft.supply_channel.as_ref(), cx)?,
            quantity_on_stock: draft.quantity_on_stock,
            available_quantity: draft.quantity_on_stock,
            min_cart_quantity: draft.min_cart_quantity,
            max_cart_quantity: draft.max_cart_quantity,
            restockable_in_days: draft.restockable_in_days,
            expected_delivery: draft.expected_delivery,
            reservation_expiration_in_minutes: draft.reservation_expiration_in_minutes,
            stock_levels: draft.stock_levels.clone(),
            custom: cx.custom(draft.custom.as_ref(), TYPE_ID)?,
        };
        let stored = Stored { meta: cx.meta_of_new(), body: entry.clone() };
        let stored = stored.to_json().ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        cx.emit(Message::new("InventoryEntryCreated").with("inventoryEntry", stored));
        Ok((entry, Marks::default()))
    }

    fn apply(entry: &mut State<Self>, action: &InventoryEntryAction, cx: &mut Context<'_>) -> Decision<()> {
        use InventoryEntryAction as A;
        match action {
            A::AddQuantity { quantity } => change_quantity(entry, Some(*quantity), cx)?,
            A::RemoveQuantity { quantity } => change_quantity(entry, quantity.checked_neg(), cx)?,
            A::ChangeQuantity { quantity } => {
                let by = quantity.checked_sub(entry.quantity_on_stock);
                change_quantity(entry, by, cx)?;
            }
            A::SetKey { key } => entry.key.clone_from(key),
            A::SetSupplyChannel { supply_channel: channel } => {
                entry.supply_channel = supply_channel(channel.as_ref(), cx)?;
            }
            A::SetRestockableInDays { restockable_in_days } => {
                entry.restockable_in_days = *restockable_in_days;
            }
            A::SetExpectedDelivery { expected_delivery } => entry.expected_delivery = *expected_delivery,
            A::SetInventoryLimits { min_cart_quantity, max_cart_quantity } => {
                check_limits(*min_cart_quantity, *max_cart_quantity)?;
                entry.min_cart_quantity = *min_cart_quantity;
                entry.max_cart_quantity = *max_cart_quantity;
            }
            A::SetReorderPoint { quantity } => set_level(entry, |levels| levels.reorder_point = *quantity),
            A::SetSafetyStock { quantity } => set_level(entry, |levels| levels.safety_stock = *quantity),
            A::SetReservationExpirationInMinutes { reservation_expiration_in_minutes: minutes } => {
                check_minutes(*minutes)?;
                let old = std::mem::replace(&mut entry.reservation_expiration_in_minutes, *minutes);
                if old != *minutes {
                    let message = Message::new("InventoryEntryReservationExpirationInMinutesSet");
                    cx.emit(
                        message
                            .with("newReservationExpirationInMinutes", minutes)
                            .with("oldReservationExpirationInMinutes", old),
                    );
                }
            }
            A::SetCustomType(set) => set_custom_type(&mut entry.custom, set, TYPE_ID, cx)?,
            A::SetCustomField(set) => set_custom_field(&mut entry.custom, set, cx)?,
        }
        Ok(())
    }

    fn delete(entry: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        cx.emit(named("InventoryEntryDeleted", entry));
        Ok(())
    }

    fn claims(entry: &InventoryEntry) -> Vec<Claim> {
        let mut claims = vec![Claim::new(EntryName::CLAIM, name_of(entry).claim())];
        claims.extend(entry.key.iter().map(|key| Claim::new("key", key.as_str())));
        claims
    }

    fn taken(claim: &Claim) -> ApiError {
        match claim.value.rsplit_once('/') {
            Some((sku, _)) if claim.name == EntryName::CLAIM => ApiError::duplicate_field("sku", sku),
            _ => ApiError::duplicate_field(&claim.name, claim.value.as_str()),
        }
    }

    fn user_identifiers(entry: &InventoryEntry) -> Map<String, Value> {
        let mut identifiers = Map::from_iter([("sku".to_owned(), Value::from(entry.sku.as_str()))]);
        identifiers.extend(entry.key.iter().map(|key| ("key".to_owned(), key.into())));
        identifiers
    }
}

/// What the entry is found by.
pub(crate) fn name_of(entry: &InventoryEntry) -> EntryName {
    let supply_channel = entry.supply_channel.as_ref().map(|channel| channel.id.clone());
    EntryName { sku: entry.sku.clone(), supply_channel }
}

/// A message with the entry's SKU and channel.
fn named(kind: &str, entry: &InventoryEntry) -> Message {
    Message::new(kind).with("sku", &entry.sku).with("supplyChannel", &entry.supply_channel)
}

/// Tells when a quantity went down to a level that somebody wants to know of. Orders and merchants
/// alike may cause it.
pub(crate) fn announce_levels(entry: &InventoryEntry, before: i64, cx: &mut Context<'_>) {
    let now = entry.quantity_on_stock;
    let reached = |level: Option<i64>| level.is_some_and(|level| before > level && now <= level);
    let levels = entry.stock_levels.clone().unwrap_or_default();
    if reached(levels.reorder_point) {
        cx.emit(named("InventoryEntryReorderPoint", entry).with("quantityOnStock", now));
    }
    if reached(levels.safety_stock) {
        cx.emit(named("InventoryEntrySafetyStock", entry).with("quantityOnStock", now));
    }
    if reached(Some(0)) {
        cx.emit(named("InventoryEntryOutOfStock", entry));
    }
}

fn change_quantity(entry: &mut InventoryEntry, by: Option<i64>, cx: &mut Context<'_>) -> Decision<()> {
    let (old_stock, old_available) = (entry.quantity_on_stock, entry.available_quantity);
    if !shift(entry, by) {
        return Err(
            ApiError::invalid_operation("The quantity would leave the range of 64-bit integers.").into()
        );
    }
    if entry.quantity_on_stock != old_stock {
        cx.emit(
            named("InventoryEntryQuantitySet", entry)
                .with("oldQuantityOnStock", old_stock)
                .with("newQuantityOnStock", entry.quantity_on_stock)
                .with("oldAvailableQuantity", old_available)
                .with("newAvailableQuantity", entry.available_quantity),
        );
        announce_levels(entry, old_stock, cx);
    }
    Ok(())
}

fn set_level(entry: &mut InventoryEntry, set: impl FnOnce(&mut StockLevels)) {
    let mut levels = entry.stock_levels.take().unwrap_or_default();
    set(&mut levels);
    entry.stock_levels = (levels != StockLevels::default()).then_some(levels);
}

fn check_limits(min: Option<i64>, max: Option<i64>) -> Decision<()> {
    if let Some(min) = min.filter(|min| *min < 1) {
        return Err(ApiError::invalid_field("minCartQuantity", min).into());
    }
    if let Some(max) = max.filter(|max| *max < min.unwrap_or(1)) {
        return Err(ApiError::invalid_field("maxCartQuantity", max).into());
    }
    Ok(())
}

fn check_minutes(minutes: Option<i64>) -> Result<()> {
    match minutes {
        Some(given) if !u32::try_from(given).is_ok_and(|given| RESERVATION_MINUTES.contains(&given)) => {
            Err(ApiError::invalid_field("reservationExpirationInMinutes", given))
        }
        _ => Ok(()),
    }
}

fn supply_channel(identifier: Option<&ResourceIdentifier>, cx: &Context<'_>) -> Decision<Option<Reference>> {
    identifier.map(|channel| cx.channel(channel, ChannelRole::InventorySupply)).transpose()
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;

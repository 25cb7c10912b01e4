//! Inventory entries: how many units of a SKU there are, in one place or in all.
//!
//! Rule (contract §7): (sku, supplyChannel) is unique; `availableQuantity` is what may still be ordered.

use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{CustomFields, CustomFieldsDraft, Key, Reference, ResourceIdentifier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The minutes that reservations of carts may last.
pub const RESERVATION_MINUTES: std::ops::RangeInclusive<u32> = 1..=44_640;

/// An inventory entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct InventoryEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<Reference>,
    /// May be negative when more was sold than there was.
    pub quantity_on_stock: i64,
    pub available_quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_cart_quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cart_quantity: Option<i64>,
    /// If set, even to 0, a shortage refuses no order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restockable_in_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_delivery: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_expiration_in_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_levels: Option<StockLevels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// From which quantity down somebody wants to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct StockLevels {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder_point: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety_stock: Option<i64>,
}

/// What an inventory entry is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct InventoryEntryDraft {
    pub sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<ResourceIdentifier>,
    pub quantity_on_stock: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_cart_quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cart_quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restockable_in_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_delivery: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_expiration_in_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_levels: Option<StockLevels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// The update actions of inventory entries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum InventoryEntryAction {
    AddQuantity { quantity: i64 },
    RemoveQuantity { quantity: i64 },
    ChangeQuantity { quantity: i64 },
    SetKey { key: Option<Key> },
    SetSupplyChannel { supply_channel: Option<ResourceIdentifier> },
    SetRestockableInDays { restockable_in_days: Option<i64> },
    SetExpectedDelivery { expected_delivery: Option<Timestamp> },
    SetInventoryLimits { min_cart_quantity: Option<i64>, max_cart_quantity: Option<i64> },
    SetReorderPoint { quantity: Option<i64> },
    SetSafetyStock { quantity: Option<i64> },
    SetReservationExpirationInMinutes { reservation_expiration_in_minutes: Option<i64> },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

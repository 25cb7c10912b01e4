//! Line items: a variant of a product, a quantity, a price.

use super::{
    InventoryMode, MethodExternalTaxRateDraft, MethodTaxRate, MethodTaxedPrice, NotBuilt, TaxedItemPrice,
};
use crate::product_variant::ProductVariant;
use crate::tax_category::{ExternalTaxRateDraft, TaxRate};
use crate::{
    CustomFields, CustomFieldsDraft, Id, Key, LocalizedString, Money, Price, Reference, ResourceIdentifier,
    Timestamp, TypedMoney, TypedMoneyDraft,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line item. Name, variant and product type are a copy that `recalculate` refreshes on request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct LineItem {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub product_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_key: Option<Key>,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_slug: Option<LocalizedString>,
    pub product_type: Reference,
    pub variant: ProductVariant,
    /// The selected price, or the external one.
    pub price: Price,
    pub quantity: i64,
    /// Unit price times quantity, or the external total. Always cent precision.
    pub total_price: TypedMoney,
    /// Always empty.
    #[serde(default)]
    pub discounted_price_per_quantity: Vec<NotBuilt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedItemPrice>,
    /// For shipping mode `Multiple`.
    #[serde(default)]
    pub taxed_price_portions: Vec<MethodTaxedPrice>,
    pub state: Vec<ItemState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    /// For shipping mode `Multiple`.
    #[serde(default)]
    pub per_method_tax_rate: Vec<MethodTaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_channel: Option<Reference>,
    pub price_mode: LineItemPriceMode,
    pub line_item_mode: LineItemMode,
    /// The cart's mode counts if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory_mode: Option<InventoryMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetails>,
    /// In the inventory mode `ReserveOnCart`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<Timestamp>,
}

/// Names the units that are kept for a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReservationReference {
    pub type_id: ReservationTypeId,
    pub id: Id,
}

/// The type id of reservations, which are no resources with paths of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own name")]
pub enum ReservationTypeId {
    Reservation,
}

/// Where a line's price comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LineItemPriceMode {
    /// From the product's prices.
    #[default]
    Platform,
    /// The unit price was given.
    ExternalPrice,
    /// Unit price and total were given.
    ExternalTotal,
}

/// Whether a line is a gift; gifts are not built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum LineItemMode {
    #[default]
    Standard,
    GiftLineItem,
}

/// How many of a line are in a workflow state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ItemState {
    pub quantity: i64,
    pub state: Reference,
}

/// A line item as it comes in: the variant is named by `sku`, or by `productId` and `variantId`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct LineItemDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Id>,
    /// The master variant if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_price: Option<TypedMoneyDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_total_price: Option<ExternalTotalPrice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tax_rate: Option<ExternalTaxRateDraft>,
    /// For the shipping mode `Multiple`.
    #[serde(default, deserialize_with = "crate::null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub per_method_external_tax_rate: Vec<MethodExternalTaxRateDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory_mode: Option<InventoryMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetailsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// A unit price and a total that were worked out elsewhere (`ExternalLineItemTotalPrice`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ExternalTotalPrice {
    pub price: TypedMoneyDraft,
    pub total_price: Money,
}

/// Where the units of a line go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ItemShippingDetails {
    pub targets: Vec<ItemShippingTarget>,
    /// `true` if the targets' quantities sum to the line's.
    pub valid: bool,
}

/// Some units of a line to one of the cart's `itemShippingAddresses`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ItemShippingTarget {
    pub address_key: String,
    /// May be negative in a delta.
    pub quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method_key: Option<String>,
}

/// Where the units of a line shall go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ItemShippingDetailsDraft {
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub targets: Vec<ItemShippingTarget>,
}

//! Custom line items: something to pay that is no product.

use super::{
    ItemShippingDetails, ItemShippingDetailsDraft, ItemState, MethodTaxRate, MethodTaxedPrice, NotBuilt,
    TaxedItemPrice,
};
use crate::tax_category::{ExternalTaxRateDraft, TaxRate};
use crate::{
    CustomFields, CustomFieldsDraft, Id, Key, LocalizedString, Reference, ResourceIdentifier, TypedMoney,
    TypedMoneyDraft,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A custom line item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomLineItem {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: LocalizedString,
    /// Of one unit; may be negative.
    pub money: TypedMoney,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedItemPrice>,
    /// For shipping mode `Multiple`.
    #[serde(default)]
    pub taxed_price_portions: Vec<MethodTaxedPrice>,
    pub total_price: TypedMoney,
    pub slug: String,
    pub quantity: i64,
    pub state: Vec<ItemState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    /// For shipping mode `Multiple`.
    #[serde(default)]
    pub per_method_tax_rate: Vec<MethodTaxRate>,
    /// Always empty.
    #[serde(default)]
    pub discounted_price_per_quantity: Vec<NotBuilt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetails>,
    pub price_mode: CustomLineItemPriceMode,
}

/// Whether cart discounts may touch a custom line item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CustomLineItemPriceMode {
    #[default]
    Standard,
    External,
}

/// A custom line item as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomLineItemDraft {
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    pub money: TypedMoneyDraft,
    pub slug: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tax_rate: Option<ExternalTaxRateDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetailsDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub price_mode: CustomLineItemPriceMode,
}

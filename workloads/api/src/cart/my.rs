//! What customers and guests may do to their own carts through `/me`.
//!
//! Rule (contract, Appendix A): fewer fields and actions than the merchant has. What a client must not
//! decide (prices, taxes, its identity) is not even read.

use super::{
    CartAction, CartDraft, InventoryMode, ItemShippingDetailsDraft, LineItemDraft, ShippingMode, TaxMode,
};
use crate::{
    AddressDraft, CountryCode, CurrencyCode, CustomFieldsDraft, Id, Key, Locale, ResourceIdentifier,
    StoreIdentifier, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The update actions of [`CartAction`] that may be used through `/me`.
pub const MY_CART_ACTIONS: &[&str] = &[
    "addItemShippingAddress",
    "addLineItem",
    "applyDeltaToLineItemShippingDetailsTargets",
    "changeLineItemQuantity",
    "changeLineItemsOrder",
    "changeTaxMode",
    "recalculate",
    "removeItemShippingAddress",
    "removeLineItem",
    "setBillingAddress",
    "setCountry",
    "setCustomField",
    "setCustomType",
    "setCustomerEmail",
    "setDeleteDaysAfterLastModification",
    "setLineItemCustomField",
    "setLineItemCustomType",
    "setLineItemDistributionChannel",
    "setLineItemShippingDetails",
    "setLineItemSupplyChannel",
    "setLocale",
    "setShippingAddress",
    "setShippingMethod",
    "updateItemShippingAddress",
];

/// A cart as its owner makes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyCartDraft {
    pub currency: CurrencyCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub line_items: Vec<MyLineItemDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_mode: Option<TaxMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory_mode: Option<InventoryMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub item_shipping_addresses: Vec<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_mode: Option<ShippingMode>,
    /// See [`CartDraft::discount_codes`].
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub discount_codes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_last_modification: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

impl From<MyCartDraft> for CartDraft {
    fn from(my: MyCartDraft) -> Self {
        Self {
            customer_email: my.customer_email,
            store: my.store,
            line_items: my.line_items.into_iter().map(Into::into).collect(),
            tax_mode: my.tax_mode,
            inventory_mode: my.inventory_mode,
            billing_address: my.billing_address,
            shipping_address: my.shipping_address,
            shipping_method: my.shipping_method,
            item_shipping_addresses: my.item_shipping_addresses,
            shipping_mode: my.shipping_mode,
            discount_codes: my.discount_codes,
            country: my.country,
            locale: my.locale,
            delete_days_after_last_modification: my.delete_days_after_last_modification,
            custom: my.custom,
            ..Self::new(my.currency)
        }
    }
}

/// A line item as the cart's owner adds it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyLineItemDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetailsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

impl From<MyLineItemDraft> for LineItemDraft {
    fn from(my: MyLineItemDraft) -> Self {
        Self {
            key: my.key,
            product_id: my.product_id,
            variant_id: my.variant_id,
            sku: my.sku,
            quantity: my.quantity,
            added_at: my.added_at,
            supply_channel: my.supply_channel,
            distribution_channel: my.distribution_channel,
            shipping_details: my.shipping_details,
            custom: my.custom,
            ..Self::default()
        }
    }
}

impl CartAction {
    /// Drops what the twin of this action under `/me` does not read: prices and tax rates of lines.
    ///
    /// The API's description lets `removeLineItem` under `/me` carry an external price; a guest who
    /// sets prices is a hole, so it is dropped there as well.
    #[must_use]
    pub fn without_merchant_fields(mut self) -> Self {
        match &mut self {
            Self::AddLineItem(draft) => {
                draft.external_price = None;
                draft.external_total_price = None;
                draft.external_tax_rate = None;
                draft.per_method_external_tax_rate = Vec::new();
                draft.inventory_mode = None;
            }
            Self::ChangeLineItemQuantity { external_price, external_total_price, .. }
            | Self::RemoveLineItem { external_price, external_total_price, .. } => {
                *external_price = None;
                *external_total_price = None;
            }
            _ => {}
        }
        self
    }
}

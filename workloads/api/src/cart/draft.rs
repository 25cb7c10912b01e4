//! Carts as they come in.

use super::{
    CartOrigin, CustomLineItemDraft, CustomShippingDraft, InventoryMode, LineItemDraft, ShippingDraft,
    ShippingMode, ShippingRateInputDraft, TaxCalculationMode, TaxMode,
};
use crate::tax_category::ExternalTaxRateDraft;
use crate::{
    AddressDraft, CountryCode, CurrencyCode, CustomFieldsDraft, Id, Key, Locale, Reference,
    ResourceIdentifier, RoundingMode, StoreIdentifier,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cart as it comes in; only `currency` is needed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CartDraft {
    pub currency: CurrencyCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub line_items: Vec<LineItemDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub custom_line_items: Vec<CustomLineItemDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_mode: Option<TaxMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tax_rate_for_shipping_method: Option<ExternalTaxRateDraft>,
    /// The project's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_rounding_mode: Option<RoundingMode>,
    /// The project's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rounding_mode: Option<RoundingMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_calculation_mode: Option<TaxCalculationMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory_mode: Option<InventoryMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input: Option<ShippingRateInputDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_mode: Option<ShippingMode>,
    /// For the shipping mode `Multiple`.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub shipping: Vec<ShippingDraft>,
    /// For the shipping mode `Multiple`.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub custom_shipping: Vec<CustomShippingDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub item_shipping_addresses: Vec<AddressDraft>,
    /// There are no discount codes, so each one is refused with `DiscountCodeNonApplicable`.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub discount_codes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<CartOrigin>,
    /// The project's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_last_modification: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    /// Never sent: lines that are not valid any more are left out, as replicating a cart does.
    #[serde(skip)]
    #[schemars(skip)]
    pub leave_out_invalid: bool,
}

impl CartDraft {
    /// An empty cart in that currency.
    #[must_use]
    pub fn new(currency: CurrencyCode) -> Self {
        Self {
            currency,
            key: None,
            customer_id: None,
            customer_email: None,
            customer_group: None,
            anonymous_id: None,
            store: None,
            line_items: Vec::new(),
            custom_line_items: Vec::new(),
            tax_mode: None,
            external_tax_rate_for_shipping_method: None,
            price_rounding_mode: None,
            tax_rounding_mode: None,
            tax_calculation_mode: None,
            inventory_mode: None,
            billing_address: None,
            shipping_address: None,
            shipping_method: None,
            shipping_rate_input: None,
            shipping_mode: None,
            shipping: Vec::new(),
            custom_shipping: Vec::new(),
            item_shipping_addresses: Vec::new(),
            discount_codes: Vec::new(),
            country: None,
            locale: None,
            origin: None,
            delete_days_after_last_modification: None,
            custom: None,
            purchase_order_number: None,
            leave_out_invalid: false,
        }
    }
}

/// The body of `POST …/carts/replicate`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CartReplicateDraft {
    /// A cart or an order.
    pub reference: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// The body of `POST …/carts/customer-id={id}/merge`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MergeCartDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_cart: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub merge_mode: CartMergeMode,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub update_product_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
}

/// What becomes of an anonymous cart when its customer signs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CartMergeMode {
    /// Its lines go to the customer's cart.
    #[default]
    MergeWithExistingCustomerCart,
    /// It becomes the customer's active cart.
    UseAsNewActiveCustomerCart,
}

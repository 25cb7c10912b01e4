//! The update actions of carts.
//!
//! Lines are named by exactly one of id and key; [`super::Cart::find_line`] looks them up. An optional
//! value that is absent removes what was set.

use super::{
    CustomLineItemDraft, CustomLineItemPriceMode, EstimatedDelivery, ExternalTaxAmountDraft,
    ExternalTotalPrice, FreezeStrategy, InventoryMode, ItemShippingDetailsDraft, ItemShippingTarget,
    LineItemDraft, NewCustomShipping, NewShipping, ShippingRateInputDraft, TaxCalculationMode, TaxMode,
    TaxPortionDraft,
};
use crate::shipping_method::ShippingRateDraft;
use crate::tax_category::ExternalTaxRateDraft;
use crate::{
    AddressDraft, CountryCode, CustomFieldsDraft, Id, Key, Locale, Money, ResourceIdentifier, RoundingMode,
    TypedMoneyDraft,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An update action of carts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CartAction {
    // --- the whole cart -----------------------------------------------------------------------
    Recalculate {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        update_product_data: bool,
    },
    SetKey {
        key: Option<Key>,
    },
    SetCustomerId {
        customer_id: Option<Id>,
    },
    SetCustomerGroup {
        customer_group: Option<ResourceIdentifier>,
    },
    SetCustomerEmail {
        email: Option<String>,
    },
    SetAnonymousId {
        anonymous_id: Option<String>,
    },
    SetCountry {
        country: Option<CountryCode>,
    },
    SetLocale {
        locale: Option<Locale>,
    },
    SetDeleteDaysAfterLastModification {
        delete_days_after_last_modification: Option<i32>,
    },
    SetPurchaseOrderNumber {
        purchase_order_number: Option<String>,
    },
    SetCustomType {
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetCustomField {
        name: String,
        value: Option<Value>,
    },
    FreezeCart {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        strategy: FreezeStrategy,
    },
    UnfreezeCart {},
    LockCart {},
    UnlockCart {},

    // --- line items ---------------------------------------------------------------------------
    AddLineItem(Box<LineItemDraft>),
    ChangeLineItemQuantity {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        /// 0 removes the line.
        quantity: i64,
        external_price: Option<TypedMoneyDraft>,
        external_total_price: Option<ExternalTotalPrice>,
    },
    RemoveLineItem {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        /// The whole line if absent.
        quantity: Option<i64>,
        external_price: Option<TypedMoneyDraft>,
        external_total_price: Option<ExternalTotalPrice>,
        shipping_details_to_remove: Option<ItemShippingDetailsDraft>,
    },
    SetLineItemPrice {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        external_price: Option<TypedMoneyDraft>,
    },
    SetLineItemTotalPrice {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        external_total_price: Option<ExternalTotalPrice>,
    },
    SetLineItemTaxRate {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        external_tax_rate: Option<ExternalTaxRateDraft>,
        shipping_key: Option<String>,
    },
    SetLineItemTaxAmount {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        external_tax_amount: Option<ExternalTaxAmountDraft>,
        shipping_key: Option<String>,
    },
    SetLineItemCustomType {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetLineItemCustomField {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        name: String,
        value: Option<Value>,
    },
    SetLineItemDistributionChannel {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        distribution_channel: Option<ResourceIdentifier>,
    },
    SetLineItemSupplyChannel {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        supply_channel: Option<ResourceIdentifier>,
    },
    SetLineItemInventoryMode {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        inventory_mode: Option<InventoryMode>,
    },
    SetReservationExpirationInMinutes {
        reservation_expiration_in_minutes: i64,
    },
    SetLineItemShippingDetails {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        shipping_details: Option<ItemShippingDetailsDraft>,
    },
    ApplyDeltaToLineItemShippingDetailsTargets {
        line_item_id: Option<Id>,
        line_item_key: Option<Key>,
        targets_delta: Vec<ItemShippingTarget>,
    },
    ChangeLineItemsOrder {
        /// The ids of all line items.
        line_item_order: Vec<Id>,
    },

    // --- custom line items --------------------------------------------------------------------
    AddCustomLineItem(Box<CustomLineItemDraft>),
    RemoveCustomLineItem {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
    },
    ChangeCustomLineItemQuantity {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        /// 0 removes the line.
        quantity: i64,
    },
    ChangeCustomLineItemMoney {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        money: TypedMoneyDraft,
    },
    ChangeCustomLineItemPriceMode {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        mode: CustomLineItemPriceMode,
    },
    SetCustomLineItemTaxRate {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        external_tax_rate: Option<ExternalTaxRateDraft>,
        shipping_key: Option<String>,
    },
    SetCustomLineItemTaxAmount {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        external_tax_amount: Option<ExternalTaxAmountDraft>,
        shipping_key: Option<String>,
    },
    SetCustomLineItemCustomType {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetCustomLineItemCustomField {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        name: String,
        value: Option<Value>,
    },
    SetCustomLineItemShippingDetails {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        shipping_details: Option<ItemShippingDetailsDraft>,
    },
    ApplyDeltaToCustomLineItemShippingDetailsTargets {
        custom_line_item_id: Option<Id>,
        custom_line_item_key: Option<Key>,
        targets_delta: Vec<ItemShippingTarget>,
    },

    // --- addresses ----------------------------------------------------------------------------
    SetShippingAddress {
        address: Option<Box<AddressDraft>>,
    },
    SetShippingAddressCustomType {
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetShippingAddressCustomField {
        name: String,
        value: Option<Value>,
    },
    SetBillingAddress {
        address: Option<Box<AddressDraft>>,
    },
    SetBillingAddressCustomType {
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetBillingAddressCustomField {
        name: String,
        value: Option<Value>,
    },
    AddItemShippingAddress {
        address: Box<AddressDraft>,
    },
    UpdateItemShippingAddress {
        address: Box<AddressDraft>,
    },
    RemoveItemShippingAddress {
        address_key: String,
    },
    SetItemShippingAddressCustomType {
        address_key: String,
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetItemShippingAddressCustomField {
        address_key: String,
        name: String,
        value: Option<Value>,
    },

    // --- shipping -----------------------------------------------------------------------------
    SetShippingMethod {
        shipping_method: Option<ResourceIdentifier>,
        external_tax_rate: Option<ExternalTaxRateDraft>,
        estimated_delivery: Option<EstimatedDelivery>,
    },
    SetCustomShippingMethod {
        shipping_method_name: String,
        shipping_rate: ShippingRateDraft,
        tax_category: Option<ResourceIdentifier>,
        external_tax_rate: Option<ExternalTaxRateDraft>,
        custom: Option<CustomFieldsDraft>,
        estimated_delivery: Option<EstimatedDelivery>,
    },
    AddShippingMethod(Box<AddShippingMethod>),
    AddCustomShippingMethod(Box<AddCustomShippingMethod>),
    RemoveShippingMethod {
        shipping_key: String,
    },
    SetEstimatedDelivery {
        shipping_key: Option<String>,
        estimated_delivery: Option<EstimatedDelivery>,
    },
    SetShippingMethodTaxRate {
        external_tax_rate: Option<ExternalTaxRateDraft>,
        shipping_key: Option<String>,
    },
    SetShippingMethodTaxAmount {
        external_tax_amount: Option<ExternalTaxAmountDraft>,
        shipping_key: Option<String>,
    },
    SetShippingRateInput {
        shipping_rate_input: Option<ShippingRateInputDraft>,
    },
    SetShippingCustomType {
        shipping_key: Option<String>,
        #[serde(rename = "type")]
        type_ref: Option<ResourceIdentifier>,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        fields: Map<String, Value>,
    },
    SetShippingCustomField {
        shipping_key: Option<String>,
        name: String,
        value: Option<Value>,
    },

    // --- taxes and rounding -------------------------------------------------------------------
    SetCartTotalTax {
        external_total_gross: Money,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        external_tax_portions: Vec<TaxPortionDraft>,
    },
    ChangeTaxMode {
        tax_mode: TaxMode,
    },
    ChangeTaxRoundingMode {
        tax_rounding_mode: RoundingMode,
    },
    ChangeTaxCalculationMode {
        tax_calculation_mode: TaxCalculationMode,
    },
    ChangePriceRoundingMode {
        price_rounding_mode: RoundingMode,
    },
}

/// `addShippingMethod`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AddShippingMethod {
    /// Unique in the cart.
    pub shipping_key: String,
    #[serde(flatten)]
    pub new: NewShipping,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<EstimatedDelivery>,
}

/// `addCustomShippingMethod`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AddCustomShippingMethod {
    /// Unique in the cart.
    pub shipping_key: String,
    #[serde(flatten)]
    pub new: NewCustomShipping,
}

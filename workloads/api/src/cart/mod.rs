//! Carts: what a customer is about to buy, with prices, taxes and shipping worked out.
//!
//! Rule (contract §5): everything below `totalPrice` is computed by the cart service after every
//! change. Discounts and payments are not built; where the API always shows a list for them, the list is empty.

mod actions;
mod custom_line_item;
mod draft;
mod line_item;
mod my;
mod shipping;
mod tax;

pub use actions::{AddCustomShippingMethod, AddShippingMethod, CartAction};
pub use custom_line_item::{CustomLineItem, CustomLineItemDraft, CustomLineItemPriceMode};
pub use draft::{CartDraft, CartMergeMode, CartReplicateDraft, MergeCartDraft};
pub use line_item::{
    ExternalTotalPrice, ItemShippingDetails, ItemShippingDetailsDraft, ItemShippingTarget, ItemState,
    LineItem, LineItemDraft, LineItemMode, LineItemPriceMode, ReservationReference, ReservationTypeId,
};
pub use my::{MY_CART_ACTIONS, MyCartDraft, MyLineItemDraft};
pub use shipping::{
    CustomShippingDraft, EstimatedDelivery, NewCustomShipping, NewShipping, Shipping, ShippingDraft,
    ShippingInfo, ShippingMethodState, ShippingRateInput, ShippingRateInputDraft, Ships,
};
pub use tax::{
    ExternalTaxAmountDraft, MethodExternalTaxRateDraft, MethodTaxRate, MethodTaxedPrice, TaxCalculationMode,
    TaxMode, TaxPortion, TaxPortionDraft, TaxedItemPrice, TaxedPrice,
};

use crate::{
    Address, ApiError, CountryCode, CurrencyCode, CustomFields, Id, Key, KeyReference, Locale, Reference,
    Result, RoundingMode, Timestamp, TypedMoney,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A cart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Cart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<Reference>,
    /// Excludes `customerId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<KeyReference>,
    pub line_items: Vec<LineItem>,
    pub custom_line_items: Vec<CustomLineItem>,
    /// The quantities of the line items; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_line_item_quantity: Option<i64>,
    /// Items and shipping, before taxes that are not included. Its currency is the cart's.
    pub total_price: TypedMoney,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedPrice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_shipping_price: Option<TaxedPrice>,
    pub tax_mode: TaxMode,
    pub price_rounding_mode: RoundingMode,
    pub tax_rounding_mode: RoundingMode,
    pub tax_calculation_mode: TaxCalculationMode,
    pub inventory_mode: InventoryMode,
    pub cart_state: CartState,
    /// Only while `cartState` is `Frozen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_strategy: Option<FreezeStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Address>,
    pub shipping_mode: ShippingMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_info: Option<ShippingInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input: Option<ShippingRateInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_custom_fields: Option<CustomFields>,
    /// Of the shipping mode `Multiple`, which has neither `shippingInfo` nor needs `shippingAddress`.
    #[serde(default)]
    pub shipping: Vec<Shipping>,
    #[serde(default)]
    pub item_shipping_addresses: Vec<Address>,
    /// Always empty.
    #[serde(default)]
    pub discount_codes: Vec<NotBuilt>,
    /// Always empty.
    #[serde(default)]
    pub direct_discounts: Vec<NotBuilt>,
    /// Always empty.
    #[serde(default)]
    pub refused_gifts: Vec<NotBuilt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    pub origin: CartOrigin,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<CartLock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_last_modification: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
}

impl Cart {
    /// The currency of every amount in the cart.
    #[must_use]
    pub fn currency(&self) -> CurrencyCode {
        self.total_price.currency_code
    }

    /// The line item that an action names by exactly one of id and key.
    pub fn find_line(&self, id: Option<&Id>, key: Option<&Key>) -> Result<usize> {
        let lines = self.line_items.iter().map(|line| (&line.id, line.key.as_ref()));
        find("lineItem", "line item", lines, id, key)
    }

    /// The custom line item that an action names by exactly one of id and key.
    pub fn find_custom_line(&self, id: Option<&Id>, key: Option<&Key>) -> Result<usize> {
        let lines = self.custom_line_items.iter().map(|line| (&line.id, line.key.as_ref()));
        find("customLineItem", "custom line item", lines, id, key)
    }
}

/// The position of the part with that id or key.
fn find<'a>(
    field: &str,
    what: &str,
    mut parts: impl Iterator<Item = (&'a Id, Option<&'a Key>)>,
    id: Option<&Id>,
    key: Option<&Key>,
) -> Result<usize> {
    let (found, name) = match (id, key) {
        (Some(id), None) => (parts.position(|(i, _)| i == id), format!("ID '{id}'")),
        (None, Some(key)) => (parts.position(|(_, k)| k == Some(key)), format!("key '{key}'")),
        _ => {
            return Err(ApiError::invalid_json(format!(
                "exactly one of '{field}Id' and '{field}Key' is required"
            )));
        }
    };
    found.ok_or_else(|| ApiError::invalid_operation(format!("The {what} with {name} was not found.")))
}

/// An element of a list that the API always shows and that is always empty here. It has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotBuilt {}

impl JsonSchema for NotBuilt {
    fn schema_name() -> Cow<'static, str> {
        "NotBuilt".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
    fn inline_schema() -> bool {
        true
    }
}

/// Whether a cart can be worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CartState {
    /// It can.
    #[default]
    Active,
    /// Its lines went to another cart at sign-in; refuses everything.
    Merged,
    /// It became an order; refuses everything.
    Ordered,
    /// Its prices are locked.
    Frozen,
}

/// Where a cart comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CartOrigin {
    #[default]
    Customer,
    Merchant,
    Quote,
    RecurringOrder,
}

/// One address and method for all items, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingMode {
    #[default]
    Single,
    Multiple,
}

/// What happens to stock (contract §7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum InventoryMode {
    /// Nothing.
    #[default]
    None,
    /// Taken when ordered, below zero if need be.
    TrackOnly,
    /// Taken when ordered, refused when short.
    ReserveOnOrder,
    /// Reserved when added to the cart.
    ReserveOnCart,
}

/// What a frozen cart keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum FreezeStrategy {
    /// Prices.
    #[default]
    SoftFreeze,
    /// Prices, discounts and shipping.
    HardFreeze,
}

/// Who locked a cart, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CartLock {
    pub created_at: Timestamp,
    pub client_id: String,
}

#[cfg(test)]
mod tests;

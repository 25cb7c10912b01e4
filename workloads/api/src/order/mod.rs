//! Orders: a cart as it was when it was bought, and what happens to it afterwards.
//!
//! Rule (contract §7): prices and totals never change after the order is made. Payments, discounts,
//! order edits and business units are not built; where the API always shows a list for them, it is empty.

mod actions;
mod delivery;
mod draft;
mod import;
mod returns;

pub use actions::{
    AddDelivery, AddParcel, CustomLineRef, DeliveryRef, LineRef, OrderAction, ParcelRef, ReturnItemRef,
    StateTransition,
};
pub use delivery::{Delivery, DeliveryItem, Parcel, ParcelDraft, ParcelMeasurements, TrackingData};
pub use draft::{ItemStateDraft, MyOrderFromCartDraft, OrderFromCartDraft};
pub use import::{
    CustomLineItemImportDraft, DeliveryDraft, LineItemImportDraft, OrderImportDraft,
    ProductVariantImportDraft, ShippingInfoImportDraft, TaxedPriceDraft,
};
pub use returns::{
    ReturnInfo, ReturnInfoDraft, ReturnItem, ReturnItemDraft, ReturnItemType, ReturnPaymentState,
    ReturnShipmentState,
};

use crate::cart::{
    CartOrigin, CustomLineItem, InventoryMode, LineItem, NotBuilt, Shipping, ShippingInfo, ShippingMode,
    ShippingRateInput, TaxCalculationMode, TaxMode, TaxedPrice,
};
use crate::{
    Address, CountryCode, CustomFields, Id, KeyReference, Locale, Reference, RoundingMode, Timestamp,
    TypedMoney,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Order {
    /// Unique in the project, and not changed once it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<KeyReference>,
    pub line_items: Vec<LineItem>,
    pub custom_line_items: Vec<CustomLineItem>,
    pub total_price: TypedMoney,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedPrice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_shipping_price: Option<TaxedPrice>,
    pub price_rounding_mode: RoundingMode,
    pub tax_mode: TaxMode,
    pub tax_rounding_mode: RoundingMode,
    pub tax_calculation_mode: TaxCalculationMode,
    pub inventory_mode: InventoryMode,
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
    /// Of the shipping mode `Multiple`.
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
    /// The cart that became this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<Reference>,
    pub order_state: OrderState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_state: Option<ShipmentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_state: Option<PaymentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Reference>,
    #[serde(default)]
    pub sync_info: Vec<SyncInfo>,
    #[serde(default)]
    pub return_info: Vec<ReturnInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    /// Of imported orders: when the order was made in the other system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
}

/// How far an order is. Any change is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum OrderState {
    #[default]
    Open,
    Confirmed,
    Complete,
    Cancelled,
}

/// How far the goods are; absent until it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShipmentState {
    Shipped,
    Delivered,
    Ready,
    Pending,
    Delayed,
    Partial,
    Backorder,
    Canceled,
}

/// How far the money is; absent until it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum PaymentState {
    BalanceDue,
    Failed,
    Pending,
    CreditOwed,
    Paid,
}

/// When the order was exchanged with another system; one per channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct SyncInfo {
    /// Has the role `OrderExport` or `OrderImport`.
    pub channel: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    pub synced_at: Timestamp,
}

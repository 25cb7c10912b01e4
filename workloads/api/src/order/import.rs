//! What imported orders are made from: orders of another system, with the prices and totals that they have there.
//!
//! Payments, business units and discounts of shipping are not built and are left out like other unknown properties.

use super::{DeliveryItem, ItemStateDraft, OrderState, ParcelDraft, PaymentState, ShipmentState};
use crate::cart::{
    CartOrigin, CustomLineItemPriceMode, InventoryMode, ItemShippingDetailsDraft, ShippingMethodState,
    TaxCalculationMode, TaxPortionDraft,
};
use crate::product_variant::{Attribute, Image};
use crate::shipping_method::ShippingRateDraft;
use crate::{
    AddressDraft, CountryCode, CustomFieldsDraft, Id, Key, LocalizedString, Money, PriceDraft,
    ResourceIdentifier, RoundingMode, StoreIdentifier, TaxRate, Timestamp, TypedMoneyDraft,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An order of another system. At least one of `lineItems` and `customLineItems` is not empty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct OrderImportDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    /// The customer's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub line_items: Vec<LineItemImportDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub custom_line_items: Vec<CustomLineItemImportDraft>,
    /// Taken as it is; may be negative. All other amounts have its currency.
    pub total_price: Money,
    /// Taken as it is; never worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedPriceDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub price_rounding_mode: RoundingMode,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tax_rounding_mode: RoundingMode,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tax_calculation_mode: TaxCalculationMode,
    /// Every mode but `ReserveOnCart`, as there is no cart.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub inventory_mode: InventoryMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<AddressDraft>,
    /// Each with a key.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub item_shipping_addresses: Vec<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_info: Option<ShippingInfoImportDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_state: Option<PaymentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_state: Option<ShipmentState>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub order_state: OrderState,
    /// Any state of orders: where the order stands is not decided here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub origin: CartOrigin,
    /// When the order was made in the other system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// A line item of an imported order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct LineItemImportDraft {
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub variant: ProductVariantImportDraft,
    /// Needs `variant.id`, and is needed by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Id>,
    /// May be negative.
    pub quantity: i64,
    /// Of one unit.
    pub price: PriceDraft,
    /// Makes the line's taxed price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<ResourceIdentifier>,
    /// The order's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory_mode: Option<InventoryMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetailsDraft>,
    /// All units in the state `Initial` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Vec<ItemStateDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// A variant that exists, by `sku` or by `id`, and what the order has differently.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductVariantImportDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<Vec<PriceDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<Attribute>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<Image>>,
}

/// A custom line item of an imported order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomLineItemImportDraft {
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub slug: String,
    /// May be negative.
    pub quantity: i64,
    /// Of one unit; may be negative.
    pub money: TypedMoneyDraft,
    /// Makes the line's taxed price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub price_mode: CustomLineItemPriceMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_details: Option<ItemShippingDetailsDraft>,
    /// All units in the state `Initial` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Vec<ItemStateDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// Net, gross and taxes of an order as they come in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxedPriceDraft {
    pub total_net: Money,
    pub total_gross: Money,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tax_portions: Vec<TaxPortionDraft>,
    /// Gross less net if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tax: Option<Money>,
}

/// How an imported order is sent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingInfoImportDraft {
    pub shipping_method_name: String,
    pub price: Money,
    pub shipping_rate: ShippingRateDraft,
    /// Makes the taxed price of shipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub deliveries: Vec<DeliveryDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub shipping_method_state: ShippingMethodState,
}

/// A delivery as it comes in with its order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct DeliveryDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub items: Vec<DeliveryItem>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub parcels: Vec<ParcelDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

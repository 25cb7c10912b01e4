//! The update actions of orders.
//!
//! Parts are named by exactly one of id and key. An optional value that is absent removes what was set.

use super::{
    DeliveryItem, ItemStateDraft, OrderState, ParcelDraft, ParcelMeasurements, PaymentState, ReturnInfoDraft,
    ReturnPaymentState, ReturnShipmentState, ShipmentState, TrackingData,
};
use crate::cart::{EstimatedDelivery, ItemShippingDetailsDraft};
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{
    AddressDraft, CustomFieldsDraft, Id, Key, Locale, ResourceIdentifier, StoreIdentifier, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! part_ref {
    ($(#[$doc:meta])* $name:ident, $id:ident, $key:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the API's own property names")]
        pub struct $name {
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $id: Option<Id>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $key: Option<Key>,
        }
    };
}
part_ref!(
    /// A line item.
    LineRef, line_item_id, line_item_key
);
part_ref!(
    /// A custom line item.
    CustomLineRef, custom_line_item_id, custom_line_item_key
);
part_ref!(
    /// A delivery.
    DeliveryRef, delivery_id, delivery_key
);
part_ref!(
    /// A parcel of any delivery.
    ParcelRef, parcel_id, parcel_key
);
part_ref!(
    /// An item of any return.
    ReturnItemRef, return_item_id, return_item_key
);

/// An update action of orders.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum OrderAction {
    // --- the whole order ----------------------------------------------------------------------
    ChangeOrderState {
        order_state: OrderState,
    },
    ChangeShipmentState {
        shipment_state: ShipmentState,
    },
    ChangePaymentState {
        payment_state: PaymentState,
    },
    TransitionState {
        state: ResourceIdentifier,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        force: bool,
    },
    SetOrderNumber {
        order_number: Option<String>,
    },
    SetPurchaseOrderNumber {
        purchase_order_number: Option<String>,
    },
    SetCustomerEmail {
        email: Option<String>,
    },
    SetCustomerId {
        customer_id: Option<Id>,
    },
    SetLocale {
        locale: Option<Locale>,
    },
    SetStore {
        store: Option<StoreIdentifier>,
    },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
    UpdateSyncInfo {
        channel: ResourceIdentifier,
        external_id: Option<String>,
        synced_at: Option<Timestamp>,
    },

    // --- addresses ----------------------------------------------------------------------------
    SetShippingAddress {
        address: Option<Box<AddressDraft>>,
    },
    SetShippingAddressCustomType(SetCustomType),
    SetShippingAddressCustomField(SetCustomField),
    SetBillingAddress {
        address: Option<Box<AddressDraft>>,
    },
    SetBillingAddressCustomType(SetCustomType),
    SetBillingAddressCustomField(SetCustomField),
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
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetItemShippingAddressCustomField {
        address_key: String,
        #[serde(flatten)]
        set: SetCustomField,
    },

    // --- lines --------------------------------------------------------------------------------
    TransitionLineItemState {
        #[serde(flatten)]
        line: LineRef,
        #[serde(flatten)]
        transition: StateTransition,
    },
    TransitionCustomLineItemState {
        #[serde(flatten)]
        line: CustomLineRef,
        #[serde(flatten)]
        transition: StateTransition,
    },
    ImportLineItemState {
        #[serde(flatten)]
        line: LineRef,
        state: Vec<ItemStateDraft>,
    },
    ImportCustomLineItemState {
        #[serde(flatten)]
        line: CustomLineRef,
        state: Vec<ItemStateDraft>,
    },
    SetLineItemShippingDetails {
        #[serde(flatten)]
        line: LineRef,
        shipping_details: Option<ItemShippingDetailsDraft>,
    },
    SetCustomLineItemShippingDetails {
        #[serde(flatten)]
        line: CustomLineRef,
        shipping_details: Option<ItemShippingDetailsDraft>,
    },
    SetLineItemCustomType {
        #[serde(flatten)]
        line: LineRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetLineItemCustomField {
        #[serde(flatten)]
        line: LineRef,
        #[serde(flatten)]
        set: SetCustomField,
    },
    SetCustomLineItemCustomType {
        #[serde(flatten)]
        line: CustomLineRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetCustomLineItemCustomField {
        #[serde(flatten)]
        line: CustomLineRef,
        #[serde(flatten)]
        set: SetCustomField,
    },

    // --- shipping -----------------------------------------------------------------------------
    SetShippingCustomType {
        shipping_key: Option<String>,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetShippingCustomField {
        shipping_key: Option<String>,
        #[serde(flatten)]
        set: SetCustomField,
    },
    SetEstimatedDelivery {
        shipping_key: Option<String>,
        estimated_delivery: Option<EstimatedDelivery>,
    },
    AddDelivery(Box<AddDelivery>),
    RemoveDelivery {
        #[serde(flatten)]
        delivery: DeliveryRef,
    },
    SetDeliveryItems {
        #[serde(flatten)]
        delivery: DeliveryRef,
        items: Vec<DeliveryItem>,
    },
    SetDeliveryAddress {
        #[serde(flatten)]
        delivery: DeliveryRef,
        address: Option<Box<AddressDraft>>,
    },
    SetDeliveryCustomType {
        #[serde(flatten)]
        delivery: DeliveryRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetDeliveryCustomField {
        #[serde(flatten)]
        delivery: DeliveryRef,
        #[serde(flatten)]
        set: SetCustomField,
    },
    SetDeliveryAddressCustomType {
        #[serde(flatten)]
        delivery: DeliveryRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetDeliveryAddressCustomField {
        #[serde(flatten)]
        delivery: DeliveryRef,
        #[serde(flatten)]
        set: SetCustomField,
    },
    AddParcelToDelivery(Box<AddParcel>),
    RemoveParcelFromDelivery {
        #[serde(flatten)]
        parcel: ParcelRef,
    },
    SetParcelMeasurements {
        #[serde(flatten)]
        parcel: ParcelRef,
        measurements: Option<ParcelMeasurements>,
    },
    SetParcelTrackingData {
        #[serde(flatten)]
        parcel: ParcelRef,
        tracking_data: Option<TrackingData>,
    },
    SetParcelItems {
        #[serde(flatten)]
        parcel: ParcelRef,
        items: Vec<DeliveryItem>,
    },
    SetParcelCustomType {
        #[serde(flatten)]
        parcel: ParcelRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetParcelCustomField {
        #[serde(flatten)]
        parcel: ParcelRef,
        #[serde(flatten)]
        set: SetCustomField,
    },

    // --- returns ------------------------------------------------------------------------------
    AddReturnInfo(ReturnInfoDraft),
    SetReturnInfo {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        items: Vec<ReturnInfoDraft>,
    },
    SetReturnShipmentState {
        #[serde(flatten)]
        item: ReturnItemRef,
        shipment_state: ReturnShipmentState,
    },
    SetReturnPaymentState {
        #[serde(flatten)]
        item: ReturnItemRef,
        payment_state: ReturnPaymentState,
    },
    SetReturnItemCustomType {
        #[serde(flatten)]
        item: ReturnItemRef,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetReturnItemCustomField {
        #[serde(flatten)]
        item: ReturnItemRef,
        #[serde(flatten)]
        set: SetCustomField,
    },
}

/// Moves units of a line from one workflow state to another.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct StateTransition {
    pub quantity: i64,
    pub from_state: ResourceIdentifier,
    pub to_state: ResourceIdentifier,
    /// Now if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_transition_date: Option<Timestamp>,
}

/// `addDelivery`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AddDelivery {
    /// For the shipping mode `Multiple`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_key: Option<Key>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub items: Vec<DeliveryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub parcels: Vec<ParcelDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// `addParcelToDelivery`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AddParcel {
    #[serde(flatten)]
    pub delivery: DeliveryRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parcel_key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<ParcelMeasurements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_data: Option<TrackingData>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub items: Vec<DeliveryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

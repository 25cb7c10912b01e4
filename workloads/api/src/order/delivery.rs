//! What was sent of an order: deliveries and their parcels.

use crate::{Address, CustomFields, CustomFieldsDraft, Id, Key, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Items that are sent together to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Delivery {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub created_at: Timestamp,
    pub items: Vec<DeliveryItem>,
    pub parcels: Vec<Parcel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// Units of a line item or custom line item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct DeliveryItem {
    pub id: Id,
    pub quantity: i64,
}

/// A parcel of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Parcel {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<ParcelMeasurements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_data: Option<TrackingData>,
    #[serde(default)]
    pub items: Vec<DeliveryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// A parcel as it comes in with its delivery.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ParcelDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<ParcelMeasurements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_data: Option<TrackingData>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub items: Vec<DeliveryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// The size and weight of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ParcelMeasurements {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_in_millimeter: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_in_millimeter: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_in_millimeter: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_in_gram: Option<i64>,
}

/// How the carrier knows a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TrackingData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_transaction: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub is_return: bool,
}

//! Returns: what customers send back.

use crate::{CustomFields, CustomFieldsDraft, Id, Key, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Items that come back together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReturnInfo {
    pub items: Vec<ReturnItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_date: Option<Timestamp>,
}

/// Units of a line that come back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReturnItem {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub quantity: i64,
    #[serde(rename = "type")]
    pub item_type: ReturnItemType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_item_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_line_item_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub shipment_state: ReturnShipmentState,
    pub payment_state: ReturnPaymentState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    pub last_modified_at: Timestamp,
    pub created_at: Timestamp,
}

/// What kind of line a return is of; says which of the two ids is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ReturnItemType {
    LineItemReturnItem,
    CustomLineItemReturnItem,
}

/// Where the goods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ReturnShipmentState {
    Advised,
    Returned,
    BackInStock,
    Unusable,
}

/// Whether the money went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ReturnPaymentState {
    NonRefundable,
    Initial,
    Refunded,
    NotRefunded,
}

/// A return as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReturnInfoDraft {
    /// At least one.
    pub items: Vec<ReturnItemDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_tracking_id: Option<String>,
    /// Now if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_date: Option<Timestamp>,
}

/// A returned item as it comes in: exactly one of the line ids.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReturnItemDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_item_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_line_item_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// `Advised` or `Returned`.
    pub shipment_state: ReturnShipmentState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

//! What orders are made from.

use super::{OrderState, PaymentState, ShipmentState};
use crate::{CustomFieldsDraft, Id, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An order of a cart. The cart is named by `cart`, or by the older `id`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct OrderFromCartDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<ResourceIdentifier>,
    /// The cart's.
    pub version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    /// The cart's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_state: Option<PaymentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_state: Option<ShipmentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_state: Option<OrderState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ResourceIdentifier>,
    /// Of the cart's type if the cart has one; its fields are put over the cart's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// An order as the owner of the cart makes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyOrderFromCartDraft {
    /// The cart.
    pub id: Id,
    /// The cart's version.
    pub version: i64,
}

impl From<MyOrderFromCartDraft> for OrderFromCartDraft {
    fn from(my: MyOrderFromCartDraft) -> Self {
        Self {
            id: Some(my.id),
            cart: None,
            version: my.version,
            order_number: None,
            purchase_order_number: None,
            payment_state: None,
            shipment_state: None,
            order_state: None,
            state: None,
            custom: None,
        }
    }
}

/// How many of a line are in a workflow state, as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ItemStateDraft {
    pub quantity: i64,
    pub state: ResourceIdentifier,
}

//! Shipping of a cart.

use super::{NotBuilt, TaxedItemPrice};
use crate::shipping_method::ShippingRate;
use crate::tax_category::TaxRate;
use crate::{ApiError, LocalizedString, Reference, Result, Timestamp, TypedMoney};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The chosen shipping method and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingInfo {
    pub shipping_method_name: String,
    /// After `freeAbove` and tiers.
    pub price: TypedMoney,
    pub shipping_rate: ShippingRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedItemPrice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<Reference>,
    /// Absent for a custom shipping method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<Reference>,
    /// Always empty.
    #[serde(default)]
    pub deliveries: Vec<NotBuilt>,
    pub shipping_method_state: ShippingMethodState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<EstimatedDelivery>,
}

/// When a shipment is expected; at least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct EstimatedDelivery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Not before `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl EstimatedDelivery {
    /// A value as it comes in: an empty one is none.
    pub fn checked(value: Option<Self>) -> Result<Option<Self>> {
        if let Some(Self { from: Some(from), until: Some(until) }) = value
            && until < from
        {
            return Err(ApiError::invalid_field("estimatedDelivery.until", until.to_string()));
        }
        Ok(value.filter(|value| value.from.is_some() || value.until.is_some()))
    }
}

/// Whether the method's predicate fits the cart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ShippingMethodState {
    /// It does.
    #[default]
    MatchesCart,
    /// It did when the method was chosen; such a cart cannot be ordered.
    DoesNotMatchCart,
}

/// What picks a tier of the shipping rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingRateInput {
    Classification { key: String, label: LocalizedString },
    Score { score: i64 },
}

/// What shall pick a tier; the label of a class comes from the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingRateInputDraft {
    Classification { key: String },
    Score { score: i64 },
}

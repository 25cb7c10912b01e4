//! Shipping methods: what shipping to a zone costs.
//!
//! Rule (contract §5): per zone at most one rate per currency; a rate is free from `freeAbove` on and
//! may have tiers of one kind, the one that the project's `shippingRateInputType` names.

use crate::{
    CurrencyCode, CustomFields, CustomFieldsDraft, Key, KeyReference, LocalizedString, Money, Reference,
    ResourceIdentifier, StoreIdentifier, TypedMoney,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A shipping method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingMethod {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localized_name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localized_description: Option<LocalizedString>,
    pub tax_category: Reference,
    #[serde(default)]
    pub zone_rates: Vec<ZoneRate>,
    pub active: bool,
    pub is_default: bool,
    /// A cart predicate, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// The stores that the method is for; empty means all carts without a store and with any.
    #[serde(default, deserialize_with = "crate::null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<KeyReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// The rates for one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ZoneRate {
    pub zone: Reference,
    #[serde(default)]
    pub shipping_rates: Vec<ShippingRate>,
}

/// What shipping costs in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingRate {
    pub price: TypedMoney,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_above: Option<TypedMoney>,
    /// Only in answers to `matching-cart` and `matching-location`: the rate that would be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_matching: Option<bool>,
    #[serde(default)]
    pub tiers: Vec<ShippingRatePriceTier>,
}

impl ShippingRate {
    /// The currency of the rate.
    #[must_use]
    pub fn currency(&self) -> CurrencyCode {
        self.price.currency_code
    }
}

/// A rate as it comes in. Prices are whole minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingRateDraft {
    pub price: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_above: Option<Money>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tiers: Vec<ShippingRatePriceTier>,
}

impl From<ShippingRateDraft> for ShippingRate {
    fn from(draft: ShippingRateDraft) -> Self {
        Self {
            price: draft.price.into(),
            free_above: draft.free_above.map(Into::into),
            is_matching: None,
            tiers: draft.tiers,
        }
    }
}

/// A price that counts instead of the rate's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ShippingRatePriceTier {
    /// From a sum of the items on.
    CartValue {
        /// The sum in minor units.
        minimum_cent_amount: i64,
        /// What shipping costs then.
        price: Money,
        /// Only in answers to `matching-cart`.
        #[serde(skip_serializing_if = "Option::is_none")]
        is_matching: Option<bool>,
    },
    /// For one class of carts.
    CartClassification {
        /// The key of the class.
        value: String,
        /// What shipping costs then.
        price: Money,
        /// Only in answers to `matching-cart`.
        #[serde(skip_serializing_if = "Option::is_none")]
        is_matching: Option<bool>,
    },
    /// From a score on. Exactly one of `price` and `priceFunction`.
    CartScore {
        /// The score, at least 1 (the rate's own price covers 0).
        score: i64,
        /// A fixed price.
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        /// A price that grows with the score.
        #[serde(skip_serializing_if = "Option::is_none")]
        price_function: Option<PriceFunction>,
        /// Only in answers to `matching-cart`.
        #[serde(skip_serializing_if = "Option::is_none")]
        is_matching: Option<bool>,
    },
}

impl ShippingRatePriceTier {
    /// The kind of the tier.
    #[must_use]
    pub fn tier_type(&self) -> ShippingRateTierType {
        match self {
            Self::CartValue { .. } => ShippingRateTierType::CartValue,
            Self::CartClassification { .. } => ShippingRateTierType::CartClassification,
            Self::CartScore { .. } => ShippingRateTierType::CartScore,
        }
    }
}

/// What decides among the tiers of a rate; a project uses one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingRateTierType {
    CartValue,
    CartClassification,
    CartScore,
}

/// Minor units of a currency as a function of the score `x`, such as `(50 * x) + 4000`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct PriceFunction {
    pub currency_code: CurrencyCode,
    pub function: String,
}

/// The rates for a zone as they come in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ZoneRateDraft {
    pub zone: ResourceIdentifier,
    pub shipping_rates: Vec<ShippingRateDraft>,
}

/// A shipping method as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingMethodDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localized_name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localized_description: Option<LocalizedString>,
    pub tax_category: ResourceIdentifier,
    pub zone_rates: Vec<ZoneRateDraft>,
    /// `true` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    pub is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub stores: Vec<StoreIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// The update actions of shipping methods.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingMethodAction {
    SetKey {
        key: Option<Key>,
    },
    ChangeName {
        name: String,
    },
    SetLocalizedName {
        localized_name: Option<LocalizedString>,
    },
    SetDescription {
        description: Option<String>,
    },
    SetLocalizedDescription {
        localized_description: Option<LocalizedString>,
    },
    ChangeTaxCategory {
        tax_category: ResourceIdentifier,
    },
    ChangeIsDefault {
        is_default: bool,
    },
    ChangeActive {
        active: bool,
    },
    SetPredicate {
        predicate: Option<String>,
    },
    SetCarrier {
        carrier: Option<String>,
    },
    AddZone {
        zone: ResourceIdentifier,
    },
    RemoveZone {
        zone: ResourceIdentifier,
    },
    AddShippingRate {
        zone: ResourceIdentifier,
        shipping_rate: ShippingRateDraft,
    },
    RemoveShippingRate {
        zone: ResourceIdentifier,
        shipping_rate: ShippingRateDraft,
    },
    AddStore {
        store: StoreIdentifier,
    },
    RemoveStore {
        store: StoreIdentifier,
    },
    SetStores {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        stores: Vec<StoreIdentifier>,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tiers_of_each_kind_are_read_and_printed_alike() {
        for tier in [
            json!({"type": "CartValue", "minimumCentAmount": 5000, "price": {"centAmount": 300, "currencyCode": "EUR"}}),
            json!({"type": "CartClassification", "value": "Heavy", "price": {"centAmount": 900, "currencyCode": "EUR"}}),
            json!({"type": "CartScore", "score": 3, "priceFunction": {"currencyCode": "EUR", "function": "(50 * x) + 4000"}}),
        ] {
            let read: ShippingRatePriceTier = serde_json::from_value(tier.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), tier);
            assert_eq!(json!(read.tier_type()), tier["type"]);
        }
    }

    #[test]
    fn typed_money_of_cents_is_taken_as_money() {
        let draft: ShippingRateDraft = serde_json::from_value(json!({
            "price": {"type": "centPrecision", "centAmount": 500, "currencyCode": "EUR", "fractionDigits": 2}, "tiers": null
        }))
        .unwrap();
        assert_eq!(ShippingRate::from(draft).price.cent_amount, 500);
    }
}

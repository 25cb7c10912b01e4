//! Prices embedded in a product variant.
//!
//! Rule (contract §4): a price has a scope (currency, country, customer group, channel), optionally a
//! window of validity `[validFrom, validUntil)` and quantity tiers. Which price of a variant counts,
//! and which prices may stand side by side, is decided in the crate `pricing`.

use crate::{
    CountryCode, CustomFields, CustomFieldsDraft, Id, Key, Reference, ResourceIdentifier, Result, Timestamp,
    TypedMoney, TypedMoneyDraft,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A price of a product variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Price {
    pub id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub value: TypedMoney,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Left out where there are none; kept in ascending order of `minimumQuantity`.
    #[serde(default, deserialize_with = "crate::null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<PriceTier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

impl Price {
    /// A price of that value for everyone, as a line item with an external price shows it.
    #[must_use]
    pub fn plain(id: Id, value: TypedMoney) -> Self {
        Self {
            id,
            key: None,
            value,
            country: None,
            customer_group: None,
            channel: None,
            valid_from: None,
            valid_until: None,
            tiers: Vec::new(),
            custom: None,
        }
    }

    /// `true` if the price is limited to a window of time.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.valid_from.is_some() || self.valid_until.is_some()
    }

    /// `true` if `now` is inside `[validFrom, validUntil)`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now) && self.valid_until.is_none_or(|until| now < until)
    }
}

/// A value that counts from a quantity on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct PriceTier {
    /// At least 2 and unique in the price.
    pub minimum_quantity: i64,
    pub value: TypedMoney,
}

/// A price as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct PriceDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub value: TypedMoneyDraft,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tiers: Vec<PriceTierDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// A tier as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct PriceTierDraft {
    pub minimum_quantity: i64,
    pub value: TypedMoneyDraft,
}

impl PriceDraft {
    /// The price, with its references and custom fields already resolved. Tiers are put in ascending
    /// order; whether they and the window make sense is checked by `pricing::check_prices`.
    pub fn into_price(
        self,
        id: Id,
        customer_group: Option<Reference>,
        channel: Option<Reference>,
        custom: Option<CustomFields>,
    ) -> Result<Price> {
        let mut tiers = self
            .tiers
            .into_iter()
            .map(|tier| {
                Ok(PriceTier { minimum_quantity: tier.minimum_quantity, value: tier.value.try_into()? })
            })
            .collect::<Result<Vec<_>>>()?;
        tiers.sort_by_key(|tier| tier.minimum_quantity);
        Ok(Price {
            id,
            key: self.key,
            value: self.value.try_into()?,
            country: self.country,
            customer_group,
            channel,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            tiers,
            custom,
        })
    }
}

//! Tax categories and their rates.
//!
//! Rule (contract §3): (country, state) is unique in a category and `amount` equals the sum of
//! `subRates`; both are checked in the crate `pricing`.

use crate::{CountryCode, Id, Key};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A tax rate from 0 to 1 in units of 10^-18. As JSON a number in its shortest decimal form.
///
/// The text of the number is what counts, so 0.1 and 0.2 add to exactly 0.3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(Decimal);

/// More digits than any JSON number of a sender carries; fewer than would make `amount x rate`
/// leave 128 bits.
const MAX_DIGITS: u32 = 18;

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A rate from 0 to 1; `None` outside. Digits beyond the eighteenth are rounded away.
    #[must_use]
    pub fn new(value: Decimal) -> Option<Self> {
        (Decimal::ZERO..=Decimal::ONE).contains(&value).then(|| Self(value.round_dp(MAX_DIGITS).normalize()))
    }

    /// Reads decimal text such as `0.19`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 400 {
            return None;
        }
        text.parse().ok().and_then(Self::new)
    }

    /// The value.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// The rate as `(numerator, denominator)`, the denominator a power of ten up to 10^18.
    #[must_use]
    pub fn ratio(self) -> (i128, i128) {
        (self.0.mantissa(), 10_i128.pow(self.0.scale()))
    }

    /// The sum; `None` above 1.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_add(other.0)?)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The nearest double of at most 17 significant digits prints as these digits again.
        let number: f64 = self.0.to_string().parse().map_err(serde::ser::Error::custom)?;
        match self.0.mantissa() {
            whole @ (0 | 1) if self.0.scale() == 0 => serializer.serialize_i64(i64::from(whole == 1)),
            _ => serializer.serialize_f64(number),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tax rate from 0 to 1")
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Rate, E> {
                Rate::new(value.into())
                    .ok_or_else(|| E::custom(format_args!("{value} is not a rate from 0 to 1")))
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Rate, E> {
                Rate::new(value.into())
                    .ok_or_else(|| E::custom(format_args!("{value} is not a rate from 0 to 1")))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Rate, E> {
                // `Display` of a float is its shortest decimal text that reads back as the same.
                Rate::parse(&value.to_string())
                    .ok_or_else(|| E::custom(format_args!("{value} is not a rate from 0 to 1")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": 1})
    }
    fn inline_schema() -> bool {
        true
    }
}

/// A tax category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxCategory {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub rates: Vec<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// A rate for a country or a state of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxRate {
    /// Absent in external rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    pub amount: Rate,
    pub included_in_price: bool,
    pub country: CountryCode,
    /// Never the empty text: that counts as absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub sub_rates: Vec<SubRate>,
}

/// A part of a rate that is shown on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct SubRate {
    pub name: String,
    pub amount: Rate,
}

/// A rate as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxRateDraft {
    pub name: String,
    /// May be left out if there are `subRates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Rate>,
    pub included_in_price: bool,
    pub country: CountryCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub sub_rates: Vec<SubRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// A rate that a cart brings itself, in the tax modes `External` and `ExternalAmount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ExternalTaxRateDraft {
    pub name: String,
    /// May be left out if there are `subRates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Rate>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub included_in_price: bool,
    pub country: CountryCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub sub_rates: Vec<SubRate>,
}

/// A tax category as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxCategoryDraft {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub rates: Vec<TaxRateDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// The update actions of tax categories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum TaxCategoryAction {
    ChangeName { name: String },
    SetKey { key: Option<Key> },
    SetDescription { description: Option<String> },
    AddTaxRate { tax_rate: TaxRateDraft },
    ReplaceTaxRate { tax_rate_id: Option<Id>, tax_rate_key: Option<Key>, tax_rate: TaxRateDraft },
    RemoveTaxRate { tax_rate_id: Option<Id>, tax_rate_key: Option<Key> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_and_prints_the_digits_that_were_sent() {
        for text in ["0.19", "0.07", "0", "1", "0.081", "0.30000000000000004", "0.0000001"] {
            let rate: Rate = serde_json::from_str(text).unwrap();
            assert_eq!(Rate::parse(text), Some(rate));
            let printed = serde_json::to_string(&rate).unwrap();
            assert_eq!(serde_json::from_str::<Rate>(&printed).unwrap(), rate, "{text} printed as {printed}");
            let number = |text: &str| text.parse::<f64>().map(f64::to_bits);
            assert_eq!(number(&printed), number(text), "the same number for a sender that reads floats");
        }
        assert_eq!(serde_json::to_string(&Rate::parse("0.190").unwrap()).unwrap(), "0.19");
        assert_eq!(serde_json::to_string(&Rate::parse("1.0").unwrap()).unwrap(), "1");
    }

    #[test]
    fn a_rate_outside_of_0_to_1_or_of_another_type_is_refused() {
        for text in ["1.01", "-0.1", "2", "-1", "1e300", "\"0.19\"", "null", "true", "18446744073709551615"] {
            assert!(serde_json::from_str::<Rate>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_add_without_a_floats_error() {
        let sum = Rate::parse("0.1").unwrap().plus(Rate::parse("0.2").unwrap()).unwrap();
        assert_eq!(Some(sum), Rate::parse("0.3"));
        assert_eq!(sum.plus(Rate::parse("0.8").unwrap()), None);
    }

    #[test]
    fn an_action_names_the_rate_that_it_replaces() {
        let action: TaxCategoryAction = serde_json::from_value(serde_json::json!({
            "action": "replaceTaxRate", "taxRateId": "r1", "unknown": 1,
            "taxRate": {"name": "MwSt", "amount": 0.19, "includedInPrice": true, "country": "DE", "subRates": null}
        }))
        .unwrap();
        assert!(matches!(action, TaxCategoryAction::ReplaceTaxRate { tax_rate, .. }
            if tax_rate.amount == Rate::parse("0.19") && tax_rate.sub_rates.is_empty()));
    }
}

//! Money: integer minor units and a currency. No float touches an amount.
//!
//! Rule (contract §3): outgoing money is typed, `centPrecision` or `highPrecision`; a high-precision
//! amount is an integer of `10^-fractionDigits` units with a cent amount derived by rounding half to
//! even unless given.

use crate::{ApiError, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A currency of ISO 4217 in circulation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3], u8);

impl CurrencyCode {
    /// Reads a three-letter code; `None` if ISO 4217 has no such currency.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let currency = iso_currency::Currency::from_code(text)?;
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        Some(Self(bytes, u8::try_from(currency.exponent().unwrap_or(0)).ok()?))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn fraction_digits(self) -> u8 {
        self.1
    }
}

/// A country of ISO 3166-1 by its two letters. Only the form is checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Reads two upper-case letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 2] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX")
    }
}

macro_rules! code_like {
    ($name:ident, $pattern:literal, $what:literal) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| serde::de::Error::custom(format_args!(concat!("'{}' is not ", $what), text)))
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
            fn inline_schema() -> bool {
                true
            }
        }
    };
}
code_like!(CurrencyCode, "^[A-Z]{3}$", "a currency code of ISO 4217");
code_like!(CountryCode, "^[A-Z]{2}$", "a country code of ISO 3166-1 (two upper-case letters)");

/// How a result between two integers is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RoundingMode {
    /// To the even neighbour when in the middle.
    #[default]
    HalfEven,
    /// Away from zero when in the middle.
    HalfUp,
    /// Towards zero when in the middle.
    HalfDown,
}

impl RoundingMode {
    /// `numerator / denominator` rounded to an integer. `None` on overflow or a zero denominator.
    #[must_use]
    pub fn divide(self, numerator: i128, denominator: i128) -> Option<i64> {
        let (numerator, denominator) = if denominator < 0 {
            (numerator.checked_neg()?, denominator.checked_neg()?)
        } else {
            (numerator, denominator)
        };
        let quotient = numerator.checked_div(denominator)?;
        let remainder = numerator.checked_rem(denominator)?;
        let doubled = remainder.unsigned_abs().checked_mul(2)?;
        let away = match doubled.cmp(&denominator.unsigned_abs()) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => match self {
                Self::HalfEven => quotient % 2 != 0,
                Self::HalfUp => true,
                Self::HalfDown => false,
            },
        };
        let step = if away { numerator.signum() } else { 0 };
        i64::try_from(quotient.checked_add(step)?).ok()
    }
}

/// An amount in minor units (cents) of a currency. As JSON `{currencyCode, centAmount}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// Minor units.
    pub cent_amount: i64,
    /// The currency.
    pub currency_code: CurrencyCode,
}

impl Money {
    /// `cent_amount` minor units of `currency_code`.
    #[must_use]
    pub fn new(cent_amount: i64, currency_code: CurrencyCode) -> Self {
        Self { cent_amount, currency_code }
    }

    /// Adds an amount of the same currency.
    pub fn plus(self, cents: i64) -> Result<Self> {
        let cent_amount = self.cent_amount.checked_add(cents).ok_or_else(ApiError::money_overflow)?;
        Ok(Self { cent_amount, ..self })
    }
}

/// Money as it comes in: cent precision unless `type` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypedMoneyDraft {
    /// `centPrecision` if absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// The currency.
    pub currency_code: CurrencyCode,
    /// Minor units; required for cent precision, derived for high precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cent_amount: Option<i64>,
    /// Units of `10^-fractionDigits`; required for high precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precise_amount: Option<i64>,
    /// Must equal the currency's for cent precision and exceed it, up to 20, for high precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction_digits: Option<u8>,
}

/// The precision of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Precision {
    /// Minor units of the currency.
    CentPrecision,
    /// A finer unit.
    HighPrecision,
}

/// Money as it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypedMoney {
    /// The precision of the amount.
    #[serde(rename = "type")]
    pub precision: Precision,
    /// The currency.
    pub currency_code: CurrencyCode,
    /// Minor units.
    pub cent_amount: i64,
    /// Units of `10^-fractionDigits`, for high precision only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precise_amount: Option<i64>,
    /// Digits after the point of the unit that counts.
    pub fraction_digits: u8,
}

impl From<Money> for TypedMoney {
    fn from(money: Money) -> Self {
        Self {
            precision: Precision::CentPrecision,
            currency_code: money.currency_code,
            cent_amount: money.cent_amount,
            precise_amount: None,
            fraction_digits: money.currency_code.fraction_digits(),
        }
    }
}

impl TypedMoney {
    /// The amount in minor units.
    #[must_use]
    pub fn money(self) -> Money {
        Money::new(self.cent_amount, self.currency_code)
    }

    /// Amount times `quantity` in minor units, rounded once (contract §3).
    pub fn times(self, quantity: i64, rounding: RoundingMode) -> Result<Money> {
        let cents = match self.precise_amount {
            None => self.cent_amount.checked_mul(quantity),
            Some(precise) => {
                let extra =
                    u32::from(self.fraction_digits.saturating_sub(self.currency_code.fraction_digits()));
                let divisor = 10_i128.checked_pow(extra).ok_or_else(ApiError::money_overflow)?;
                rounding.divide(i128::from(precise) * i128::from(quantity), divisor)
            }
        };
        Ok(Money::new(cents.ok_or_else(ApiError::money_overflow)?, self.currency_code))
    }
}

impl TryFrom<TypedMoneyDraft> for TypedMoney {
    type Error = ApiError;

    fn try_from(draft: TypedMoneyDraft) -> Result<Self> {
        let currency = draft.currency_code;
        let digits = currency.fraction_digits();
        if draft.precision != Some(Precision::HighPrecision) {
            let cents =
                draft.cent_amount.ok_or_else(|| ApiError::invalid_json("centAmount: missing field"))?;
            if draft.fraction_digits.is_some_and(|given| given != digits) {
                return Err(ApiError::invalid_json(format!("fractionDigits: {currency} has {digits}")));
            }
            return Ok(Money::new(cents, currency).into());
        }
        let precise =
            draft.precise_amount.ok_or_else(|| ApiError::invalid_json("preciseAmount: missing field"))?;
        let given =
            draft.fraction_digits.ok_or_else(|| ApiError::invalid_json("fractionDigits: missing field"))?;
        if given <= digits || given > 20 {
            return Err(ApiError::invalid_json(format!(
                "fractionDigits: must be greater than {digits} for {currency} and at most 20"
            )));
        }
        let divisor = 10_i128.checked_pow(u32::from(given - digits)).ok_or_else(ApiError::money_overflow)?;
        let precise_wide = i128::from(precise);
        let derived =
            RoundingMode::HalfEven.divide(precise_wide, divisor).ok_or_else(ApiError::money_overflow)?;
        let floor = precise_wide.div_euclid(divisor);
        let ceiling = floor + i128::from(precise_wide.rem_euclid(divisor) != 0);
        let cents = draft.cent_amount.unwrap_or(derived);
        if i128::from(cents) != floor && i128::from(cents) != ceiling {
            return Err(ApiError::invalid_json("centAmount: is not the preciseAmount rounded up or down"));
        }
        Ok(Self {
            precision: Precision::HighPrecision,
            currency_code: currency,
            cent_amount: cents,
            precise_amount: Some(precise),
            fraction_digits: given,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_where_the_mode_says_on_both_sides_of_zero() {
        use RoundingMode::{HalfDown, HalfEven, HalfUp};
        for (mode, numerator, expected) in [
            (HalfEven, 5, 2),
            (HalfEven, 15, 8),
            (HalfUp, 5, 3),
            (HalfDown, 5, 2),
            (HalfEven, -5, -2),
            (HalfUp, -5, -3),
            (HalfDown, -5, -2),
            (HalfDown, 6, 3),
        ] {
            assert_eq!(mode.divide(numerator, 2), Some(expected), "{mode:?} {numerator}/2");
        }
        assert_eq!(HalfEven.divide(1, 0), None);
        assert_eq!(HalfEven.divide(i128::MAX, 1), None);
    }

    #[test]
    fn currencies_know_their_digits() {
        let digits = |code| CurrencyCode::parse(code).map(CurrencyCode::fraction_digits);
        assert_eq!(
            (digits("EUR"), digits("JPY"), digits("KWD"), digits("QQQ")),
            (Some(2), Some(0), Some(3), None)
        );
    }

    #[test]
    fn high_precision_derives_cents_half_even_and_multiplies_before_rounding() {
        let draft: TypedMoneyDraft = serde_json::from_value(serde_json::json!(
            {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": 12345, "fractionDigits": 4}
        ))
        .unwrap();
        let money = TypedMoney::try_from(draft).unwrap();
        assert_eq!(money.cent_amount, 123);
        assert_eq!(money.times(100, RoundingMode::HalfEven).unwrap().cent_amount, 12345);
        let wrong = TypedMoneyDraft { cent_amount: Some(125), ..draft };
        assert!(TypedMoney::try_from(wrong).is_err());
    }
}

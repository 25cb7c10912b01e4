//! Which prices a variant may have side by side.

use api::{ApiError, Code, CountryCode, CurrencyCode, Id, Price, Result, Timestamp};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Checks all prices of one variant.
///
/// Rules (§4): tiers have `minimumQuantity >= 2`, unique, in the price's currency (`InvalidField`);
/// `validFrom` is before `validUntil` (`InvalidField`); keys are unique (`DuplicatePriceKey`); of one
/// scope (currency, country, customer group, channel) there is one undated price (`DuplicatePriceScope`)
/// and dated ones whose windows do not overlap (`OverlappingPriceValidity`). An undated price never
/// conflicts with a dated one.
pub fn check_prices(prices: &[Price]) -> Result<()> {
    let mut keys: HashMap<&str, &Price> = HashMap::new();
    let mut undated: HashMap<Scope<'_>, &Price> = HashMap::new();
    let mut dated: HashMap<Scope<'_>, Vec<&Price>> = HashMap::new();
    for price in prices {
        check_price(price)?;
        if let Some(key) = &price.key
            && let Some(conflicting) = keys.insert(key.as_str(), price)
        {
            let message = format!("Duplicate price key: {key}. The price key must be unique per variant.");
            return Err(
                ApiError::new(Code::DuplicatePriceKey, message).with("conflictingPrice", json(conflicting))
            );
        }
        let scope = Scope::of(price);
        if price.is_dated() {
            dated.entry(scope).or_default().push(price);
        } else if let Some(conflicting) = undated.insert(scope, price) {
            let message = format!(
                "Duplicate price scope: {scope}. The combination of currency, country, customerGroup and channel \
                 must be unique for each price of a product variant."
            );
            return Err(
                ApiError::new(Code::DuplicatePriceScope, message).with("conflictingPrice", json(conflicting))
            );
        }
    }
    dated.into_values().try_for_each(check_windows)
}

/// Checks one price by itself.
fn check_price(price: &Price) -> Result<()> {
    if let (Some(from), Some(until)) = (price.valid_from, price.valid_until)
        && from >= until
    {
        return Err(ApiError::invalid_field("validUntil", until.to_string()));
    }
    let mut seen = HashSet::new();
    for tier in &price.tiers {
        if tier.minimum_quantity < 2 || !seen.insert(tier.minimum_quantity) {
            return Err(ApiError::invalid_field("minimumQuantity", tier.minimum_quantity));
        }
        if tier.value.currency_code != price.value.currency_code {
            return Err(ApiError::invalid_field(
                "tiers.value.currencyCode",
                tier.value.currency_code.as_str(),
            ));
        }
    }
    Ok(())
}

/// Checks the windows of the dated prices of one scope.
fn check_windows(mut prices: Vec<&Price>) -> Result<()> {
    prices.sort_by_key(|price| price.valid_from);
    for pair in prices.windows(2) {
        let [earlier, later] = pair else { continue };
        // `None` as an end is never; as a beginning it is always, and sorts first.
        let apart =
            matches!((earlier.valid_until, later.valid_from), (Some(until), Some(from)) if until <= from);
        if !apart {
            return Err(overlapping(later, earlier));
        }
    }
    Ok(())
}

fn overlapping(price: &Price, conflicting: &Price) -> ApiError {
    let time = |time: Option<Timestamp>| time.map(|t| t.to_string());
    ApiError::new(Code::OverlappingPriceValidity, "Two prices have overlapping validity periods.")
        .with("conflictingPrice", &conflicting.id)
        .with("currency", price.value.currency_code.as_str())
        .with_opt("country", price.country.map(|country| country.to_string()))
        .with_opt("customerGroup", price.customer_group.as_ref().map(json))
        .with_opt("channel", price.channel.as_ref().map(json))
        .with_opt("validFrom", time(price.valid_from))
        .with_opt("validUntil", time(price.valid_until))
        .with_opt("conflictingValidFrom", time(conflicting.valid_from))
        .with_opt("conflictingValidUntil", time(conflicting.valid_until))
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What a price is for, without its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Scope<'a> {
    currency: CurrencyCode,
    country: Option<CountryCode>,
    customer_group: Option<&'a Id>,
    channel: Option<&'a Id>,
}

impl<'a> Scope<'a> {
    fn of(price: &'a Price) -> Self {
        Self {
            currency: price.value.currency_code,
            country: price.country,
            customer_group: price.customer_group.as_ref().map(|group| &group.id),
            channel: price.channel.as_ref().map(|channel| &channel.id),
        }
    }
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.currency)?;
        self.country.map_or(Ok(()), |country| write!(f, ", country {country}"))?;
        self.customer_group.map_or(Ok(()), |group| write!(f, ", customer group '{group}'"))?;
        self.channel.map_or(Ok(()), |channel| write!(f, ", channel '{channel}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, country, eur, price, usd};
    use api::{Key, PriceTier};

    fn dated(name: &str, from: Option<i64>, until: Option<i64>) -> Price {
        Price { valid_from: from.map(at), valid_until: until.map(at), ..price(name, 100) }
    }

    fn code(prices: &[Price]) -> Option<Code> {
        check_prices(prices).err().map(|error| error.code())
    }

    #[test]
    fn two_undated_prices_of_one_scope_are_refused_and_the_other_one_is_named() {
        let error = check_prices(&[price("a", 1), price("b", 2)]).unwrap_err();
        assert_eq!(error.code(), Code::DuplicatePriceScope);
        assert_eq!(error.body()["errors"][0]["conflictingPrice"]["id"], "a");
    }

    #[test]
    fn prices_of_different_scopes_stand_side_by_side() {
        let german = Price { country: Some(country("DE")), ..price("b", 1) };
        let dollars = Price { value: usd(1), ..price("c", 1) };
        assert_eq!(check_prices(&[price("a", 1), german, dollars]), Ok(()));
    }

    #[test]
    fn an_undated_price_never_conflicts_with_a_dated_one() {
        assert_eq!(code(&[price("a", 1), dated("b", Some(0), None)]), None);
    }

    #[test]
    fn windows_of_one_scope_may_touch_but_not_overlap() {
        let overlap = Some(Code::OverlappingPriceValidity);
        for (other, expected) in [
            (dated("b", Some(20), Some(30)), None),
            (dated("b", None, Some(10)), None),
            (dated("b", Some(20), None), None),
            (dated("b", Some(19), Some(30)), overlap),
            (dated("b", None, Some(11)), overlap),
            (dated("b", Some(12), Some(13)), overlap),
            (dated("b", Some(0), None), overlap),
        ] {
            let first = dated("a", Some(10), Some(20));
            assert_eq!(code(&[first.clone(), other.clone()]), expected, "{other:?}");
            assert_eq!(code(&[other.clone(), first]), expected, "{other:?}, the other way round");
        }
        assert_eq!(code(&[dated("a", None, Some(5)), dated("b", None, Some(9))]), overlap);
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        assert_eq!(code(&[dated("a", Some(5), Some(5))]), Some(Code::InvalidField));
        assert_eq!(code(&[dated("a", Some(5), Some(6))]), None);
    }

    #[test]
    fn keys_are_unique_in_a_variant() {
        let key = Key::parse("key-1");
        let german = Price { country: Some(country("DE")), key: key.clone(), ..price("b", 1) };
        assert_eq!(code(&[Price { key, ..price("a", 1) }, german]), Some(Code::DuplicatePriceKey));
    }

    #[test]
    fn tiers_begin_at_two_differ_and_keep_the_currency() {
        let with = |tiers: &[(i64, api::TypedMoney)]| {
            let tiers = tiers
                .iter()
                .map(|&(minimum_quantity, value)| PriceTier { minimum_quantity, value })
                .collect();
            code(&[Price { tiers, ..price("a", 100) }])
        };
        assert_eq!(with(&[(2, eur(90)), (3, eur(80))]), None);
        for bad in [&[(1, eur(90))][..], &[(2, eur(9)), (2, eur(8))], &[(2, usd(9))], &[(-5, eur(9))]] {
            assert_eq!(with(bad), Some(Code::InvalidField), "{bad:?}");
        }
    }
}

//! Which tax rate counts, and which rates make sense.

use api::tax_category::{ExternalTaxRateDraft, Rate, SubRate, TaxRate, TaxRateDraft};
use api::{ApiError, Code, CountryCode, Id, Result};
use std::collections::HashSet;

/// A rate of a tax category from its draft.
///
/// Rule (§3): `amount` must equal the sum of `subRates` and may be left out if there are some
/// (`InvalidOperation`, `RequiredField`); the empty state counts as absent.
pub fn tax_rate(draft: TaxRateDraft, id: Id) -> Result<TaxRate> {
    Ok(TaxRate {
        id: Some(id),
        key: draft.key,
        amount: amount_of(draft.amount, &draft.sub_rates)?,
        name: draft.name,
        included_in_price: draft.included_in_price,
        country: draft.country,
        state: draft.state.filter(|state| !state.is_empty()),
        sub_rates: draft.sub_rates,
    })
}

/// A rate that a cart brings itself. It has neither id nor key.
pub fn external_tax_rate(draft: ExternalTaxRateDraft) -> Result<TaxRate> {
    Ok(TaxRate {
        id: None,
        key: None,
        amount: amount_of(draft.amount, &draft.sub_rates)?,
        name: draft.name,
        included_in_price: draft.included_in_price,
        country: draft.country,
        state: draft.state.filter(|state| !state.is_empty()),
        sub_rates: draft.sub_rates,
    })
}

fn amount_of(amount: Option<Rate>, parts: &[SubRate]) -> Result<Rate> {
    if parts.is_empty() {
        return amount.ok_or_else(|| ApiError::required_field("amount"));
    }
    let sum = parts.iter().try_fold(Rate::ZERO, |sum, part| sum.plus(part.amount));
    match (sum, amount) {
        (Some(sum), None) => Ok(sum),
        (Some(sum), Some(amount)) if sum == amount => Ok(amount),
        _ => Err(ApiError::invalid_operation("The amount of a tax rate must equal the sum of its subRates.")),
    }
}

/// Checks that no two rates of a category are for one place, and that their keys differ.
///
/// Rule (§3): (country, state) is unique in a category -> `DuplicateField`.
pub fn check_rates(rates: &[TaxRate]) -> Result<()> {
    let (mut places, mut keys) = (HashSet::new(), HashSet::new());
    for rate in rates {
        if !places.insert((rate.country, rate.state.as_deref())) {
            let state = rate.state.as_ref().map(|state| format!(", {state}")).unwrap_or_default();
            return Err(ApiError::duplicate_field("rates", format!("{}{state}", rate.country)));
        }
        if let Some(key) = &rate.key
            && !keys.insert(key)
        {
            return Err(ApiError::duplicate_field("rates.key", key));
        }
    }
    Ok(())
}

/// The rate for a place, of a category's rates.
///
/// Rule (§3): country and state must agree, the state case-sensitively; the rate of the country alone
/// serves an address without a state, and one with a state only if the project has
/// `countryTaxRateFallbackEnabled`. None -> `MissingTaxRateForCountry`.
pub fn select_tax_rate<'r>(
    category: &Id,
    rates: &'r [TaxRate],
    country: CountryCode,
    state: Option<&str>,
    country_fallback: bool,
) -> Result<&'r TaxRate> {
    let state = state.filter(|state| !state.is_empty());
    let find =
        |wanted: Option<&str>| rates.iter().find(|r| r.country == country && r.state.as_deref() == wanted);
    find(state)
        .or_else(|| country_fallback.then(|| find(None)).flatten())
        .ok_or_else(|| missing_tax_rate(category, country, state))
}

/// 400: a category has no rate for a place.
#[must_use]
pub fn missing_tax_rate(category: &Id, country: CountryCode, state: Option<&str>) -> ApiError {
    let message = format!("Tax category '{category}' is missing a tax rate for country '{country}'.");
    ApiError::new(Code::MissingTaxRateForCountry, message)
        .with("taxCategoryId", category)
        .with("country", country.as_str())
        .with_opt("state", state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{country, id, rate, tax};

    fn rates() -> Vec<TaxRate> {
        let us = |name: &str, state: Option<&str>| TaxRate {
            name: name.to_owned(),
            country: country("US"),
            state: state.map(str::to_owned),
            ..tax("0.05", false)
        };
        vec![us("country", None), us("california", Some("CA")), tax("0.19", true)]
    }

    fn chosen(state: Option<&str>, fallback: bool) -> Result<String> {
        let rates = rates();
        select_tax_rate(&id("c"), &rates, country("US"), state, fallback).map(|rate| rate.name.clone())
    }

    #[test]
    fn country_and_state_choose_the_rate_and_the_empty_state_is_none() {
        assert_eq!(chosen(Some("CA"), false).unwrap(), "california");
        assert_eq!(chosen(None, false).unwrap(), "country");
        assert_eq!(chosen(Some(""), false).unwrap(), "country");
        assert_eq!(chosen(Some("ca"), false).unwrap_err().code(), Code::MissingTaxRateForCountry);
    }

    #[test]
    fn the_countrys_rate_serves_a_state_only_where_the_project_says_so() {
        let error = chosen(Some("NY"), false).unwrap_err().body();
        assert_eq!(error["message"], "Tax category 'c' is missing a tax rate for country 'US'.");
        assert_eq!(error["errors"][0]["state"], "NY");
        assert_eq!(chosen(Some("NY"), true).unwrap(), "country");
        let rates = rates();
        assert!(select_tax_rate(&id("c"), &rates, country("FR"), None, true).is_err());
    }

    #[test]
    fn one_place_has_one_rate() {
        let mut twice = rates();
        twice.push(TaxRate { state: Some("BY".to_owned()), ..tax("0.19", true) });
        assert_eq!(check_rates(&twice), Ok(()));
        twice.push(tax("0.07", true));
        assert_eq!(check_rates(&twice).unwrap_err().code(), Code::DuplicateField);
    }

    #[test]
    fn the_amount_is_the_exact_sum_of_the_parts() {
        let draft = |amount: Option<&str>, parts: &[&str]| ExternalTaxRateDraft {
            name: "n".to_owned(),
            amount: amount.map(rate),
            included_in_price: false,
            country: country("US"),
            state: Some(String::new()),
            sub_rates: parts.iter().map(|p| SubRate { name: "s".to_owned(), amount: rate(p) }).collect(),
        };
        let amount = |a, p: &[&str]| external_tax_rate(draft(a, p)).map(|r| r.amount).map_err(|e| e.code());
        assert_eq!(amount(Some("0.3"), &["0.1", "0.2"]), Ok(rate("0.3")));
        assert_eq!(amount(None, &["0.1", "0.2"]), Ok(rate("0.3")));
        assert_eq!(amount(Some("0.31"), &["0.1", "0.2"]), Err(Code::InvalidOperation));
        assert_eq!(amount(None, &["0.6", "0.6"]), Err(Code::InvalidOperation));
        assert_eq!(amount(None, &[]), Err(Code::RequiredField));
        assert_eq!(external_tax_rate(draft(Some("0"), &[])).unwrap().state, None);
    }
}

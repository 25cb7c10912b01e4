//! Price selection on answers, and finding where in their texts something is to be added to variants.
//!
//! Works on the text of a projection, a product or a list of either, without making a tree of it: the
//! places of the variants' SKUs and prices are found, and what is added there. [`walk`] knows the form in
//! which this service writes variants and is what nearly all reads use; where something looks otherwise
//! (custom fields, escapes) [`parse`] reads the text by its structure. The rule of selection itself is
//! [`pricing::select_price`]'s; tests hold the three together.

mod parse;
#[cfg(test)]
mod tests;
mod walk;

use crate::answers::Addition;
use api::{ApiError, CountryCode, CurrencyCode, Result, Timestamp};
use kit::http::Params;
use std::cmp::Ordering;

/// The query parameters of price selection.
pub(crate) const QUERY: &[(&str, &str)] = &[
    ("priceCurrency", "string"),
    ("priceCountry", "string"),
    ("priceCustomerGroup", "string"),
    ("priceCustomerGroupAssignments", "string"),
    ("priceChannel", "string"),
    ("priceRecurrencePolicy", "string"),
];

/// What a price is wanted for. Prices with a recurrence policy do not exist yet, so the parameter for
/// that selects nothing.
pub(crate) struct Selection<'p> {
    currency: &'p str,
    country: Option<&'p str>,
    groups: Vec<&'p str>,
    channel: Option<&'p str>,
}

impl<'p> Selection<'p> {
    /// Reads the parameters; `None` if no price is wanted. All of them need `priceCurrency` (contract §4).
    pub(crate) fn parse(params: &'p Params) -> Result<Option<Self>> {
        let Some(currency) = params.get("priceCurrency") else {
            return match params.iter().find(|(name, _)| QUERY.iter().any(|(known, _)| known == name)) {
                Some((name, _)) => Err(ApiError::malformed_parameter(
                    name,
                    "It can only be used together with 'priceCurrency'.",
                )),
                None => Ok(None),
            };
        };
        if CurrencyCode::parse(currency).is_none() {
            return Err(ApiError::malformed_parameter(
                "priceCurrency",
                "Expected a currency code of ISO 4217.",
            ));
        }
        let country = params.get("priceCountry");
        if country.is_some_and(|country| CountryCode::parse(country).is_none()) {
            return Err(ApiError::malformed_parameter(
                "priceCountry",
                "Expected a country code of ISO 3166-1.",
            ));
        }
        let groups =
            params.all("priceCustomerGroup").chain(params.all("priceCustomerGroupAssignments")).collect();
        Ok(Some(Self { currency, country, groups, channel: params.get("priceChannel") }))
    }
}

/// What answers add to the text, by ascending places: an availability behind each SKU, and the selected
/// price, if one is wanted, behind the list that it stands in.
pub(crate) fn additions<'a>(
    selection: Option<&Selection<'_>>,
    now: Timestamp,
    text: &'a str,
) -> serde_json::Result<Vec<Addition<'a>>> {
    match walk::additions(selection, now, text) {
        Some(additions) => Ok(additions),
        None => parse::additions(selection, now, text),
    }
}

/// What decides whether a price counts.
struct Scope<'a> {
    currency: &'a str,
    /// The amount in units of `10^-digits`.
    amount: i64,
    digits: u32,
    country: Option<&'a str>,
    group: Option<&'a str>,
    channel: Option<&'a str>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// The best price of one list so far.
#[derive(Default)]
struct Best<'a> {
    held: Option<(Rank, &'a str)>,
}

/// How good a price is: level, dated, amount and digits.
#[derive(Clone, Copy)]
struct Rank {
    level: u8,
    dated: bool,
    amount: i64,
    digits: u32,
}

impl Rank {
    fn beats(self, other: Self) -> bool {
        let standing = (self.level, self.dated).cmp(&(other.level, other.dated));
        standing.then_with(|| other.compare_amount(self)).is_gt()
    }

    fn compare_amount(self, other: Self) -> Ordering {
        if self.digits == other.digits {
            return self.amount.cmp(&other.amount);
        }
        self.exact().cmp(&other.exact())
    }

    /// Something that orders amounts of one currency whatever their precision.
    fn exact(self) -> (i128, i128) {
        let digits = self.digits.min(20);
        let (amount, unit) = (i128::from(self.amount), 10_i128.pow(digits));
        (amount.div_euclid(unit), amount.rem_euclid(unit) * 10_i128.pow(20 - digits))
    }
}

impl<'a> Best<'a> {
    /// Takes the price if it counts and is better; the first of equals stays.
    fn offer(&mut self, selection: &Selection<'_>, now: Timestamp, scope: &Scope<'_>, price: &'a str) {
        let Some(level) = selection.level(scope, now) else { return };
        let dated = scope.from.is_some() || scope.until.is_some();
        let rank = Rank { level, dated, amount: scope.amount, digits: scope.digits };
        if self.held.is_none_or(|(held, _)| rank.beats(held)) {
            self.held = Some((rank, price));
        }
    }
}

impl Selection<'_> {
    /// The level of a price in the order of the contract (§4); `None` if it does not count.
    fn level(&self, price: &Scope<'_>, now: Timestamp) -> Option<u8> {
        let in_force =
            price.from.is_none_or(|from| from <= now) && price.until.is_none_or(|until| now < until);
        if price.currency != self.currency || !in_force {
            return None;
        }
        let mut level = 0;
        if let Some(group) = price.group {
            self.groups.contains(&group).then_some(())?;
            level |= 4;
        }
        if price.channel.is_some() {
            (price.channel == self.channel).then_some(())?;
            level |= 2;
        }
        if price.country.is_some() {
            (price.country == self.country).then_some(())?;
            level |= 1;
        }
        Some(level)
    }
}

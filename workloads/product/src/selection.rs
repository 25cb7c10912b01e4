//! Price selection on answers: puts `price` beside each variant's `prices`.
//!
//! Works on the text of a projection, a product or a list of either, and only looks at what it needs: the
//! text is walked once, borrowed, and the selected prices are copied in as they stand. The rule itself is
//! [`pricing::select_price`]'s; a test holds the two together.

use api::{ApiError, CountryCode, CurrencyCode, Result, Timestamp};
use kit::http::Params;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cmp::Reverse;

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
                Some((name, _)) => {
                    Err(ApiError::malformed_parameter(name, "It can only be used together with 'priceCurrency'."))
                }
                None => Ok(None),
            };
        };
        if CurrencyCode::parse(currency).is_none() {
            return Err(ApiError::malformed_parameter("priceCurrency", "Expected a currency code of ISO 4217."));
        }
        let country = params.get("priceCountry");
        if country.is_some_and(|country| CountryCode::parse(country).is_none()) {
            return Err(ApiError::malformed_parameter("priceCountry", "Expected a country code of ISO 3166-1."));
        }
        let groups = params.all("priceCustomerGroup").chain(params.all("priceCustomerGroupAssignments")).collect();
        Ok(Some(Self { currency, country, groups, channel: params.get("priceChannel") }))
    }
}

/// The text with the selected prices, or as it is if none are wanted.
pub(crate) fn select(params: &Params, now: Timestamp, json: String) -> Result<String> {
    if params.is_empty() {
        return Ok(json);
    }
    let Some(selection) = Selection::parse(params)? else { return Ok(json) };
    splice(&selection, now, &json).map_err(|error| kit::peers::internal(&error))
}

fn splice(selection: &Selection<'_>, now: Timestamp, text: &str) -> serde_json::Result<String> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut chosen: Vec<(usize, &str)> = Vec::new();
    document.each_prices(&mut |prices| {
        if let Some(price) = selection.best(prices, now)? {
            // The raw value is a part of `text`, so the difference of their addresses is its place.
            let end = prices.as_ptr() as usize - text.as_ptr() as usize + prices.len();
            chosen.push((end, price));
        }
        Ok(())
    })?;
    chosen.sort_unstable_by_key(|(place, _)| *place);
    let size: usize = chosen.iter().map(|(_, price)| price.len() + 9).sum();
    let mut out = String::with_capacity(text.len() + size);
    let mut from = 0;
    for (place, price) in chosen {
        out.push_str(text.get(from..place).unwrap_or_default());
        out.push_str(",\"price\":");
        out.push_str(price);
        from = place;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Ok(out)
}

/// The parts of an answer that hold prices.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow, default)]
    master_variant: Option<Variant<'a>>,
    #[serde(borrow, default)]
    variants: Vec<Variant<'a>>,
    #[serde(borrow, default)]
    master_data: Option<Catalog<'a>>,
    #[serde(borrow, default)]
    results: Vec<Document<'a>>,
}

#[derive(Deserialize)]
struct Catalog<'a> {
    #[serde(borrow)]
    current: Box<Document<'a>>,
    #[serde(borrow)]
    staged: Box<Document<'a>>,
}

#[derive(Deserialize)]
struct Variant<'a> {
    #[serde(borrow, default)]
    prices: Option<&'a RawValue>,
}

impl<'a> Document<'a> {
    fn each_prices(&self, visit: &mut dyn FnMut(&'a str) -> serde_json::Result<()>) -> serde_json::Result<()> {
        for prices in self.master_variant.iter().chain(&self.variants).filter_map(|variant| variant.prices) {
            visit(prices.get())?;
        }
        for data in self.master_data.iter().flat_map(|catalog| [&catalog.current, &catalog.staged]) {
            data.each_prices(visit)?;
        }
        self.results.iter().try_for_each(|document| document.each_prices(visit))
    }
}

/// What decides whether a price counts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    value: Value<'a>,
    #[serde(borrow, default)]
    country: Option<&'a str>,
    #[serde(borrow, default)]
    customer_group: Option<Named<'a>>,
    #[serde(borrow, default)]
    channel: Option<Named<'a>>,
    #[serde(default)]
    valid_from: Option<Timestamp>,
    #[serde(default)]
    valid_until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    currency_code: &'a str,
    cent_amount: i64,
    #[serde(default)]
    precise_amount: Option<i64>,
    fraction_digits: u32,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Level, dated, cheapness.
type Rank = (u8, bool, Reverse<(i128, i128)>);

impl Selection<'_> {
    /// The text of the price that counts among those of one variant.
    fn best<'a>(&self, prices: &'a str, now: Timestamp) -> serde_json::Result<Option<&'a str>> {
        let prices: Vec<&RawValue> = serde_json::from_str(prices)?;
        let mut best: Option<(&str, Rank)> = None;
        for price in prices {
            // Most prices are of other currencies; those are not looked into.
            if !price.get().contains(self.currency) {
                continue;
            }
            let head: Head<'_> = serde_json::from_str(price.get())?;
            let Some(level) = self.level(&head, now) else { continue };
            let rank = (level, head.valid_from.is_some() || head.valid_until.is_some(), Reverse(exact(&head.value)));
            if best.is_none_or(|(_, held)| rank > held) {
                best = Some((price.get(), rank));
            }
        }
        Ok(best.map(|(price, _)| price))
    }

    /// The level of a price in the order of the contract (§4); `None` if it does not count.
    fn level(&self, price: &Head<'_>, now: Timestamp) -> Option<u8> {
        let in_force =
            price.valid_from.is_none_or(|from| from <= now) && price.valid_until.is_none_or(|until| now < until);
        if price.value.currency_code != self.currency || !in_force {
            return None;
        }
        let mut level = 0;
        if let Some(group) = &price.customer_group {
            self.groups.contains(&group.id.as_ref()).then_some(())?;
            level |= 4;
        }
        if let Some(channel) = &price.channel {
            (self.channel == Some(channel.id.as_ref())).then_some(())?;
            level |= 2;
        }
        if price.country.is_some() {
            (price.country == self.country).then_some(())?;
            level |= 1;
        }
        Some(level)
    }
}

/// Something that orders amounts of one currency whatever their precision.
fn exact(value: &Value<'_>) -> (i128, i128) {
    let digits = value.fraction_digits.min(20);
    let amount = i128::from(value.precise_amount.unwrap_or(value.cent_amount));
    let unit = 10_i128.pow(digits);
    (amount.div_euclid(unit), amount.rem_euclid(unit) * 10_i128.pow(20 - digits))
}

#[cfg(test)]
#[path = "selection_tests.rs"]
mod tests;

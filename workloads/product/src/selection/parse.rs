//! Price selection by the structure of the text: right for all JSON, with a full pass over it.

use super::{Best, Chosen, Scope, Selection};
use api::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    value: Money<'a>,
    #[serde(borrow, default)]
    country: Option<Cow<'a, str>>,
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
struct Money<'a> {
    #[serde(borrow)]
    currency_code: Cow<'a, str>,
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

/// The selected prices with their places, in ascending order.
pub(super) fn choose<'a>(
    selection: &Selection<'_>,
    now: Timestamp,
    text: &'a str,
) -> serde_json::Result<Vec<Chosen<'a>>> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    document.each_prices(&mut |prices| {
        if let Some(price) = best(selection, now, prices)? {
            // The raw value is a part of `text`, so the difference of their addresses is its place.
            chosen.push((prices.as_ptr() as usize - text.as_ptr() as usize + prices.len(), price));
        }
        Ok(())
    })?;
    chosen.sort_unstable_by_key(|(place, _)| *place);
    Ok(chosen)
}

/// The text of the price that counts in a list of prices.
pub(super) fn best<'a>(
    selection: &Selection<'_>,
    now: Timestamp,
    prices: &'a str,
) -> serde_json::Result<Option<&'a str>> {
    let prices: Vec<&RawValue> = serde_json::from_str(prices)?;
    let mut best = Best::default();
    for price in prices {
        let head: Head<'_> = serde_json::from_str(price.get())?;
        let scope = Scope {
            currency: &head.value.currency_code,
            amount: head.value.precise_amount.unwrap_or(head.value.cent_amount),
            digits: head.value.fraction_digits,
            country: head.country.as_deref(),
            group: head.customer_group.as_ref().map(|group| group.id.as_ref()),
            channel: head.channel.as_ref().map(|channel| channel.id.as_ref()),
            from: head.valid_from,
            until: head.valid_until,
        };
        best.offer(selection, now, &scope, price.get());
    }
    Ok(best.held.map(|(_, price)| price))
}

impl<'a> Document<'a> {
    fn each_prices(
        &self,
        visit: &mut dyn FnMut(&'a str) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        for prices in self.master_variant.iter().chain(&self.variants).filter_map(|variant| variant.prices) {
            visit(prices.get())?;
        }
        for data in self.master_data.iter().flat_map(|catalog| [&catalog.current, &catalog.staged]) {
            data.each_prices(visit)?;
        }
        self.results.iter().try_for_each(|document| document.each_prices(visit))
    }
}

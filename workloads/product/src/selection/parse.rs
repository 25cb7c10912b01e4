//! Finding SKUs and prices by the structure of the text: right for all JSON, with a full pass over it.

use super::{Best, Scope, Selection};
use crate::answers::{Addition, What};
use api::Timestamp;
use api::product::ProductPriceMode;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The parts of an answer that hold variants.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(default)]
    price_mode: Option<ProductPriceMode>,
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
    sku: Option<&'a RawValue>,
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

/// What is added, by ascending places.
pub(super) fn additions<'a>(
    selection: Option<&Selection<'_>>,
    now: Timestamp,
    text: &'a str,
) -> serde_json::Result<Vec<Addition<'a>>> {
    // A raw value is a part of `text`, so the difference of their addresses is its place.
    let behind = |raw: &str| raw.as_ptr() as usize - text.as_ptr() as usize + raw.len();
    let document: Document<'a> = serde_json::from_str(text)?;
    let mut additions = Vec::new();
    document.each_variant(false, &mut |variant, standalone| {
        if let Some(sku) = variant.sku.map(RawValue::get) {
            let decoded = serde_json::from_str::<String>(sku)?;
            additions.push(Addition { place: behind(sku), what: What::Availability(decoded.into()) });
        }
        let selection = selection.filter(|_| !standalone);
        if let (Some(selection), Some(prices)) = (selection, variant.prices.map(RawValue::get)) {
            let price = best(selection, now, prices)?.map(What::Price);
            additions.extend(price.map(|what| Addition { place: behind(prices), what }));
        }
        Ok(())
    })?;
    additions.sort_unstable_by_key(|addition| addition.place);
    Ok(additions)
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
    /// Visits the variants, each with whether the prices of its product stand alone: those embedded do not count then.
    fn each_variant(
        &self,
        standalone: bool,
        visit: &mut dyn FnMut(&Variant<'a>, bool) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        let standalone = self.price_mode.map_or(standalone, |mode| mode == ProductPriceMode::Standalone);
        for variant in self.master_variant.iter().chain(&self.variants) {
            visit(variant, standalone)?;
        }
        for data in self.master_data.iter().flat_map(|catalog| [&catalog.current, &catalog.staged]) {
            data.each_variant(standalone, visit)?;
        }
        self.results.iter().try_for_each(|document| document.each_variant(false, visit))
    }
}

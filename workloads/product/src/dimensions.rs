//! The dimensions of projections: what a store, or a choice of locales or attributes, leaves of a product.
//!
//! A store leaves the texts of its languages, the prices of its distribution channels and the stock of its supply
//! channels; `localeProjection` goes before the store's languages. Where a store has none of these, all stay.
//! `filter[attributes]` leaves the attributes that it names, if it names some, without those named with a dash.

use api::localized::{keep_locales, keep_locales_of_json};
use api::product::ProductProjection;
use api::product_variant::{Attribute, ProductVariantAvailability};
use api::store::Store;
use api::{ApiError, Kind, Locale, Result, Stored};
use kit::http::{Params, RequestInfo, not_found};
use kit::peers::internal;
use kit::resource::{Facts, Lookup, LookupBy, Lookups};
use kit::store::Claim;

/// The query parameters of projections that name dimensions.
pub(crate) const QUERY: &[(&str, &str)] =
    &[("localeProjection", "string"), ("storeProjection", "string"), (ATTRIBUTES, "string")];

/// Names attributes to leave, or with a dash before the name to leave out.
const ATTRIBUTES: &str = "filter[attributes]";

/// The most locales of a request.
const MAX_LOCALES: usize = 100;

/// What to leave.
#[derive(Default)]
pub(crate) struct Dimensions {
    /// Empty for all.
    locales: Vec<Locale>,
    /// Empty for all.
    included: Vec<String>,
    excluded: Vec<String>,
    store: Option<Store>,
}

impl Dimensions {
    /// Those that a request names: by its path or by parameters.
    pub(crate) async fn of(lookups: &Lookups, request: &RequestInfo, params: &Params) -> Result<Self> {
        let mut dimensions = Self::default();
        let locales = &mut dimensions.locales;
        for text in params.all("localeProjection").take(MAX_LOCALES) {
            locales.push(Locale::parse(text).ok_or_else(|| {
                ApiError::malformed_parameter("localeProjection", "Expected a locale like 'de' or 'de-AT'.")
            })?);
        }
        for text in params.all(ATTRIBUTES) {
            let (list, name) = match text.strip_prefix('-') {
                Some(name) => (&mut dimensions.excluded, name),
                None => (&mut dimensions.included, text),
            };
            list.push(name.to_owned());
        }
        let (key, missing) = match (&request.caller.store, params.get("storeProjection")) {
            (Some(key), _) => (key.as_str(), not_found(&format!("key={key}"))),
            (None, Some(key)) => (key, ApiError::referenced_not_found(Kind::Store.type_id(), ("key", key))),
            (None, None) => return Ok(dimensions),
        };
        let store = store(lookups, request, key).await?.ok_or(missing)?;
        if dimensions.locales.is_empty() {
            dimensions.locales.clone_from(&store.languages);
        }
        Ok(Self { store: Some(store), ..dimensions })
    }

    /// What they leave of the text of a projection.
    pub(crate) fn narrow(&self, text: String) -> Result<String> {
        let Self { locales, included, excluded, store } = self;
        if locales.is_empty() && included.is_empty() && excluded.is_empty() && store.is_none() {
            return Ok(text);
        }
        let mut product: Stored<ProductProjection> = Stored::from_json(&text).map_err(|e| internal(&e))?;
        self.narrow_product(&mut product.body);
        product.to_json().map_err(|e| internal(&e))
    }

    fn narrow_product(&self, product: &mut ProductProjection) {
        let ProductProjection {
            name, description, slug, meta_title, meta_description, meta_keywords, ..
        } = product;
        let optional = [description, meta_title, meta_description, meta_keywords];
        let texts = [name, slug].into_iter().chain(optional.into_iter().flatten());
        texts.for_each(|text| keep_locales(text, &self.locales));
        keep_locales(&mut product.search_keywords, &self.locales);
        self.keep_attributes(&mut product.attributes);
        for attribute in &mut product.attributes {
            keep_locales_of_json(&mut attribute.value, &self.locales);
        }
        for variant in std::iter::once(&mut product.master_variant).chain(&mut product.variants) {
            self.keep_attributes(&mut variant.attributes);
            variant.keep_locales(&self.locales);
            if let Some(store) = &self.store {
                variant.prices.retain(|price| store.distributes(price.channel.as_ref().map(|c| &c.id)));
            }
        }
    }

    fn keep_attributes(&self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|Attribute { name, .. }| {
            (self.included.is_empty() || self.included.contains(name)) && !self.excluded.contains(name)
        });
    }

    /// What they leave of the text of an availability.
    pub(crate) fn narrow_stock(&self, text: &str) -> Result<Option<String>> {
        let Some(store) = self.store.as_ref().filter(|store| !store.supply_channels.is_empty()) else {
            return Ok(None);
        };
        let mut stock: ProductVariantAvailability = serde_json::from_str(text).map_err(|e| internal(&e))?;
        stock.channels.retain(|channel, _| store.supplies(channel));
        serde_json::to_string(&stock).map(Some).map_err(|e| internal(&e))
    }
}

async fn store(lookups: &Lookups, request: &RequestInfo, key: &str) -> Result<Option<Store>> {
    let lookup = Lookup::new(Kind::Store, LookupBy::Claim(Claim::new("key", key)));
    let mut facts = Facts::default();
    lookups.fetch(request, vec![lookup.clone()], &mut facts).await?;
    facts.first::<Store>(&lookup).map(|found| found.map(|store| store.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn store(value: serde_json::Value) -> Dimensions {
        let store: Store = serde_json::from_value(value).expect("a store");
        Dimensions { locales: store.languages.clone(), store: Some(store), ..Dimensions::default() }
    }

    fn product() -> String {
        let money =
            json!({"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1, "fractionDigits": 2});
        let price = |id: &str, channel: Option<&str>| match channel {
            Some(channel) => {
                json!({"id": id, "value": money, "channel": {"typeId": "channel", "id": channel}})
            }
            None => json!({"id": id, "value": money}),
        };
        json!({
            "id": "p1", "version": 1,
            "createdAt": "2024-01-01T00:00:00.000Z", "lastModifiedAt": "2024-01-01T00:00:00.000Z",
            "productType": {"typeId": "product-type", "id": "t1"},
            "name": {"de": "Tasse", "en": "Mug"}, "slug": {"de": "tasse", "en": "mug"},
            "searchKeywords": {"de": [{"text": "Becher"}], "en": [{"text": "cup"}]},
            "hasStagedChanges": false, "published": true,
            "masterVariant": {
                "id": 1,
                "prices": [price("a", None), price("b", Some("berlin")), price("c", Some("paris"))],
                "attributes": [{"name": "color", "value": {"key": "red", "label": {"de": "rot", "en": "red"}}}],
            },
        })
        .to_string()
    }

    fn narrowed(dimensions: &Dimensions) -> ProductProjection {
        let text = dimensions.narrow(product()).expect("a projection");
        Stored::from_json(&text).expect("a projection").body
    }

    #[test]
    fn a_store_leaves_its_languages_and_the_prices_of_its_channels() {
        let channel = json!({"typeId": "channel", "id": "berlin"});
        let left = narrowed(&store(
            json!({"key": "berlin", "languages": ["de"], "distributionChannels": [channel]}),
        ));
        let german = Locale::parse("de").expect("a locale");
        assert_eq!(left.name.keys().collect::<Vec<_>>(), [&german]);
        assert_eq!(left.search_keywords.len(), 1);
        assert_eq!(left.master_variant.attributes[0].value, json!({"key": "red", "label": {"de": "rot"}}));
        let prices: Vec<&str> = left.master_variant.prices.iter().map(|price| price.id.as_str()).collect();
        assert_eq!(prices, ["a", "b"]);
    }

    #[test]
    fn a_store_without_languages_and_channels_leaves_everything() {
        let left = narrowed(&store(json!({"key": "berlin"})));
        let whole = narrowed(&Dimensions::default());
        assert_eq!(left, whole);
    }

    #[test]
    fn attributes_are_left_by_their_names_and_then_left_out() {
        let mut whole: serde_json::Value = serde_json::from_str(&product()).expect("JSON");
        let names = ["color", "size", "description"];
        let attributes = json!(names.map(|name| json!({"name": name, "value": "x"})));
        whole["attributes"] = attributes.clone();
        whole["masterVariant"]["attributes"] = attributes;
        let left = |included: &[&str], excluded: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let dimensions =
                Dimensions { included: owned(included), excluded: owned(excluded), ..Dimensions::default() };
            let text = dimensions.narrow(whole.to_string()).expect("a projection");
            let product = Stored::<ProductProjection>::from_json(&text).expect("a projection").body;
            assert_eq!(product.attributes, product.master_variant.attributes);
            product.attributes.into_iter().map(|attribute| attribute.name).collect::<Vec<_>>()
        };
        assert_eq!(left(&["size", "color"], &[]), ["color", "size"]);
        assert_eq!(left(&[], &["description"]), ["color", "size"]);
        assert_eq!(left(&["size", "color"], &["size", "description"]), ["color"]);
        assert_eq!(left(&["other"], &[]), [""; 0]);
    }

    #[test]
    fn a_store_leaves_the_stock_of_its_channels_and_of_none() {
        let entry = json!({"isOnStock": true, "availableQuantity": 1, "id": "e1", "version": 1});
        let mut stock = entry.clone();
        stock["channels"] = json!({"berlin": entry, "paris": entry});
        let channel = json!({"typeId": "channel", "id": "berlin"});
        let store = store(json!({"key": "berlin", "supplyChannels": [channel]}));
        let left = store.narrow_stock(&stock.to_string()).expect("an availability").expect("narrowed");
        stock["channels"].as_object_mut().expect("an object").remove("paris");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&left).expect("JSON"), stock);
    }
}

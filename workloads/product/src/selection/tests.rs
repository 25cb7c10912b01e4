use super::*;
use crate::answers::{What, splice};
use api::product_variant::{Asset, ProductVariant};
use api::{CustomFields, Id, Kind, Money, Price, PriceTier, Reference};
use pricing::{PriceSelection, select_price};
use serde_json::{Value, json};

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Prices of all scopes and windows.
fn prices() -> Vec<Price> {
    let reference = |kind, text: &str| (!text.is_empty()).then(|| Reference::new(kind, id(text)));
    let mut prices = Vec::new();
    for currency in ["EUR", "USD"] {
        for group in ["", "g1", "g2"] {
            for channel in ["", "c1"] {
                for country in ["", "DE"] {
                    for window in [None, Some((0, 100)), Some((100, 200))] {
                        let number = i64::try_from(prices.len()).unwrap();
                        let money =
                            Money::new(1_000 - number * 7 % 5, CurrencyCode::parse(currency).unwrap());
                        let tier = PriceTier { minimum_quantity: 2, value: money.into() };
                        prices.push(Price {
                            key: (number % 3 == 0)
                                .then(|| api::Key::parse(&format!("key-{number}")).unwrap()),
                            customer_group: reference(Kind::CustomerGroup, group),
                            channel: reference(Kind::Channel, channel),
                            country: CountryCode::parse(country),
                            valid_from: window.map(|(from, _)| at(from)),
                            valid_until: window.map(|(_, until)| at(until)),
                            tiers: vec![tier; usize::try_from(number % 3).unwrap()],
                            ..Price::plain(id(&format!("p{number}")), money.into())
                        });
                    }
                }
            }
        }
    }
    prices
}

fn variant(prices: Vec<Price>) -> ProductVariant {
    ProductVariant {
        id: 1,
        sku: None,
        key: None,
        prices,
        price: None,
        attributes: Vec::new(),
        images: Vec::new(),
        assets: Vec::new(),
        availability: None,
    }
}

fn document(variants: &[ProductVariant]) -> String {
    format!(
        "{{\"name\":{{\"en\":\"x\"}},\"masterVariant\":{},\"variants\":{}}}",
        serde_json::to_string(&variants[0]).unwrap(),
        serde_json::to_string(&variants[1..]).unwrap()
    )
}

fn with_selection<T>(query: &str, run: impl FnOnce(&Selection<'_>) -> T) -> T {
    let params = Params::parse(Some(query)).unwrap();
    run(&Selection::parse(&params).unwrap().unwrap())
}

fn price_of(addition: &Addition<'_>) -> Option<Price> {
    match addition.what {
        What::Price(price) => Some(serde_json::from_str(price).unwrap()),
        What::Availability(_) => None,
    }
}

/// All three ways must agree on the list of prices and on every list that lacks the first few winners.
fn assert_equal(query: &str, now: Timestamp) {
    with_selection(query, |selection| {
        let groups: Vec<Id> = selection.groups.iter().map(|group| id(group)).collect();
        let channel = selection.channel.map(id);
        let want = PriceSelection::new(CurrencyCode::parse(selection.currency).unwrap(), now)
            .country(selection.country.and_then(CountryCode::parse))
            .customer_groups(&groups)
            .channel(channel.as_ref());
        let mut left = prices();
        loop {
            let text = document(&[variant(left.clone()), variant(Vec::new())]);
            let by_rule = select_price(&left, &want).map(|price| price.id.clone());
            let walked =
                walk::additions(Some(selection), now, &text).expect("what we write is walked, not parsed");
            assert_eq!(walked, parse::additions(Some(selection), now, &text).unwrap());
            let chosen = walked.iter().find_map(price_of).map(|price| price.id);
            assert_eq!(chosen, by_rule, "{query} at {now}");
            let Some(winner) = by_rule else { return };
            left.retain(|price| price.id != winner);
        }
    });
}

#[test]
fn the_texts_ways_select_what_the_pricing_rule_selects() {
    for now in [-1, 99, 100].map(at) {
        for country in ["", "&priceCountry=DE", "&priceCountry=FR"] {
            for channel in ["", "&priceChannel=c1", "&priceChannel=other"] {
                assert_equal(&format!("priceCurrency=EUR{country}{channel}"), now);
                assert_equal(&format!("priceCurrency=USD{country}{channel}&priceCustomerGroup=g1"), now);
                let both = "&priceCustomerGroupAssignments=g1&priceCustomerGroupAssignments=g2";
                assert_equal(&format!("priceCurrency=EUR{country}{channel}{both}"), now);
            }
        }
    }
    assert_equal("priceCurrency=JPY", at(0));
}

#[test]
fn high_precision_prices_compare_by_their_exact_value() {
    let price = |precise: i64| {
        let money = json!({"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": precise,
            "centAmount": 100, "fractionDigits": 4});
        let group = Reference::new(Kind::CustomerGroup, id(&format!("g{precise}")));
        let plain = Price::plain(id(&precise.to_string()), serde_json::from_value(money).unwrap());
        Price { customer_group: Some(group), ..plain }
    };
    let text = document(&[variant(vec![price(10_004), price(10_003)])]);
    let query = "priceCurrency=EUR&priceCustomerGroup=g10004&priceCustomerGroupAssignments=g10003";
    with_selection(query, |selection| {
        let walked = walk::additions(Some(selection), at(0), &text).unwrap();
        assert_eq!(walked, parse::additions(Some(selection), at(0), &text).unwrap());
        assert_eq!(price_of(&walked[0]).unwrap().id, id("10003"));
    });
}

/// Custom fields may be named like a variant's list, and stand before or behind it.
#[test]
fn custom_fields_are_never_taken_for_prices() {
    let plain = Price::plain(id("p"), Money::new(1, CurrencyCode::parse("EUR").unwrap()).into());
    let fields = |value: Value| {
        let type_ref = Reference::new(Kind::Type, id("t"));
        Some(CustomFields {
            type_ref,
            fields: json!({"id": 1, "prices": value}).as_object().unwrap().clone(),
        })
    };
    for value in [
        json!([]),
        json!(["a"]),
        json!([{"typeId": "channel", "id": "x"}]),
        json!([{"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1, "fractionDigits": 2}]),
    ] {
        let asset = Asset {
            id: id("a"),
            sources: Vec::new(),
            name: [(api::Locale::parse("en").unwrap(), "\"prices\":[{\"id\":\"".to_owned())].into(),
            description: None,
            tags: Vec::new(),
            custom: fields(value.clone()),
            key: None,
        };
        let mut with_asset = variant(vec![plain.clone()]);
        with_asset.assets.push(asset);
        let with_field = variant(vec![Price { custom: fields(value.clone()), ..plain.clone() }]);
        let text = document(&[with_asset, with_field]);
        let answer = with_selection("priceCurrency=EUR", |selection| {
            splice(&text, &additions(Some(selection), at(0), &text).unwrap(), &[])
        });
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        for place in ["/masterVariant", "/variants/0"] {
            let variant = expected.pointer_mut(place).unwrap();
            variant["price"] = variant["prices"][0].clone();
        }
        assert_eq!(answer, expected, "{value}");
    }
}

/// The SKUs found in a text, which the walk must find like the parser, or give up.
fn skus(text: &str, walks: bool) -> Vec<String> {
    let parsed = parse::additions(None, at(0), text).unwrap();
    let walked = walk::additions(None, at(0), text);
    assert_eq!(walked.is_some(), walks, "{text}");
    walked.into_iter().for_each(|walked| assert_eq!(walked, parsed));
    let sku = |addition: Addition<'_>| match addition.what {
        What::Availability(sku) => sku.into_owned(),
        What::Price(price) => panic!("nobody asked for {price}"),
    };
    parsed.into_iter().map(sku).collect()
}

fn named(sku: Option<&str>, key: Option<&str>) -> ProductVariant {
    let key = key.map(|key| api::Key::parse(key).unwrap());
    ProductVariant { sku: sku.map(str::to_owned), key, ..variant(prices()) }
}

#[test]
fn every_variant_with_a_sku_is_found_wherever_it_stands() {
    let variants =
        [named(Some("a"), None), named(None, None), named(Some("b:"), Some("k1")), named(None, Some("k2"))];
    let projection = document(&variants);
    let product = format!("{{\"masterData\":{{\"current\":{projection},\"staged\":{projection}}}}}");
    let page = format!("{{\"limit\":20,\"results\":[{product},{product}]}}");
    assert_eq!(skus(&projection, true), ["a", "b:"]);
    assert_eq!(skus(&product, true), ["a", "b:"].repeat(2));
    assert_eq!(skus(&page, true), ["a", "b:"].repeat(4));
}

#[test]
fn skus_with_escapes_are_found_by_the_structure() {
    for sku in ["a\"b", "\\", "a\\", "\"", "\",\"sku\":\"x", "ü\u{1}"] {
        assert_eq!(skus(&document(&[named(Some(sku), None), named(Some("b"), None)]), false), [sku, "b"]);
    }
    assert_eq!(skus(&document(&[named(Some("ü\u{1F600}"), None)]), true), ["ü\u{1F600}"]);
}

/// Custom fields may be named like the members of a variant.
#[test]
fn custom_fields_are_never_taken_for_variants() {
    for fields in [
        json!({"id": 1, "prices": []}),
        json!({"id": 1, "key": "k", "prices": []}),
        json!({"id": 1, "sku": "x", "prices": []}),
        json!({"a": 1, "prices": ["x"], "sku": "x"}),
        json!({"a": "x", "prices": ["x"]}),
    ] {
        let type_ref = Reference::new(Kind::Type, id("t"));
        let custom = Some(CustomFields { type_ref, fields: fields.as_object().unwrap().clone() });
        let plain = Price::plain(id("p"), Money::new(1, CurrencyCode::parse("EUR").unwrap()).into());
        let mut variant = named(Some("a"), None);
        variant.prices = vec![Price { custom, ..plain }];
        assert_eq!(skus(&document(&[variant, named(Some("b"), None)]), false), ["a", "b"], "{fields}");
    }
}

#[test]
fn availability_and_price_are_added_to_their_own_variants() {
    let text = document(&[named(Some("a"), Some("k1")), named(None, None), named(Some("b"), None)]);
    let stock = [None, Some("{\"version\":7}".into())];
    let answer = with_selection("priceCurrency=EUR", |selection| {
        splice(&text, &additions(Some(selection), at(0), &text).unwrap(), &stock)
    });
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let mut expected: Value = serde_json::from_str(&text).unwrap();
    expected["variants"][1]["availability"] = json!({"version": 7});
    for place in ["/masterVariant", "/variants/0", "/variants/1"] {
        let price = answer.pointer(place).unwrap()["price"].clone();
        assert!(price.is_object(), "{place}");
        expected.pointer_mut(place).unwrap()["price"] = price;
    }
    assert_eq!(answer, expected);
}

#[test]
fn embedded_prices_do_not_count_where_prices_stand_alone() {
    let projection = document(&[named(Some("a"), None)]);
    let with_mode = |document: &str, mode: &str| format!("{{\"priceMode\":\"{mode}\",{}", &document[1..]);
    let (embedded, standalone) = (with_mode(&projection, "Embedded"), with_mode(&projection, "Standalone"));
    let data = format!("\"masterData\":{{\"current\":{projection},\"staged\":{projection}}}");
    let product = format!("{{{data},\"priceMode\":\"Standalone\"}}");
    let page = format!("{{\"results\":[{product},{embedded},{standalone},{projection}]}}");
    let priced = |text: &str| {
        let found = with_selection("priceCurrency=EUR", |selection| {
            let found = additions(Some(selection), at(0), text).unwrap();
            (found.iter().filter(|addition| price_of(addition).is_some()).count(), found.len())
        });
        (found.0, found.1 - found.0)
    };
    assert_eq!(priced(&embedded), (1, 1), "a price and an availability");
    assert_eq!(priced(&standalone), (0, 1));
    assert_eq!(priced(&product), (0, 2));
    assert_eq!(priced(&page), (2, 5));
}

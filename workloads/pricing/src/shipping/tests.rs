use super::*;
use crate::testing::{country, eur, id, usd};
use ShippingRateTierType::{CartClassification, CartScore, CartValue};
use api::Kind;
use serde_json::{Value, json};

fn money(cents: i64) -> Value {
    json!({"currencyCode": "EUR", "centAmount": cents})
}

fn draft(tiers: &Value) -> ShippingRateDraft {
    serde_json::from_value(json!({"price": money(500), "freeAbove": money(10_000), "tiers": tiers})).unwrap()
}

fn cost(
    tiers: &Value,
    tier_type: ShippingRateTierType,
    item_total: i64,
    input: Option<&ShippingRateInput>,
) -> i64 {
    let cart = CartForShipping { item_total, tier_type: Some(tier_type), input };
    shipping_price(&draft(tiers).into(), cart).unwrap().cent_amount
}

#[test]
fn shipping_is_free_from_the_sum_on_that_says_so() {
    for (item_total, expected) in [(0, 500), (9_999, 500), (10_000, 0), (i64::MAX, 0), (-5, 500)] {
        assert_eq!(cost(&json!([]), CartValue, item_total, None), expected, "{item_total}");
    }
}

#[test]
fn the_highest_value_tier_that_the_sum_reaches_counts() {
    let tiers = json!([
        {"type": "CartValue", "minimumCentAmount": 5000, "price": money(200)},
        {"type": "CartValue", "minimumCentAmount": 2000, "price": money(300)}
    ]);
    for (item_total, expected) in [(1_999, 500), (2_000, 300), (5_000, 200), (10_000, 0)] {
        assert_eq!(cost(&tiers, CartValue, item_total, None), expected, "{item_total}");
    }
    assert_eq!(cost(&tiers, CartScore, 5_000, None), 500, "tiers of a kind that the project does not use");
}

#[test]
fn a_class_has_its_price_and_an_unknown_one_the_base_price() {
    let tiers = json!([{"type": "CartClassification", "value": "Heavy", "price": money(900)}]);
    let class = |key: &str| Some(ShippingRateInput::Classification { key: key.to_owned(), label: [].into() });
    assert_eq!(cost(&tiers, CartClassification, 0, class("Heavy").as_ref()), 900);
    assert_eq!(cost(&tiers, CartClassification, 0, class("Light").as_ref()), 500);
    assert_eq!(cost(&tiers, CartClassification, 0, None), 500);
}

#[test]
fn a_score_has_a_fixed_price_or_one_that_grows() {
    let tiers = json!([
        {"type": "CartScore", "score": 1, "price": money(700)},
        {"type": "CartScore", "score": 5, "priceFunction": {"currencyCode": "EUR", "function": "(50 * x) + 4000"}},
        {"type": "CartScore", "score": 50, "priceFunction": {"currencyCode": "EUR", "function": "100 - 10 * x"}}
    ]);
    for (score, expected) in [(0, 500), (1, 700), (4, 700), (5, 4250), (6, 4300), (50, 0)] {
        assert_eq!(
            cost(&tiers, CartScore, 0, Some(&ShippingRateInput::Score { score })),
            expected,
            "{score}"
        );
    }
}

#[test]
fn a_rate_that_makes_no_sense_is_refused() {
    let usd_price = json!({"currencyCode": "USD", "centAmount": 1});
    for (tiers, why) in [
        (json!([{"type": "CartValue", "minimumCentAmount": 1, "price": usd_price}]), "another currency"),
        (json!([{"type": "CartValue", "minimumCentAmount": 1, "price": money(-1)}]), "a negative price"),
        (json!([{"type": "CartValue", "minimumCentAmount": -1, "price": money(1)}]), "a negative sum"),
        (
            json!([{"type": "CartScore", "score": 1, "price": money(1)}, {"type": "CartScore", "score": 1, "price": money(1)}]),
            "a score twice",
        ),
        (
            json!([{"type": "CartScore", "score": 1, "price": money(1)},
                   {"type": "CartValue", "minimumCentAmount": 1, "price": money(1)}]),
            "two kinds",
        ),
        (json!([{"type": "CartScore", "score": 1}]), "a score without price"),
        (
            json!([{"type": "CartScore", "score": 1, "priceFunction": {"currencyCode": "EUR", "function": "x +"}}]),
            "no formula",
        ),
    ] {
        assert_eq!(check_shipping_rate(&draft(&tiers)).map_err(|e| e.status()), Err(400), "{why}");
    }
    let good =
        json!([{"type": "CartScore", "score": 1, "priceFunction": {"currencyCode": "EUR", "function": "x"}}]);
    assert_eq!(check_shipping_rate(&draft(&good)), Ok(()));
}

fn zone(locations: &Value) -> Zone {
    serde_json::from_value(json!({"name": "z", "locations": locations})).unwrap()
}

fn zones() -> [(Id, Zone); 3] {
    [
        (id("us"), zone(&json!([{"country": "US"}, {"country": "CA", "state": ""}]))),
        (id("west"), zone(&json!([{"country": "US", "state": "CA"}]))),
        (id("eu"), zone(&json!([{"country": "DE"}, {"country": "FR"}]))),
    ]
}

fn method() -> ShippingMethod {
    let rate =
        |money: TypedMoney| ShippingRate { price: money, free_above: None, is_matching: None, tiers: vec![] };
    let zone_rate = |zone: &str, shipping_rates| api::shipping_method::ZoneRate {
        zone: api::Reference::new(Kind::Zone, id(zone)),
        shipping_rates,
    };
    let mut method: ShippingMethod = serde_json::from_value(json!({
        "name": "m", "taxCategory": {"typeId": "tax-category", "id": "t"}, "active": true, "isDefault": false
    }))
    .unwrap();
    method.zone_rates = vec![
        zone_rate("us", vec![rate(usd(1)), rate(eur(2))]),
        zone_rate("west", vec![rate(usd(3))]),
        zone_rate("gone", vec![rate(eur(4))]),
    ];
    method
}

fn find<'z>(zones: &'z [(Id, Zone)]) -> impl Fn(&Id) -> Option<&'z Zone> {
    move |wanted| zones.iter().find(|(id, _)| id == wanted).map(|(_, zone)| zone)
}

#[test]
fn the_state_decides_before_the_country_and_only_rates_of_the_currency_count() {
    let (zones, method) = (zones(), method());
    let price = |land: &str, state: Option<&str>, money: TypedMoney| {
        let place = Place::new(country(land), state);
        rate_for_place(&method, place, money.currency_code, find(&zones)).map(|rate| rate.price.cent_amount)
    };
    assert_eq!(price("US", Some("CA"), usd(0)), Some(3));
    assert_eq!(price("US", Some("NY"), usd(0)), Some(1));
    assert_eq!(price("US", Some(""), usd(0)), Some(1));
    assert_eq!(price("US", Some("CA"), eur(0)), Some(2), "the state's zone has no rate in euros");
    assert_eq!(price("CA", None, usd(0)), Some(1), "an empty state of a location is none");
    assert_eq!(price("DE", None, eur(0)), None, "the method has no rate for that zone");
}

#[test]
fn a_zone_of_states_alone_does_not_serve_the_rest_of_the_country() {
    let place = Place::new(country("US"), Some("NY"));
    assert_eq!(place.fit(&zones()[1].1), 0);
    assert_eq!(Place::new(country("US"), None).fit(&zones()[1].1), 0);
}

#[test]
fn the_rates_that_are_used_are_marked() {
    let zones = zones();
    let place = Place::new(country("US"), Some("CA"));
    let marks = |method: &ShippingMethod| -> Vec<bool> {
        method
            .zone_rates
            .iter()
            .flat_map(|z| &z.shipping_rates)
            .map(|r| r.is_matching == Some(true))
            .collect()
    };
    let mut one = method();
    one.zone_rates[1].shipping_rates[0].tiers = serde_json::from_value(json!([
        {"type": "CartValue", "minimumCentAmount": 10, "price": {"currencyCode": "USD", "centAmount": 1}}
    ]))
    .unwrap();
    let cart = CartForShipping { item_total: 10, tier_type: Some(CartValue), input: None };
    assert!(mark_used_rate(&mut one, place, usd(0).currency_code, cart, find(&zones)));
    assert_eq!(marks(&one), [false, false, true, false]);
    assert_eq!(json!(one.zone_rates[1].shipping_rates[0].tiers)[0]["isMatching"], true);
    let mut all = method();
    assert!(mark_location(&mut all, place, None, find(&zones)));
    assert_eq!(marks(&all), [false, true, true, false]);
    let mut none = method();
    assert!(!mark_location(&mut none, Place::new(country("JP"), None), None, find(&zones)));
}

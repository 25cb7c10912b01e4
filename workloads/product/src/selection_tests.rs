use super::*;
use api::{Id, Kind, Money, Price, Reference};
use pricing::{PriceSelection, select_price};

fn prices() -> Vec<Price> {
    let reference = |kind, text: &str| (!text.is_empty()).then(|| Reference::new(kind, Id::parse(text).unwrap()));
    let mut prices = Vec::new();
    for currency in ["EUR", "USD"] {
        for group in ["", "g1", "g2"] {
            for channel in ["", "c1"] {
                for country in ["", "DE"] {
                    for window in [None, Some((0, 100)), Some((100, 200))] {
                        let at = i64::try_from(prices.len()).unwrap();
                        let money = Money::new(1_000 - at * 7 % 5, CurrencyCode::parse(currency).unwrap());
                        let id = Id::parse(&format!("p{at}")).unwrap();
                        prices.push(Price {
                            customer_group: reference(Kind::CustomerGroup, group),
                            channel: reference(Kind::Channel, channel),
                            country: CountryCode::parse(country),
                            valid_from: window.map(|(from, _)| Timestamp::from_millis(from)),
                            valid_until: window.map(|(_, until)| Timestamp::from_millis(until)),
                            ..Price::plain(id, money.into())
                        });
                    }
                }
            }
        }
    }
    prices
}

/// Both ways must agree on any list of prices; so on every list that lacks the first few of the winners.
fn assert_equal(query: &str, now: Timestamp) {
    let params = Params::parse(Some(query)).unwrap();
    let selection = Selection::parse(&params).unwrap().unwrap();
    let groups: Vec<Id> = selection.groups.iter().map(|id| Id::parse(id).unwrap()).collect();
    let channel = selection.channel.and_then(Id::parse);
    let want = PriceSelection::new(CurrencyCode::parse(selection.currency).unwrap(), now)
        .country(selection.country.and_then(CountryCode::parse))
        .customer_groups(&groups)
        .channel(channel.as_ref());
    let mut left = prices();
    loop {
        let text = serde_json::to_string(&left).unwrap();
        let by_rule = select_price(&left, &want).map(|price| price.id.clone());
        let by_text = selection.best(&text, now).unwrap().map(|price| serde_json::from_str::<Price>(price).unwrap().id);
        assert_eq!(by_text, by_rule, "{query} at {now}");
        let Some(winner) = by_rule else { return };
        left.retain(|price| price.id != winner);
    }
}

#[test]
fn the_text_way_selects_what_the_pricing_rule_selects() {
    for now in [-1, 0, 99, 100, 199, 200].map(Timestamp::from_millis) {
        for currency in ["EUR", "USD", "JPY"] {
            for country in ["", "&priceCountry=DE", "&priceCountry=FR"] {
                for channel in ["", "&priceChannel=c1", "&priceChannel=other"] {
                    for group in ["", "&priceCustomerGroup=g1", "&priceCustomerGroupAssignments=g1&priceCustomerGroupAssignments=g2"] {
                        assert_equal(&format!("priceCurrency={currency}{country}{channel}{group}"), now);
                    }
                }
            }
        }
    }
}

#[test]
fn high_precision_prices_compare_by_their_exact_value() {
    let draft = |precise: i64| {
        let money = serde_json::json!({"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": precise,
            "centAmount": 100, "fractionDigits": 4});
        serde_json::json!({"id": precise.to_string(), "value": money, "customerGroup": {"typeId": "customer-group", "id": format!("g{precise}")}})
    };
    let text = serde_json::json!([draft(10_004), draft(10_003)]).to_string();
    let params = Params::parse(Some("priceCurrency=EUR&priceCustomerGroup=g10004&priceCustomerGroupAssignments=g10003")).unwrap();
    let selection = Selection::parse(&params).unwrap().unwrap();
    let best = selection.best(&text, Timestamp::from_millis(0)).unwrap().unwrap();
    assert!(best.contains("10003"), "{best}");
}

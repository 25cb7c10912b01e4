use super::*;
use serde_json::json;

fn eur(cents: i64) -> Value {
    json!({"currencyCode": "EUR", "centAmount": cents})
}

fn cart() -> Value {
    let taxed = |net: i64, gross: i64| json!({"totalNet": eur(net), "totalGross": eur(gross)});
    let colour =
        json!([{"name": "colour", "value": {"key": "red"}}, {"name": "tags", "value": ["new", "hot"]}]);
    json!({
        "country": "DE", "customerEmail": "a@example.org", "customerGroup": {"typeId": "customer-group", "id": "vip"},
        "totalPrice": eur(12_050), "shippingAddress": {"country": "DE", "city": "Berlin"},
        "shippingInfo": {"shippingMethodName": "Parcel", "price": eur(495)},
        "custom": {"fields": {"gift": true, "weight": 2.5, "tags": ["a", "b"]}},
        "lineItems": [
            {"quantity": 2, "variant": {"sku": "A", "attributes": colour}, "totalPrice": eur(2_000), "price": {"value": eur(1_000)},
             "taxedPrice": taxed(2_000, 2_380), "categories": [{"id": "shoes"}, {"id": "sale"}]},
            {"quantity": 1, "variant": {"sku": "B", "attributes": []}, "totalPrice": eur(10_050), "price": {"value": eur(10_050)}},
        ],
        "customLineItems": [],
    })
}

fn holds(text: &str) -> bool {
    CartPredicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).matches(&cart())
}

#[test]
fn fields_of_the_cart_are_compared() {
    for text in [
        "1 = 1",
        "country = \"DE\"",
        "shippingAddress.country in (\"AT\", \"DE\") and not (shippingAddress.city = \"Bonn\")",
        "customer.email = \"a@example.org\" or 1 = 2",
        "customer.customerGroup.id = \"vip\"",
        "totalPrice >= \"120.50 EUR\" and totalPrice < \"120.51 EUR\" and currency = \"EUR\"",
        "custom.gift = true and custom.weight > 2.4 and custom.tags contains all (\"a\", \"b\")",
        "billingAddress is not defined and custom is defined",
        "lineItemCount(1 = 1) = 3",
        "lineItemTotal(sku = \"B\") > \"100 EUR\"",
        "lineItemExists(attributes.colour.key = \"red\") = true",
        "forAllLineItems(sku in (\"A\", \"B\")) = true and customLineItemCount(1 = 1) = 0",
        "true",
        "lineItemTotal(true) = \"120.50 EUR\" and not (false)",
        "lineItemExists(sku = \"A\") and forAllLineItems(quantity >= 1) and not (customLineItemExists(true))",
        "lineItemCount(price.centAmount > 1000) = 1 and lineItemExists(price = \"10.00 EUR\")",
        "lineItemExists(attributes.tags contains \"hot\") and custom.tags contains any (\"b\", \"c\")",
        "lineItemExists(categories.id contains any (\"sale\")) and lineItemCount(categories.id is empty) = 1",
        "lineItemExists(categories.id contains all (\"sale\", \"shoes\") and categories.id contains \"shoes\")",
        "lineItemNetTotal(sku = \"A\") = \"20.00 EUR\" and lineItemGrossTotal(sku = \"A\") = \"23.80 EUR\"",
        "customLineItemNetTotal(true) = \"0 EUR\" and customLineItemGrossTotal(true) < \"1 EUR\"",
        "shippingInfo.price < \"5 EUR\" and shippingInfoExists(shippingMethodName = \"Parcel\")",
        "forAllShippingInfos(price.centAmount < 500)",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn shipping_infos_are_those_of_every_shipping_method() {
    let cart =
        json!({"shipping": [{"shippingInfo": {"price": eur(1)}}, {"shippingInfo": {"price": eur(9)}}]});
    let holds = |text: &str| CartPredicate::parse(text).unwrap().matches(&cart);
    assert!(holds("shippingInfoExists(price.centAmount = 9)"));
    assert!(!holds("forAllShippingInfos(price.centAmount = 9)"));
}

#[test]
fn what_is_unset_or_only_turns_out_to_be_of_another_kind_meets_no_comparison() {
    for text in [
        "1 = 2",
        "locale = \"de\"",
        "locale != \"de\"",
        "totalPrice > \"1.00 USD\"",
        "custom.gift > 5",
        "custom.weight contains 2",
        "lineItemExists(sku = \"C\") = true",
        "billingAddress.country in (\"DE\")",
        "lineItemNetTotal(true) >= \"0 EUR\"",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_a_syntax_error() {
    for text in [
        "",
        "country",
        "country =",
        "country = DE",
        "1 = 1 and",
        "(1 = 1",
        "1 = 1)",
        "\"true\"",
        "totalPrice.centAmount",
        "lineItemCount(1 = 1)",
        "country in ()",
        "not 1 = 1",
        "é = 1",
    ] {
        assert!(matches!(CartPredicate::parse(text), Err(PredicateError::Syntax(_))), "{text}");
    }
    assert!(CartPredicate::parse(&"(".repeat(5_000)).is_err());
    assert!(CartPredicate::parse(&format!("1 = 1{}", " or 1 = 1".repeat(600))).is_err());
}

#[test]
fn what_carts_do_not_have_and_what_cannot_be_compared_is_a_semantic_error() {
    for text in [
        "nothing = 1",
        "sku = \"A\"",
        "country.. = \"a\"",
        "shippingAddress.planet = \"Mars\"",
        "lineItemCount = 1",
        "lineItemAverage(1 = 1) > 1",
        "lineItemCount(lineItemCount(1 = 1) = 1) = 1",
        "lineItemExists(country = \"DE\")",
        "country > 5",
        "country in (\"DE\", 5)",
        "totalPrice > 100",
        "totalPrice > \"much\"",
        "1 = \"1\"",
        "lineItemCount(true) = \"3\"",
        "lineItemExists(true) = 1",
        "lineItemExists(true) > false",
        "lineItemExists(categories.id = \"shoes\")",
        "lineItemExists(categories.id contains 5)",
        "country contains \"D\"",
        "shippingAddress = \"Berlin\"",
    ] {
        assert!(matches!(CartPredicate::parse(text), Err(PredicateError::Semantic(_))), "{text}");
    }
}

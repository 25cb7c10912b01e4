use super::*;
use serde_json::json;

fn cart() -> Value {
    json!({
        "country": "DE", "customerEmail": "a@example.org", "customerGroup": {"typeId": "customer-group", "id": "vip"},
        "totalPrice": {"currencyCode": "EUR", "centAmount": 12_050}, "shippingAddress": {"country": "DE", "city": "Berlin"},
        "custom": {"fields": {"gift": true, "weight": 2.5, "tags": ["a", "b"]}},
        "lineItems": [
            {"quantity": 2, "variant": {"sku": "A", "attributes": [{"name": "colour", "value": {"key": "red"}}]},
             "totalPrice": {"currencyCode": "EUR", "centAmount": 2_000}},
            {"quantity": 1, "variant": {"sku": "B", "attributes": []}, "totalPrice": {"currencyCode": "EUR", "centAmount": 10_050}},
        ],
        "customLineItems": [],
    })
}

fn holds(text: &str) -> bool {
    CartPredicate::parse(text).unwrap().matches(&cart())
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
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_is_unset_or_of_another_kind_meets_no_comparison() {
    for text in [
        "1 = 2",
        "locale = \"de\"",
        "locale != \"de\"",
        "totalPrice > \"1.00 USD\"",
        "country > 5",
        "lineItemExists(sku = \"C\") = true",
        "billingAddress.country in (\"DE\")",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn what_is_no_predicate_is_refused() {
    for text in [
        "",
        "country",
        "country =",
        "country = DE",
        "nothing = 1",
        "1 = 1 and",
        "(1 = 1",
        "1 = 1)",
        "lineItemCount = 1",
        "lineItemCount(lineItemCount(1 = 1) = 1) = 1",
        "country in ()",
        "country.. = \"a\"",
        "not 1 = 1",
        "é = 1",
    ] {
        assert!(CartPredicate::parse(text).is_err(), "{text}");
    }
    assert!(CartPredicate::parse(&"(".repeat(5_000)).is_err());
    assert!(CartPredicate::parse(&format!("1 = 1{}", " or 1 = 1".repeat(600))).is_err());
}

use super::*;
use serde_json::{Value, json};

fn action(value: Value) -> Result<CartAction, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn a_line_item_is_added_with_its_fields_beside_the_actions_name() {
    let parsed =
        action(json!({"action": "addLineItem", "sku": "S1", "quantity": 2, "custom": null, "other": 1}))
            .unwrap();
    assert!(
        matches!(&parsed, CartAction::AddLineItem(draft) if draft.sku.as_deref() == Some("S1") && draft.quantity == Some(2))
    );
    assert_eq!(
        serde_json::to_value(parsed).unwrap(),
        json!({"action": "addLineItem", "sku": "S1", "quantity": 2})
    );
}

#[test]
fn actions_without_fields_and_with_absent_optional_fields_are_read() {
    assert!(matches!(action(json!({"action": "lockCart"})).unwrap(), CartAction::LockCart {}));
    assert!(matches!(
        action(json!({"action": "setShippingAddress"})).unwrap(),
        CartAction::SetShippingAddress { address: None }
    ));
    assert!(matches!(
        action(json!({"action": "freezeCart", "strategy": null})).unwrap(),
        CartAction::FreezeCart { strategy: FreezeStrategy::SoftFreeze }
    ));
    assert!(matches!(
        action(json!({"action": "recalculate"})).unwrap(),
        CartAction::Recalculate { update_product_data: false }
    ));
}

#[test]
fn an_action_that_is_not_built_or_of_a_wrong_shape_is_refused() {
    assert!(action(json!({"action": "addPayment", "payment": {"id": "p"}})).is_err());
    assert!(
        action(json!({"action": "changeLineItemQuantity", "lineItemId": "l"}))
            .unwrap_err()
            .contains("quantity")
    );
    assert!(action(json!({"action": "changeTaxMode", "taxMode": "Sometimes"})).is_err());
    assert!(action(json!({"action": "changeLineItemQuantity", "quantity": 1.5})).is_err());
}

/// The name of an unknown action's error lists all known ones; `/me` may use no other.
#[test]
fn every_action_of_my_carts_exists() {
    let error = action(json!({"action": "?"})).unwrap_err();
    for name in MY_CART_ACTIONS {
        assert!(error.contains(&format!("`{name}`")), "{name} is not an action: {error}");
    }
}

#[test]
fn an_owner_cannot_set_the_price_of_a_line() {
    let money = json!({"currencyCode": "EUR", "centAmount": 1});
    let add = action(json!({"action": "addLineItem", "sku": "S", "externalPrice": money})).unwrap();
    assert!(
        matches!(add.without_merchant_fields(), CartAction::AddLineItem(draft) if draft.external_price.is_none())
    );
    let change = action(
        json!({"action": "changeLineItemQuantity", "lineItemId": "l", "quantity": 3, "externalPrice": money}),
    );
    assert!(matches!(
        change.unwrap().without_merchant_fields(),
        CartAction::ChangeLineItemQuantity { external_price: None, quantity: 3, .. }
    ));
    let my: MyCartDraft = serde_json::from_value(json!({"currency": "EUR", "customerId": "someone-else",
        "lineItems": [{"sku": "S", "externalPrice": money}]}))
    .unwrap();
    let draft = CartDraft::from(my);
    assert!(draft.customer_id.is_none() && draft.line_items[0].external_price.is_none());
}

fn cart() -> Cart {
    serde_json::from_value(json!({
        "lineItems": [], "customLineItems": [{
            "id": "c1", "key": "fee", "name": {"en": "Fee"}, "money": {"type": "centPrecision", "currencyCode": "EUR",
            "centAmount": 100, "fractionDigits": 2}, "totalPrice": {"type": "centPrecision", "currencyCode": "EUR",
            "centAmount": 100, "fractionDigits": 2}, "slug": "fee", "quantity": 1, "state": [], "priceMode": "Standard"
        }],
        "totalPrice": {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 100, "fractionDigits": 2},
        "taxMode": "Platform", "priceRoundingMode": "HalfEven", "taxRoundingMode": "HalfEven",
        "taxCalculationMode": "LineItemLevel", "inventoryMode": "None", "cartState": "Active",
        "shippingMode": "Single", "origin": "Customer"
    }))
    .unwrap()
}

#[test]
fn lists_that_the_api_always_shows_are_shown() {
    let shown = serde_json::to_value(cart()).unwrap();
    for list in
        ["shipping", "itemShippingAddresses", "discountCodes", "directDiscounts", "refusedGifts", "lineItems"]
    {
        assert_eq!(shown[list], json!([]), "{list}");
    }
    for list in ["discountedPricePerQuantity", "taxedPricePortions", "perMethodTaxRate"] {
        assert_eq!(shown["customLineItems"][0][list], json!([]), "{list}");
    }
    assert!(shown.get("totalLineItemQuantity").is_none());
}

#[test]
fn a_line_is_named_by_exactly_one_of_id_and_key() {
    let cart = cart();
    let (id, key) = (Id::parse("c1").unwrap(), Key::parse("fee").unwrap());
    assert_eq!(cart.find_custom_line(Some(&id), None), Ok(0));
    assert_eq!(cart.find_custom_line(None, Some(&key)), Ok(0));
    for (id, key, code) in
        [(Some(&id), Some(&key), crate::Code::InvalidJsonInput), (None, None, crate::Code::InvalidJsonInput)]
    {
        assert_eq!(cart.find_custom_line(id, key).unwrap_err().code(), code);
    }
    assert_eq!(cart.find_line(Some(&id), None).unwrap_err().code(), crate::Code::InvalidOperation);
}

#[test]
fn the_schema_of_an_action_shows_its_name_beside_its_fields() {
    let schema = serde_json::to_value(schemars::schema_for!(CartAction)).unwrap();
    let of = |name: &str| {
        let all = schema["oneOf"].as_array().unwrap().iter();
        all.clone().find(|one| one["properties"]["action"]["const"] == name).cloned().unwrap()
    };
    assert_eq!(of("changeLineItemQuantity")["required"], json!(["action", "quantity"]));
    assert_eq!(of("addLineItem")["$ref"], "#/$defs/LineItemDraft");
}

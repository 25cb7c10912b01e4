//! The cart's part in a checkout: every step repeated changes nothing, and undone steps stay undone.

use super::world::{World, id};
use crate::carts::hidden::CartHidden;
use crate::carts::{Held, checkout, prepare};
use api::cart::CartState;
use api::internal::cart::OrderCart;
use api::{ApiError, Code, Timestamp};
use serde_json::json;

const LATER: i64 = 1_900_000_000_000;

fn ready(world: &World) -> Held {
    let draft = json!({"currency": "EUR", "shippingAddress": {"country": "DE"}, "lineItems": [{"sku": "chair"}],
        "shippingMethod": {"key": "parcel"}});
    world.create(draft).unwrap()
}

fn order(world: &World, cart: &Held, by: &str, version: i64, deadline: i64) -> Result<Held, ApiError> {
    let body = OrderCart {
        cart_id: id("cart"),
        version,
        order_id: id(by),
        deadline: Timestamp::from_millis(deadline),
    };
    world.with(|cx| {
        let mut cart = cart.clone();
        checkout::mark(&mut cart, &body, cx)?;
        Ok(cart)
    })
}

fn release(cart: &Held, by: &str) -> Held {
    let mut cart = cart.clone();
    checkout::undo(&mut cart, &id(by), Timestamp::from_millis(LATER), Timestamp::from_millis(LATER - 1));
    cart
}

fn same(a: &Held, b: &Held) -> bool {
    a.body == b.body && a.hidden == b.hidden
}

#[test]
fn an_order_marks_a_cart_once_and_another_order_is_refused() {
    let world = World::new();
    let cart = ready(&world);
    let marked = order(&world, &cart, "o1", 1, LATER).unwrap();
    assert_eq!(marked.cart_state, CartState::Ordered);
    // The version has moved by then; the same order gets the same answer.
    assert!(same(&marked, &order(&world, &marked, "o1", 1, LATER).unwrap()));
    assert_eq!(order(&world, &marked, "o2", 1, LATER).err().unwrap().code(), Code::InvalidOperation);
    assert_eq!(order(&world, &cart, "o1", 2, LATER).err().unwrap().code(), Code::ConcurrentModification);
    assert_eq!(order(&world, &cart, "o1", 1, 5).err().unwrap().status(), 409, "the deadline has passed");
    let refused = world.update(&marked, json!([{"action": "setCustomerEmail", "email": "x"}])).err().unwrap();
    assert_eq!(refused.code(), Code::InvalidOperation);
}

#[test]
fn a_release_gives_the_cart_back_and_refuses_a_late_mark() {
    let world = World::new();
    let cart = ready(&world);
    let released = release(&order(&world, &cart, "o1", 1, LATER).unwrap(), "o1");
    assert_eq!(released.cart_state, CartState::Active);
    assert!(same(&released, &release(&released, "o1")));
    assert_eq!(order(&world, &released, "o1", 1, LATER).err().unwrap().status(), 409);
    assert!(order(&world, &released, "o2", 1, LATER).is_ok());
    let before_the_mark = release(&cart, "o1");
    assert_eq!(order(&world, &before_the_mark, "o1", 1, LATER).err().unwrap().status(), 409);
    let others = order(&world, &cart, "o2", 1, LATER).unwrap();
    assert_eq!(release(&others, "o1").cart_state, CartState::Ordered, "another order's mark stays");
}

#[test]
fn a_frozen_cart_that_is_given_back_is_frozen_again() {
    let world = World::new();
    let frozen = world.update(&ready(&world), json!([{"action": "freezeCart"}])).unwrap();
    let released = release(&order(&world, &frozen, "o1", 1, LATER).unwrap(), "o1");
    assert_eq!(released.cart_state, CartState::Frozen);
}

#[test]
fn marks_are_stored_and_the_work_of_a_decision_is_not() {
    let world = World::new();
    let marked = release(&order(&world, &ready(&world), "o1", 1, LATER).unwrap(), "o2");
    let text = serde_json::to_string(&marked.hidden).unwrap();
    assert!(serde_json::from_str::<CartHidden>(&text).unwrap() == marked.hidden, "{text}");
    assert!(!text.contains("work"), "{text}");
}

fn prepared(world: &World, cart: &Held) -> Result<(), ApiError> {
    world.with(|cx| prepare::check(cart, cx))
}

#[test]
fn a_cart_whose_prices_still_hold_can_be_ordered() {
    let mut world = World::new();
    let cart = ready(&world);
    prepared(&world, &cart).unwrap();
    world.unpublish("chair");
    prepared(&world, &cart).unwrap();
    world.missing_product("chair");
    assert_eq!(prepared(&world, &cart).unwrap_err().code(), Code::InvalidOperation);
}

#[test]
fn changed_prices_and_shipping_are_named() {
    let mut world = World::new();
    let cart = ready(&world);
    world.product("chair", 1200);
    let error = prepared(&world, &cart).unwrap_err().body();
    assert_eq!(error["errors"][0]["code"], "PriceChanged");
    assert_eq!(
        (&error["errors"][0]["lineItems"], &error["errors"][0]["shipping"]),
        (&json!([cart.line_items[0].id]), &json!(false))
    );
    let frozen = World::new().update(&cart, json!([{"action": "freezeCart"}])).unwrap();
    prepared(&world, &frozen).unwrap();
}

#[test]
fn the_method_must_still_be_offered_to_the_cart_and_match_it() {
    let mut world = World::new();
    let cart = ready(&world);
    let freeze = |strategy: &str| {
        world.update(&cart, json!([{"action": "freezeCart", "strategy": strategy}])).unwrap()
    };
    let (soft, hard) = (freeze("SoftFreeze"), freeze("HardFreeze"));
    let elsewhere = json!({"stores": [{"typeId": "store", "key": "paris"}]});
    for gone in [json!({"active": false}), elsewhere] {
        world.method(&gone);
        for cart in [&cart, &soft] {
            let refused = prepared(&world, cart).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidOperation, "{gone}");
            assert!(refused.message().contains("not active"), "{refused}");
        }
        prepared(&world, &hard).unwrap();
    }
    world.no_method();
    assert_eq!(prepared(&world, &cart).unwrap_err().code(), Code::InvalidOperation);
    world.method(&json!({"predicate": "lineItemCount(1 = 1) > 1"}));
    assert_eq!(prepared(&world, &cart).unwrap_err().code(), Code::ShippingMethodDoesNotMatchCart);
}

#[test]
fn an_unfinished_cart_cannot_be_ordered() {
    let world = World::new();
    let no_address = world.cart(json!([{"sku": "chair"}]));
    let empty = world.create(json!({"currency": "EUR", "shippingAddress": {"country": "DE"}})).unwrap();
    let no_rates = world
        .create(json!({"currency": "EUR", "taxMode": "External", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "chair"}]}))
        .unwrap();
    let line = json!({"totalGross": {"currencyCode": "EUR", "centAmount": 2100}, "taxRate": {"name": "outside", "amount": 0.05, "country": "DE"}});
    let no_amounts = world
        .create(json!({"currency": "EUR", "taxMode": "ExternalAmount", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "chair"}, {"sku": "stone", "key": "stone"}]}))
        .unwrap();
    let total = json!({"action": "setCartTotalTax", "externalTotalGross": {"currencyCode": "EUR", "centAmount": 1200}});
    let no_amounts = world
        .update(
            &no_amounts,
            json!([{"action": "setLineItemTaxAmount", "lineItemKey": "stone", "externalTaxAmount": line}, total]),
        )
        .unwrap();
    assert!(no_amounts.taxed_price.is_some());
    for cart in [&no_address, &empty, &no_rates, &no_amounts] {
        assert_eq!(prepared(&world, cart).unwrap_err().code(), Code::InvalidOperation);
    }
    let cart = world
        .update(
            &ready(&world),
            json!([
        {"action": "changeLineItemQuantity", "lineItemId": "none", "quantity": 2}]),
        )
        .err()
        .unwrap();
    assert_eq!(cart.code(), Code::InvalidOperation);
    let half = world.create(json!({"currency": "EUR", "shippingAddress": {"country": "DE"},
        "itemShippingAddresses": [{"key": "home", "country": "DE"}], "lineItems": [{"sku": "chair", "quantity": 2,
        "shippingDetails": {"targets": [{"addressKey": "home", "quantity": 1}]}}]})).unwrap();
    assert_eq!(prepared(&world, &half).unwrap_err().code(), Code::InvalidItemShippingDetails);
}

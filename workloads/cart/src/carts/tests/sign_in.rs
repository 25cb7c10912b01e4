//! A guest becomes a customer: what becomes of the lines.

use super::world::{World, id, money};
use crate::carts::{Held, adopt};
use api::cart::CartMergeMode;
use api::internal::cart::AdoptCart;
use serde_json::json;

fn signs_in() -> AdoptCart {
    AdoptCart {
        customer_id: id("anna"),
        email: Some("anna@example.org".to_owned()),
        customer_group: Some(api::Reference::new(api::Kind::CustomerGroup, id("vip"))),
        customer_group_assignments: Vec::new(),
        anonymous_id: None,
        anonymous_cart: None,
        mode: CartMergeMode::MergeWithExistingCustomerCart,
        update_product_data: false,
    }
}

/// The customer's cart after the guest's went into it; `None` if it may not.
fn merged(world: &World, own: &Held, guests: &Held) -> Option<Held> {
    world
        .with(|cx| {
            let mut own = own.clone();
            if !adopt::can_merge(&own, guests, cx)? {
                return Ok(None);
            }
            adopt::absorb(&mut own, guests, &signs_in(), cx)?;
            Ok(Some(own))
        })
        .unwrap()
}

fn annas(world: &World, lines: &serde_json::Value) -> Held {
    world.create(json!({"currency": "EUR", "customerId": "anna", "lineItems": lines})).unwrap()
}

#[test]
fn equal_lines_take_the_larger_quantity_and_others_are_added() {
    let world = World::new();
    let own = annas(&world, &json!([{"sku": "chair", "quantity": 3}]));
    let guests = world.cart(json!([{"sku": "chair", "quantity": 2}, {"sku": "stone", "quantity": 4}]));
    let cart = merged(&world, &own, &guests).unwrap();
    let quantities: Vec<i64> = cart.line_items.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [3, 4]);
    assert_eq!(cart.total_price.cent_amount, 3 * 970 + 4 * 78, "at the prices of the customer's group");
}

#[test]
fn merging_a_second_time_changes_nothing() {
    let world = World::new();
    let own = annas(&world, &json!([{"sku": "chair", "quantity": 3}]));
    let guests =
        world.cart(json!([{"sku": "stone", "quantity": 4}, {"sku": "chair", "externalPrice": money(5)}]));
    let once = merged(&world, &own, &guests).unwrap();
    assert_eq!(once.line_items.len(), 3);
    assert!(merged(&world, &once, &guests).unwrap().body == once.body);
}

#[test]
fn lines_that_are_gone_are_dropped_and_custom_lines_stay_behind() {
    let mut world = World::new();
    let own = annas(&world, &json!([{"sku": "chair"}]));
    let fee = json!({"name": {"en": "Fee"}, "slug": "fee", "money": money(100), "taxCategory": {"id": "tc"}});
    let guests = world
        .create(json!({"currency": "EUR", "lineItems": [{"sku": "stone"}], "customLineItems": [fee]}))
        .unwrap();
    world.missing_product("stone");
    let cart = merged(&world, &own, &guests).unwrap();
    assert_eq!((cart.line_items.len(), cart.custom_line_items.len()), (1, 0));
}

#[test]
fn a_line_whose_key_is_taken_stays_behind() {
    let world = World::new();
    let own = annas(&world, &json!([{"sku": "chair", "key": "first"}]));
    let guests = world.cart(json!([{"sku": "stone", "key": "first"}]));
    assert_eq!(merged(&world, &own, &guests).unwrap().line_items.len(), 1);
}

#[test]
fn carts_of_another_currency_or_tax_mode_are_not_merged() {
    let world = World::new();
    let own = annas(&world, &json!([]));
    for draft in [json!({"currency": "USD"}), json!({"currency": "EUR", "taxMode": "External"})] {
        assert!(merged(&world, &own, &world.create(draft).unwrap()).is_none());
    }
}

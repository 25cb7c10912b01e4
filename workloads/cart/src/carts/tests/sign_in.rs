//! A guest becomes a customer: what becomes of the lines.

use super::world::{World, id, money, sums};
use crate::carts::{Held, adopt};
use api::Code;
use api::cart::{CartMergeMode, CartState};
use api::internal::cart::{AdoptCart, RepriceCarts};
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
fn lines_go_undistributed_into_a_cart_of_several_shipping_methods() {
    let mut world = World::new();
    let target = json!({"addressKey": "home", "shippingMethodKey": "post", "quantity": 1});
    let several = json!({"currency": "EUR", "customerId": "anna", "shippingMode": "Multiple",
        "itemShippingAddresses": [{"key": "home", "country": "DE"}],
        "shipping": [{"key": "post", "shippingMethod": {"key": "parcel"}, "shippingAddress": {"country": "DE"}}],
        "lineItems": [{"sku": "chair", "shippingDetails": {"targets": [target]}}]});
    let own = world.create(several).unwrap();
    let guests = world.cart(json!([{"sku": "chair", "quantity": 2}, {"sku": "stone"}]));
    let cart = merged(&world, &own, &guests).unwrap();
    assert_eq!(cart.line_items[0].shipping_details.as_ref().map(|details| details.valid), Some(false));
    assert_eq!((&cart.line_items[1].shipping_details, &cart.taxed_price), (&None, &None));
    world.method(&json!({"active": false}));
    assert!(merged(&world, &own, &guests).is_none(), "a method is not to be had");
}

#[test]
fn a_line_whose_key_is_taken_stays_behind() {
    let world = World::new();
    let own = annas(&world, &json!([{"sku": "chair", "key": "first"}]));
    let guests = world.cart(json!([{"sku": "stone", "key": "first"}]));
    assert_eq!(merged(&world, &own, &guests).unwrap().line_items.len(), 1);
}

#[test]
fn a_cart_that_is_brought_must_be_of_the_session_unless_it_came_before() {
    let world = World::new();
    let brought = |draft: serde_json::Value, session: Option<&str>| {
        let cart = world.create(draft).unwrap();
        let by = AdoptCart { anonymous_id: session.map(str::to_owned), ..signs_in() };
        adopt::check_brought(&cart, &by).map_err(|error| error.code())
    };
    let guests = json!({"currency": "EUR", "anonymousId": "guest"});
    let nobodys = json!({"currency": "EUR"});
    assert_eq!(brought(guests.clone(), Some("guest")), Ok(()));
    assert_eq!(brought(guests.clone(), None), Ok(()));
    assert_eq!(brought(nobodys.clone(), None), Ok(()));
    assert_eq!(brought(guests, Some("other")), Err(Code::InvalidOperation));
    assert_eq!(brought(nobodys, Some("guest")), Err(Code::InvalidOperation));
    assert_eq!(brought(json!({"currency": "EUR", "customerId": "anna"}), Some("guest")), Ok(()));
    assert_eq!(brought(json!({"currency": "EUR", "customerId": "bert"}), None), Err(Code::InvalidOperation));
}

#[test]
fn the_cart_of_who_signs_in_is_worked_out_anew() {
    let mut world = World::new();
    let cart = annas(&world, &json!([{"sku": "chair"}, {"sku": "stone"}]));
    world.product("chair", 1500);
    world.missing_product("stone");
    let renewed = |update_product_data: bool| {
        let by = AdoptCart { update_product_data, ..signs_in() };
        world
            .with(|cx| {
                let mut cart = cart.clone();
                adopt::refresh(&mut cart, &by, cx)?;
                Ok(cart)
            })
            .unwrap()
    };
    let anew = renewed(false);
    assert_eq!((anew.line_items.len(), anew.total_price.cent_amount), (1, 1470));
    assert_eq!(anew.line_items[0].variant, cart.line_items[0].variant);
    assert_ne!(renewed(true).line_items[0].variant, cart.line_items[0].variant);
}

#[test]
fn a_cart_in_place_of_another_is_taxed_anew_only_if_the_address_was_the_others() {
    let mut world = World::new();
    let of = |who: serde_json::Value, address: bool| {
        let mut draft = json!({"currency": "EUR", "lineItems": [{"sku": "chair"}]});
        draft.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        if address {
            draft["shippingAddress"] = json!({"country": "DE"});
        }
        world.create(draft).unwrap()
    };
    let (guest, anna) = (json!({"anonymousId": "guest"}), json!({"customerId": "anna"}));
    let guests = of(guest, true);
    let (near, nowhere) = (of(anna.clone(), true), of(anna, false));
    world.taxes_in_germany(&json!(0.5));
    let replaced = |former: Option<&Held>| {
        let cart = world.with(|cx| {
            let mut cart = guests.clone();
            adopt::replace(&mut cart, former.map(|cart| &cart.body), &signs_in(), cx)?;
            Ok(cart)
        });
        sums(&cart.unwrap())
    };
    assert_eq!(replaced(None), (970, 1455, 485));
    assert_eq!(replaced(Some(&near)), (970, 1154, 184));
    assert_eq!(replaced(Some(&nowhere)), (970, 1154, 184));
}

#[test]
fn every_other_cart_of_the_session_becomes_the_customers() {
    let world = World::new();
    let cart = world
        .create(json!({"currency": "EUR", "anonymousId": "guest", "lineItems": [{"sku": "chair"}]}))
        .unwrap();
    let handed_over = |cart: &Held, world: &World| {
        world
            .with(|cx| {
                let mut cart = cart.clone();
                adopt::hand_over(&mut cart, &signs_in(), "guest", cx)?;
                Ok(cart)
            })
            .unwrap()
    };
    let annas = handed_over(&cart, &world);
    assert_eq!((&annas.customer_id, &annas.anonymous_id), (&Some(id("anna")), &None));
    assert_eq!(annas.total_price.cent_amount, 970, "at the prices of the customer's group");
    assert!(handed_over(&annas, &world).body == annas.body, "once more changes nothing");
    let mut merged = cart.clone();
    merged.body.cart_state = CartState::Merged;
    let merged = handed_over(&merged, &world);
    assert_eq!((&merged.customer_id, merged.total_price.cent_amount), (&Some(id("anna")), 1000));
    let mut dollars = cart;
    dollars.body.total_price = api::Money::new(0, api::CurrencyCode::parse("USD").unwrap()).into();
    let unpriced = handed_over(&dollars, &world);
    assert_eq!((&unpriced.customer_id, &unpriced.line_items), (&Some(id("anna")), &dollars.line_items));
}

#[test]
fn other_groups_need_prices_and_taxes_for_the_cart() {
    let world = World::new();
    let cart = annas(&world, &json!([{"sku": "chair"}]));
    let by = RepriceCarts {
        customer_id: id("anna"),
        customer_group: None,
        customer_group_assignments: Vec::new(),
    };
    let regroup = |cart: &Held| {
        world.with(|cx| {
            let mut cart = cart.clone();
            adopt::regroup(&mut cart, &by, cx)?;
            Ok(cart)
        })
    };
    assert_eq!(regroup(&cart).unwrap().total_price.cent_amount, 1000);
    let mut abroad = cart.clone();
    abroad.body.shipping_address = serde_json::from_value(json!({"country": "FR"})).unwrap();
    assert_eq!(regroup(&abroad).err().unwrap().code(), Code::MissingTaxRateForCountry);
    let mut dollars = cart;
    dollars.body.total_price = api::Money::new(0, api::CurrencyCode::parse("USD").unwrap()).into();
    assert_eq!(regroup(&dollars).err().unwrap().code(), Code::MatchingPriceNotFound);
}

#[test]
fn carts_of_another_currency_or_tax_mode_are_not_merged() {
    let world = World::new();
    let own = annas(&world, &json!([]));
    for draft in [json!({"currency": "USD"}), json!({"currency": "EUR", "taxMode": "External"})] {
        assert!(merged(&world, &own, &world.create(draft).unwrap()).is_none());
    }
}

//! Several shipping methods in one cart.

use super::world::{World, money, sums};
use crate::carts::{Held, prepare};
use api::Code;
use api::cart::ShippingMethodState;
use api::tax_category::Rate;
use serde_json::{Value, json};

/// Three chairs and a stone; posts to Germany and a bike to Austria; where their units go.
fn draft() -> Value {
    let to = |key: &str, method: &str, quantity: i64| json!({"addressKey": key, "shippingMethodKey": method, "quantity": quantity});
    let shipping = |key: &str| json!({"key": key, "shippingMethod": {"key": "parcel"}, "shippingAddress": {"country": "DE"}});
    json!({"currency": "EUR", "shippingMode": "Multiple",
    "itemShippingAddresses": [{"key": "home", "country": "DE"}, {"key": "work", "country": "AT"}],
    "shipping": [shipping("post")],
    "customShipping": [{"key": "bike", "shippingMethodName": "Bike", "shippingAddress": {"country": "AT"},
        "shippingRate": {"price": money(300)}, "taxCategory": {"id": "tc"}}],
    "lineItems": [
        {"sku": "chair", "key": "chair", "quantity": 3, "shippingDetails": {"targets": [to("home", "post", 1), to("work", "bike", 2)]}},
        {"sku": "stone", "key": "stone", "shippingDetails": {"targets": [to("home", "post", 1)]}},
    ]})
}

fn cart(world: &World) -> Held {
    world.create(draft()).unwrap()
}

fn refused(world: &World, cart: &Held, action: &Value) -> Code {
    world.update(cart, json!([action])).err().unwrap().code()
}

#[test]
fn each_method_taxes_what_it_ships_by_its_address() {
    let cart = cart(&World::new());
    let chair = &cart.line_items[0];
    let rates: Vec<_> =
        chair.per_method_tax_rate.iter().map(|one| one.shipping_method_key.as_str()).collect();
    assert_eq!(rates, ["post", "bike"]);
    let portions: Vec<(i64, i64)> = chair
        .taxed_price_portions
        .iter()
        .map(|one| one.taxed_price.as_ref().unwrap())
        .map(|taxed| (taxed.total_net.cent_amount, taxed.total_gross.cent_amount))
        .collect();
    // 19 % on top in Germany, 20 % included in Austria.
    assert_eq!(portions, [(1000, 1190), (1667, 2000)]);
    let taxed = chair.taxed_price.as_ref().unwrap();
    assert_eq!(
        (taxed.total_net.cent_amount, taxed.total_gross.cent_amount, &chair.tax_rate),
        (2667, 3190, &None)
    );
    let shipping = cart.taxed_shipping_price.as_ref().unwrap();
    assert_eq!((shipping.total_net.cent_amount, shipping.total_gross.cent_amount), (495 + 250, 589 + 300));
    assert_eq!(cart.total_price.cent_amount, 3000 + 108 + 495 + 300);
    assert_eq!(sums(&cart), (2667 + 108 + 745, 3190 + 129 + 889, 523 + 21 + 144));
}

#[test]
fn without_all_units_distributed_there_is_no_taxed_price() {
    let world = World::new();
    let one = json!([{"action": "changeLineItemQuantity", "lineItemKey": "chair", "quantity": 4}]);
    let more = world.update(&cart(&world), one).unwrap();
    assert!(more.taxed_price.is_none() && more.line_items[0].taxed_price.is_none());
    let portions = &more.line_items[0].taxed_price_portions;
    assert_eq!(
        portions.iter().map(|one| one.taxed_price.as_ref().unwrap().total_gross.cent_amount).sum::<i64>(),
        3190
    );
    let undistributed = world.with(|cx| prepare::check(&more, cx)).unwrap_err();
    assert_eq!(undistributed.code(), Code::InvalidItemShippingDetails);
    let target =
        |quantity: i64| json!({"addressKey": "home", "shippingMethodKey": "post", "quantity": quantity});
    let rest = json!([{"action": "applyDeltaToLineItemShippingDetailsTargets", "lineItemKey": "chair", "targetsDelta": [target(1)]}]);
    let whole = world.update(&more, rest).unwrap();
    assert_eq!(sums(&whole).1, 4208 + 1190);
    let alone = json!([{"action": "setLineItemShippingDetails", "lineItemKey": "chair", "shippingDetails": {"targets": [target(4)]}}]);
    let alone = world.update(&whole, alone).unwrap();
    assert_eq!(alone.line_items[0].per_method_tax_rate.len(), 1);
    assert_eq!(sums(&alone).1, 4760 + 129 + 889);
}

#[test]
fn methods_are_added_and_removed_by_their_key() {
    let world = World::new();
    let cart = cart(&world);
    let add = |key: &str, country: &str| {
        json!({"action": "addShippingMethod", "shippingKey": key, "shippingMethod": {"key": "parcel"},
        "shippingAddress": {"country": country}, "estimatedDelivery": {"from": "2026-06-01T00:00:00.000Z"}})
    };
    let remove = |key: &str| json!({"action": "removeShippingMethod", "shippingKey": key});
    let third = world.update(&cart, json!([add("third", "DE")])).unwrap();
    let added = &third.shipping[2];
    assert_eq!((added.shipping_key.as_str(), added.shipping_info.price.cent_amount), ("third", 495));
    assert!(added.shipping_info.estimated_delivery.is_some() && added.shipping_info.taxed_price.is_some());
    assert_eq!(world.update(&third, json!([remove("third")])).unwrap().shipping.len(), 2);
    for (action, code) in [
        (add("post", "DE"), Code::DuplicateField),
        (add("", "DE"), Code::InvalidField),
        (add("far", "FR"), Code::InvalidOperation),
        (remove("post"), Code::InvalidOperation),
        (remove("none"), Code::InvalidOperation),
        (json!({"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}}), Code::InvalidOperation),
        (json!({"action": "setEstimatedDelivery"}), Code::InvalidOperation),
        (json!({"action": "setEstimatedDelivery", "shippingKey": "none"}), Code::InvalidOperation),
    ] {
        assert_eq!(refused(&world, &cart, &action), code, "{action}");
    }
    let single = world.cart(json!([]));
    assert_eq!(refused(&world, &single, &add("post", "DE")), Code::InvalidOperation);
    let expected = json!({"action": "setEstimatedDelivery", "shippingKey": "bike", "estimatedDelivery": {"until": "2026-06-01T00:00:00.000Z"}});
    let expected = world.update(&cart, json!([expected])).unwrap();
    let days: Vec<bool> =
        expected.shipping.iter().map(|one| one.shipping_info.estimated_delivery.is_some()).collect();
    assert_eq!(days, [false, true]);
    let frozen = world.update(&cart, json!([{"action": "freezeCart", "strategy": "HardFreeze"}])).unwrap();
    assert_eq!(refused(&world, &frozen, &add("third", "DE")), Code::InvalidOperation);
}

#[test]
fn targets_name_a_method_of_the_cart() {
    let world = World::new();
    let details = |target: Value| json!({"action": "setLineItemShippingDetails", "lineItemKey": "stone", "shippingDetails": {"targets": [target]}});
    for target in [
        json!({"addressKey": "home", "quantity": 1}),
        json!({"addressKey": "home", "quantity": 1, "shippingMethodKey": "none"}),
    ] {
        assert_eq!(refused(&world, &cart(&world), &details(target)), Code::InvalidOperation);
    }
}

#[test]
fn every_method_must_match_when_it_is_chosen_and_when_it_is_ordered() {
    let mut world = World::new();
    let held = cart(&world);
    world.with(|cx| prepare::check(&held, cx)).unwrap();
    world.method(&json!({"predicate": "lineItemCount(1 = 1) < 5"}));
    let cart = cart(&world);
    let more =
        world.update(&cart, json!([{"action": "addLineItem", "sku": "stone", "quantity": 2}])).unwrap();
    let states: Vec<_> = more.shipping.iter().map(|one| one.shipping_info.shipping_method_state).collect();
    assert_eq!(states, [ShippingMethodState::DoesNotMatchCart, ShippingMethodState::MatchesCart]);
    let add = json!({"action": "addShippingMethod", "shippingKey": "third", "shippingMethod": {"key": "parcel"}, "shippingAddress": {"country": "DE"}});
    assert_eq!(refused(&world, &more, &add), Code::InvalidOperation);
    world.method(&json!({"active": false}));
    assert_eq!(world.with(|cx| prepare::check(&cart, cx)).unwrap_err().code(), Code::InvalidOperation);
    let mut dearer = World::new();
    dearer.product("stone", 200);
    let changed = dearer.with(|cx| prepare::check(&held, cx)).unwrap_err().body();
    assert_eq!(changed["errors"][0]["lineItems"], json!([held.line_items[1].id]));
}

#[test]
fn rates_from_outside_are_for_a_method() {
    let world = World::new();
    let mut draft = draft();
    draft["taxMode"] = json!("External");
    draft["lineItems"][1]["perMethodExternalTaxRate"] = json!([{"shippingMethodKey": "post", "taxRate": {"name": "outside", "amount": 0.1, "country": "DE"}}]);
    let cart = world.create(draft).unwrap();
    assert_eq!(cart.line_items[1].taxed_price.as_ref().unwrap().total_gross.cent_amount, 119);
    let rate = |action: &str, key: Option<&str>, line: Option<&str>| json!({"action": action, "shippingKey": key, "lineItemKey": line, "externalTaxRate": {"name": "outside", "amount": 0.1, "country": "DE"}});
    let chair = |key: Option<&str>| rate("setLineItemTaxRate", key, Some("chair"));
    for key in [None, Some("none")] {
        assert_eq!(refused(&world, &cart, &chair(key)), Code::InvalidOperation);
    }
    let half = world
        .update(&cart, json!([chair(Some("post")), rate("setShippingMethodTaxRate", Some("post"), None)]))
        .unwrap();
    assert!(half.taxed_price.is_none());
    assert_eq!(world.with(|cx| prepare::check(&half, cx)).unwrap_err().code(), Code::InvalidOperation);
    let actions = json!([chair(Some("bike")), rate("setShippingMethodTaxRate", Some("bike"), None)]);
    let whole = world.update(&half, actions).unwrap();
    assert_eq!(sums(&whole).1, 3300 + 119 + 544 + 330);
    world.with(|cx| prepare::check(&whole, cx)).unwrap();
    let platform = world.update(&whole, json!([{"action": "changeTaxMode", "taxMode": "Platform"}])).unwrap();
    let rates = &platform.line_items[0].per_method_tax_rate;
    assert_eq!(rates[1].tax_rate.as_ref().unwrap().amount, Rate::parse("0.2").unwrap());
}

#[test]
fn amounts_from_outside_are_of_what_a_method_ships() {
    let world = World::new();
    let mut draft = draft();
    draft["taxMode"] = json!("ExternalAmount");
    let cart = world.create(draft).unwrap();
    let amount = |action: &str, key: &str, line: Option<&str>, gross: i64| {
        json!({"action": action, "shippingKey": key, "lineItemKey": line,
            "externalTaxAmount": {"totalGross": money(gross), "taxRate": {"name": "outside", "amount": 0.1, "country": "DE"}}})
    };
    let taxed = world.update(&cart, json!([
        amount("setLineItemTaxAmount", "post", Some("chair"), 1100), amount("setLineItemTaxAmount", "bike", Some("chair"), 2200),
        amount("setLineItemTaxAmount", "post", Some("stone"), 119), amount("setShippingMethodTaxAmount", "post", None, 545),
        amount("setShippingMethodTaxAmount", "bike", None, 330), {"action": "setCartTotalTax", "externalTotalGross": money(4294)},
    ])).unwrap();
    assert_eq!(taxed.line_items[0].taxed_price.as_ref().unwrap().total_gross.cent_amount, 3300);
    assert_eq!(sums(&taxed), (3903, 4294, 391));
    world.with(|cx| prepare::check(&taxed, cx)).unwrap();
    assert_eq!(
        refused(&world, &cart, &amount("setLineItemTaxAmount", "bike", Some("stone"), 1)),
        Code::InvalidOperation
    );
    let moved = json!([{"action": "setLineItemShippingDetails", "lineItemKey": "chair", "shippingDetails": {"targets": [
        {"addressKey": "home", "shippingMethodKey": "post", "quantity": 2}, {"addressKey": "work", "shippingMethodKey": "bike", "quantity": 1}]}}]);
    let moved = world.update(&taxed, moved).unwrap();
    assert!(moved.line_items[0].taxed_price_portions.is_empty(), "other units, other amounts");
}

#[test]
fn a_cart_is_replicated_with_its_methods_and_without_those_that_cannot_be_had() {
    let mut world = World::new();
    let again = world.replicate(draft()).unwrap();
    assert_eq!((again.shipping.len(), sums(&again)), (2, sums(&cart(&world))));
    world.method(&json!({"active": false}));
    let fewer = world.replicate(draft()).unwrap();
    assert_eq!((fewer.shipping.len(), fewer.line_items.len()), (1, 2));
    assert!(fewer.line_items.iter().all(|line| line.shipping_details.is_none()));
}

#[test]
fn a_method_without_a_rate_for_its_address_does_not_match_until_it_has_one_again() {
    let mut world = World::new();
    let held = cart(&world);
    let states = |cart: &Held| -> Vec<ShippingMethodState> {
        cart.shipping.iter().map(|one| one.shipping_info.shipping_method_state).collect()
    };
    let recalculated =
        |world: &World, cart: &Held| world.update(cart, json!([{"action": "recalculate"}])).unwrap();
    world.method(&json!({"zoneRates": []}));
    let refused = world.with(|cx| prepare::check(&held, cx)).unwrap_err();
    assert_eq!(refused.code(), Code::ShippingMethodDoesNotMatchCart);
    let without = recalculated(&world, &held);
    assert_eq!(states(&without), [ShippingMethodState::DoesNotMatchCart, ShippingMethodState::MatchesCart]);
    assert_eq!(without.total_price, held.total_price, "lines still name it");
    let again = recalculated(&World::new(), &without);
    assert_eq!(states(&again), [ShippingMethodState::MatchesCart; 2]);
}

#[test]
fn each_method_has_a_rate_input_of_its_own() {
    let mut world = World::new();
    world.project(&json!({"shippingRateInputType": {"type": "CartScore"}}));
    let mut draft = draft();
    draft["customShipping"][0]["shippingRate"]["tiers"] =
        json!([{"type": "CartScore", "score": 5, "price": money(700)}]);
    let price =
        |draft: &Value| world.create(draft.clone()).unwrap().shipping[1].shipping_info.price.cent_amount;
    draft["shippingRateInput"] = json!({"type": "Score", "score": 7});
    assert_eq!(price(&draft), 300, "the cart's own is for the mode 'Single'");
    draft["customShipping"][0]["shippingRateInput"] = json!({"type": "Score", "score": 7});
    assert_eq!(price(&draft), 700);
    draft["shipping"][0]["shippingRateInput"] = json!({"type": "Classification", "key": "none"});
    assert_eq!(world.create(draft).err().unwrap().code(), Code::InvalidOperation);
}

#[test]
fn custom_lines_are_taxed_by_method_and_unit_too() {
    let world = World::new();
    let mut draft = draft();
    let to = |method: &str, quantity: i64| json!({"addressKey": "home", "shippingMethodKey": method, "quantity": quantity});
    draft["taxCalculationMode"] = json!("UnitPriceLevel");
    draft["customLineItems"] = json!([{"name": {"en": "Pin"}, "slug": "pin", "money": money(108), "quantity": 4,
        "taxCategory": {"id": "tc"}, "shippingDetails": {"targets": [to("post", 3), to("bike", 1)]}}]);
    let cart = world.create(draft).unwrap();
    let pin = &cart.custom_line_items[0];
    let gross: Vec<i64> = pin
        .taxed_price_portions
        .iter()
        .map(|one| one.taxed_price.as_ref().unwrap().total_gross.cent_amount)
        .collect();
    assert_eq!(gross, [3 * 129, 108], "19 % on top of each, 20 % included");
    assert_eq!(pin.taxed_price.as_ref().unwrap().total_gross.cent_amount, 3 * 129 + 108);
    let fewer = json!([{"action": "setCustomLineItemShippingDetails", "customLineItemId": pin.id,
        "shippingDetails": {"targets": [to("bike", 4)]}}]);
    let fewer = world.update(&cart, fewer).unwrap();
    let pin = &fewer.custom_line_items[0];
    assert_eq!((pin.per_method_tax_rate.len(), pin.taxed_price_portions.len()), (1, 1));
}

#[test]
fn the_address_of_the_cart_changes_nothing_of_its_methods() {
    let world = World::new();
    let cart = cart(&world);
    for address in [json!({"country": "AT"}), json!(null)] {
        let moved =
            world.update(&cart, json!([{"action": "setShippingAddress", "address": address}])).unwrap();
        assert!((&moved.shipping, &moved.line_items) == (&cart.shipping, &cart.line_items));
        assert_eq!(sums(&moved), sums(&cart));
    }
}

#[test]
fn a_cart_has_only_so_many_methods() {
    let world = World::new();
    let mut draft = draft();
    let one = draft["shipping"][0].clone();
    let many = |count: usize| -> Value {
        let keyed = |at: usize| {
            let mut one = one.clone();
            one["key"] = json!(format!("post{at}"));
            one
        };
        (0..count).map(keyed).collect()
    };
    draft["lineItems"] = json!([]);
    draft["shipping"] = many(99);
    let full = world.create(draft.clone()).unwrap();
    let mut add = one.clone();
    (add["action"], add["shippingKey"]) = (json!("addShippingMethod"), json!("more"));
    assert_eq!(refused(&world, &full, &add), Code::InvalidOperation);
    draft["shipping"] = many(100);
    assert_eq!(world.create(draft).err().unwrap().code(), Code::InvalidOperation);
}

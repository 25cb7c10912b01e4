//! Lines, prices, taxes and shipping.

use super::world::{World, eur, money, sums};
use crate::carts::Held;
use api::cart::{LineItemPriceMode, ShippingMethodState};
use api::{ApiError, Code, Kind};
use serde_json::{Value, json};

fn add(sku: &str, quantity: i64) -> Value {
    json!({"action": "addLineItem", "sku": sku, "quantity": quantity})
}

#[test]
fn equal_lines_grow_and_the_tier_counts_for_all_units() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}]));
    assert_eq!(cart.total_price.cent_amount, 2000);
    let cart = world.update(&cart, json!([add("chair", 3)])).unwrap();
    assert_eq!((cart.line_items.len(), cart.line_items[0].quantity), (1, 5));
    assert_eq!(cart.line_items[0].state[0].quantity, 5);
    assert_eq!((cart.total_price.cent_amount, cart.total_line_item_quantity), (5 * 899, Some(5)));
}

#[test]
fn adding_to_a_cart_with_lines_asks_for_the_product_and_its_limits_alone() {
    let cart = World::new().cart(json!([{"sku": "chair"}]));
    let mut knows_stones_only = World::empty();
    knows_stones_only.product("stone", 108);
    let cart = knows_stones_only.update(&cart, json!([add("stone", 1)])).unwrap();
    assert_eq!(cart.total_price.cent_amount, 1108);
}

#[test]
fn what_does_not_touch_prices_asks_for_nothing() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    let cart = world
        .update(
            &cart,
            json!([{"action": "setShippingAddress", "address": {"country": "DE"}},
        {"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}}]),
        )
        .unwrap();
    let updated = World::empty().update(&cart, json!([{"action": "setCustomerEmail", "email": "a@example.org"},
        {"action": "setKey", "key": "my-cart"}, {"action": "setShippingAddress", "address": {"country": "DE", "city": "Bonn"}}]));
    let updated = updated.unwrap();
    assert_eq!(updated.total_price, cart.total_price);
    assert_eq!(updated.taxed_price, cart.taxed_price);
}

#[test]
fn what_cannot_be_sold_does_not_get_in() {
    let world = World::new();
    let cart = world.cart(json!([]));
    for (line, code) in [
        (json!({"sku": "ghost"}), Code::ReferencedResourceNotFound),
        (json!({"productId": "ghost"}), Code::ReferencedResourceNotFound),
        (json!({"productId": "chair", "variantId": 7}), Code::InvalidField),
        (json!({"sku": "chair", "quantity": 0}), Code::InvalidField),
        (json!({}), Code::InvalidInput),
        (
            json!({"sku": "chair", "externalPrice": {"currencyCode": "USD", "centAmount": 1}}),
            Code::InvalidField,
        ),
    ] {
        let mut action = line.clone();
        action["action"] = "addLineItem".into();
        assert_eq!(world.update(&cart, json!([action])).err().unwrap().code(), code, "{line}");
    }
    let dollars = world.create(json!({"currency": "USD", "lineItems": [{"sku": "chair"}]})).err().unwrap();
    assert_eq!(dollars.code(), Code::MatchingPriceNotFound);
}

#[test]
fn embedded_prices_do_not_count_where_prices_stand_alone() {
    let mut world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    world.product_with("chair", 1000, &json!({"priceMode": "Standalone"}));
    let refused = |actions| world.update(&cart, actions).err().map(|error| error.code());
    let add = json!([{"action": "addLineItem", "sku": "chair"}]);
    assert_eq!(refused(add), Some(Code::MatchingPriceNotFound));
    assert_eq!(refused(json!([{"action": "recalculate"}])), Some(Code::MatchingPriceNotFound));
    let external = json!([{"action": "addLineItem", "sku": "chair", "externalPrice": money(1)}]);
    assert_eq!(refused(external), None);
}

#[test]
fn prices_follow_country_and_customer() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}]));
    let abroad = world.update(&cart, json!([{"action": "setCountry", "country": "FR"}])).unwrap();
    assert_eq!(abroad.total_price.cent_amount, 2200);
    let annas = world.update(&cart, json!([{"action": "setCustomerId", "customerId": "anna"}])).unwrap();
    assert_eq!((annas.total_price.cent_amount, annas.customer_group.is_some()), (1940, true));
    let nobodys = world.update(&annas, json!([{"action": "setCustomerId"}])).unwrap();
    assert_eq!((nobodys.total_price.cent_amount, nobodys.customer_group.is_some()), (2000, false));
    let unknown = world.update(&cart, json!([{"action": "setCustomerId", "customerId": "nobody"}]));
    assert_eq!(unknown.err().unwrap().code(), Code::ReferencedResourceNotFound);
}

#[test]
fn an_external_price_counts_until_it_is_taken_back() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}]));
    let line = cart.line_items[0].id.clone();
    let set = |cart: &_, name: &str, rest: Value| {
        let mut action = json!({"action": name, "lineItemId": line});
        action.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        world.update(cart, json!([action]))
    };
    let own = set(&cart, "setLineItemPrice", json!({"externalPrice": money(450)})).unwrap();
    assert_eq!(
        (own.line_items[0].price_mode, own.total_price.cent_amount),
        (LineItemPriceMode::ExternalPrice, 900)
    );
    let more = set(&own, "changeLineItemQuantity", json!({"quantity": 3})).err().unwrap();
    assert_eq!(more.code(), Code::InvalidOperation);
    let more =
        set(&own, "changeLineItemQuantity", json!({"quantity": 3, "externalPrice": money(400)})).unwrap();
    assert_eq!(more.total_price.cent_amount, 1200);
    let second = world.update(&own, json!([add("chair", 1)])).unwrap();
    assert_eq!(second.line_items.len(), 2, "an external price never merges");
    let total = json!({"externalTotalPrice": {"price": money(450), "totalPrice": money(800)}});
    let total = set(&own, "setLineItemTotalPrice", total).unwrap();
    assert_eq!(
        (total.line_items[0].price_mode, total.total_price.cent_amount),
        (LineItemPriceMode::ExternalTotal, 800)
    );
    let back = set(&total, "changeLineItemQuantity", json!({"quantity": 1})).unwrap();
    assert_eq!(
        (back.line_items[0].price_mode, back.total_price.cent_amount),
        (LineItemPriceMode::Platform, 1000)
    );
}

#[test]
fn taxes_are_rounded_per_line_or_per_unit() {
    let world = World::new();
    let cart = |mode: &str| {
        let draft = json!({"currency": "EUR", "taxCalculationMode": mode, "shippingAddress": {"country": "DE"},
            "lineItems": [{"sku": "stone", "quantity": 3}]});
        world.create(draft).unwrap()
    };
    assert_eq!(sums(&cart("LineItemLevel")), (324, 386, 62));
    assert_eq!(sums(&cart("UnitPriceLevel")), (324, 387, 63));
}

#[test]
fn an_address_brings_taxes_and_without_it_they_go() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}]));
    assert!(cart.taxed_price.is_none());
    let to = |country: &str| json!([{"action": "setShippingAddress", "address": {"country": country}}]);
    let german = world.update(&cart, to("DE")).unwrap();
    assert_eq!(sums(&german), (2000, 2380, 380));
    let austrian = world.update(&german, to("AT")).unwrap();
    assert_eq!(sums(&austrian), (1667, 2000, 333));
    let french = world.update(&german, to("FR")).err().unwrap();
    assert_eq!(french.code(), Code::MissingTaxRateForCountry);
    let mut actions = to("DE");
    actions
        .as_array_mut()
        .unwrap()
        .push(json!({"action": "setShippingMethod", "shippingMethod": {"id": "parcel"}}));
    actions.as_array_mut().unwrap().push(json!({"action": "setShippingAddress"}));
    let unset = world.update(&austrian, actions).unwrap();
    assert!(
        unset.taxed_price.is_none()
            && unset.line_items[0].tax_rate.is_none()
            && unset.shipping_info.is_none()
    );
}

#[test]
fn shipping_costs_what_the_rate_says_and_nothing_from_a_sum_on() {
    let mut world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}]));
    let method = json!({"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}});
    assert_eq!(world.update(&cart, json!([method])).err().unwrap().code(), Code::InvalidOperation);
    let address = json!({"action": "setShippingAddress", "address": {"country": "DE"}});
    let shipped = world.update(&cart, json!([address, method])).unwrap();
    assert_eq!((shipped.total_price.cent_amount, sums(&shipped)), (2495, (2495, 2380 + 589, 380 + 94)));
    assert_eq!(shipped.taxed_shipping_price.as_ref().unwrap().total_gross.cent_amount, 589);
    let rich = world.update(&shipped, json!([add("chair", 10)])).unwrap();
    assert_eq!(rich.shipping_info.as_ref().unwrap().price.cent_amount, 0);
    let away = json!([address, method, {"action": "setShippingAddress", "address": {"country": "AT"}}]);
    assert!(world.update(&cart, away).unwrap().shipping_info.is_none(), "no rate for Austria");

    world.method(&json!({"predicate": "lineItemCount(1 = 1) < 3"}));
    let fitting = world.update(&cart, json!([address, method])).unwrap();
    let large = world.update(&fitting, json!([add("chair", 1)])).unwrap();
    let state = |cart: &crate::carts::Held| cart.shipping_info.as_ref().unwrap().shipping_method_state;
    assert_eq!(
        (state(&fitting), state(&large)),
        (ShippingMethodState::MatchesCart, ShippingMethodState::DoesNotMatchCart)
    );
    let refused = world.update(&large, json!([method])).err().unwrap();
    assert!(refused.message().contains("does not match"), "{refused}");
    world.method(&json!({"active": false}));
    assert_eq!(world.update(&cart, json!([address, method])).err().unwrap().code(), Code::InvalidOperation);
}

#[test]
fn custom_line_items_merge_and_may_be_negative() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    let fee = |cents: i64| json!({"action": "addCustomLineItem", "name": {"en": "Fee"}, "slug": "fee", "money": money(cents), "taxCategory": {"id": "tc"}});
    let twice = world.update(&cart, json!([fee(250), fee(250)])).unwrap();
    assert_eq!((twice.custom_line_items.len(), twice.total_price.cent_amount), (1, 1500));
    assert_eq!(world.update(&twice, json!([fee(251)])).err().unwrap().code(), Code::InvalidOperation);
    let voucher = world.update(&cart, json!([fee(-300)])).unwrap();
    assert_eq!(voucher.total_price.cent_amount, 700);
    let mut untaxed = fee(1);
    untaxed["taxCategory"] = Value::Null;
    assert_eq!(world.update(&cart, json!([untaxed])).err().unwrap().code(), Code::RequiredField);
}

#[test]
fn lines_are_bounded_in_number() {
    let world = World::new();
    let line = json!({"sku": "chair", "externalPrice": eur(1)});
    let many = world.create(json!({"currency": "EUR", "lineItems": vec![line.clone(); 501]}));
    assert_eq!(many.err().unwrap().code(), Code::InvalidOperation);
    let full = world.cart(json!(vec![line; 500]));
    assert_eq!(full.line_items.len(), 500);
    assert_eq!(world.update(&full, json!([add("stone", 1)])).err().unwrap().code(), Code::InvalidOperation);
}

#[test]
fn units_are_distributed_to_addresses_of_the_cart() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair", "quantity": 3}]));
    let line = cart.line_items[0].id.clone();
    let address = json!({"action": "addItemShippingAddress", "address": {"key": "home", "country": "DE"}});
    let details = |quantity: i64| {
        json!({"action": "setLineItemShippingDetails", "lineItemId": line,
            "shippingDetails": {"targets": [{"addressKey": "home", "quantity": quantity}]}})
    };
    let unknown = world.update(&cart, json!([details(1)])).err().unwrap();
    assert_eq!(unknown.code(), Code::InvalidOperation);
    let some = world.update(&cart, json!([address, details(2)])).unwrap();
    assert!(!some.line_items[0].shipping_details.as_ref().unwrap().valid);
    let too_many = world.update(&cart, json!([address, details(4)])).err().unwrap();
    assert_eq!(too_many.code(), Code::InvalidItemShippingDetails);
    let removal = json!({"action": "removeItemShippingAddress", "addressKey": "home"});
    assert_eq!(world.update(&some, json!([removal])).err().unwrap().code(), Code::InvalidOperation);
    let less = json!({"action": "changeLineItemQuantity", "lineItemId": line, "quantity": 2});
    assert!(
        world.update(&some, json!([less])).unwrap().line_items[0].shipping_details.as_ref().unwrap().valid
    );
}

#[test]
fn a_line_has_as_many_units_as_its_inventory_entry_allows() {
    let mut world = World::new();
    world.stock("chair", None, &json!({"minCartQuantity": 2, "maxCartQuantity": 4}));
    let refused =
        |result: Result<Held, ApiError>| result.err().map(|error| error.body()["errors"][0].clone());
    let few = refused(world.create(json!({"currency": "EUR", "lineItems": [{"sku": "chair"}]}))).unwrap();
    assert_eq!(few["message"], "Quantity '1' less than minimum '2'.");
    assert_eq!((&few["code"], &few["quantity"]), (&json!("LineItemQuantityBelowLimit"), &json!(1)));
    assert_eq!((&few["minCartQuantity"], &few["maxCartQuantity"]), (&json!(2), &Value::Null));
    let cart = world.cart(json!([{"sku": "chair", "quantity": 2}, {"sku": "stone", "quantity": 99}]));
    let line = cart.line_items[0].id.clone();
    let change = |quantity: i64| json!([{"action": "changeLineItemQuantity", "lineItemId": line, "quantity": quantity}]);
    let many = refused(world.update(&cart, json!([add("chair", 3)]))).unwrap();
    assert_eq!(many["message"], "Quantity '5' greater than maximum '4'.");
    assert_eq!((&many["code"], &many["quantity"]), (&json!("LineItemQuantityAboveLimit"), &json!(5)));
    assert_eq!((&many["maxCartQuantity"], &many["lineItem"]), (&json!(4), &json!(line)));
    for quantity in [1, 5] {
        assert!(refused(world.update(&cart, change(quantity))).is_some(), "{quantity}");
    }
    let less = json!([{"action": "removeLineItem", "lineItemId": line, "quantity": 1}]);
    assert!(refused(world.update(&cart, less)).is_some());
    assert_eq!(world.update(&cart, change(4)).unwrap().line_items[0].quantity, 4);
    assert_eq!(world.update(&cart, change(0)).unwrap().line_items.len(), 1, "a line may always go");
    let by_and_by = json!([add("chair", 9), {"action": "removeLineItem", "lineItemId": line, "quantity": 8}]);
    assert_eq!(
        world.update(&cart, by_and_by).unwrap().line_items[0].quantity,
        3,
        "the request counts as a whole"
    );
}

#[test]
fn limits_are_those_of_the_supply_channel_and_touch_only_what_changes() {
    let mut world = World::new();
    let channel = json!({"typeId": "channel", "id": "north"});
    world.by_id(Kind::Channel, "north", &json!({"key": "north", "roles": ["InventorySupply"]}));
    world.stock("chair", Some("north"), &json!({"maxCartQuantity": 1}));
    let cart = world.cart(json!([{"sku": "chair", "quantity": 3}]));
    let supply = json!([{"action": "setLineItemSupplyChannel", "lineItemId": cart.line_items[0].id, "supplyChannel": channel}]);
    assert_eq!(world.update(&cart, supply).err().unwrap().code(), Code::LineItemQuantityAboveLimit);
    let from_north =
        json!([{"action": "addLineItem", "sku": "chair", "quantity": 2, "supplyChannel": channel}]);
    assert_eq!(world.update(&cart, from_north).err().unwrap().code(), Code::LineItemQuantityAboveLimit);
    world.stock("chair", None, &json!({"maxCartQuantity": 1}));
    let other = world.update(&cart, json!([add("stone", 1), {"action": "recalculate"}])).unwrap();
    assert_eq!(other.line_items[0].quantity, 3, "what is in the cart already stays");
}

#[test]
fn a_replicated_cart_has_only_the_lines_that_can_be_had() {
    let mut world = World::new();
    world.stock("chair", None, &json!({"minCartQuantity": 2, "maxCartQuantity": 4}));
    let with = |quantity: i64| {
        let lines = json!([{"sku": "chair", "quantity": quantity}, {"sku": "ghost"}, {"sku": "stone"}]);
        world.replicate(json!({"currency": "EUR", "lineItems": lines})).unwrap()
    };
    assert_eq!(with(1).line_items.len(), 1);
    assert_eq!(with(5).total_price.cent_amount, 108);
    assert_eq!(with(4).line_items.len(), 2);
}

#[test]
fn predicates_know_the_categories_of_the_lines() {
    let mut world = World::new();
    let to_germany = json!({"action": "setShippingAddress", "address": {"country": "DE"}});
    let method = json!({"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}});
    let in_category =
        |name: &str| json!({"predicate": format!("lineItemExists(categories.id contains any (\"{name}\"))")});
    world.method(&in_category("garden"));
    let cart = world.cart(json!([{"sku": "chair"}]));
    let actions = json!([to_germany, method]);
    assert_eq!(world.update(&cart, actions.clone()).err().unwrap().code(), Code::InvalidOperation);
    world.method(&in_category("furniture"));
    let cart = world.update(&cart, actions).unwrap();
    assert_eq!(cart.hidden.categories.len(), 1);
    let line = json!({"action": "removeLineItem", "lineItemId": cart.line_items[0].id});
    let emptied = world.update(&cart, json!([line])).unwrap();
    assert!(emptied.hidden.categories.is_empty());
    let state = emptied.shipping_info.as_ref().unwrap().shipping_method_state;
    assert_eq!(state, ShippingMethodState::DoesNotMatchCart);
}

#[test]
fn a_delivery_is_expected_until_the_address_changes() {
    let world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    let to = |city: &str| json!({"action": "setShippingAddress", "address": {"country": "DE", "city": city}});
    let day = |day: u8| format!("2026-06-0{day}T00:00:00.000Z");
    let window = |from: u8, until: u8| json!({"from": day(from), "until": day(until)});
    let method = |window: Value| json!({"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}, "estimatedDelivery": window});
    let set = |window: Value| json!({"action": "setEstimatedDelivery", "estimatedDelivery": window});
    let expected = |cart: &Held| cart.shipping_info.as_ref().unwrap().estimated_delivery;
    assert_eq!(world.update(&cart, json!([set(window(1, 2))])).err().unwrap().code(), Code::InvalidOperation);
    let cart = world.update(&cart, json!([to("Bonn"), method(window(1, 2))])).unwrap();
    assert_eq!(json!(expected(&cart)), window(1, 2));
    assert_eq!(world.update(&cart, json!([set(window(2, 1))])).err().unwrap().code(), Code::InvalidField);
    let mut keyed = set(window(1, 3));
    keyed["shippingKey"] = json!("home");
    assert_eq!(world.update(&cart, json!([keyed])).err().unwrap().code(), Code::InvalidOperation);
    let later = world.update(&cart, json!([set(window(3, 3)), to("Bonn")])).unwrap();
    assert_eq!(json!(expected(&later)), window(3, 3), "the address is the same");
    for action in [to("Kiel"), set(json!({})), set(Value::Null), method(Value::Null)] {
        assert_eq!(expected(&world.update(&later, json!([action])).unwrap()), None, "{action}");
    }
    let mut custom = json!({"action": "setCustomShippingMethod", "shippingMethodName": "Bike",
        "shippingRate": {"price": money(100)}, "taxCategory": {"id": "tc"}});
    custom["estimatedDelivery"] = window(4, 5);
    assert_eq!(json!(expected(&world.update(&later, json!([custom])).unwrap())), window(4, 5));
}

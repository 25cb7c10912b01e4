//! Who may do what to a cart, and when.

use super::world::{World, money, sums};
use crate::carts::{Carts, Held, retention};
use api::Code;
use api::cart::{CartAction, CartState, TaxMode};
use kit::resource::Mine;
use kit::store::Visibility;
use serde_json::{Value, json};

#[test]
fn a_draft_must_not_contradict_itself() {
    let world = World::new();
    for (extra, code) in [
        (json!({"customerId": "anna", "anonymousId": "guest"}), Code::InvalidOperation),
        (json!({"customerId": "anna", "customerGroup": {"id": "vip"}}), Code::InvalidOperation),
        (json!({"discountCodes": ["SAVE"]}), Code::DiscountCodeNonApplicable),
        (json!({"locale": "fr"}), Code::InvalidField),
        (json!({"deleteDaysAfterLastModification": 0}), Code::InvalidField),
        (json!({"inventoryMode": "ReserveOnCart"}), Code::InvalidOperation),
        (json!({"shippingMethod": {"key": "parcel"}}), Code::InvalidOperation),
    ] {
        let mut draft = json!({"currency": "EUR"});
        draft.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(world.create(draft).err().unwrap().code(), code, "{extra}");
    }
    let code = world.create(json!({"currency": "EUR", "discountCodes": ["SAVE"]})).err().unwrap();
    assert_eq!(code.body()["errors"][0]["reason"], "DoesNotExist");
}

#[test]
fn a_customers_cart_takes_group_and_email_from_the_customer() {
    let cart = World::new()
        .create(json!({"currency": "EUR", "customerId": "anna", "lineItems": [{"sku": "chair"}]}))
        .unwrap();
    assert_eq!(
        (cart.total_price.cent_amount, cart.customer_email.as_deref()),
        (970, Some("anna@example.org"))
    );
    assert_eq!(cart.delete_days_after_last_modification, Some(90));
}

#[test]
fn lines_name_their_reservation_while_units_are_to_be_kept_for_them() {
    let mut world = World::new();
    world.project(
        &json!({"inventory": {"reservationExpirationInMinutes": 30, "releaseExpiredReservations": true}}),
    );
    let draft = json!({"currency": "EUR", "inventoryMode": "ReserveOnCart", "lineItems": [{"sku": "chair"}, {"sku": "stone"}]});
    let cart = world.create(draft).unwrap();
    let due = cart.due_at.unwrap();
    assert_eq!(due.as_millis(), 1_800_000_015_000, "the inventory is still to be asked");
    let reserved = |cart: &Held| -> Vec<bool> {
        cart.line_items.iter().map(|line| line.reservation.is_some()).collect()
    };
    assert_eq!(reserved(&cart), [true, true]);
    let line = &cart.line_items[0].id;
    let none = json!([{"action": "setLineItemInventoryMode", "lineItemId": line, "inventoryMode": "None"}]);
    assert_eq!(reserved(&world.update(&cart, none).unwrap()), [false, true]);
    let never = json!([{"action": "setReservationExpirationInMinutes", "reservationExpirationInMinutes": 0}]);
    assert_eq!(world.update(&cart, never).err().unwrap().code(), Code::InvalidField);
}

#[test]
fn a_frozen_cart_keeps_prices_and_refuses_what_would_change_them() {
    let mut world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    let empty = world.cart(json!([]));
    let freeze = json!([{"action": "freezeCart"}]);
    assert_eq!(world.update(&empty, freeze.clone()).err().unwrap().code(), Code::InvalidOperation);
    let frozen = world.update(&cart, freeze).unwrap();
    assert_eq!(frozen.cart_state, CartState::Frozen);
    for action in [
        json!({"action": "addLineItem", "sku": "chair"}),
        json!({"action": "changeTaxMode", "taxMode": "Disabled"}),
        json!({"action": "removeLineItem", "lineItemId": cart.line_items[0].id}),
    ] {
        assert_eq!(
            world.update(&frozen, json!([action])).err().unwrap().code(),
            Code::InvalidOperation,
            "{action}"
        );
    }
    world.product("chair", 1500);
    let same = world
        .update(&frozen, json!([{"action": "recalculate"}, {"action": "setCountry", "country": "FR"}]))
        .unwrap();
    assert_eq!(same.total_price.cent_amount, 1000);
    let thawed = world.update(&frozen, json!([{"action": "unfreezeCart"}])).unwrap();
    assert_eq!((thawed.cart_state, thawed.total_price.cent_amount), (CartState::Active, 1500));
}

#[test]
fn a_locked_cart_is_changed_by_the_client_that_locked_it_alone() {
    let mut world = World::new();
    let cart = world.cart(json!([]));
    let lock = json!([{"action": "lockCart"}]);
    let email = json!([{"action": "setCustomerEmail", "email": "x@example.org"}]);
    let locked = world.update(&cart, lock.clone()).unwrap();
    assert_eq!(locked.lock.as_ref().unwrap().client_id, "client");
    assert!(world.update(&locked, email.clone()).is_ok());
    world.client = "another";
    assert_eq!(world.update(&locked, email).err().unwrap().code(), Code::InvalidOperation);
    world.scopes = "manage_orders:demo";
    assert_eq!(world.update(&cart, lock).err().unwrap().code(), Code::InsufficientScope);
}

#[test]
fn names_and_variants_are_refreshed_on_request_only_and_reading_prices_anew_on_recalculation() {
    let mut world = World::new();
    let cart = world.cart(json!([{"sku": "chair"}]));
    world.product("chair", 1500);
    let touched =
        world.update(&cart, json!([{"action": "setCustomerEmail", "email": "a@example.org"}])).unwrap();
    assert_eq!(touched.total_price.cent_amount, 1000);
    let fresh = world.update(&cart, json!([{"action": "recalculate"}])).unwrap();
    assert_eq!(fresh.total_price.cent_amount, 1500);
    assert_eq!(fresh.line_items[0].variant, cart.line_items[0].variant);
    let all = world.update(&cart, json!([{"action": "recalculate", "updateProductData": true}])).unwrap();
    assert_ne!(all.line_items[0].variant, cart.line_items[0].variant);
    world.unpublish("chair");
    let kept = world.update(&cart, json!([{"action": "recalculate", "updateProductData": true}])).unwrap();
    assert_eq!(kept.total_price.cent_amount, 1000, "a line survives the unpublishing of its product");
}

#[test]
fn taxes_from_outside_count_once_every_rate_is_there() {
    let world = World::new();
    let draft = json!({"currency": "EUR", "taxMode": "External", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "chair"}, {"sku": "stone"}]});
    let cart = world.create(draft).unwrap();
    let rate = |at: usize| {
        json!({"action": "setLineItemTaxRate", "lineItemId": cart.line_items[at].id,
            "externalTaxRate": {"name": "outside", "amount": 0.1, "country": "DE"}})
    };
    let half = world.update(&cart, json!([rate(0)])).unwrap();
    assert!(half.taxed_price.is_none());
    let whole = world.update(&half, json!([rate(1)])).unwrap();
    assert_eq!(sums(&whole), (1108, 1219, 111));
    let mode = |cart: &Held, mode: &str| {
        world.update(cart, json!([{"action": "changeTaxMode", "taxMode": mode}])).unwrap()
    };
    let by_amounts = mode(&whole, "ExternalAmount");
    assert!(by_amounts.taxed_price.is_none() && by_amounts.line_items[0].tax_rate.is_some());
    assert_eq!(sums(&mode(&by_amounts, "External")), (1108, 1219, 111), "rates from outside stay");
    let platform = mode(&whole, "Platform");
    assert_eq!(sums(&platform).2, 190 + 21, "the external rates are gone");
    let refused = world.update(&platform, json!([rate(0)])).err().unwrap();
    assert_eq!(refused.code(), Code::InvalidOperation);
}

#[test]
fn tax_amounts_from_outside_go_when_a_price_changes() {
    let world = World::new();
    let draft = json!({"currency": "EUR", "taxMode": "ExternalAmount", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "chair"}]});
    let cart = world.create(draft).unwrap();
    let line = &cart.line_items[0].id;
    let taxed = world.update(&cart, json!([
        {"action": "setLineItemTaxAmount", "lineItemId": line, "externalTaxAmount":
            {"totalGross": money(1100), "taxRate": {"name": "outside", "amount": 0.1, "country": "DE"}}},
        {"action": "setCartTotalTax", "externalTotalGross": money(1100)},
    ])).unwrap();
    assert_eq!(sums(&taxed), (1000, 1100, 100));
    assert!(taxed.taxed_shipping_price.is_none());
    let more = world
        .update(&taxed, json!([{"action": "changeLineItemQuantity", "lineItemId": line, "quantity": 2}]))
        .unwrap();
    assert!(
        more.taxed_price.is_none()
            && more.line_items[0].tax_rate.is_none()
            && more.line_items[0].taxed_price.is_none()
    );
}

#[test]
fn an_action_sees_what_earlier_ones_of_the_request_did() {
    let world = World::new();
    let draft = json!({"currency": "EUR", "taxMode": "ExternalAmount", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "chair"}]});
    let cart = world.create(draft).unwrap();
    let line = &cart.line_items[0].id;
    let amount = |gross: i64| json!({"totalGross": money(gross), "taxRate": {"name": "outside", "amount": 0.1, "country": "DE"}});
    let taxed = world.update(&cart, json!([
        {"action": "changeLineItemQuantity", "lineItemId": line, "quantity": 2},
        {"action": "setLineItemTaxAmount", "lineItemId": line, "externalTaxAmount": amount(2200)},
        {"action": "addCustomLineItem", "name": {"en": "Fee"}, "slug": "fee", "key": "fee", "money": money(50), "quantity": 2},
        {"action": "setCustomLineItemTaxAmount", "customLineItemKey": "fee", "externalTaxAmount": amount(110)},
        {"action": "setShippingMethod", "shippingMethod": {"key": "parcel"}},
        {"action": "setShippingMethodTaxAmount", "externalTaxAmount": amount(545)},
        {"action": "setCartTotalTax", "externalTotalGross": money(2855)},
    ])).unwrap();
    assert_eq!(sums(&taxed), (2595, 2855, 260));
    assert!(taxed.line_items[0].tax_rate.is_some() && taxed.custom_line_items[0].tax_rate.is_some());
    assert!(taxed.shipping_info.as_ref().unwrap().tax_rate.is_some());

    let cart = world.cart(json!([{"sku": "chair"}]));
    let frozen = world.update(&cart, json!([
        {"action": "setCountry", "country": "FR"}, {"action": "addLineItem", "sku": "chair", "quantity": 4}, {"action": "freezeCart"},
    ])).unwrap();
    assert_eq!((frozen.cart_state, frozen.total_price.cent_amount), (CartState::Frozen, 5500));
}

fn mine(action: Value) -> api::Result<CartAction> {
    Carts::my_action(serde_json::from_value(action).unwrap())
}

#[test]
fn owners_bring_no_prices_and_cannot_switch_taxes_off() {
    let add = mine(json!({"action": "addLineItem", "sku": "chair", "externalPrice": money(1)})).unwrap();
    assert!(matches!(add, CartAction::AddLineItem(draft) if draft.external_price.is_none()));
    assert_eq!(
        mine(json!({"action": "changeTaxMode", "taxMode": "Disabled"})).unwrap_err().code(),
        Code::InvalidField
    );
    assert!(matches!(
        mine(json!({"action": "changeTaxMode", "taxMode": "External"})).unwrap(),
        CartAction::ChangeTaxMode { tax_mode: TaxMode::External }
    ));
}

#[test]
fn a_cart_goes_when_it_was_not_touched_for_its_days() {
    let world = World::new();
    let cart = world.create(json!({"currency": "EUR", "deleteDaysAfterLastModification": 10})).unwrap();
    let made = cart.meta.created_at;
    assert_eq!(cart.due_at, Some(made.plus_days(10)));
    let shorter =
        json!([{"action": "setDeleteDaysAfterLastModification", "deleteDaysAfterLastModification": 2}]);
    assert_eq!(world.update(&cart, shorter).unwrap().due_at, Some(made.plus_days(2)));
    let email = world.update(&cart, json!([{"action": "setCustomerEmail", "email": "a"}])).unwrap();
    assert_eq!(email.due_at, cart.due_at, "an update does not move it");

    let mut touched = cart;
    touched.meta.last_modified_at = made.plus_days(3);
    retention::delete_or_wait(&mut touched, made.plus_days(10));
    assert_eq!((touched.visibility, touched.due_at), (Visibility::Live, Some(made.plus_days(13))));
    retention::delete_or_wait(&mut touched, made.plus_days(13));
    assert_eq!(touched.visibility, Visibility::Deleted);
}

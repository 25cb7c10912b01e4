//! The rules of inventory entries on values.

use super::*;
use api::inventory::InventoryEntryAction as Action;
use api::{Code, Id, Meta, Timestamp};
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Facts, Lookup, LookupBy, Stop};
use kit::store::Visibility;
use serde_json::json;

fn decide<T>(facts: &Facts, rule: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> Decision<T> {
    let request = RequestInfo::system("demo", "test");
    let id = Id::parse("entry").unwrap();
    rule(&mut Context::new(Timestamp::from_millis(0), id, &request, &SystemClock, facts))
}

fn create(draft: Value, facts: &Facts) -> Decision<InventoryEntry> {
    let draft: InventoryEntryDraft = serde_json::from_value(draft).unwrap();
    decide(facts, |cx| Entries::create(&draft, cx)).map(|(entry, _)| entry)
}

fn refusal<T>(decision: Decision<T>) -> ApiError {
    match decision {
        Err(Stop::Refused(error)) => error,
        Err(Stop::Missing) => panic!("a fact is missing"),
        Ok(_) => panic!("it was allowed"),
    }
}

fn channel(roles: &[&str]) -> Facts {
    let mut facts = Facts::default();
    let by = LookupBy::Claim(Claim::new("key", "berlin"));
    let text = json!({"id": "c1", "version": 1, "createdAt": "2024-01-01T00:00:00.000Z",
        "lastModifiedAt": "2024-01-01T00:00:00.000Z", "key": "berlin", "roles": roles});
    facts.learn(Lookup::new(Kind::Channel, by), vec![text.to_string()]);
    facts
}

fn state(units: i64) -> State<Entries> {
    let body = create(json!({"sku": "a", "quantityOnStock": units}), &Facts::default()).unwrap();
    let meta: Meta = serde_json::from_value(json!({"id": "entry", "version": 1,
        "createdAt": "2024-01-01T00:00:00.000Z", "lastModifiedAt": "2024-01-01T00:00:00.000Z"}))
    .unwrap();
    State { body, hidden: Marks::default(), visibility: Visibility::Live, due_at: None, meta }
}

fn apply(state: &mut State<Entries>, action: Value) -> Decision<()> {
    let action: Action = serde_json::from_value(action).unwrap();
    decide(&Facts::default(), |cx| Entries::apply(state, &action, cx))
}

#[test]
fn a_supply_channel_must_have_the_role() {
    let draft = json!({"sku": "a", "quantityOnStock": 1, "supplyChannel": {"key": "berlin"}});
    let error = refusal(create(draft.clone(), &channel(&["ProductDistribution"])));
    assert_eq!(error.code(), Code::MissingRoleOnChannel);
    assert_eq!(error.body()["errors"][0]["missingRole"], "InventorySupply");
    let entry = create(draft, &channel(&["InventorySupply"])).unwrap();
    assert_eq!(Entries::claims(&entry), [Claim::new("skuChannel", "a/c1")]);
}

#[test]
fn a_second_entry_of_a_sku_and_channel_is_a_duplicate_of_the_sku() {
    let error = Entries::taken(&Claim::new("skuChannel", "a/b/c1"));
    assert_eq!(error.body()["errors"][0]["field"], "sku");
    assert_eq!(error.body()["errors"][0]["duplicateValue"], "a/b");
}

#[test]
fn quantities_move_together_and_may_go_below_zero() {
    let mut entry = state(5);
    for (action, expected) in [
        (json!({"action": "addQuantity", "quantity": 2}), 7),
        (json!({"action": "removeQuantity", "quantity": 10}), -3),
        (json!({"action": "changeQuantity", "quantity": 4}), 4),
    ] {
        apply(&mut entry, action).unwrap();
        assert_eq!((entry.quantity_on_stock, entry.available_quantity), (expected, expected));
    }
    let error = refusal(apply(&mut entry, json!({"action": "addQuantity", "quantity": i64::MAX})));
    assert_eq!(error.code(), Code::InvalidOperation);
}

#[test]
fn cart_limits_must_make_sense() {
    let mut entry = state(5);
    for (min, max) in [(0, 5), (5, 4), (1, 0)] {
        let action = json!({"action": "setInventoryLimits", "minCartQuantity": min, "maxCartQuantity": max});
        assert_eq!(refusal(apply(&mut entry, action)).code(), Code::InvalidField, "{min} {max}");
    }
    apply(&mut entry, json!({"action": "setInventoryLimits", "minCartQuantity": 2, "maxCartQuantity": 2}))
        .unwrap();
    apply(&mut entry, json!({"action": "setInventoryLimits"})).unwrap();
    assert_eq!((entry.min_cart_quantity, entry.max_cart_quantity), (None, None));
}

#[test]
fn levels_go_with_their_last_value() {
    let mut entry = state(5);
    apply(&mut entry, json!({"action": "setSafetyStock", "quantity": 3})).unwrap();
    assert_eq!(entry.stock_levels, Some(StockLevels { reorder_point: None, safety_stock: Some(3) }));
    apply(&mut entry, json!({"action": "setSafetyStock"})).unwrap();
    assert_eq!(entry.stock_levels, None);
}

#[test]
fn reservations_of_carts_last_a_minute_to_a_month() {
    let mut entry = state(5);
    for (minutes, good) in
        [(-1, false), (0, false), (1, true), (44_640, true), (44_641, false), (i64::MAX, false)]
    {
        let draft = json!({"sku": "a", "quantityOnStock": 1, "reservationExpirationInMinutes": minutes});
        assert_eq!(create(draft, &Facts::default()).is_ok(), good, "{minutes}");
        let set =
            json!({"action": "setReservationExpirationInMinutes", "reservationExpirationInMinutes": minutes});
        assert_eq!(apply(&mut entry, set).is_ok(), good, "{minutes}");
    }
    apply(&mut entry, json!({"action": "setReservationExpirationInMinutes"})).unwrap();
    assert_eq!(entry.reservation_expiration_in_minutes, None);
}

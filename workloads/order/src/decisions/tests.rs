//! The update actions of orders on values, and that their events give the same state again.

use crate::journal::Journal;
use crate::orders::Orders;
use api::cart::ShippingMode;
use api::order::{Order, OrderAction};
use api::{ApiError, Code, Id, Kind, Meta, Timestamp};
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Facts, Lookup, LookupBy, Rules, State, Stop};
use kit::store::{Claim, Visibility};
use serde_json::{Value, json};

const AT: &str = "2024-01-01T00:00:00.000Z";

fn meta(id: &str) -> Value {
    json!({"id": id, "version": 1, "createdAt": AT, "lastModifiedAt": AT})
}

fn eur(cents: i64) -> Value {
    json!({"type": "centPrecision", "currencyCode": "EUR", "centAmount": cents, "fractionDigits": 2})
}

fn order() -> State<Orders> {
    let initial = json!([{"quantity": 3, "state": {"typeId": "state", "id": "initial"}}]);
    let body: Order = serde_json::from_value(json!({
        "lineItems": [{
            "id": "line", "productId": "p", "name": {"en": "n"}, "productType": {"typeId": "product-type", "id": "t"},
            "variant": {"id": 1, "sku": "sku"}, "price": {"id": "price", "value": eur(100)}, "quantity": 3,
            "totalPrice": eur(300), "state": initial, "priceMode": "Platform", "lineItemMode": "Standard"
        }],
        "customLineItems": [], "totalPrice": eur(300), "priceRoundingMode": "HalfEven", "taxMode": "Disabled",
        "taxRoundingMode": "HalfEven", "taxCalculationMode": "LineItemLevel", "inventoryMode": "None",
        "shippingMode": "Single", "origin": "Customer", "orderState": "Open",
        "cart": {"typeId": "cart", "id": "cart"}, "shippingAddress": {"country": "DE"},
        "itemShippingAddresses": [{"country": "DE", "key": "home"}],
        "shippingInfo": {"shippingMethodName": "s", "price": eur(1), "shippingRate": {"price": eur(1)}, "shippingMethodState": "MatchesCart"}
    }))
    .unwrap();
    let meta: Meta = serde_json::from_value(meta("order")).unwrap();
    State { body, hidden: Journal::default(), visibility: Visibility::Live, due_at: None, meta }
}

fn state(id: &str, of: &str, initial: bool, transitions: Option<&[&str]>) -> String {
    let mut value = meta(id);
    let transitions =
        transitions.map(|to| to.iter().map(|id| json!({"typeId": "state", "id": id})).collect::<Vec<_>>());
    for (field, content) in [
        ("key", json!(id)),
        ("type", json!(of)),
        ("initial", json!(initial)),
        ("builtIn", json!(false)),
        ("transitions", json!(transitions)),
    ] {
        value[field] = content;
    }
    value.to_string()
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    let mut learn = |kind, id: &str, text: String| {
        facts.learn(Lookup::new(kind, LookupBy::Id(Id::parse(id).unwrap())), vec![text]);
    };
    learn(Kind::State, "initial", state("initial", "LineItemState", true, Some(&["picked"])));
    learn(Kind::State, "picked", state("picked", "LineItemState", false, Some(&[])));
    learn(Kind::State, "new", state("new", "OrderState", true, Some(&["done"])));
    learn(Kind::State, "done", state("done", "OrderState", false, Some(&[])));
    let mut customer = meta("customer");
    customer["customerGroup"] = json!({"typeId": "customer-group", "id": "group"});
    learn(Kind::Customer, "customer", customer.to_string());
    let mut channel = meta("erp");
    channel["key"] = json!("erp");
    channel["roles"] = json!(["OrderExport"]);
    learn(Kind::Channel, "erp", channel.to_string());
    channel["roles"] = json!(["InventorySupply"]);
    learn(Kind::Channel, "shelf", channel.to_string());
    let mut store = meta("store");
    store["key"] = json!("berlin");
    learn(Kind::Store, "store", store.to_string());
    let mut kind = meta("gift");
    kind["key"] = json!("gift");
    kind["name"] = json!({"en": "gift"});
    kind["resourceTypeIds"] = json!([
        "order",
        "order-delivery",
        "line-item",
        "address",
        "order-parcel",
        "order-return-item",
        "shipping"
    ]);
    kind["fieldDefinitions"] =
        json!([{"name": "wrap", "label": {"en": "w"}, "required": false, "type": {"name": "Boolean"}}]);
    learn(Kind::Type, "gift", kind.to_string());
    facts
}

/// Applies one action; gives the names of the messages.
fn act(order: &mut State<Orders>, action: Value) -> Result<(), ApiError> {
    let request = RequestInfo::system("demo", "test");
    let facts = facts();
    let now = Timestamp::parse("2024-05-01T00:00:00.000Z").unwrap();
    let mut cx = Context::new(now, order.meta.id.clone(), &request, &SystemClock, &facts);
    let name = action.to_string();
    let action: OrderAction = serde_json::from_value(action).unwrap_or_else(|e| panic!("{name}: {e}"));
    let decision: Decision<()> = Orders::apply(order, &action, &mut cx);
    decision.map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Missing => panic!("{name}: a fact is missing"),
    })
}

fn refused(order: &mut State<Orders>, action: Value) -> Code {
    let before = order.body.clone();
    let code = act(order, action).unwrap_err().code();
    assert!(order.body == before, "a refused action changed the order");
    code
}

fn with_id(kind: &str, id: &str) -> Value {
    json!({"typeId": kind, "id": id})
}

#[test]
fn folding_the_events_again_gives_the_same_order() {
    let mut order = order();
    let custom = |action: &str, extra: Value| {
        let mut value = json!({"action": action, "type": with_id("type", "gift"), "fields": {"wrap": true}});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        value
    };
    let actions = [
        json!({"action": "changeOrderState", "orderState": "Confirmed"}),
        json!({"action": "changeShipmentState", "shipmentState": "Ready"}),
        json!({"action": "changePaymentState", "paymentState": "Paid"}),
        json!({"action": "transitionState", "state": with_id("state", "new")}),
        json!({"action": "transitionState", "state": with_id("state", "done")}),
        json!({"action": "setOrderNumber", "orderNumber": "7"}),
        json!({"action": "setPurchaseOrderNumber", "purchaseOrderNumber": "po"}),
        json!({"action": "setCustomerEmail", "email": "a@example.org"}),
        json!({"action": "setCustomerId", "customerId": "customer"}),
        json!({"action": "setStore", "store": with_id("store", "store")}),
        json!({"action": "updateSyncInfo", "channel": with_id("channel", "erp"), "externalId": "x"}),
        custom("setCustomType", json!({})),
        json!({"action": "setCustomField", "name": "wrap", "value": false}),
        json!({"action": "setShippingAddress", "address": {"country": "AT", "city": "Wien"}}),
        custom("setShippingAddressCustomType", json!({})),
        json!({"action": "setBillingAddress", "address": {"country": "FR"}}),
        json!({"action": "addItemShippingAddress", "address": {"country": "FR", "key": "work"}}),
        json!({"action": "updateItemShippingAddress", "address": {"country": "AT", "key": "work"}}),
        custom("setItemShippingAddressCustomType", json!({"addressKey": "work"})),
        json!({"action": "setLineItemShippingDetails", "lineItemId": "line",
               "shippingDetails": {"targets": [{"addressKey": "work", "quantity": 3}]}}),
        json!({"action": "transitionLineItemState", "lineItemId": "line", "quantity": 2,
               "fromState": with_id("state", "initial"), "toState": with_id("state", "picked")}),
        custom("setLineItemCustomType", json!({"lineItemId": "line"})),
        custom("setShippingCustomType", json!({})),
        json!({"action": "setEstimatedDelivery", "estimatedDelivery": {"until": AT}}),
        json!({"action": "addDelivery", "deliveryKey": "first", "items": [{"id": "line", "quantity": 1}],
               "parcels": [{"key": "box-1"}, {}], "address": {"country": "DE"}}),
        json!({"action": "setDeliveryItems", "deliveryKey": "first", "items": []}),
        json!({"action": "setDeliveryAddress", "deliveryKey": "first", "address": {"country": "FR"}}),
        custom("setDeliveryCustomType", json!({"deliveryKey": "first"})),
        custom("setDeliveryAddressCustomType", json!({"deliveryKey": "first"})),
        json!({"action": "addParcelToDelivery", "deliveryKey": "first", "parcelKey": "box-2", "trackingData": {"carrier": "x"}}),
        json!({"action": "setParcelMeasurements", "parcelKey": "box-2", "measurements": {"weightInGram": 5}}),
        json!({"action": "setParcelTrackingData", "parcelKey": "box-2", "trackingData": {"trackingId": "t"}}),
        json!({"action": "setParcelItems", "parcelKey": "box-2", "items": [{"id": "line", "quantity": 1}]}),
        custom("setParcelCustomType", json!({"parcelKey": "box-2"})),
        json!({"action": "removeParcelFromDelivery", "parcelKey": "box-1"}),
        json!({"action": "addReturnInfo", "items": [{"key": "back", "quantity": 1, "lineItemId": "line", "shipmentState": "Returned"}]}),
        json!({"action": "setReturnShipmentState", "returnItemKey": "back", "shipmentState": "BackInStock"}),
        json!({"action": "setReturnPaymentState", "returnItemKey": "back", "paymentState": "Refunded"}),
        custom("setReturnItemCustomType", json!({"returnItemKey": "back"})),
    ];
    for action in actions {
        let (before, length) = (order.body.clone(), order.hidden.length());
        act(&mut order, action.clone()).unwrap_or_else(|e| panic!("{action}: {e}"));
        assert!(order.body != before, "{action} changed nothing");
        assert!(order.hidden.length() > length, "{action} left no event");
        let stored = serde_json::to_string(&order.hidden).unwrap();
        let journal: Journal = serde_json::from_str(&stored).unwrap();
        assert!(journal.fold(&order.body).unwrap() == order.body, "{action} folds to something else");
    }
    assert_eq!(order.hidden.length(), 40);
}

#[test]
fn a_long_life_is_folded_into_the_first_state() {
    let mut order = order();
    for round in 0..2_500 {
        act(
            &mut order,
            json!({"action": "setPurchaseOrderNumber", "purchaseOrderNumber": round.to_string()}),
        )
        .unwrap();
    }
    assert_eq!(order.hidden.length(), 2_501);
    assert!(order.hidden.fold(&order.body).unwrap() == order.body);
    assert!(serde_json::to_string(&order.hidden).unwrap().len() < 200_000);
}

#[test]
fn an_action_without_effect_leaves_no_event() {
    let mut order = order();
    for action in [
        json!({"action": "changeOrderState", "orderState": "Open"}),
        json!({"action": "setCustomerEmail"}),
        json!({"action": "setShippingAddress", "address": {"country": "DE"}}),
        json!({"action": "setReturnInfo"}),
    ] {
        act(&mut order, action).unwrap();
    }
    assert!(order.hidden == Journal::default());
}

#[test]
fn an_order_number_is_set_once() {
    let mut order = order();
    act(&mut order, json!({"action": "setOrderNumber", "orderNumber": "7"})).unwrap();
    act(&mut order, json!({"action": "setOrderNumber", "orderNumber": "7"})).unwrap();
    assert_eq!(
        refused(&mut order, json!({"action": "setOrderNumber", "orderNumber": "8"})),
        Code::InvalidOperation
    );
    assert_eq!(refused(&mut order, json!({"action": "setOrderNumber"})), Code::InvalidOperation);
    let claims = Orders::claims(&order.body);
    assert_eq!(claims, [Claim::new("cart", "cart"), Claim::new("orderNumber", "7")]);
}

#[test]
fn states_follow_their_transitions_unless_forced() {
    let mut order = order();
    let to = |id: &str| json!({"action": "transitionState", "state": with_id("state", id)});
    assert_eq!(refused(&mut order, to("done")), Code::InvalidOperation, "not initial");
    assert_eq!(refused(&mut order, to("initial")), Code::InvalidOperation, "a state of lines");
    act(&mut order, to("new")).unwrap();
    act(&mut order, to("done")).unwrap();
    assert_eq!(refused(&mut order, to("new")), Code::InvalidOperation, "a final state");
    act(&mut order, json!({"action": "transitionState", "state": with_id("state", "new"), "force": true}))
        .unwrap();
}

#[test]
fn units_of_a_line_move_between_states_without_getting_lost() {
    let mut order = order();
    let step = |quantity: i64, from: &str, to: &str| {
        json!({"action": "transitionLineItemState", "lineItemId": "line", "quantity": quantity,
               "fromState": with_id("state", from), "toState": with_id("state", to)})
    };
    assert_eq!(refused(&mut order, step(4, "initial", "picked")), Code::InvalidOperation);
    assert_eq!(refused(&mut order, step(0, "initial", "picked")), Code::InvalidOperation);
    act(&mut order, step(1, "initial", "picked")).unwrap();
    assert_eq!(refused(&mut order, step(1, "picked", "initial")), Code::InvalidOperation);
    let quantities: Vec<i64> = order.line_items[0].state.iter().map(|s| s.quantity).collect();
    assert_eq!(quantities, [2, 1]);
    let import = |n: i64| {
        json!({"action": "importLineItemState", "lineItemId": "line",
        "state": [{"quantity": n, "state": with_id("state", "picked")}]})
    };
    assert_eq!(refused(&mut order, import(2)), Code::InvalidOperation);
    act(&mut order, import(3)).unwrap();
    assert_eq!(order.line_items[0].state.len(), 1);
}

#[test]
fn a_part_is_named_by_id_or_key_and_must_be_there() {
    let mut order = order();
    let by = |extra: Value| {
        let mut action = json!({"action": "setDeliveryItems", "items": []});
        action.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        action
    };
    assert_eq!(refused(&mut order, by(json!({}))), Code::InvalidJsonInput);
    assert_eq!(
        refused(&mut order, by(json!({"deliveryId": "a", "deliveryKey": "bb"}))),
        Code::InvalidJsonInput
    );
    assert_eq!(refused(&mut order, by(json!({"deliveryId": "a"}))), Code::InvalidOperation);
}

#[test]
fn without_a_shipping_method_nothing_is_delivered() {
    let mut order = order();
    order.body.shipping_info = None;
    assert_eq!(refused(&mut order, json!({"action": "addDelivery"})), Code::InvalidOperation);
}

#[test]
fn several_shipping_methods_have_deliveries_of_their_own() {
    let mut order = order();
    let info = order.body.shipping_info.take();
    order.body.shipping_mode = ShippingMode::Multiple;
    let method =
        |key: &str| json!({"shippingKey": key, "shippingInfo": info, "shippingAddress": {"country": "DE"}});
    order.body.shipping = serde_json::from_value(json!([method("post"), method("bike")])).unwrap();
    let deliver = |key: Option<&str>| json!({"action": "addDelivery", "shippingKey": key, "deliveryKey": "first", "parcels": [{"key": "box"}]});
    assert_eq!(refused(&mut order, deliver(None)), Code::InvalidOperation);
    assert_eq!(refused(&mut order, deliver(Some("none"))), Code::InvalidOperation);
    let (told, custom) =
        (json!({"type": with_id("type", "gift"), "fields": {"wrap": true}}), "setShippingCustomType");
    for action in [
        deliver(Some("bike")),
        json!({"action": "setParcelItems", "parcelKey": "box", "items": [{"id": "line", "quantity": 1}]}),
        json!({"action": "setDeliveryAddress", "deliveryKey": "first", "address": {"country": "FR"}}),
        json!({"action": "setEstimatedDelivery", "shippingKey": "post", "estimatedDelivery": {"from": AT}}),
        json!({"action": custom, "shippingKey": "post", "type": told["type"], "fields": told["fields"]}),
    ] {
        let before = order.body.clone();
        act(&mut order, action.clone()).unwrap();
        assert!(order.body != before, "{action} changed nothing");
        let stored: Journal = serde_json::from_str(&serde_json::to_string(&order.hidden).unwrap()).unwrap();
        assert!(stored.fold(&order.body).unwrap() == order.body, "{action} folds to something else");
    }
    assert_eq!(refused(&mut order, deliver(Some("post"))), Code::DuplicateField, "keys are the order's");
    let [post, bike] = order.shipping.as_slice() else { panic!("two methods") };
    assert_eq!((post.shipping_info.deliveries.len(), bike.shipping_info.deliveries.len()), (0, 1));
    assert_eq!(bike.shipping_info.deliveries[0].parcels[0].items.len(), 1);
    assert!(post.shipping_info.estimated_delivery.is_some() && post.shipping_custom_fields.is_some());
    let details = |key: Option<&str>| {
        json!({"action": "setLineItemShippingDetails", "lineItemId": "line",
        "shippingDetails": {"targets": [{"addressKey": "home", "quantity": 3, "shippingMethodKey": key}]}})
    };
    assert_eq!(refused(&mut order, details(None)), Code::InvalidOperation);
    assert_eq!(refused(&mut order, details(Some("none"))), Code::InvalidOperation);
    act(&mut order, details(Some("bike"))).unwrap();
    act(&mut order, json!({"action": "removeDelivery", "deliveryKey": "first"})).unwrap();
    assert!(order.shipping[1].shipping_info.deliveries.is_empty());
}

#[test]
fn keys_are_unique_among_the_parts_of_one_parent() {
    let mut order = order();
    let delivery =
        |key: &str, parcels: Value| json!({"action": "addDelivery", "deliveryKey": key, "parcels": parcels});
    let parcel = |delivery: &str| json!({"action": "addParcelToDelivery", "deliveryKey": delivery, "parcelKey": "box"});
    act(&mut order, delivery("first", json!([{"key": "box"}]))).unwrap();
    act(&mut order, delivery("second", json!([{"key": "box"}]))).unwrap();
    act(&mut order, delivery("third", json!([]))).unwrap();
    act(&mut order, parcel("third")).unwrap();
    assert_eq!(refused(&mut order, parcel("third")), Code::DuplicateField);
    assert_eq!(refused(&mut order, delivery("third", json!([]))), Code::DuplicateField);
    let twins = json!([{"key": "box"}, {"key": "box"}]);
    assert_eq!(refused(&mut order, delivery("fourth", twins)), Code::DuplicateField);
    let item = json!({"key": "back", "quantity": 1, "lineItemId": "line", "shipmentState": "Returned"});
    let returned = |items: Value| json!({"action": "addReturnInfo", "items": items});
    act(&mut order, returned(json!([item]))).unwrap();
    act(&mut order, returned(json!([item]))).unwrap();
    assert_eq!(refused(&mut order, returned(json!([item, item]))), Code::DuplicateField);
}

#[test]
fn a_delivery_is_estimated_while_there_is_something_shipped() {
    let mut order = order();
    let day = |day: u8| format!("2024-06-0{day}T00:00:00.000Z");
    let set = |from: u8, until: u8| json!({"action": "setEstimatedDelivery", "estimatedDelivery": {"from": day(from), "until": day(until)}});
    act(&mut order, set(1, 3)).unwrap();
    let events = order.hidden.length();
    act(&mut order, set(1, 3)).unwrap();
    assert_eq!(order.hidden.length(), events, "nothing changed");
    assert_eq!(refused(&mut order, set(3, 1)), Code::InvalidField);
    let mut keyed = set(1, 2);
    keyed["shippingKey"] = json!("home");
    assert_eq!(refused(&mut order, keyed), Code::InvalidOperation);
    act(&mut order, json!({"action": "setEstimatedDelivery", "estimatedDelivery": {}})).unwrap();
    assert_eq!(order.shipping_info.as_ref().unwrap().estimated_delivery, None);
    order.body.shipping_info = None;
    assert_eq!(refused(&mut order, set(1, 2)), Code::InvalidOperation);
}

#[test]
fn returns_begin_advised_or_returned_and_end_once() {
    let mut order = order();
    let add = |state: &str| {
        json!({"action": "addReturnInfo",
        "items": [{"key": "back", "quantity": 1, "lineItemId": "line", "shipmentState": state}]})
    };
    assert_eq!(refused(&mut order, add("BackInStock")), Code::InvalidField);
    assert_eq!(refused(&mut order, json!({"action": "addReturnInfo", "items": []})), Code::InvalidField);
    act(&mut order, add("Advised")).unwrap();
    let item = &order.return_info[0].items[0];
    assert_eq!(json!(item.payment_state), "NonRefundable");
    let to = |state: &str| json!({"action": "setReturnShipmentState", "returnItemKey": "back", "shipmentState": state});
    assert_eq!(refused(&mut order, to("BackInStock")), Code::InvalidOperation);
    let paid =
        json!({"action": "setReturnPaymentState", "returnItemKey": "back", "paymentState": "Refunded"});
    assert_eq!(refused(&mut order, paid), Code::InvalidOperation);
}

#[test]
fn an_address_that_lines_go_to_stays() {
    let mut order = order();
    act(
        &mut order,
        json!({"action": "setLineItemShippingDetails", "lineItemId": "line",
        "shippingDetails": {"targets": [{"addressKey": "home", "quantity": 2}]}}),
    )
    .unwrap();
    assert!(!order.line_items[0].shipping_details.as_ref().unwrap().valid);
    let remove = json!({"action": "removeItemShippingAddress", "addressKey": "home"});
    assert_eq!(refused(&mut order, remove.clone()), Code::InvalidOperation);
    act(&mut order, json!({"action": "setLineItemShippingDetails", "lineItemId": "line"})).unwrap();
    act(&mut order, remove).unwrap();
    assert!(order.item_shipping_addresses.is_empty());
}

#[test]
fn orders_are_exchanged_only_with_channels_for_that() {
    let mut order = order();
    let with = |channel: &str| json!({"action": "updateSyncInfo", "channel": with_id("channel", channel)});
    assert_eq!(refused(&mut order, with("shelf")), Code::InvalidInput);
    act(&mut order, with("erp")).unwrap();
    act(
        &mut order,
        json!({"action": "updateSyncInfo", "channel": with_id("channel", "erp"), "externalId": "second"}),
    )
    .unwrap();
    assert_eq!(order.sync_info.len(), 1, "one entry per channel");
}

#[test]
fn the_store_is_not_set_twice() {
    let mut order = order();
    assert_eq!(refused(&mut order, json!({"action": "setStore"})), Code::InvalidOperation);
    let set = json!({"action": "setStore", "store": with_id("store", "store")});
    act(&mut order, set.clone()).unwrap();
    assert_eq!(refused(&mut order, set), Code::InvalidOperation);
}

#[test]
fn a_customer_brings_the_group() {
    let mut order = order();
    order.body.anonymous_id = Some("guest".to_owned());
    act(&mut order, json!({"action": "setCustomerId", "customerId": "customer"})).unwrap();
    assert_eq!(order.customer_group.as_ref().unwrap().id.as_str(), "group");
    assert_eq!(order.anonymous_id, None);
    act(&mut order, json!({"action": "setCustomerId"})).unwrap();
    assert_eq!((&order.customer_id, &order.customer_group), (&None, &None));
}

//! The checkout's two proofs: every step repeated changes nothing, and failing at each step in turn leaves
//! nothing behind. With real services on real SQLite files, in one process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod import;
mod limits;
mod shop;

use api::ServiceName;
use commerce_tests::PATIENCE;
use faults::Fault;
use futures::future::join_all;
use serde_json::{Value, json};
use shop::Shop;
use std::time::Duration;

/// prepare, pending, reserve, order the cart, commit.
const STEPS: usize = 5;

/// Orders a cart under a plan of faults, lets recovery do its work and checks that there is a whole order or
/// none at all. Where there is none, the customer can order again, with the same number.
async fn whole_or_nothing(shop: &Shop, plan: &[(usize, Fault)]) -> bool {
    let (cart, before) = (shop.cart().await, shop.stock().await);
    let number = json!({"orderNumber": cart["id"]});
    shop.faults.plan(plan);
    // A crashed process never answers.
    let answer = tokio::time::timeout(Duration::from_millis(400), shop.order(&cart, number.clone())).await;
    shop.faults.plan(&[]);
    shop.pass_time(31);
    shop.nothing_pending().await;
    let answered = matches!(&answer, Ok((201, _)));
    let made = settled(shop, &cart, before, plan).await;
    assert!(made || !answered, "{plan:?}: an order was answered and is not there");
    if !made {
        let now = shop.get(&format!("/carts/{}", cart["id"].as_str().unwrap())).await;
        let (status, body) = shop.order(&now, number).await;
        assert_eq!(status, 201, "{plan:?}: {body:#}");
        assert!(settled(shop, &cart, before, plan).await);
    }
    made
}

/// Whether there is an order of the cart; and that cart, stock and journal agree with that.
async fn settled(shop: &Shop, cart: &Value, before: [i64; 2], plan: impl std::fmt::Debug) -> bool {
    let orders = shop.orders_of(cart).await;
    let state = shop.get(&format!("/carts/{}", cart["id"].as_str().unwrap())).await["cartState"].clone();
    let expected = match orders.as_slice() {
        [] => (json!("Active"), before),
        [_] => (json!("Ordered"), [before[0] - 2, before[1] - 1]),
        more => panic!("{plan:?}: {} orders of one cart", more.len()),
    };
    assert_eq!((state, shop.stock().await), expected, "{plan:?}");
    if let [order] = orders.as_slice() {
        assert_eq!(order["version"], 1);
        let verified = shop.internal(ServiceName::Order, "/verify", json!({"orderId": order["id"]})).await;
        assert_eq!(verified["same"], true);
    }
    !orders.is_empty()
}

/// One shop per plan, a few at a time.
async fn each(plans: Vec<Vec<(usize, Fault)>>) -> Vec<bool> {
    let mut made = Vec::new();
    for some in plans.chunks(6) {
        made.extend(
            join_all(some.iter().map(|plan| async move {
                let shop = Shop::open().await;
                let made = whole_or_nothing(&shop, plan).await;
                shop.nothing_marked().await;
                let stock = shop.stock().await;
                assert_eq!(stock, [8, 9], "{plan:?}: stock after the marks went");
                made
            }))
            .await,
        );
    }
    made
}

fn singles(fault: Fault) -> Vec<Vec<(usize, Fault)>> {
    (1..=STEPS).map(|step| vec![(step, fault)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_takes_five_steps() {
    let shop = Shop::open().await;
    let cart = shop.cart().await;
    shop.faults.plan(&[]);
    let (status, order) = shop.order(&cart, json!({})).await;
    assert_eq!((status, shop.faults.steps()), (201, STEPS), "{order:#}");
    assert_eq!(order["totalPrice"], cart["totalPrice"]);
    assert_eq!(order["lineItems"], cart["lineItems"]);
    assert_eq!((&order["version"], &order["orderState"]), (&json!(1), &json!("Open")));
    assert!(settled(&shop, &cart, [10, 10], "no fault").await);
    shop.nothing_marked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_repeated_changes_nothing() {
    // The commit of the second try finds the order committed: that is a success too.
    assert_eq!(each(singles(Fault::Twice)).await, [true, false, true, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_leaves_nothing_behind() {
    assert_eq!(each(singles(Fault::Lost)).await, [false; STEPS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_answer_is_lost_leaves_nothing_or_all() {
    // Once it is committed, the order stands.
    assert_eq!(each(singles(Fault::Unanswered)).await, [false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_or_after_any_step_leaves_nothing_or_all() {
    assert_eq!(each(singles(Fault::CrashBefore)).await, [false; STEPS]);
    assert_eq!(each(singles(Fault::CrashAfter)).await, [false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_while_undoing_is_mended_later() {
    let mut plans = Vec::new();
    for first in 3..STEPS {
        // The fence, the two releases and the removal.
        for then in first + 1..=first + 4 {
            for fault in [Fault::Lost, Fault::Unanswered, Fault::CrashAfter] {
                plans.push(vec![(first, Fault::Unanswered), (then, fault)]);
            }
        }
    }
    assert!(each(plans).await.iter().all(|made| !made));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stalls_cannot_commit_once_it_was_undone() {
    for step in 3..=STEPS {
        let shop = Shop::open().await;
        let (cart, before) = (shop.cart().await, shop.stock().await);
        shop.faults.plan(&[(step, Fault::Stalled)]);
        let stalled = shop.order(&cart, json!({}));
        let meanwhile = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            shop.pass_time(31);
            shop.nothing_pending().await;
            shop.faults.resume();
        };
        let ((status, _), ()) = tokio::join!(stalled, meanwhile);
        assert!(status >= 400, "step {step}: {status}");
        shop.nothing_pending().await;
        assert!(!settled(&shop, &cart, before, step).await, "step {step}");
        shop.nothing_marked().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_commit_comes_to_nothing_while_its_order_is_half_undone() {
    let shop = Shop::open().await;
    let (cart, before) = (shop.cart().await, shop.stock().await);
    // The recovery's steps follow: the fence, the two releases, the removal, which fails.
    shop.faults.plan(&[(STEPS, Fault::Stalled), (STEPS + 4, Fault::Lost)]);
    let stalled = shop.order(&cart, json!({}));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        shop.pass_time(31);
        for _ in 0..1_000 {
            if shop.faults.steps() < STEPS + 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(shop.stock().await, before, "released, and not yet removed");
        shop.faults.resume();
    };
    let ((status, _), ()) = tokio::join!(stalled, meanwhile);
    assert!(status >= 400, "{status}");
    shop.pass_time(10);
    shop.nothing_pending().await;
    assert!(!settled(&shop, &cart, before, "half undone").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_parallel_requests_on_one_cart_make_one_order() {
    let shop = Shop::open().await;
    let cart = shop.cart().await;
    let answers = join_all((0..10).map(|_| shop.order(&cart, json!({})))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 201);
    assert_eq!(won.len(), 1);
    for (status, body) in lost {
        let code = body["errors"][0]["code"].as_str().unwrap().to_owned();
        assert!(
            matches!((status, code.as_str()), (409, "ConcurrentModification") | (400, "InvalidOperation")),
            "{status} {code}"
        );
    }
    assert!(settled(&shop, &cart, [10, 10], "ten").await);
    let (status, body) = shop.order(&cart, json!({})).await;
    let code = &body["errors"][0]["code"];
    assert!(status == 409 || (status == 400 && code == "InvalidOperation"), "{status} {code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_buyers_of_the_last_three_three_get_one() {
    let shop = Shop::open().await;
    let line = json!({"lineItems": [{"sku": "a", "quantity": 3}, {"sku": "b", "quantity": 1}]});
    let carts = join_all((0..8).map(|_| shop.cart_with(line.clone()))).await;
    let answers = join_all(carts.iter().map(|cart| shop.order(cart, json!({})))).await;
    let won = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(won, 3);
    for ((status, body), cart) in answers.iter().zip(&carts) {
        if *status != 201 {
            let error = &body["errors"][0];
            assert_eq!((*status, &error["code"]), (400, &json!("OutOfStock")));
            assert_eq!(
                (&error["skus"], &error["lineItems"]),
                (&json!(["a"]), &json!([cart["lineItems"][0]["id"]]))
            );
            let now = shop.get(&format!("/carts/{}", cart["id"].as_str().unwrap())).await;
            assert_eq!((&now["cartState"], &now["version"]), (&json!("Active"), &cart["version"]));
        }
    }
    assert_eq!(shop.stock().await, [1, 7]);
    shop.nothing_marked().await;
    assert_eq!(shop.stock().await, [1, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_number_goes_to_one_of_many_carts() {
    let shop = Shop::open().await;
    let carts = join_all((0..3).map(|_| shop.cart())).await;
    let answers = join_all(carts.iter().map(|cart| shop.order(cart, json!({"orderNumber": "7"})))).await;
    for (status, body) in answers.iter().filter(|(status, _)| *status != 201) {
        let error = &body["errors"][0];
        assert_eq!(
            (*status, &error["code"], &error["field"]),
            (400, &json!("DuplicateField"), &json!("orderNumber"))
        );
    }
    let order = shop.get("/orders/order-number=7").await;
    assert_eq!(
        answers.iter().filter(|(status, body)| *status == 201 && body["id"] == order["id"]).count(),
        1
    );
    assert_eq!(shop.stock().await, [8, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_order_gives_no_stock_back() {
    let shop = Shop::open().await;
    let cart = shop.cart().await;
    let (status, order) = shop.order(&cart, json!({"orderNumber": "7"})).await;
    assert_eq!(status, 201, "{order:#}");
    let (status, gone) = shop.send("DELETE", "/orders/order-number=7?version=1", None).await;
    assert_eq!((status, &gone["id"]), (200, &order["id"]));
    shop.nothing_marked().await;
    assert_eq!(shop.stock().await, [8, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_changed_and_its_events_still_give_it() {
    let shop = Shop::open().await;
    let (_, order) = shop.order(&shop.cart().await, json!({})).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let update = |version: i64, action: Value| json!({"version": version, "actions": [action]});
    let state = json!({"action": "changeOrderState", "orderState": "Complete"});
    let (status, changed) = shop.send("POST", &path, Some(update(1, state))).await;
    assert_eq!((status, &changed["orderState"]), (200, &json!("Complete")));
    let number = json!({"action": "setOrderNumber", "orderNumber": "late"});
    let (status, changed) = shop.send("POST", &path, Some(update(2, number))).await;
    assert_eq!((status, &changed["version"]), (200, &json!(3)));
    assert_eq!(shop.get("/orders/order-number=late").await, changed);
    let verified = shop.internal(ServiceName::Order, "/verify", json!({"orderId": order["id"]})).await;
    assert_eq!(verified, json!({"same": true, "events": 3}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_of_once_and_one_that_was_undone_never() {
    let shop = Shop::open().await;
    let undone = shop.cart().await;
    shop.faults.plan(&[(4, Fault::Unanswered)]);
    assert!(shop.order(&undone, json!({})).await.0 >= 500);
    shop.nothing_pending().await;
    let (_, order) = shop.order(&shop.cart().await, json!({})).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let state = json!({"version": 1, "actions": [{"action": "changeOrderState", "orderState": "Complete"}]});
    assert_eq!(shop.send("POST", &path, Some(state)).await.0, 200);
    let (_, gone) = shop.send("DELETE", &format!("{path}?version=2"), None).await;
    let mut consumer = shop.bus.join("test", &["order"]).await.unwrap();
    let mut events = Vec::new();
    while events.len() < 3 {
        let more = tokio::time::timeout(PATIENCE, consumer.next(10)).await;
        let more = more.unwrap_or_else(|_| panic!("only {events:?} came")).unwrap();
        events.extend(more.into_iter().map(|delivery| delivery.event));
    }
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["order.created", "order.updated", "order.deleted"]);
    let messages: Vec<Value> = events
        .iter()
        .map(|event| {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(data["messages"].as_array().unwrap().len(), 1);
            data["messages"][0].clone()
        })
        .collect();
    assert_eq!((&messages[0]["type"], &messages[0]["order"]), (&json!("OrderCreated"), &order));
    assert_eq!(messages[0]["sequenceNumber"], 1);
    assert_eq!(
        (&messages[1]["type"], &messages[1]["oldOrderState"]),
        (&json!("OrderStateChanged"), &json!("Open"))
    );
    assert_eq!((&messages[2]["type"], &messages[2]["order"]), (&json!("OrderDeleted"), &gone));
}

//! Imported orders go through the checkout's saga: they take stock, and there is a whole order or none.

use crate::faults::Fault;
use crate::shop::Shop;
use api::ServiceName;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// Two look-ups at the same time, pending, reserve, commit.
const STEPS: usize = 5;

/// Two `a` and one `b`, as an order of another system has them.
fn draft(number: &str, mode: &str) -> Value {
    let money = |cents: i64| json!({"currencyCode": "EUR", "centAmount": cents});
    let line = |sku: &str, quantity: i64| json!({"name": {"en": sku}, "variant": {"sku": sku}, "quantity": quantity, "price": {"value": money(70)}});
    json!({"orderNumber": number, "inventoryMode": mode, "totalPrice": money(199), "lineItems": [line("a", 2), line("b", 1)]})
}

async fn import(shop: &Shop, draft: Value) -> (u16, Value) {
    shop.send("POST", "/orders/import", Some(draft)).await
}

/// Whether the order is there; the stock agrees with that.
async fn settled(shop: &Shop, plan: impl std::fmt::Debug) -> bool {
    let (status, order) = shop.send("GET", "/orders/order-number=7", None).await;
    let stock = if status == 200 { [8, 9] } else { [10, 10] };
    assert_eq!(shop.stock().await, stock, "{plan:?}");
    if status == 200 {
        let verified = shop.internal(ServiceName::Order, "/verify", json!({"orderId": order["id"]})).await;
        assert_eq!((&order["version"], &verified["same"]), (&json!(1), &json!(true)));
    }
    status == 200
}

/// Imports an order under a fault at each step in turn; where it failed, it can be imported again.
async fn each(fault: Fault) -> Vec<bool> {
    let one = |step: usize| async move {
        let (shop, plan) = (Shop::open().await, [(step, fault)]);
        shop.faults.plan(&plan);
        // A crashed process never answers.
        let answer =
            tokio::time::timeout(Duration::from_millis(400), import(&shop, draft("7", "ReserveOnOrder")))
                .await;
        shop.faults.plan(&[]);
        shop.pass_time(31);
        shop.nothing_pending().await;
        let made = settled(&shop, plan).await;
        assert!(made || !matches!(answer, Ok((201, _))), "{plan:?}: an order was answered and is not there");
        if !made {
            let (status, body) = import(&shop, draft("7", "ReserveOnOrder")).await;
            assert_eq!(status, 201, "{plan:?}: {body:#}");
            assert!(settled(&shop, plan).await);
        }
        shop.nothing_marked().await;
        assert_eq!(shop.stock().await, [8, 9], "{plan:?}: stock after the marks went");
        made
    };
    join_all((1..=STEPS).map(one)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_stock_and_is_told_of_as_one() {
    let shop = Shop::open().await;
    shop.faults.plan(&[]);
    let (status, order) = import(&shop, draft("7", "ReserveOnOrder")).await;
    assert_eq!((status, shop.faults.steps()), (201, STEPS), "{order:#}");
    assert_eq!((&order["totalPrice"]["centAmount"], &order["cart"]), (&json!(199), &Value::Null));
    assert!(settled(&shop, "no fault").await);
    let mut consumer = shop.bus.join("test", &["order"]).await.unwrap();
    let event = consumer.next(1).await.unwrap().remove(0).event;
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(
        (event.kind.as_str(), &data["messages"][0]["type"]),
        ("order.created", &json!("OrderImported"))
    );
    assert_eq!(data["messages"][0]["order"], order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_of_an_import_leaves_all_or_nothing() {
    // The pending order is written twice: the second write finds the first one, and nobody goes on with it.
    assert_eq!(each(Fault::Twice).await, [true, true, false, true, true]);
    assert_eq!(each(Fault::Lost).await, [false; STEPS]);
    assert_eq!(each(Fault::Unanswered).await, [false, false, false, false, true]);
    assert_eq!(each(Fault::CrashBefore).await, [false; STEPS]);
    assert_eq!(each(Fault::CrashAfter).await, [false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_stock_refuses_an_import_unless_it_is_only_tracked() {
    let shop = Shop::open().await;
    let greedy = |mode: &str| {
        let mut draft = draft("7", mode);
        draft["lineItems"][0]["quantity"] = json!(11);
        draft
    };
    let (status, body) = import(&shop, greedy("ReserveOnOrder")).await;
    assert_eq!(
        (status, &body["errors"][0]["code"], &body["errors"][0]["skus"]),
        (400, &json!("OutOfStock"), &json!(["a"]))
    );
    assert_eq!(shop.stock().await, [10, 10]);
    assert_eq!(import(&shop, greedy("None")).await.0, 201);
    assert_eq!(shop.stock().await, [10, 10]);
    let (status, body) = import(&shop, greedy("TrackOnly")).await;
    assert_eq!(
        (status, &body["errors"][0]["field"]),
        (400, &json!("orderNumber")),
        "the number is taken: {body:#}"
    );
    let mut tracked = greedy("TrackOnly");
    tracked["orderNumber"] = json!("8");
    assert_eq!(import(&shop, tracked).await.0, 201);
    assert_eq!(shop.stock().await, [-1, 9]);
}

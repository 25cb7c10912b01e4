//! The inventory service on a real SQLite file: entries over HTTP, and stock for orders over the internal
//! routes, many at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use api::{ApiError, Caller, Code, Kind, Scopes, ServiceName, Timestamp};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use futures::future::join_all;
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers::{Peers, call};
use kit::relay::Relay;
use kit::service::Deps;
use kit::store::{Document, Selector, Store};
use kit::telemetry::Metrics;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

struct Warehouse {
    public: Router,
    peers: Arc<LocalPeers>,
    store: Arc<dyn Store>,
    _stop: DropGuard,
    _dir: tempfile::TempDir,
}

impl Warehouse {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let peers = Arc::new(LocalPeers::new());
        let bus = Arc::new(LocalBus::open(&dir.path().join("events.db"), Arc::clone(&clock)).unwrap());
        let path = dir.path().join("inventory.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, &commerce_inventory::kinds()).unwrap());
        let stop = CancellationToken::new();
        let (relay, _) = Relay::start(Arc::clone(&store), Arc::clone(&bus) as _, stop.clone());
        let service = commerce_inventory::service(Deps {
            service: ServiceName::Inventory,
            store: Arc::clone(&store),
            bus,
            peers: Arc::clone(&peers) as _,
            clock,
            relay,
            metrics: Metrics::shared(),
        });
        peers.register(ServiceName::Inventory, service.internal);
        Self { public: service.public, peers, store, _stop: stop.drop_guard(), _dir: dir }
    }

    /// An entry of that many units of a SKU, with more fields.
    async fn entry(&self, sku: &str, units: i64, extra: Value) -> Value {
        let mut draft = json!({"sku": sku, "quantityOnStock": units});
        draft.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let (status, entry) = self.send("POST", "/inventory", Some(draft)).await;
        assert_eq!(status, 201, "{entry:#}");
        entry
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.send_as(RequestInfo::system("demo", "test"), method, path, body).await
    }

    async fn send_as(
        &self,
        caller: RequestInfo,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(format!("/demo{path}")).extension(caller);
        let response = self.public.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn call(&self, path: &'static str, body: Value) -> Result<Value, ApiError> {
        let peers: &dyn Peers = self.peers.as_ref();
        call(peers, ServiceName::Inventory, path, &RequestInfo::system("demo", "test"), &body).await
    }

    async fn reserve(&self, order: &str, lines: Value) -> Result<(), ApiError> {
        self.call("/reserve", json!({"orderId": order, "deadline": soon(), "lines": lines})).await.map(drop)
    }

    async fn release(&self, order: &str, skus: &[&str]) {
        let entries: Vec<Value> = skus.iter().map(|sku| json!({"sku": sku})).collect();
        let body = json!({"orderId": order, "deadline": soon(), "entries": entries});
        self.call("/release", body).await.unwrap();
    }

    async fn confirm(&self, order: &str, sku: &str, at_once: bool) {
        let orders = json!([{"orderId": order, "entries": [{"sku": sku}]}]);
        self.call("/confirm", json!({"orders": orders, "atOnce": at_once})).await.unwrap();
    }

    async fn stored(&self, entry: &Value) -> Document {
        let id = api::Id::parse(entry["id"].as_str().unwrap()).unwrap();
        self.store.get("demo", Kind::InventoryEntry, &Selector::Id(id)).await.unwrap().unwrap()
    }

    async fn available(&self, entry: &Value) -> i64 {
        let (_, now) = self.send("GET", &format!("/inventory/{}", entry["id"].as_str().unwrap()), None).await;
        assert_eq!(now["version"], entry["version"], "stock for orders does not move the version");
        now["availableQuantity"].as_i64().unwrap()
    }
}

fn soon() -> Timestamp {
    SystemClock.now().plus_millis(30_000)
}

fn line(sku: &str, quantity: i64, mode: &str) -> Value {
    json!({"lineItemId": format!("line-{sku}"), "sku": sku, "quantity": quantity, "mode": mode})
}

fn firm(sku: &str, quantity: i64) -> Value {
    json!([line(sku, quantity, "ReserveOnOrder")])
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_thousand_buyers_of_one_thousand_units_one_thousand_get_one_in_few_writes() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("hot", 1_000, json!({})).await;
    let orders: Vec<String> = (0..2_000).map(|n| format!("order-{n}")).collect();
    let got = join_all(orders.iter().map(|order| warehouse.reserve(order, firm("hot", 1)))).await;
    assert_eq!(got.iter().filter(|got| got.is_ok()).count(), 1_000);
    let refused = got.iter().filter_map(|got| got.as_ref().err());
    assert!(refused.into_iter().all(|error| error.code() == Code::OutOfStock));
    assert_eq!(warehouse.available(&entry).await, 0);
    let writes = warehouse.stored(&entry).await.rev;
    assert!(writes < 1_000, "{writes} writes for 2000 orders: they were not taken together");
    for (order, _) in orders.iter().zip(&got).filter(|(_, got)| got.is_ok()) {
        warehouse.confirm(order, "hot", false).await;
    }
    warehouse.confirm("any", "hot", true).await;
    assert_eq!(warehouse.stored(&entry).await.hidden, None, "marks are left");
}

#[tokio::test]
async fn all_lines_get_their_units_or_none_and_every_short_one_is_named() {
    let warehouse = Warehouse::open().await;
    let plenty = warehouse.entry("plenty", 10, json!({})).await;
    let scarce = warehouse.entry("scarce", 1, json!({})).await;
    let lines = json!([
        line("plenty", 2, "ReserveOnOrder"),
        line("scarce", 2, "ReserveOnOrder"),
        line("unknown", 1, "TrackOnly"),
    ]);
    let error = warehouse.reserve("order", lines).await.unwrap_err().body()["errors"][0].clone();
    assert_eq!(error["code"], "OutOfStock");
    assert_eq!(
        (&error["skus"], &error["lineItems"]),
        (&json!(["scarce", "unknown"]), &json!(["line-scarce", "line-unknown"]))
    );
    assert_eq!((warehouse.available(&plenty).await, warehouse.available(&scarce).await), (10, 1));
    assert_eq!(warehouse.stored(&plenty).await.hidden, None);
    warehouse.reserve("order", firm("plenty", 2)).await.unwrap();
    assert_eq!(warehouse.available(&plenty).await, 8);
}

#[tokio::test]
async fn lines_of_one_entry_are_taken_together() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 3, json!({})).await;
    let twice = json!([line("a", 2, "ReserveOnOrder"), line("a", 2, "ReserveOnOrder")]);
    assert_eq!(warehouse.reserve("one", twice).await.unwrap_err().code(), Code::OutOfStock);
    let tracked = json!([line("a", 2, "ReserveOnOrder"), line("a", 2, "TrackOnly"), line("a", 9, "None")]);
    warehouse.reserve("two", tracked).await.unwrap();
    assert_eq!(warehouse.available(&entry).await, -1);
}

#[tokio::test]
async fn what_is_kept_for_a_cart_only_its_order_gets() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 3, json!({})).await;
    let hold = async |quantity: i64| {
        let lines = json!([
            {"lineItemId": "line-a", "sku": "a", "quantity": quantity},
            {"lineItemId": "line-x", "sku": "unknown", "quantity": 1},
        ]);
        let hold = json!({"cartId": "cart", "minutes": 60, "expires": true, "renew": false, "lines": lines});
        warehouse.call("/hold", hold).await.unwrap()
    };
    for (wanted, kept) in [(2, 2), (2, 2), (4, 2)] {
        assert_eq!(hold(wanted).await, json!([kept, 0]), "{wanted} wanted");
        assert_eq!(warehouse.available(&entry).await, 1);
    }
    assert_eq!(warehouse.reserve("other", firm("a", 2)).await.unwrap_err().code(), Code::OutOfStock);
    warehouse.reserve("own", json!([line("a", 3, "ReserveOnCart")])).await.unwrap();
    assert_eq!(warehouse.available(&entry).await, 0);
    warehouse.release("own", &["a"]).await;
    assert_eq!(warehouse.available(&entry).await, 1, "an order that is given up leaves the cart what it had");
    assert_eq!(hold(0).await, json!([0, 0]));
    assert_eq!(warehouse.available(&entry).await, 3);
}

#[tokio::test]
async fn every_call_repeated_changes_nothing() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 5, json!({})).await;
    for _ in 0..3 {
        warehouse.reserve("one", firm("a", 2)).await.unwrap();
    }
    assert_eq!(warehouse.available(&entry).await, 3);
    for _ in 0..3 {
        warehouse.release("one", &["a", "unknown"]).await;
    }
    assert_eq!(warehouse.available(&entry).await, 5);
    warehouse.reserve("two", firm("a", 2)).await.unwrap();
    for _ in 0..3 {
        warehouse.confirm("two", "a", true).await;
    }
    warehouse.release("two", &["a"]).await;
    assert_eq!(warehouse.available(&entry).await, 3, "a confirmed order gives nothing back");
}

#[tokio::test]
async fn a_reservation_that_comes_late_is_refused() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 5, json!({})).await;
    warehouse.release("given-up", &["a"]).await;
    let error = warehouse.reserve("given-up", firm("a", 1)).await.unwrap_err();
    assert_eq!(error.code(), Code::ConcurrentModification);
    let past = SystemClock.now().plus_millis(-1);
    let late = json!({"orderId": "late", "deadline": past, "lines": firm("a", 1)});
    assert_eq!(warehouse.call("/reserve", late).await.unwrap_err().code(), Code::ConcurrentModification);
    assert_eq!(warehouse.available(&entry).await, 5);
}

#[tokio::test]
async fn a_merchant_edits_while_orders_take_stock() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 100, json!({})).await;
    let path = format!("/inventory/{}", entry["id"].as_str().unwrap());
    let edits = async {
        for version in 1..=10 {
            let update = json!({"version": version, "actions": [{"action": "addQuantity", "quantity": 1}]});
            let (status, body) = warehouse.send("POST", &path, Some(update)).await;
            assert_eq!(status, 200, "an order caused a conflict: {body:#}");
        }
    };
    let orders: Vec<String> = (0..50).map(|n| format!("order-{n}")).collect();
    let taking = join_all(orders.iter().map(|order| warehouse.reserve(order, firm("a", 1))));
    let ((), taken) = tokio::join!(edits, taking);
    assert!(taken.iter().all(Result::is_ok));
    let (_, now) = warehouse.send("GET", &path, None).await;
    assert_eq!((&now["quantityOnStock"], &now["version"]), (&json!(60), &json!(11)));
}

#[tokio::test]
async fn a_sku_has_one_entry_and_what_may_be_done_with_it_needs_the_scope() {
    let warehouse = Warehouse::open().await;
    let entry = warehouse.entry("a", 5, json!({"key": "shelf"})).await;
    let (status, body) =
        warehouse.send("POST", "/inventory", Some(json!({"sku": "a", "quantityOnStock": 1}))).await;
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("DuplicateField")));
    assert_eq!(body["errors"][0]["field"], "sku");
    let stranger = Caller { scopes: Scopes::default(), ..Caller::system("demo") };
    let stranger = RequestInfo { caller: Arc::new(stranger), correlation_id: "test".into() };
    let (status, _) = warehouse.send_as(stranger, "GET", "/inventory/key=shelf", None).await;
    assert_eq!(status, 403);
    let (status, _) = warehouse.send("DELETE", "/inventory/key=shelf?version=1", None).await;
    assert_eq!(status, 200);
    warehouse.entry("a", 1, json!({"key": "shelf"})).await;
    assert_ne!(entry["id"], Value::Null);
}

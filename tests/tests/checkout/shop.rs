//! A shop of real services on real SQLite files in one process, with a clock that can be moved and with
//! faults at the order service's steps.

use crate::faults::{Faults, FaultyPeers, FaultyStore};
use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use api::{Id, Kind, ServiceName, Timestamp};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use commerce_tests::PATIENCE;
use kit::bus::EventBus;
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers::{Peers, call};
use kit::relay::Relay;
use kit::service::{Deps, Service};
use kit::store::{KindSchema, Selector, Store};
use kit::telemetry::Metrics;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

/// The real clock, moved on by the test.
#[derive(Default)]
pub struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst))
    }
    fn new_id(&self, at: Timestamp) -> Id {
        SystemClock.new_id(at)
    }
    fn secret(&self) -> String {
        SystemClock.secret()
    }
}

pub struct Shop {
    pub faults: Arc<Faults>,
    clock: Arc<MovedClock>,
    routers: HashMap<ServiceName, Router>,
    stores: HashMap<ServiceName, Arc<dyn Store>>,
    peers: Arc<dyn Peers>,
    local: Arc<LocalPeers>,
    pub bus: Arc<dyn EventBus>,
    _stop: DropGuard,
    _dir: tempfile::TempDir,
}

type Entry = (ServiceName, fn() -> Vec<KindSchema>, fn(Deps) -> Service);

impl Shop {
    /// Opens a shop with the SKUs `a` and `b`, ten of each on the shelf.
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovedClock::default());
        let (local, faults) = (Arc::new(LocalPeers::new()), Arc::new(Faults::default()));
        let peers: Arc<dyn Peers> = Arc::clone(&local) as _;
        let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let bus: Arc<dyn EventBus> =
            Arc::new(LocalBus::open(&dir.path().join("events.db"), Arc::clone(&as_clock)).unwrap());
        let stop = CancellationToken::new();
        let services: [Entry; 5] = [
            (ServiceName::Project, project::kinds, project::service),
            (ServiceName::Product, product::kinds, product::service),
            (ServiceName::Inventory, inventory::kinds, inventory::service),
            (ServiceName::Cart, cart::kinds, cart::service),
            (ServiceName::Order, order::kinds, order::service),
        ];
        let (mut routers, mut stores) = (HashMap::new(), HashMap::new());
        for (name, kinds, build) in services {
            let store: Arc<dyn Store> =
                Arc::new(SqliteStore::open(&dir.path().join(format!("{name}.db")), &kinds()).unwrap());
            let (relay, _) = Relay::start(Arc::clone(&store), Arc::clone(&bus), stop.clone());
            stores.insert(name, Arc::clone(&store));
            let faulty = name == ServiceName::Order;
            let service = build(Deps {
                service: name,
                store: if faulty {
                    Arc::new(FaultyStore { inner: store, faults: Arc::clone(&faults) })
                } else {
                    store
                },
                bus: Arc::clone(&bus),
                peers: if faulty {
                    Arc::new(FaultyPeers { inner: Arc::clone(&peers), faults: Arc::clone(&faults) })
                } else {
                    Arc::clone(&peers)
                },
                clock: Arc::clone(&as_clock),
                relay,
                metrics: Metrics::shared(),
            });
            local.register(name, service.internal);
            routers.insert(name, service.public);
            for task in service.tasks {
                tokio::spawn(task(stop.clone()));
            }
        }
        let shop =
            Self { faults, clock, routers, stores, peers, local, bus, _stop: stop.drop_guard(), _dir: dir };
        shop.fill().await;
        shop
    }

    async fn fill(&self) {
        let project = json!({"key": "demo", "name": "demo", "currencies": ["EUR"], "countries": ["DE"], "languages": ["en"]});
        let declared = json!({"projects": [project]});
        let _: Value = self.internal(ServiceName::Project, "/declare", declared).await;
        self.create("/product-types", json!({"key": "thing", "name": "t", "description": ""})).await;
        for sku in ["a", "b"] {
            let product = json!({
                "key": format!("product-{sku}"), "productType": {"typeId": "product-type", "key": "thing"}, "name": {"en": sku},
                "slug": {"en": format!("slug-{sku}")}, "publish": true,
                "masterVariant": {"sku": sku, "prices": [{"value": {"currencyCode": "EUR", "centAmount": 100}}]},
            });
            self.create("/products", product).await;
            self.create(
                "/inventory",
                json!({"sku": sku, "key": format!("stock-{sku}"), "quantityOnStock": 10}),
            )
            .await;
        }
    }

    /// A cart of two `a` and one `b`, which reserves stock when it is ordered.
    pub async fn cart(&self) -> Value {
        self.cart_with(json!({})).await
    }

    pub async fn cart_with(&self, extra: Value) -> Value {
        let mut draft = json!({
            "currency": "EUR", "country": "DE", "inventoryMode": "ReserveOnOrder", "taxMode": "Disabled",
            "shippingAddress": {"country": "DE"},
            "lineItems": [{"sku": "a", "quantity": 2}, {"sku": "b", "quantity": 1}],
        });
        draft.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.create("/carts", draft).await
    }

    /// Orders a cart as it was given.
    pub async fn order(&self, cart: &Value, extra: Value) -> (u16, Value) {
        let mut draft = json!({"cart": {"typeId": "cart", "id": cart["id"]}, "version": cart["version"]});
        draft.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.send("POST", "/orders", Some(draft)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let segment = path.trim_start_matches('/').split(['/', '?']).next().unwrap();
        let kind = Kind::ALL.iter().find(|kind| kind.path() == segment).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("/demo{path}"))
            .header("content-type", "application/json")
            .extension(RequestInfo::system("demo", "test"))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let response = self.routers[&kind.service()].clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub async fn create(&self, path: &str, draft: Value) -> Value {
        let (status, body) = self.send("POST", path, Some(draft)).await;
        assert_eq!(status, 201, "POST {path}: {body:#}");
        body
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, None).await;
        assert_eq!(status, 200, "GET {path}: {body:#}");
        body
    }

    /// Asks for what may be asked again, so that a busy machine may take longer than calls have.
    pub async fn internal(&self, to: ServiceName, path: &'static str, body: Value) -> Value {
        let start = Instant::now();
        loop {
            let answer =
                call(self.peers.as_ref(), to, path, &RequestInfo::system("demo", "test"), &body).await;
            match answer {
                Err(error) if error.status() == 503 && start.elapsed() < PATIENCE => {}
                answer => break answer.unwrap(),
            }
        }
    }

    /// What is available of `a` and `b`.
    pub async fn stock(&self) -> [i64; 2] {
        let mut stock = [0; 2];
        for (units, key) in stock.iter_mut().zip(["stock-a", "stock-b"]) {
            let entry = self.get(&format!("/inventory/key={key}")).await;
            assert_eq!(entry["quantityOnStock"], entry["availableQuantity"]);
            assert_eq!(entry["version"], 1, "a reservation moved the version");
            *units = entry["availableQuantity"].as_i64().unwrap();
        }
        stock
    }

    /// The orders of a cart.
    pub async fn orders_of(&self, cart: &Value) -> Vec<Value> {
        let id = cart["id"].as_str().unwrap();
        let page = self.get(&format!("/orders?where=cart(id%3D%22{id}%22)")).await;
        page["results"].as_array().unwrap().clone()
    }

    /// From now on no service can reach this one.
    pub fn take_away(&self, service: ServiceName) {
        self.local.unregister(service);
    }

    pub fn pass_time(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Waits until no order is pending, as the recovery loop finds them.
    pub async fn nothing_pending(&self) {
        self.nothing_due(ServiceName::Order).await;
    }

    /// Lets all deadlines pass and waits until no inventory entry has marks.
    pub async fn nothing_marked(&self) {
        self.pass_time(600);
        self.nothing_due(ServiceName::Inventory).await;
        for key in ["stock-a", "stock-b"] {
            let entry = self.stores[&ServiceName::Inventory]
                .get("demo", Kind::InventoryEntry, &Selector::key(key))
                .await;
            assert_eq!(entry.unwrap().unwrap().hidden, None, "{key} has marks");
        }
    }

    async fn nothing_due(&self, service: ServiceName) {
        let until = Instant::now() + Duration::from_secs(120);
        let far = self.clock.now().plus_days(1);
        loop {
            let due = self.stores[&service].due(Kind::ALL.to_vec(), far, 10).await.unwrap();
            if due.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "still due: {due:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

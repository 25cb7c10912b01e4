//! The service as the gateway sees it, with everything real behind it. The other services are not here: what
//! they would know is a table, and what they are asked is written down.

use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use api::{Caller, Id, Kind, Scopes, ServiceName};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use conformance::Listener;
use http_body_util::BodyExt;
use kit::bus::EventBus;
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers::Peers;
use kit::relay::Relay;
use kit::resource::{LookupBatch, LookupBy};
use kit::service::Deps;
use kit::store::Store;
use kit::telemetry::Metrics;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// What the other services were asked, and what the cart service says.
#[derive(Clone, Default)]
pub struct Others {
    pub asked: Arc<Mutex<Vec<(String, Value)>>>,
    pub cart: Arc<Mutex<Value>>,
}

pub struct World {
    router: Router,
    internal: Router,
    peers: Arc<LocalPeers>,
    pub others: Others,
    /// What the order service was asked.
    pub orders: Others,
    pub store: Arc<dyn Store>,
    /// What it has published.
    pub heard: Listener,
    _dir: tempfile::TempDir,
    _stop: tokio_util::sync::DropGuard,
}

/// Who asks.
#[derive(Clone, Default)]
pub struct Who {
    pub scopes: String,
    pub customer: Option<Id>,
    pub guest: Option<String>,
}

impl Who {
    pub fn admin() -> Self {
        Self { scopes: "manage_project".into(), ..Self::default() }
    }

    pub fn customer(id: &Value) -> Self {
        Self { scopes: "manage_my_profile".into(), customer: Id::parse(id.as_str().unwrap()), guest: None }
    }

    pub fn guest(id: &str) -> Self {
        Self { scopes: "manage_my_profile".into(), customer: None, guest: Some(id.into()) }
    }

    fn info(&self) -> RequestInfo {
        let scopes: Vec<String> = self.scopes.split(' ').map(|scope| format!("{scope}:demo")).collect();
        let caller = Caller {
            client_id: "tests".into(),
            scopes: Scopes::of_project(&scopes.join(" "), "demo"),
            customer_id: self.customer.clone(),
            anonymous_id: self.guest.clone(),
            ..Caller::system("demo")
        };
        RequestInfo { caller: Arc::new(caller), correlation_id: "test".into() }
    }
}

impl World {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = Arc::new(
            SqliteStore::open(&dir.path().join("customer.db"), &commerce_customer::kinds()).unwrap(),
        );
        let bus: Arc<dyn EventBus> =
            Arc::new(LocalBus::open(&dir.path().join("events.db"), Arc::clone(&clock)).unwrap());
        let peers = Arc::new(LocalPeers::new());
        let stop = CancellationToken::new();
        let (relay, _) = Relay::start(Arc::clone(&store), Arc::clone(&bus), stop.clone());
        let heard = Listener::start("customer", Arc::clone(&store), Arc::clone(&bus)).await;
        let service = commerce_customer::service(Deps {
            service: ServiceName::Customer,
            store: Arc::clone(&store),
            bus: Arc::clone(&bus),
            peers: Arc::clone(&peers) as Arc<dyn Peers>,
            clock,
            relay,
            metrics: Metrics::shared(),
        });
        let (others, orders) = (Others::default(), Others::default());
        peers.register(ServiceName::Order, noting(&orders, &["/adopt"]));
        peers.register(ServiceName::Customer, service.internal.clone());
        peers.register(ServiceName::Project, Router::new().route("/lookup", post(lookup)));
        peers.register(ServiceName::Account, noting(&others, &["/revoke-customer"]));
        let world = Self {
            router: service.public,
            internal: service.internal,
            peers,
            others,
            orders,
            store,
            heard,
            _dir: dir,
            _stop: stop.clone().drop_guard(),
        };
        world.cart_answers(Value::Null);
        for task in service.tasks {
            tokio::spawn(task(stop.clone()));
        }
        world
    }

    /// The cart service is there and gives this answer; an object with `statusCode` is an error.
    pub fn cart_answers(&self, answer: Value) {
        *self.others.cart.lock().unwrap() = answer;
        self.peers
            .register(ServiceName::Cart, noting(&self.others, &["/adopt", "/check-reprice", "/reprice"]));
    }

    /// What the order service was asked to adopt.
    pub fn adopted_orders(&self) -> Vec<Value> {
        self.orders.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// The cart service is away.
    pub fn no_carts(&self) {
        self.peers.unregister(ServiceName::Cart);
    }

    /// What other services were asked on a route.
    pub fn asked(&self, route: &str) -> Vec<Value> {
        let asked = self.others.asked.lock().unwrap();
        asked.iter().filter(|(path, _)| path == route).map(|(_, body)| body.clone()).collect()
    }

    async fn send(router: &Router, who: &Who, method: &str, uri: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let uri = uri.replace(' ', "%20").replace('"', "%22");
        let mut request = Request::builder().method(method).uri(uri).body(body).unwrap();
        request.extensions_mut().insert(who.info());
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn call(&self, who: &Who, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = Some(body).filter(|body| !body.is_null());
        Self::send(&self.router, who, method, &format!("/demo{path}"), body.as_ref()).await
    }

    /// The status of an admin's POST.
    pub async fn call_owned(&self, path: &str, body: Value) -> u16 {
        self.call(&Who::admin(), "POST", path, body).await.0
    }

    /// Calls an internal route.
    pub async fn internal(&self, path: &str, body: Value) -> (u16, Value) {
        Self::send(&self.internal, &Who::admin(), "POST", path, Some(&body)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(&Who::admin(), "GET", path, Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub async fn status_of(&self, path: &str) -> u16 {
        self.call(&Who::admin(), "GET", path, Value::Null).await.0
    }

    /// A POST that must give this status.
    pub async fn post(&self, path: &str, body: Value, expected: u16) -> Value {
        let (status, answer) = self.call(&Who::admin(), "POST", path, body).await;
        assert_eq!(status, expected, "POST {path}: {answer}");
        answer
    }

    /// The first error of a POST that must be refused with 400.
    pub async fn refused(&self, path: &str, body: Value) -> Value {
        self.post(path, body, 400).await["errors"][0].clone()
    }

    /// A new customer with this e-mail address, the password `secret` and what else is given.
    pub async fn customer(&self, email: &str, more: Value) -> Value {
        let mut draft = json!({"email": email, "password": "secret"});
        draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/customers", draft, 201).await["customer"].clone()
    }

    /// Applies actions to a customer as it stands now.
    pub async fn try_update(&self, customer: &Value, actions: Value) -> (u16, Value) {
        let path = format!("/customers/{}", customer["id"].as_str().unwrap());
        let version = self.get(&path).await["version"].clone();
        let body = json!({"version": version, "actions": actions});
        self.call(&Who::admin(), "POST", &path, body).await
    }

    pub async fn update(&self, customer: &Value, actions: Value) -> Value {
        let (status, body) = self.try_update(customer, actions.clone()).await;
        assert_eq!(status, 200, "{actions}: {body}");
        body
    }

    /// The first error of refused actions.
    pub async fn update_refused(&self, customer: &Value, actions: Value) -> Value {
        let (status, body) = self.try_update(customer, actions.clone()).await;
        assert_eq!(status, 400, "{actions}: {body}");
        body["errors"][0].clone()
    }

    pub async fn login(&self, email: &str, password: &str) -> u16 {
        let body = json!({"email": email, "password": password});
        self.call(&Who::admin(), "POST", "/login", body).await.0
    }
}

/// Internal routes that write down what they are asked and give the cart service's answer.
fn noting(others: &Others, routes: &[&'static str]) -> Router {
    routes.iter().copied().fold(Router::new(), |router, route| {
        let others = others.clone();
        router.route(
            route,
            post(move |body: Bytes| async move {
                let body: Value = serde_json::from_slice(&body).unwrap();
                others.asked.lock().unwrap().push((route.to_owned(), body));
                let answer = match route {
                    "/adopt" | "/check-reprice" => others.cart.lock().unwrap().clone(),
                    _ => Value::Null,
                };
                let status = answer["statusCode"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200);
                (StatusCode::from_u16(status).unwrap(), answer.to_string()).into_response()
            }),
        )
    })
}

/// What the project service would know: the project's settings, two stores, one type.
async fn lookup(body: Bytes) -> String {
    let batch: LookupBatch = serde_json::from_slice(&body).unwrap();
    let meta = json!({"id": "x", "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "lastModifiedAt": "2026-01-01T00:00:00.000Z"});
    let with = |id: &str, more: Value| {
        let mut all = meta.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        all.insert("id".into(), id.into());
        vec![Value::Object(all)]
    };
    let answers = batch.lookups.iter().map(|lookup| {
        let name = match &lookup.by {
            LookupBy::Id(id) => id.as_str().to_owned(),
            LookupBy::Claim(claim) => claim.value.clone(),
            LookupBy::Where { .. } => String::new(),
        };
        match (lookup.kind, name.as_str()) {
            (Kind::Project, _) => with("demo", json!({
                "key": "demo", "name": "demo", "countries": ["DE"], "currencies": ["EUR"], "languages": ["en", "de"],
                "messages": {"enabled": false}, "carts": {"countryTaxRateFallbackEnabled": false},
            })),
            (Kind::Store, "berlin" | "paris") => with(&format!("store-{name}"), json!({"key": name})),
            (Kind::Store, "store-paris") => with("store-paris", json!({"key": "paris"})),
            (Kind::Type, "badge" | "type-badge") => with("type-badge", json!({
                "key": "badge", "name": {"en": "Badge"}, "resourceTypeIds": ["customer", "customer-group", "address"],
                "fieldDefinitions": [
                    {"type": {"name": "String"}, "name": "colour", "label": {"en": "Colour"}, "required": false},
                ],
            })),
            _ => Vec::new(),
        }
    });
    Value::from(answers.map(Value::from).collect::<Vec<_>>()).to_string()
}

/// Waits until `check` holds, for what is eventual.
pub async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    for _ in 0..100 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen within five seconds");
}

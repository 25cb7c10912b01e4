//! The service as the gateway sees it, with everything real behind it but the other services.

use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use api::{Caller, Scopes, ServiceName};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use bytes::Bytes;
use conformance::Listener;
use http_body_util::BodyExt;
use kit::bus::EventBus;
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers::Peers;
use kit::relay::Relay;
use kit::resource::{Lookup, LookupBatch, LookupBy};
use kit::service::Deps;
use kit::store::Store;
use kit::telemetry::Metrics;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub struct Shop {
    router: Router,
    /// What it has published.
    pub heard: Listener,
    scopes: String,
    _dir: tempfile::TempDir,
    _stop: tokio_util::sync::DropGuard,
}

impl Shop {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&dir.path().join("product.db"), &commerce_product::kinds()).unwrap());
        let bus: Arc<dyn EventBus> =
            Arc::new(LocalBus::open(&dir.path().join("events.db"), Arc::clone(&clock)).unwrap());
        let peers = Arc::new(LocalPeers::new());
        let stop = CancellationToken::new();
        let (relay, _) = Relay::start(Arc::clone(&store), Arc::clone(&bus), stop.clone());
        let heard = Listener::start("product", Arc::clone(&store), Arc::clone(&bus)).await;
        let service = commerce_product::service(Deps {
            service: ServiceName::Product,
            store: Arc::clone(&store),
            bus: Arc::clone(&bus),
            peers: Arc::clone(&peers) as Arc<dyn Peers>,
            clock,
            relay,
            metrics: Metrics::shared(),
        });
        peers.register(ServiceName::Product, service.internal);
        peers.register(ServiceName::Inventory, stock());
        for task in service.tasks {
            tokio::spawn(task(stop.clone()));
        }
        Self {
            router: service.public,
            heard,
            scopes: "manage_project".into(),
            _dir: dir,
            _stop: stop.drop_guard(),
        }
    }

    /// The same shop for a token of these scopes, separated by spaces.
    pub fn with_scopes(&mut self, scopes: &str) {
        scopes.clone_into(&mut self.scopes);
    }

    pub async fn raw(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let scopes: Vec<String> = self.scopes.split(' ').map(|scope| format!("{scope}:demo")).collect();
        let caller = Caller {
            client_id: "tests".into(),
            scopes: Scopes::of_project(&scopes.join(" "), "demo"),
            ..Caller::system("demo")
        };
        let info = RequestInfo { caller: Arc::new(caller), correlation_id: "test".into() };
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let uri = format!("/demo{path}").replace(' ', "%20").replace('"', "%22").replace('>', "%3E");
        let mut request = Request::builder().method(method).uri(uri).body(body).unwrap();
        request.extensions_mut().insert(info);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (status, text) = self.raw(method, path, body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub async fn status_of(&self, path: &str) -> u16 {
        self.raw("GET", path, None).await.0
    }

    pub async fn create(&self, path: &str, draft: Value) -> Value {
        let (status, body) = self.call("POST", path, Some(&draft)).await;
        assert_eq!(status, 201, "POST {path}: {body}");
        body
    }

    /// The error code of a refused creation.
    pub async fn refused(&self, path: &str, draft: Value) -> Value {
        let (status, body) = self.call("POST", path, Some(&draft)).await;
        assert_eq!(status, 400, "POST {path}: {body}");
        body["errors"][0].clone()
    }

    /// Applies actions to the resource as it stands now.
    pub async fn try_update(&self, path: &str, actions: Value) -> (u16, Value) {
        let version = self.get(path).await["version"].clone();
        self.call("POST", path, Some(&json!({"version": version, "actions": actions}))).await
    }

    pub async fn update(&self, path: &str, actions: Value) -> Value {
        let (status, body) = self.try_update(path, actions.clone()).await;
        assert_eq!(status, 200, "{actions}: {body}");
        body
    }

    /// The first error of refused actions.
    pub async fn update_refused(&self, path: &str, actions: Value) -> Value {
        let (status, body) = self.try_update(path, actions.clone()).await;
        assert_eq!(status, 400, "{actions}: {body}");
        body["errors"][0].clone()
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        let version = self.get(path).await["version"].clone();
        self.call("DELETE", &format!("{path}?version={version}"), None).await
    }
}

/// The inventory service as far as products ask it: there is an entry of the sku `in-stock` and no other.
fn stock() -> Router {
    Router::new().route(
        "/lookup",
        post(|body: Bytes| async move {
            let batch: LookupBatch = serde_json::from_slice(&body).unwrap();
            let answer = |lookup: &Lookup| match &lookup.by {
                LookupBy::Where { predicate, .. } if predicate.contains("\"in-stock\"") => json!([{
                    "id": "entry", "version": 1, "createdAt": "2024-01-01T00:00:00.000Z",
                    "lastModifiedAt": "2024-01-01T00:00:00.000Z", "sku": "in-stock",
                    "quantityOnStock": 5, "availableQuantity": 4,
                }]),
                _ => json!([]),
            };
            batch.lookups.iter().map(answer).collect::<Value>().to_string()
        }),
    )
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

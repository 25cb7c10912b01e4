//! The service on files of its own, alone: no other service answers its look-ups.

use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use api::{Caller, Scopes, ServiceName};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::relay::Relay;
use kit::service::Deps;
use kit::store::Store;
use kit::telemetry::Metrics;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) struct Stage {
    public: Router,
    internal: Router,
    store: Arc<dyn Store>,
    _dir: tempfile::TempDir,
}

/// An answer: status and body.
pub(crate) type Answer = (u16, Value);

impl Stage {
    /// The service with the project `demo`: EUR and USD; DE and US; en, de and fr.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&dir.path().join("project.db"), &commerce_project::kinds()).unwrap());
        let bus = Arc::new(LocalBus::open(&dir.path().join("events.db"), Arc::new(SystemClock)).unwrap());
        // The relay has stopped, so that the events stay in the outbox, where the tests read them.
        let stop = CancellationToken::new();
        stop.cancel();
        let (relay, task) = Relay::start(Arc::clone(&store), bus.clone(), stop);
        task.await.unwrap();
        let service = commerce_project::service(Deps {
            service: ServiceName::Project,
            store: Arc::clone(&store),
            bus,
            peers: Arc::new(LocalPeers::new()),
            clock: Arc::new(SystemClock),
            relay,
            metrics: Metrics::shared(),
        });
        let stage = Self { public: service.public, internal: service.internal, store, _dir: dir };
        assert_eq!(stage.declare(&declared()).await, (200, Value::Null));
        stage
    }

    /// What the manifest says, said to the service.
    pub(crate) async fn declare(&self, declared: &Value) -> Answer {
        let all = json!({"projects": [declared]});
        self.send(&self.internal, "POST", "/declare", "manage_project:demo", Some(&all)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&self.public, "GET", &format!("/demo{path}"), "manage_project:demo", None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(&self.public, "POST", &format!("/demo{path}"), "manage_project:demo", Some(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(&self.public, "DELETE", &format!("/demo{path}"), "manage_project:demo", None).await
    }

    /// A request under other scopes.
    pub(crate) async fn status_as(&self, scope: &str, method: &str, path: &str) -> u16 {
        self.send(&self.public, method, &format!("/demo{path}"), scope, None).await.0
    }

    /// Makes a resource.
    pub(crate) async fn made(&self, path: &str, draft: Value) -> Value {
        let (status, body) = self.post(path, draft).await;
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Changes a resource by id under its version.
    pub(crate) async fn change(&self, path: &str, resource: &Value, actions: Value) -> Answer {
        let path = format!("{path}/{}", resource["id"].as_str().unwrap());
        self.post(&path, json!({"version": resource["version"], "actions": actions})).await
    }

    /// Changes a resource, which must work.
    pub(crate) async fn changed(&self, path: &str, resource: &Value, actions: Value) -> Value {
        let (status, body) = self.change(path, resource, actions).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Deletes a resource by id under its version.
    pub(crate) async fn remove(&self, path: &str, resource: &Value) -> Answer {
        self.delete(&format!("{path}/{}?version={}", resource["id"].as_str().unwrap(), resource["version"]))
            .await
    }

    /// The messages about a resource so far, without ids and numbers.
    pub(crate) async fn messages(&self, resource: &Value) -> Vec<Value> {
        let mut messages = Vec::new();
        for one in self.store.unpublished(None, 1_000).await.unwrap() {
            if resource["id"] == one.key.id.as_str() {
                for event in one.events {
                    let data: Value = serde_json::from_str(&event.data).unwrap();
                    messages.extend(data["messages"].as_array().unwrap().iter().cloned());
                }
            }
        }
        for message in &mut messages {
            let message = message.as_object_mut().unwrap();
            for field in ["id", "sequenceNumber", "resourceVersion", "resourceUserProvidedIdentifiers"] {
                message.remove(field);
            }
        }
        messages
    }

    async fn send(
        &self,
        router: &Router,
        method: &str,
        path: &str,
        scope: &str,
        body: Option<&Value>,
    ) -> Answer {
        let caller = Caller { scopes: Scopes::of_project(scope, "demo"), ..Caller::system("demo") };
        let info = RequestInfo { caller: Arc::new(caller), correlation_id: "test".into() };
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).extension(info).body(body).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// The code of the first error of a refusal with 400.
pub(crate) fn refused((status, body): &Answer) -> &str {
    assert_eq!(*status, 400, "{body}");
    body["errors"][0]["code"].as_str().unwrap()
}

/// The declaration that every stage starts with.
pub(crate) fn declared() -> Value {
    json!({
        "key": "demo", "name": "Demo", "currencies": ["EUR", "USD"], "countries": ["DE", "US"],
        "languages": ["en", "de", "fr"],
    })
}

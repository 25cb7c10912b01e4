//! Peers in the same process: a call goes straight into the other service's internal router.

use super::{LARGEST, read};
use api::{ApiError, Result, ServiceName};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use kit::Boxed;
use kit::http::RequestInfo;
use kit::peers::{Call, Peers, internal};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use tower::ServiceExt;

/// The services of one process. Services need their peers to be built, and peers need the services'
/// routers: so routers are registered later. A call to a service that is not there is answered with
/// [`ApiError::unavailable`].
#[derive(Default)]
pub struct LocalPeers {
    routers: RwLock<HashMap<ServiceName, Router>>,
}

impl LocalPeers {
    /// No services yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the internal routes of `service` callable, in place of any that were registered before.
    pub fn register(&self, service: ServiceName, internal: Router) {
        self.routers.write().unwrap_or_else(PoisonError::into_inner).insert(service, internal);
    }

    /// Takes a service out, as if its process were gone.
    pub fn unregister(&self, service: ServiceName) {
        self.routers.write().unwrap_or_else(PoisonError::into_inner).remove(&service);
    }

    fn router(&self, service: ServiceName) -> Option<Router> {
        self.routers.read().unwrap_or_else(PoisonError::into_inner).get(&service).cloned()
    }
}

impl Peers for LocalPeers {
    fn call(&self, to: ServiceName, call: Call) -> Boxed<'_, Result<Bytes>> {
        let router = self.router(to);
        Box::pin(async move {
            let Some(router) = router else {
                tracing::warn!(service = %to, path = call.path, "a peer is not there");
                return Err(ApiError::unavailable());
            };
            match tokio::time::timeout(call.deadline, send(router, call)).await {
                Ok(result) => result,
                Err(_) => {
                    tracing::warn!(service = %to, "a peer did not answer in time");
                    Err(ApiError::unavailable())
                }
            }
        })
    }
}

async fn send(router: Router, call: Call) -> Result<Bytes> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(call.path)
        .header(header::CONTENT_TYPE, "application/json")
        .extension(RequestInfo::of_call(&call))
        .body(Body::from(call.body))
        .map_err(|error| internal(&error))?;
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), LARGEST).await.map_err(|error| internal(&error))?;
    read(call.path, status, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Caller, Code};
    use axum::Json;
    use axum::http::StatusCode;
    use axum::routing::post;
    use std::sync::Arc;
    use std::time::Duration;

    fn call(path: &'static str) -> Call {
        Call {
            path,
            caller: Arc::new(Caller::system("shop")),
            correlation_id: "trace-1".into(),
            body: Bytes::from_static(b"{\"a\":1}"),
            idempotent: true,
            deadline: Duration::from_millis(200),
        }
    }

    async fn echo(info: RequestInfo, Json(body): Json<serde_json::Value>) -> Json<serde_json::Value> {
        let (project, trace): (&str, &str) = (&info.caller.project, &info.correlation_id);
        Json(serde_json::json!({ "body": body, "project": project, "trace": trace }))
    }

    async fn refuse() -> (StatusCode, Json<serde_json::Value>) {
        (StatusCode::CONFLICT, Json(ApiError::concurrent_modification("x", 1, 2).body()))
    }

    async fn sleep() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }

    fn peers() -> LocalPeers {
        let peers = LocalPeers::new();
        let router = Router::new()
            .route("/echo", post(echo))
            .route("/refuse", post(refuse))
            .route("/sleep", post(sleep))
            .route("/broken", post(async || (StatusCode::BAD_GATEWAY, "no JSON")));
        peers.register(ServiceName::Cart, router);
        peers
    }

    #[tokio::test]
    async fn a_call_reaches_the_route_with_its_body_its_caller_and_its_correlation_id() {
        let answer = peers().call(ServiceName::Cart, call("/echo")).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer, serde_json::json!({ "body": { "a": 1 }, "project": "shop", "trace": "trace-1" }));
    }

    #[tokio::test]
    async fn an_error_body_comes_back_as_the_error_that_it_says() {
        let error = peers().call(ServiceName::Cart, call("/refuse")).await.unwrap_err();
        assert_eq!(error, ApiError::concurrent_modification("x", 1, 2));
    }

    #[tokio::test]
    async fn an_error_without_a_readable_body_is_a_general_one() {
        let error = peers().call(ServiceName::Cart, call("/broken")).await.unwrap_err();
        assert_eq!(error.code(), Code::General);
    }

    #[tokio::test]
    async fn a_peer_that_is_slow_or_absent_is_unavailable() {
        let peers = peers();
        let slow = peers.call(ServiceName::Cart, call("/sleep")).await.unwrap_err();
        assert_eq!(slow, ApiError::unavailable());
        let absent = peers.call(ServiceName::Order, call("/echo")).await.unwrap_err();
        assert_eq!(absent, ApiError::unavailable());
        peers.unregister(ServiceName::Cart);
        let gone = peers.call(ServiceName::Cart, call("/echo")).await.unwrap_err();
        assert_eq!(gone, ApiError::unavailable());
    }
}

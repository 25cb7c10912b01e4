//! Upstreams in the same process: the gateway hands a request straight to the service's public router.

use api::{ApiError, ServiceName};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use kit::Boxed;
use kit::http::Failure;
use kit::upstream::Upstreams;
use std::collections::HashMap;
use tower::ServiceExt;

/// The public routers of the services of one process.
pub struct LocalUpstreams(HashMap<ServiceName, Router>);

impl LocalUpstreams {
    /// These services.
    #[must_use]
    pub fn new(routers: HashMap<ServiceName, Router>) -> Self {
        Self(routers)
    }
}

impl Upstreams for LocalUpstreams {
    fn send(&self, to: ServiceName, request: Request) -> Boxed<'_, Response> {
        let Some(router) = self.0.get(&to).cloned() else {
            let path = request.uri().path().to_owned();
            return Box::pin(async move { Failure(ApiError::no_route(&path)).into_response() });
        };
        Box::pin(async move {
            match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    }
}

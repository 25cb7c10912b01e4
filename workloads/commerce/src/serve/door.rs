//! A door: routes that are there from the start of the process, and lead to the service once it is built.
//!
//! Before that, the answer says that nothing was done, so that whoever calls asks another replica.

use adapters::peers::http::NOT_SERVED;
use api::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use kit::http::Failure;
use std::sync::{Arc, OnceLock};
use tower::ServiceExt;

use super::readiness::Readiness;

/// Where the service will be.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<OnceLock<Router>>);

impl Door {
    /// Opens it, for good.
    pub(crate) fn open(&self, router: Router) {
        let _ = self.0.set(router);
    }

    /// The routes; connections are asked to close as soon as the process is about to end, so that none is cut
    /// off when it does.
    pub(crate) fn router(&self, readiness: &Arc<Readiness>) -> Router {
        let (door, readiness) = (self.clone(), Arc::clone(readiness));
        Router::new().fallback(move |request: Request| async move { door.pass(request).await }).layer(
            from_fn(move |request: Request, next: Next| {
                let readiness = Arc::clone(&readiness);
                async move {
                    let keeps_alive = request.version() < Version::HTTP_2;
                    let mut response = next.run(request).await;
                    if keeps_alive && readiness.is_stopping() {
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    response
                }
            }),
        )
    }

    async fn pass(&self, request: Request) -> Response {
        let Some(router) = self.0.get() else {
            let mut response = Failure(ApiError::unavailable()).into_response();
            response
                .headers_mut()
                .insert(HeaderName::from_static(NOT_SERVED), HeaderValue::from_static("true"));
            return response;
        };
        match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

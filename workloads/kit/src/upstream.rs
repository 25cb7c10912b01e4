//! The `Upstreams` port: how the gateway hands a client's request to the service that serves it.

use crate::Boxed;
use api::ServiceName;
use axum::extract::Request;
use axum::response::Response;

/// The public routes of the services.
pub trait Upstreams: Send + Sync + 'static {
    /// Passes a request on. It carries a [`crate::http::RequestInfo`] in its extensions, and its body is
    /// complete in memory. A service that cannot be reached is answered as 503.
    fn send(&self, to: ServiceName, request: Request) -> Boxed<'_, Response>;
}

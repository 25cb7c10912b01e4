//! The HTTP shell: what a request knows, how bodies are read and how answers and errors are written.

mod body;
mod params;
mod reply;

pub use body::{MAX_BODY_BYTES, json};
pub use params::{MAX_LIMIT, MAX_OFFSET, Params};
pub use reply::{Failure, Reply, created, empty, ok, reply};

use api::{Caller, Id};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::sync::Arc;

use crate::peers::Call;
use crate::store::Selector;

/// What a request knows beside its own content. The gateway (in process) or the internal shell (over
/// HTTP) puts it into the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The `X-Correlation-ID` of the request.
    pub correlation_id: Arc<str>,
}

impl RequestInfo {
    /// The info of a call among services.
    #[must_use]
    pub fn of_call(call: &Call) -> Self {
        Self { caller: Arc::clone(&call.caller), correlation_id: Arc::clone(&call.correlation_id) }
    }

    /// The stack itself, acting in a project.
    #[must_use]
    pub fn system(project: &str, reason: &str) -> Self {
        Self { caller: Arc::new(Caller::system(project)), correlation_id: reason.into() }
    }

    /// The project of the request.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.caller.project
    }
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a request reached a service without a caller");
            Failure(api::ApiError::general())
        })
    }
}

/// Words of the API that stand where an id would. Whoever serves them has a route for it; elsewhere they are not
/// there, rather than the id of nothing.
const NO_IDS: [&str; 3] = ["import", "quotes", "search"];

/// Reads `key={key}` or an id out of a path segment.
#[must_use]
pub fn selector(segment: &str) -> Option<Selector> {
    match segment.strip_prefix("key=") {
        Some(key) => Some(Selector::key(key)),
        None if NO_IDS.contains(&segment) => None,
        None => Id::parse(segment).map(Selector::Id),
    }
}

/// The 404 that belongs to a path segment.
#[must_use]
pub fn not_found(segment: &str) -> api::ApiError {
    match segment.split_once('=') {
        Some(("key", key)) => api::ApiError::key_not_found(key),
        Some((field, value)) => api::ApiError::new(
            api::Code::ResourceNotFound,
            format!("The Resource with {field} '{value}' was not found."),
        ),
        None => api::ApiError::not_found(segment),
    }
}

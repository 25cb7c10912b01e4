//! The `Peers` port: calls from one service to another's internal routes.

use crate::Boxed;
use api::{ApiError, Caller, Code, Result, ServiceName};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use std::time::Duration;

/// A call to an internal route: always a POST of a JSON body.
#[derive(Debug, Clone)]
pub struct Call {
    /// The route, `/lookup`.
    pub path: &'static str,
    /// On whose behalf.
    pub caller: Arc<Caller>,
    /// The request's correlation id.
    pub correlation_id: Arc<str>,
    /// JSON text.
    pub body: Bytes,
    /// Repeating it changes nothing, so a driver may retry it.
    pub idempotent: bool,
    /// When the caller gives up.
    pub deadline: Duration,
}

/// The other services.
pub trait Peers: Send + Sync + 'static {
    /// Calls `to` and gives the JSON text of its answer. An error body comes back as the error that it
    /// says; a peer that cannot be reached is [`ApiError::unavailable`].
    fn call(&self, to: ServiceName, call: Call) -> Boxed<'_, Result<Bytes>>;
}

/// How long a service waits for another one.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Calls an internal route with a typed body and answer. The call must be idempotent.
pub async fn call<T: DeserializeOwned>(
    peers: &dyn Peers,
    to: ServiceName,
    path: &'static str,
    request: &crate::http::RequestInfo,
    body: &impl Serialize,
) -> Result<T> {
    let body = serde_json::to_vec(body).map_err(|error| internal(&error))?;
    let call = Call {
        path,
        caller: Arc::clone(&request.caller),
        correlation_id: Arc::clone(&request.correlation_id),
        body: body.into(),
        idempotent: true,
        deadline: DEADLINE,
    };
    let answer = peers.call(to, call).await?;
    serde_json::from_slice(&answer).map_err(|error| internal(&error))
}

/// Logs what went wrong inside and gives the error that clients see.
pub fn internal(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "an internal step failed");
    ApiError::new(Code::General, ApiError::general().message())
}

//! Who calls among services: each call carries its caller as a token of a minute's life, signed by the
//! calling workload and made for the called one.
//!
//! A token names the workload that calls (`iss`), the service that is called (`aud`) and the [`Caller`] on
//! whose behalf, who has none for requests that identify themselves (token endpoints). It travels in the
//! header [`HEADER`], so that a client's own `Authorization` stays untouched. [`Signer`] makes tokens,
//! [`Trust`] checks them, [`guard`] lets nothing through without one.

mod keys;
mod signer;
mod trust;

pub use keys::KeyError;
pub use signer::{Signer, keep_current};
pub use trust::{Trust, Verified};

use crate::http::{Failure, RequestInfo};
use api::{ApiError, Caller, Code};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The header of the token.
pub const HEADER: &str = "commerce-caller";
/// The header of the correlation id.
pub const CORRELATION_HEADER: &str = "x-correlation-id";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// Seconds since 1970.
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    caller: Option<Caller>,
}

/// Lets requests through that carry a token for this workload, with what it says as their [`RequestInfo`];
/// 401 for all others.
pub fn guard(router: Router, trust: &Arc<Trust>) -> Router {
    let trust = Arc::clone(trust);
    router.layer(from_fn(move |request: Request, next: Next| {
        let trust = Arc::clone(&trust);
        async move { checked(&trust, request, next).await }
    }))
}

async fn checked(trust: &Trust, mut request: Request, next: Next) -> Response {
    let token = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let Some(verified) = token.and_then(|token| trust.verify(token)) else {
        tracing::warn!(path = request.uri().path(), "a call without a valid token of a trusted workload");
        return Failure(refused()).into_response();
    };
    if let Some(caller) = verified.caller {
        let given = request.headers().get(CORRELATION_HEADER).and_then(|value| value.to_str().ok());
        let correlation_id = given.filter(|id| id.len() <= 256).unwrap_or_default().into();
        request.extensions_mut().insert(RequestInfo { caller, correlation_id });
    }
    next.run(request).await
}

/// The 401 for calls that no trusted workload made.
fn refused() -> ApiError {
    ApiError::new(Code::InvalidToken, "This address is for the services of the stack alone.")
}

#[cfg(test)]
mod tests;

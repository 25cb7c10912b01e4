//! Drivers of the `Peers` port.

pub mod http;
pub mod local;

use api::{ApiError, Result};
use axum::http::StatusCode;
use bytes::Bytes;
use kit::peers::internal;

/// The largest answer of a service in bytes.
pub(crate) const LARGEST: usize = 64 << 20;

/// What a peer's answer means to the caller.
fn read(path: &str, status: StatusCode, body: Bytes) -> Result<Bytes> {
    if status.is_success() {
        return Ok(body);
    }
    let error = serde_json::from_slice(&body).ok().and_then(|body| ApiError::from_body(&body));
    Err(error.unwrap_or_else(|| internal(&format_args!("{path} answered {status} without an error body"))))
}

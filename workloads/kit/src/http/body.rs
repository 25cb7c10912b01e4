//! Reading JSON bodies: bounded by the shell, checked by the types, refused with the path that is wrong.

use api::{ApiError, Result};
use serde::de::DeserializeOwned;

/// The largest request body (contract §0).
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Reads a body as `T`; wrong JSON is 400 `InvalidJsonInput` with the path in `detailedErrorMessage`.
/// Nesting is bounded at 128 levels by the parser.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).or_else(|_| slow(body))
}

/// Parses again to learn where it went wrong; only broken bodies pay for this.
#[cold]
fn slow<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    if body.is_empty() {
        return Err(ApiError::invalid_json("the body is empty; a JSON object is expected"));
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let mut detail = error.inner().to_string();
        if detail.len() > 500 {
            let cut = (0..=500).rev().find(|at| detail.is_char_boundary(*at)).unwrap_or(0);
            detail.truncate(cut);
            detail.push('…');
        }
        ApiError::invalid_json(if path == "." { detail } else { format!("{path}: {detail}") })
    })
}

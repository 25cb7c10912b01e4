//! Secrets: made at random, stored as hashes, compared in constant time.

use api::{ApiError, Code, Result};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The hash under which a secret of at least 128 random bits is stored, in hexadecimal. Such secrets need
/// no slow hash: they cannot be guessed.
pub(crate) fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether the secret has this hash.
pub(crate) fn matches(secret: &str, stored: &str) -> bool {
    hash(secret).as_bytes().ct_eq(stored.as_bytes()).into()
}

/// The 401 for missing or wrong client credentials.
pub(crate) fn invalid_client() -> ApiError {
    ApiError::new(
        Code::InvalidClient,
        "Please provide valid client credentials using HTTP Basic Authentication.",
    )
}

/// The client id and secret of HTTP Basic authentication.
pub(crate) fn basic(headers: &HeaderMap) -> Result<(String, String)> {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(invalid_client)?;
    let (scheme, encoded) = given.split_once(' ').ok_or_else(invalid_client)?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 2_048 {
        return Err(invalid_client());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| invalid_client())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid_client())?;
    let (id, secret) = text.split_once(':').ok_or_else(invalid_client)?;
    Ok((id.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let stored = hash("s3cret");
        assert!(matches("s3cret", &stored));
        assert!(!matches("s3cret ", &stored) && !matches("", &stored));
    }

    #[test]
    fn only_well_formed_basic_credentials_are_read() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            basic(&headers)
        };
        assert_eq!(with("Basic aWQ6c2U6Y3JldA==").unwrap(), ("id".into(), "se:cret".into()));
        for bad in ["Basic", "Bearer abc", "Basic ???", "Basic aWQ="] {
            assert_eq!(with(bad).unwrap_err(), invalid_client(), "{bad}");
        }
    }
}

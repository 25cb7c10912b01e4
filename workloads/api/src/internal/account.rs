//! What others ask of the account service.

use crate::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /keys`: answers `Vec<PublicKey>`, all keys that tokens may be signed with now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's id, in the header of tokens.
    pub kid: String,
    /// The Ed25519 public key, base64url without padding.
    pub x: String,
}

/// `POST /revoke-customer`: withdraws all access and refresh tokens that the customer has by now, as a
/// password reset and a deletion do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokeCustomer {
    /// The customer.
    pub customer_id: Id,
    /// See [`Revoked::Customer`].
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub gone: bool,
}

/// What is withdrawn; the payload of `revocation.created` events on the topic `account`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Which tokens.
    pub of: Revoked,
    /// After this instant no such token is valid anyway.
    pub until: Timestamp,
}

/// Which tokens a [`Revocation`] withdraws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Revoked {
    /// The access token of that `jti`.
    Token(String),
    /// Every token of an API client that was issued before the instant. The manifest may declare a client of
    /// that id again.
    #[serde(rename_all = "camelCase")]
    Client {
        /// The client.
        client_id: String,
        /// Tokens issued later stay valid.
        issued_before: Timestamp,
    },
    /// Every token of a project that was issued before the instant: the project is closed.
    #[serde(rename_all = "camelCase")]
    Project {
        /// The project.
        project: String,
        /// Tokens issued later stay valid.
        issued_before: Timestamp,
    },
    /// Every token of a customer that was issued before the instant.
    #[serde(rename_all = "camelCase")]
    Customer {
        /// The project.
        project: String,
        /// The customer.
        customer_id: Id,
        /// Tokens issued later stay valid.
        issued_before: Timestamp,
        /// The customer was deleted: for the tokens there is no `me`, which is another answer than that they are
        /// invalid.
        #[serde(default, skip_serializing_if = "crate::is_false")]
        gone: bool,
    },
}

/// An API client of the manifest with its credentials.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredClient {
    /// The name.
    pub name: String,
    /// The client id.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// Permissions without project: `manage_project`.
    pub scopes: Vec<String>,
    /// Life of access tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub access_token_validity_seconds: Option<u32>,
    /// Life of unused refresh tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refresh_token_validity_seconds: Option<u32>,
}

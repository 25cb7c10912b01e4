//! Passwords and tokens that customers get by e-mail: the bodies of these routes and their answer.

use super::Password;
use crate::{Id, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A token that proves that its bearer reads the customer's e-mail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerToken {
    pub id: Id,
    pub created_at: Timestamp,
    pub last_modified_at: Timestamp,
    pub customer_id: Id,
    /// Shown in this answer only.
    pub value: String,
    pub expires_at: Timestamp,
    pub invalidate_older_tokens: bool,
}

/// `POST /customers/password`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ChangePassword {
    pub id: Id,
    pub version: i64,
    pub current_password: Password,
    pub new_password: Password,
}

/// `POST /me/password`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyChangePassword {
    pub version: i64,
    pub current_password: Password,
    pub new_password: Password,
}

/// `POST /customers/password-token`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CreatePasswordToken {
    pub email: String,
    /// 1440, a day, without one.
    pub ttl_minutes: Option<i64>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub invalidate_older_tokens: bool,
}

/// `POST /customers/email-token`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CreateEmailToken {
    pub id: Id,
    pub ttl_minutes: i64,
    pub version: Option<i64>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub invalidate_older_tokens: bool,
}

/// `POST /customers/password/reset`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ResetPassword {
    pub token_value: String,
    pub new_password: Password,
    pub version: Option<i64>,
}

/// `POST /me/password/reset`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyResetPassword {
    pub token_value: String,
    pub new_password: Password,
}

/// `POST /customers/email/confirm`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ConfirmEmail {
    pub token_value: String,
    pub version: Option<i64>,
}

/// `POST /me/email/confirm`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyConfirmEmail {
    pub token_value: String,
}

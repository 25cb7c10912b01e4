//! What others ask of the customer service.

use crate::{Id, Key};
use serde::{Deserialize, Serialize};

/// `POST /authenticate`: whose e-mail and password these are. Answers [`Authenticated`], or the error
/// `InvalidCredentials`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticate {
    /// The e-mail as the customer typed it.
    pub email: String,
    /// The password.
    pub password: String,
    /// The store whose customers may sign in; `None` for global customers only.
    pub store: Option<Key>,
}

/// The customer that signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticated {
    /// The customer's id.
    pub customer_id: Id,
}

//! Passwords on their way in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A password as the customer typed it. It does not show itself in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// What a customer's `password` shows in place of it (contract E).
    pub const MASK: &'static str = "****";

    /// The password of that text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

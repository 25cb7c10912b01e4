//! What every stored resource has beside its own fields.

use crate::{Id, KeyReference, Reference, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// Who did something, as far as it is known (`createdBy`, `lastModifiedBy`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attribution {
    /// The API client whose token was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The value of the `X-External-User-ID` header or of the scope `external_user_id:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_user_id: Option<String>,
    /// The customer of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Reference>,
    /// The anonymous session of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The associate of a business unit. Never set yet; read so that stored data stays readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub associate: Option<KeyReference>,
}

/// The fields that the engine keeps for every resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The id, unique among all resources.
    pub id: Id,
    /// Grows with every change that clients can see; starts at 1.
    pub version: i64,
    /// When the resource was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub last_modified_at: Timestamp,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Attribution>,
    /// Who last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_by: Option<Attribution>,
}

/// A resource with its [`Meta`]. As JSON the fields of both stand side by side, `meta`'s first.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// Id, version and times.
    pub meta: Meta,
    /// The resource's own fields.
    pub body: T,
}

impl<T> Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> Stored<T> {
    /// The resource's id.
    pub fn id(&self) -> &Id {
        &self.meta.id
    }
}

impl<T: Serialize> Stored<T> {
    /// The JSON text as clients get it.
    ///
    /// Both halves are JSON objects, so they are joined as text: flattening in serde would copy
    /// every field through a map.
    pub fn to_json(&self) -> serde_json::Result<String> {
        join(&self.meta, &self.body)
    }
}

/// The JSON objects of `meta` and `body` as one.
pub fn join<T: Serialize>(meta: &Meta, body: &T) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(meta)?;
    let body = serde_json::to_string(body)?;
    if body.len() > 2 {
        text.pop();
        text.push(',');
        text.push_str(&body[1..]);
    }
    Ok(text)
}

impl<T: for<'de> Deserialize<'de>> Stored<T> {
    /// Reads what [`Stored::to_json`] wrote.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        Ok(Self { meta: serde_json::from_str(text)?, body: serde_json::from_str(text)? })
    }
}

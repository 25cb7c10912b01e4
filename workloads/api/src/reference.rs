//! References between resources, as they come in and as they go out.

use crate::{ApiError, Id, Key, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// An outgoing reference `{typeId, id}`. Expansion adds `obj` when an answer is written, so it is
/// never part of the stored value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The kind that the id belongs to.
    pub type_id: Kind,
    /// The id of the resource.
    pub id: Id,
}

impl Reference {
    /// A reference to `id` of `kind`.
    #[must_use]
    pub fn new(kind: Kind, id: Id) -> Self {
        Self { type_id: kind, id }
    }
}

/// An outgoing reference by key, which the API uses for stores: `{typeId: "store", key}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyReference {
    /// The kind that the key belongs to.
    pub type_id: Kind,
    /// The key of the resource.
    pub key: Key,
}

impl KeyReference {
    /// A reference to the store of that key.
    #[must_use]
    pub fn store(key: Key) -> Self {
        Self { type_id: Kind::Store, key }
    }
}

/// An incoming reference: exactly one of `id` and `key`; `typeId` may be left out, but must match
/// the field's kind if it is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceIdentifier {
    /// What the sender thinks the kind is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_id: Option<String>,
    /// The id, if the resource is named by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The key, if the resource is named by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How a [`ResourceIdentifier`] names its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// By id.
    Id(&'a Id),
    /// By key.
    Key(&'a str),
}

/// An identifier of a store; the same shape as any other.
pub type StoreIdentifier = ResourceIdentifier;

impl ResourceIdentifier {
    /// Names a resource by id.
    #[must_use]
    pub fn by_id(kind: Kind, id: Id) -> Self {
        Self { type_id: Some(kind.type_id().to_owned()), id: Some(id), key: None }
    }

    /// Names a resource by key.
    #[must_use]
    pub fn by_key(kind: Kind, key: &Key) -> Self {
        Self { type_id: Some(kind.type_id().to_owned()), id: None, key: Some(key.to_string()) }
    }

    /// What a free value refers to, if it is a reference to that kind, by exactly one of id and key.
    #[must_use]
    pub fn of_value(type_id: &str, value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |field: &str| object.get(field).and_then(Value::as_str);
        if text("typeId").is_some_and(|given| given != type_id) {
            return None;
        }
        let (id, key) = match (text("id"), text("key")) {
            (Some(id), None) => (Some(Id::parse(id)?), None),
            (None, Some(key)) => (None, Some(key.to_owned())),
            _ => return None,
        };
        Some(Self { type_id: None, id, key })
    }

    /// The id or key.
    #[must_use]
    pub fn by(&self) -> By<'_> {
        match (&self.id, &self.key) {
            (Some(id), _) => By::Id(id),
            (None, key) => By::Key(key.as_deref().unwrap_or_default()),
        }
    }

    /// Refuses a `typeId` of another kind with `InvalidJsonInput`.
    pub fn expect(&self, kind: Kind) -> Result<()> {
        match &self.type_id {
            Some(given) if given != kind.type_id() => Err(ApiError::invalid_json(format!(
                "typeId: expected '{}', but found '{given}'",
                kind.type_id()
            ))),
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for ResourceIdentifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            type_id: Option<String>,
            id: Option<Id>,
            key: Option<String>,
        }
        let Raw { type_id, id, key } = Raw::deserialize(deserializer)?;
        match (&id, &key) {
            (Some(_), Some(_)) => Err(serde::de::Error::custom("only one of 'id' and 'key' may be given")),
            (None, None) => Err(serde::de::Error::custom("one of 'id' and 'key' is required")),
            _ => Ok(Self { type_id, id, key }),
        }
    }
}

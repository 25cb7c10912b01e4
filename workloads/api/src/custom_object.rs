//! Custom objects: any JSON under a container and a key.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::fmt;

/// A custom object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomObject {
    pub container: ObjectName,
    /// Unique within the container.
    pub key: ObjectName,
    /// Any JSON but `null`; members of objects that are `null` are not kept.
    pub value: Value,
}

/// A custom object as it comes in: made, or put in the place of the one that is there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomObjectDraft {
    pub container: ObjectName,
    pub key: ObjectName,
    pub value: Value,
    /// The version that the object must have; without it the last write wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// A container's or an object's name: 1 to 256 of `[-_~.A-Za-z0-9]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ObjectName(#[schemars(regex(pattern = "^[-_~.a-zA-Z0-9]{1,256}$"))] String);

impl ObjectName {
    /// Checks the pattern.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = (1..=256).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~.".contains(&b));
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("containers and keys of custom objects match [-_~.a-zA-Z0-9]{1,256}")
        })
    }
}

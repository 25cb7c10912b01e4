//! Identifiers: ids that we make, keys that users choose.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The id of a resource or of a part of one (line item, address, price): a UUID that we made, or
/// whatever a client sent in its place, which then simply is not found. At most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// Takes any text up to 256 characters as an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= 256).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<uuid::Uuid> for Id {
    fn from(value: uuid::Uuid) -> Self {
        Self(value.to_string())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > 256 {
            return Err(serde::de::Error::custom("an id has 1 to 256 characters"));
        }
        Ok(Self(text))
    }
}

/// A user-chosen key: 2 to 256 of `[A-Za-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Key(#[schemars(regex(pattern = "^[A-Za-z0-9_-]{2,256}$"))] String);

impl Key {
    /// Checks the pattern.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = (2..=256).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("'{text}' is not a key: keys match [A-Za-z0-9_-]{{2,256}}"))
        })
    }
}

macro_rules! text_like {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl From<$name> for serde_json::Value {
            fn from(value: $name) -> Self { serde_json::Value::String(value.0) }
        }
        impl From<&$name> for serde_json::Value {
            fn from(value: &$name) -> Self { serde_json::Value::String(value.0.clone()) }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool { self.0 == other }
        }
    )*};
}
text_like!(Id, Key);

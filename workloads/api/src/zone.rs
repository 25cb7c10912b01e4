//! Zones: sets of countries and states that shipping rates are given for.

use crate::{CountryCode, Key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Zone {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub locations: Vec<Location>,
}

/// A country, or one state of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Location {
    pub country: CountryCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Location {
    /// The state, where the empty text counts as absent (contract §3).
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| !state.is_empty())
    }

    /// `true` if both name the same place.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.country == other.country && self.state() == other.state()
    }
}

/// A zone as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ZoneDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub locations: Vec<Location>,
}

/// The update actions of zones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ZoneAction {
    ChangeName { name: String },
    SetKey { key: Option<Key> },
    SetDescription { description: Option<String> },
    AddLocation { location: Location },
    RemoveLocation { location: Location },
}

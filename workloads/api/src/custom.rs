//! Custom fields: a reference to a Type and values that the Type describes.

use crate::{Reference, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Custom fields as they are stored. The values were checked against the Type when they were set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomFields {
    /// The Type.
    #[serde(rename = "type")]
    pub type_ref: Reference,
    /// A value per field name.
    pub fields: Map<String, Value>,
}

/// Custom fields as they come in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomFieldsDraft {
    /// The Type.
    #[serde(rename = "type")]
    pub type_ref: ResourceIdentifier,
    /// A value per field name; `null` means absent.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub fields: Map<String, Value>,
}

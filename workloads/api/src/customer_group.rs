//! Customer groups, which prices are given for.

use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{CustomFields, CustomFieldsDraft, Key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A customer group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// What a customer group is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerGroupDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The group's `name`.
    pub group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// The update actions of customer groups.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CustomerGroupAction {
    ChangeName { name: String },
    SetKey { key: Option<Key> },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

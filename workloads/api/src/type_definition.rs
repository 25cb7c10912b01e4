//! Types: which custom fields a resource may have.

use crate::{CustomFieldsDraft, Key, Locale, LocalizedString};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A type of custom fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Type {
    pub key: Key,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    pub resource_type_ids: Vec<String>,
    pub field_definitions: Vec<FieldDefinition>,
}

/// What a type is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TypeDraft {
    pub key: Key,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    pub resource_type_ids: Vec<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub field_definitions: Vec<FieldDefinition>,
}

/// One custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct FieldDefinition {
    #[serde(rename = "type")]
    pub field_type: FieldType,
    pub name: String,
    pub label: LocalizedString,
    pub required: bool,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub input_hint: InputHint,
}

/// How an editor shows a text field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum InputHint {
    #[default]
    SingleLine,
    MultiLine,
}

/// The kind of value that a custom field takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum FieldType {
    String,
    LocalizedString,
    /// The value is the key.
    Enum {
        values: Vec<EnumValue>,
    },
    /// The value is the key.
    LocalizedEnum {
        values: Vec<LocalizedEnumValue>,
    },
    Number,
    Money,
    Boolean,
    /// `2024-12-31`.
    Date,
    /// `14:00:00.000`.
    Time,
    DateTime,
    #[serde(rename_all = "camelCase")]
    Reference {
        reference_type_id: String,
    },
    /// A list without repetitions; sets of sets are refused.
    #[serde(rename_all = "camelCase")]
    Set {
        element_type: Box<FieldType>,
    },
}

/// A key with a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct EnumValue {
    pub key: String,
    pub label: String,
}

/// A key with a label per locale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct LocalizedEnumValue {
    pub key: String,
    pub label: LocalizedString,
}

/// Changes of a type.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub enum TypeAction {
    ChangeKey { key: Key },
    ChangeName { name: LocalizedString },
    SetDescription { description: Option<LocalizedString> },
    AddFieldDefinition { field_definition: FieldDefinition },
    RemoveFieldDefinition { field_name: String },
    ChangeFieldDefinitionLabel { field_name: String, label: LocalizedString },
    ChangeLabel { field_name: String, label: LocalizedString },
    ChangeFieldDefinitionOrder { field_names: Vec<String> },
    AddEnumValue { field_name: String, value: EnumValue },
    AddLocalizedEnumValue { field_name: String, value: LocalizedEnumValue },
    ChangeEnumValueLabel { field_name: String, value: EnumValue },
    ChangeLocalizedEnumValueLabel { field_name: String, value: LocalizedEnumValue },
    ChangeEnumValueOrder { field_name: String, keys: Vec<String> },
    ChangeLocalizedEnumValueOrder { field_name: String, keys: Vec<String> },
    ChangeInputHint { field_name: String, input_hint: InputHint },
}

/// The part of `setCustomType` that says what to set; without a type the custom fields go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct SetCustomType {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_ref: Option<crate::ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl SetCustomType {
    /// The custom fields to set, if any.
    #[must_use]
    pub fn draft(&self) -> Option<CustomFieldsDraft> {
        let type_ref = self.type_ref.clone()?;
        Some(CustomFieldsDraft { type_ref, fields: self.fields.clone() })
    }
}

/// The part of `setCustomField` that says which; without a value the field goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct SetCustomField {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// Whether a text is a locale; for values of localized fields.
#[must_use]
pub fn is_locale(text: &str) -> bool {
    Locale::parse(text).is_some()
}

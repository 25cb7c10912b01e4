//! Product types: which attributes the products of a type may have.

use crate::type_definition::{EnumValue, LocalizedEnumValue};
use crate::{Key, LocalizedString, Reference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A product type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductType {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    pub description: String,
    #[serde(default)]
    pub attributes: Vec<AttributeDefinition>,
}

impl ProductType {
    /// The definition of that name.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&AttributeDefinition> {
        self.attributes.iter().find(|definition| definition.name == name)
    }
}

/// What a product type is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductTypeDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: String,
    pub description: String,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub attributes: Vec<AttributeDefinitionDraft>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AttributeDefinition {
    #[serde(rename = "type")]
    pub attribute_type: AttributeType,
    pub name: String,
    pub label: LocalizedString,
    pub is_required: bool,
    #[serde(default)]
    pub level: AttributeLevel,
    #[serde(default)]
    pub attribute_constraint: AttributeConstraint,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tip: Option<LocalizedString>,
    #[serde(default)]
    pub input_hint: TextInputHint,
    pub is_searchable: bool,
}

/// An attribute as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AttributeDefinitionDraft {
    #[serde(rename = "type")]
    pub attribute_type: AttributeType,
    /// 2 to 256 of `[A-Za-z0-9_-]`.
    pub name: String,
    pub label: LocalizedString,
    pub is_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<AttributeLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_constraint: Option<AttributeConstraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tip: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hint: Option<TextInputHint>,
    /// By default `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_searchable: Option<bool>,
}

/// Whether an attribute belongs to the product or to each of its variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum AttributeLevel {
    Product,
    #[default]
    Variant,
}

/// How the values of a product's variants relate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AttributeConstraint {
    /// In no way.
    #[default]
    None,
    /// No two variants have the same value.
    Unique,
    /// No two variants have the same values in all attributes of this constraint.
    CombinationUnique,
    /// All variants have the same value.
    SameForAll,
}

/// How an editor shows a text attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum TextInputHint {
    #[default]
    SingleLine,
    MultiLine,
}

/// The kind of value that an attribute takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum AttributeType {
    /// `true` or `false`.
    Boolean,
    /// A text.
    Text,
    /// A text per locale.
    Ltext,
    /// One of some values; stored with its label.
    Enum {
        /// The values, keys unique.
        values: Vec<EnumValue>,
    },
    /// One of some values with localized labels; stored with its label.
    Lenum {
        /// The values, keys unique.
        values: Vec<LocalizedEnumValue>,
    },
    /// A number.
    Number,
    /// An amount of money.
    Money,
    /// `2024-12-31`.
    Date,
    /// `14:00:00.000`.
    Time,
    /// An instant.
    Datetime,
    /// A reference to a resource.
    #[serde(rename_all = "camelCase")]
    Reference {
        /// The kind of that resource.
        reference_type_id: String,
    },
    /// A list without repetitions; sets of sets are refused.
    #[serde(rename_all = "camelCase")]
    Set {
        /// The type of its elements.
        element_type: Box<AttributeType>,
    },
    /// A list of attributes that another product type defines.
    #[serde(rename_all = "camelCase")]
    Nested {
        /// That product type.
        type_reference: Reference,
    },
}

impl AttributeType {
    /// `true` if values of the one are values of the other; the choices of enums do not count.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Enum { .. }, Self::Enum { .. }) | (Self::Lenum { .. }, Self::Lenum { .. }) => true,
            (Self::Set { element_type: a }, Self::Set { element_type: b }) => a.is_same(b),
            (a, b) => a == b,
        }
    }

    /// What a set holds; the type itself where it is none.
    #[must_use]
    pub fn element(&self) -> &Self {
        match self {
            Self::Set { element_type } => element_type.element(),
            other => other,
        }
    }

    /// [`AttributeType::element`], to be changed.
    pub fn element_mut(&mut self) -> &mut Self {
        match self {
            Self::Set { element_type } => element_type.element_mut(),
            other => other,
        }
    }
}

/// The update actions of product types.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ProductTypeAction {
    SetKey { key: Option<Key> },
    ChangeName { name: String },
    ChangeDescription { description: String },
    AddAttributeDefinition { attribute: AttributeDefinitionDraft },
    RemoveAttributeDefinition { name: String },
    ChangeAttributeName { attribute_name: String, new_attribute_name: String },
    ChangeLabel { attribute_name: String, label: LocalizedString },
    SetInputTip { attribute_name: String, input_tip: Option<LocalizedString> },
    ChangeInputHint { attribute_name: String, new_value: TextInputHint },
    ChangeIsSearchable { attribute_name: String, is_searchable: bool },
    ChangeAttributeConstraint { attribute_name: String, new_value: AttributeConstraint },
    ChangeAttributeOrder { attributes: Vec<AttributeDefinitionDraft> },
    ChangeAttributeOrderByName { attribute_names: Vec<String> },
    AddPlainEnumValue { attribute_name: String, value: EnumValue },
    AddLocalizedEnumValue { attribute_name: String, value: LocalizedEnumValue },
    RemoveEnumValues { attribute_name: String, keys: Vec<String> },
    ChangeEnumKey { attribute_name: String, key: String, new_key: String },
    ChangePlainEnumValueLabel { attribute_name: String, new_value: EnumValue },
    ChangeLocalizedEnumValueLabel { attribute_name: String, new_value: LocalizedEnumValue },
    ChangePlainEnumValueOrder { attribute_name: String, values: Vec<EnumValue> },
    ChangeLocalizedEnumValueOrder { attribute_name: String, values: Vec<LocalizedEnumValue> },
}

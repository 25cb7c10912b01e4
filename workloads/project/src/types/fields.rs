//! Field definitions: what they may say, and the values of enums in them.

use api::type_definition::{EnumValue, FieldDefinition, FieldType, LocalizedEnumValue, Type};
use api::{ApiError, Code, Result};
use std::collections::BTreeSet;

/// What fields may refer to.
const REFERENCE_TYPE_IDS: &[&str] = &[
    "approval-flow", "approval-rule", "associate-role", "business-unit", "cart", "cart-discount", "category",
    "channel", "customer", "customer-group", "key-value-document", "order", "product", "product-type", "review",
    "shipping-method", "state", "zone",
];

/// Checks one definition by itself.
pub(super) fn check(definition: &FieldDefinition) -> Result<()> {
    let name = &definition.name;
    let good = (2..=36).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !good {
        return Err(ApiError::invalid_field("fieldDefinitions.name", name.as_str()));
    }
    check_type(&definition.field_type)
}

fn check_type(field_type: &FieldType) -> Result<()> {
    match field_type {
        FieldType::Enum { values } => unique(values.iter().map(|v| v.key.as_str())),
        FieldType::LocalizedEnum { values } => unique(values.iter().map(|v| v.key.as_str())),
        FieldType::Reference { reference_type_id: id } if !REFERENCE_TYPE_IDS.contains(&id.as_str()) => {
            Err(ApiError::invalid_field("fieldDefinitions.type.referenceTypeId", id.as_str()))
        }
        FieldType::Set { element_type } => match element_type.as_ref() {
            FieldType::Set { .. } => {
                Err(ApiError::invalid_field("fieldDefinitions.type.elementType.name", "Set"))
            }
            element_type => check_type(element_type),
        },
        _ => Ok(()),
    }
}

/// Enum keys are there and differ.
fn unique<'a>(keys: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for key in keys {
        check_key(key)?;
        if !seen.insert(key) {
            twice.insert(key);
        }
    }
    if twice.is_empty() {
        return Ok(());
    }
    let twice: Vec<&str> = twice.into_iter().collect();
    let message = format!("The enum values contain duplicate keys: {}.", twice.join(", "));
    Err(ApiError::new(Code::DuplicateEnumValues, message).with("duplicates", twice))
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() { Err(ApiError::invalid_field("fieldDefinitions.type.values.key", "")) } else { Ok(()) }
}

/// Whether both take the same kind of value; the values of enums may differ.
pub(super) fn is_same(a: &FieldType, b: &FieldType) -> bool {
    match (a, b) {
        (FieldType::Enum { .. }, FieldType::Enum { .. })
        | (FieldType::LocalizedEnum { .. }, FieldType::LocalizedEnum { .. }) => true,
        (FieldType::Set { element_type: a }, FieldType::Set { element_type: b }) => is_same(a, b),
        (a, b) => a == b,
    }
}

/// The definition of that name.
pub(super) fn named<'a>(body: &'a mut Type, name: &str) -> Result<&'a mut FieldDefinition> {
    let found = body.field_definitions.iter_mut().find(|definition| definition.name == name);
    found.ok_or_else(|| ApiError::invalid_field("fieldName", name))
}

/// The values of an enum field, or of a set of enums.
pub(super) struct Values<'a, E> {
    field: &'a str,
    values: &'a mut Vec<E>,
}

/// A value of an enum.
pub(super) trait Entry: Clone {
    /// Its key.
    fn key(&self) -> &str;
}

impl Entry for EnumValue {
    fn key(&self) -> &str {
        &self.key
    }
}

impl Entry for LocalizedEnumValue {
    fn key(&self) -> &str {
        &self.key
    }
}

/// The values of a field of plain enums.
pub(super) fn plain<'a>(body: &'a mut Type, field: &'a str) -> Result<Values<'a, EnumValue>> {
    match element(&mut named(body, field)?.field_type) {
        FieldType::Enum { values } => Ok(Values { field, values }),
        _ => Err(ApiError::invalid_operation(format!("The field '{field}' is not of type 'Enum'."))),
    }
}

/// The values of a field of localized enums.
pub(super) fn localized<'a>(body: &'a mut Type, field: &'a str) -> Result<Values<'a, LocalizedEnumValue>> {
    match element(&mut named(body, field)?.field_type) {
        FieldType::LocalizedEnum { values } => Ok(Values { field, values }),
        _ => Err(ApiError::invalid_operation(format!("The field '{field}' is not of type 'LocalizedEnum'."))),
    }
}

fn element(field_type: &mut FieldType) -> &mut FieldType {
    match field_type {
        FieldType::Set { element_type } => element_type,
        other => other,
    }
}

impl<E: Entry> Values<'_, E> {
    /// Appends a value.
    pub(super) fn add(self, value: &E) -> Result<()> {
        check_key(value.key())?;
        if self.values.iter().any(|v| v.key() == value.key()) {
            return Err(conflict(Code::EnumKeyAlreadyExists, self.field, value.key(), "already contains an"));
        }
        self.values.push(value.clone());
        Ok(())
    }

    /// Gives the value of the same key another label.
    pub(super) fn relabel(self, value: &E) -> Result<()> {
        let found = self.values.iter_mut().find(|v| v.key() == value.key());
        let found = found
            .ok_or_else(|| conflict(Code::EnumKeyDoesNotExist, self.field, value.key(), "does not contain an"))?;
        *found = value.clone();
        Ok(())
    }

    /// Puts the values into the order of `keys`.
    pub(super) fn reorder(self, keys: &[String]) -> Result<()> {
        *self.values = ordered(self.values, keys, E::key).ok_or_else(|| {
            let message = "The given values must be equal to the existing enum values.";
            ApiError::new(Code::EnumValuesMustMatch, message)
        })?;
        Ok(())
    }
}

fn conflict(code: Code, field: &str, key: &str, what: &str) -> ApiError {
    ApiError::new(code, format!("The {field} field definition {what} enum value with the key {key}."))
        .with("conflictingEnumKey", key)
        .with("conflictingAttributeName", field)
}

/// The items in the order of `names`, if those are the items' names, each once.
pub(super) fn ordered<T: Clone>(items: &[T], names: &[String], name: impl Fn(&T) -> &str) -> Option<Vec<T>> {
    let distinct: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if names.len() != items.len() || distinct.len() != names.len() {
        return None;
    }
    names.iter().map(|wanted| items.iter().find(|item| name(item) == wanted).cloned()).collect()
}

//! Field definitions: what they may say, and the values of enums in them.

use api::type_definition::{EnumValue, FieldDefinition, FieldType, LocalizedEnumValue, Type};
use api::{ApiError, Code, Result};
use std::collections::BTreeSet;

/// What fields may refer to.
const REFERENCE_TYPE_IDS: &[&str] = &[
    "approval-flow",
    "approval-rule",
    "associate-role",
    "business-unit",
    "cart",
    "cart-discount",
    "category",
    "channel",
    "customer",
    "customer-group",
    "key-value-document",
    "order",
    "product",
    "product-type",
    "review",
    "shipping-method",
    "state",
    "zone",
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
        let found = found.ok_or_else(|| {
            conflict(Code::EnumKeyDoesNotExist, self.field, value.key(), "does not contain an")
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use api::Locale;
    use api::type_definition::InputHint;
    use std::collections::BTreeMap;

    fn definition(name: &str, field_type: FieldType) -> FieldDefinition {
        let label = BTreeMap::from([(Locale::parse("en").unwrap(), name.to_owned())]);
        FieldDefinition {
            field_type,
            name: name.to_owned(),
            label,
            required: false,
            input_hint: InputHint::default(),
        }
    }

    fn enumerated(keys: &[&str]) -> FieldType {
        let value = |key: &&str| EnumValue { key: (*key).to_owned(), label: key.to_uppercase() };
        FieldType::Enum { values: keys.iter().map(value).collect() }
    }

    fn set(of: FieldType) -> FieldType {
        FieldType::Set { element_type: Box::new(of) }
    }

    #[test]
    fn names_have_2_to_36_plain_characters() {
        for good in ["ab", "a-b_9", &"x".repeat(36)] {
            assert!(check(&definition(good, FieldType::String)).is_ok(), "{good}");
        }
        for bad in ["", "a", "a.b", "a b", "ä1", &"x".repeat(37)] {
            assert_eq!(
                check(&definition(bad, FieldType::String)).unwrap_err().code(),
                Code::InvalidField,
                "{bad}"
            );
        }
    }

    #[test]
    fn enum_keys_differ_also_within_sets() {
        for field_type in [enumerated(&["a", "b", "a"]), set(enumerated(&["a", "b", "a"]))] {
            let error = check(&definition("color", field_type)).unwrap_err();
            assert_eq!(error.code(), Code::DuplicateEnumValues);
            assert_eq!(error.body()["errors"][0]["duplicates"], serde_json::json!(["a"]));
        }
        assert!(check(&definition("color", set(enumerated(&["a", "b"])))).is_ok());
    }

    #[test]
    fn sets_of_sets_and_unknown_reference_types_are_refused() {
        let reference = |id: &str| FieldType::Reference { reference_type_id: id.to_owned() };
        assert!(check(&definition("ref", set(reference("product")))).is_ok());
        for bad in [set(set(FieldType::String)), reference("planet"), set(reference("planet"))] {
            assert_eq!(check(&definition("ref", bad)).unwrap_err().code(), Code::InvalidField);
        }
    }

    #[test]
    fn types_are_the_same_whatever_their_enum_values() {
        assert!(is_same(&set(enumerated(&["a"])), &set(enumerated(&["b", "c"]))));
        assert!(!is_same(&enumerated(&["a"]), &set(enumerated(&["a"]))));
        assert!(!is_same(&FieldType::Date, &FieldType::DateTime));
    }

    #[test]
    fn an_order_names_everything_once() {
        let items = ["a", "b", "c"];
        let order = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            ordered(&items, &names, |item| item)
        };
        assert_eq!(order(&["c", "a", "b"]), Some(vec!["c", "a", "b"]));
        for bad in [&["a", "b"][..], &["a", "b", "b"], &["a", "b", "d"], &["a", "b", "c", "a"]] {
            assert_eq!(order(bad), None, "{bad:?}");
        }
    }
}

//! The update actions on the values of enum attributes, plain and localized, and sets of them.

use super::nesting::products_with;
use super::{Effect, find};
use crate::query::quoted;
use api::product_type::{AttributeType, ProductType, ProductTypeAction as A};
use api::type_definition::{EnumValue, LocalizedEnumValue};
use api::{ApiError, Code, Kind, Result};
use kit::resource::{Context, Decision, Lookup, LookupBy};
use serde::de::IgnoredAny;

/// What plain and localized enum values have in common.
trait Keyed: Clone + PartialEq {
    fn key(&self) -> &str;
}

impl Keyed for EnumValue {
    fn key(&self) -> &str {
        &self.key
    }
}

impl Keyed for LocalizedEnumValue {
    fn key(&self) -> &str {
        &self.key
    }
}

/// Applies an action on enum values, and says what it does to existing products.
pub(super) fn apply(
    product_type: &mut ProductType,
    action: &A,
    cx: &Context<'_>,
) -> Decision<Option<Effect>> {
    match action {
        A::AddPlainEnumValue { attribute_name, value } => {
            add(plain(product_type, attribute_name)?, value, attribute_name)?;
            Ok(None)
        }
        A::AddLocalizedEnumValue { attribute_name, value } => {
            add(localized(product_type, attribute_name)?, value, attribute_name)?;
            Ok(None)
        }
        A::ChangePlainEnumValueLabel { attribute_name, new_value } => {
            replace(plain(product_type, attribute_name)?, new_value, attribute_name)?;
            Ok(Some(relabel(attribute_name, &new_value.key, &new_value.label)))
        }
        A::ChangeLocalizedEnumValueLabel { attribute_name, new_value } => {
            replace(localized(product_type, attribute_name)?, new_value, attribute_name)?;
            Ok(Some(relabel(attribute_name, &new_value.key, &new_value.label)))
        }
        A::ChangePlainEnumValueOrder { attribute_name, values } => {
            reorder(plain(product_type, attribute_name)?, values)?;
            Ok(None)
        }
        A::ChangeLocalizedEnumValueOrder { attribute_name, values } => {
            reorder(localized(product_type, attribute_name)?, values)?;
            Ok(None)
        }
        A::ChangeEnumKey { attribute_name, key, new_key } => {
            change_key(product_type, attribute_name, key, new_key)
        }
        A::RemoveEnumValues { attribute_name, keys } => remove(product_type, attribute_name, keys, cx),
        _ => Ok(None),
    }
}

fn relabel(name: &str, key: &str, label: &impl serde::Serialize) -> Effect {
    let label = serde_json::to_value(label).unwrap_or_default();
    Effect::EnumLabel { name: name.to_owned(), key: key.to_owned(), label }
}

fn plain<'t>(product_type: &'t mut ProductType, name: &str) -> Result<&'t mut Vec<EnumValue>> {
    match find(product_type, name)?.attribute_type.element_mut() {
        AttributeType::Enum { values } => Ok(values),
        _ => Err(ApiError::invalid_operation(format!("The attribute '{name}' is not of type enum."))),
    }
}

fn localized<'t>(product_type: &'t mut ProductType, name: &str) -> Result<&'t mut Vec<LocalizedEnumValue>> {
    match find(product_type, name)?.attribute_type.element_mut() {
        AttributeType::Lenum { values } => Ok(values),
        _ => Err(ApiError::invalid_operation(format!("The attribute '{name}' is not of type lenum."))),
    }
}

fn add<V: Keyed>(values: &mut Vec<V>, value: &V, name: &str) -> Result<()> {
    if values.iter().any(|v| v.key() == value.key()) {
        return Err(key_exists(name, value.key()));
    }
    values.push(value.clone());
    Ok(())
}

fn replace<V: Keyed>(values: &mut [V], value: &V, name: &str) -> Result<()> {
    let found = values.iter_mut().find(|v| v.key() == value.key());
    *found.ok_or_else(|| key_missing(name, value.key()))? = value.clone();
    Ok(())
}

fn reorder<V: Keyed>(values: &mut Vec<V>, ordered: &[V]) -> Result<()> {
    let same = ordered.len() == values.len()
        && values.iter().all(|value| ordered.iter().filter(|v| *v == value).count() == 1);
    if !same {
        return Err(ApiError::new(
            Code::EnumValuesMustMatch,
            "The given values must be equal to the existing enum values.",
        ));
    }
    *values = ordered.to_vec();
    Ok(())
}

/// The keys of an attribute's values, to be changed; empty where it is no enum.
fn keys<'t>(product_type: &'t mut ProductType, name: &str) -> Result<Vec<&'t mut String>> {
    match find(product_type, name)?.attribute_type.element_mut() {
        AttributeType::Enum { values } => Ok(values.iter_mut().map(|v| &mut v.key).collect()),
        AttributeType::Lenum { values } => Ok(values.iter_mut().map(|v| &mut v.key).collect()),
        _ => {
            Err(ApiError::invalid_operation(format!("The attribute '{name}' is not of type enum or lenum.")))
        }
    }
}

fn change_key(product_type: &mut ProductType, name: &str, from: &str, to: &str) -> Decision<Option<Effect>> {
    let mut keys = keys(product_type, name)?;
    let at = keys.iter().position(|key| *key == from).ok_or_else(|| key_missing(name, from))?;
    if from == to {
        return Ok(None);
    }
    if keys.iter().any(|key| *key == to) {
        return Err(key_exists(name, to).into());
    }
    if let Some(key) = keys.get_mut(at) {
        to.clone_into(key);
    }
    Ok(Some(Effect::EnumKey { name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }))
}

fn remove(
    product_type: &mut ProductType,
    name: &str,
    gone: &[String],
    cx: &Context<'_>,
) -> Decision<Option<Effect>> {
    let present = keys(product_type, name)?;
    if let Some(unknown) = gone.iter().find(|key| !present.iter().any(|p| *p == *key)) {
        return Err(key_missing(name, unknown).into());
    }
    if gone.is_empty() {
        return Ok(None);
    }
    let definition = find(product_type, name)?;
    if definition.is_required && is_used(name, gone, cx)? {
        let list: Vec<String> = gone.iter().map(|key| quoted(key)).collect();
        let message = format!(
            "{} is used by some products and cannot be deleted because the '{name}' attribute is required.",
            list.join(", ")
        );
        return Err(ApiError::new(Code::EnumValueIsUsed, message).into());
    }
    match definition.attribute_type.element_mut() {
        AttributeType::Enum { values } => values.retain(|v| !gone.contains(&v.key)),
        AttributeType::Lenum { values } => values.retain(|v| !gone.contains(&v.key)),
        _ => {}
    }
    Ok(Some(Effect::RemoveEnumValues { name: name.to_owned(), keys: gone.to_vec() }))
}

/// Whether a product of this type, or of one that nests it, has one of the values.
fn is_used(name: &str, keys: &[String], cx: &Context<'_>) -> Decision<bool> {
    let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
    let attribute = format!("name = {} and value(key in ({}))", quoted(name), keys.join(", "));
    let predicates = products_with(&attribute, cx)?;
    for predicate in &predicates {
        cx.want(Lookup::new(Kind::Product, LookupBy::Where { predicate: predicate.clone(), limit: 1 }));
    }
    for predicate in predicates {
        if !cx.matching::<IgnoredAny>(Kind::Product, predicate, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn key_exists(name: &str, key: &str) -> ApiError {
    let message =
        format!("The '{name}' attribute definition already contains an enum value with the key '{key}'.");
    ApiError::new(Code::EnumKeyAlreadyExists, message)
        .with("conflictingEnumKey", key)
        .with("conflictingAttributeName", name)
}

fn key_missing(name: &str, key: &str) -> ApiError {
    let message =
        format!("The '{name}' field definition does not contain an enum value with the key '{key}'.");
    ApiError::new(Code::EnumKeyDoesNotExist, message)
        .with("conflictingEnumKey", key)
        .with("conflictingAttributeName", name)
}

//! Attribute values: checked against the product type and put into the form in which they are stored
//! (contract §9): enums with key and label, money typed, instants in UTC.

use api::date::is_time_of_day;
use api::product_type::{AttributeDefinition, AttributeLevel, AttributeType, ProductType};
use api::product_variant::Attribute;
use api::{
    ApiError, CalendarDate, Id, Kind, Locale, ResourceIdentifier, Timestamp, TypedMoney, TypedMoneyDraft,
};
use kit::resource::{Context, Decision, Found, Stop};
use serde_json::{Map, Value, json};

/// Nested attributes below this level are refused.
const MAX_NESTING: usize = 5;

/// The product type of that id.
pub(super) fn type_of(cx: &Context<'_>, id: &Id) -> Decision<Found<ProductType>> {
    cx.by_id::<ProductType>(Kind::ProductType, id)?
        .ok_or_else(|| Stop::Refused(ApiError::referenced_not_found("product-type", ("id", id.as_str()))))
}

/// The attributes of a draft at one level, in the form in which they are stored. The last of several
/// values of one name counts; `null` is no value.
pub(super) fn from_drafts(
    drafts: &[Attribute],
    level: AttributeLevel,
    product_type: &ProductType,
    cx: &Context<'_>,
) -> Decision<Vec<Attribute>> {
    let mut attributes: Vec<Attribute> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let definition = definition_of(product_type, &draft.name, level)?;
        set(&mut attributes, definition, Some(&draft.value), cx)?;
    }
    check_required(&attributes, level, product_type)?;
    Ok(attributes)
}

/// Refuses a missing value of a required attribute.
pub(super) fn check_required(
    attributes: &[Attribute],
    level: AttributeLevel,
    product_type: &ProductType,
) -> api::Result<()> {
    let missing = product_type
        .attributes
        .iter()
        .find(|d| d.is_required && d.level == level && !attributes.iter().any(|a| a.name == d.name));
    match missing {
        Some(definition) => Err(ApiError::required_field(&definition.name)),
        None => Ok(()),
    }
}

/// The definition of an attribute of that level.
pub(super) fn definition_of<'t>(
    product_type: &'t ProductType,
    name: &str,
    level: AttributeLevel,
) -> api::Result<&'t AttributeDefinition> {
    product_type
        .definition(name)
        .filter(|definition| definition.level == level)
        .ok_or_else(|| ApiError::invalid_field("attributes.name", name))
}

/// Sets or removes (`None`, `null`) one value among those of an owner.
pub(super) fn set(
    attributes: &mut Vec<Attribute>,
    definition: &AttributeDefinition,
    value: Option<&Value>,
    cx: &Context<'_>,
) -> Decision<()> {
    match value.filter(|value| !value.is_null()) {
        None => attributes.retain(|a| a.name != definition.name),
        Some(value) => {
            let value = stored(&definition.attribute_type, &definition.name, value, 0, cx)?;
            match attributes.iter_mut().find(|a| a.name == definition.name) {
                Some(attribute) => attribute.value = value,
                None => attributes.push(Attribute { name: definition.name.clone(), value }),
            }
        }
    }
    Ok(())
}

/// The stored form of a value of that type, or `InvalidField` on the attribute's name.
fn stored(of: &AttributeType, name: &str, value: &Value, depth: usize, cx: &Context<'_>) -> Decision<Value> {
    let invalid = || Stop::Refused(ApiError::invalid_field(name, value.clone()));
    match of {
        AttributeType::Reference { reference_type_id } => {
            reference(reference_type_id, value, cx)?.ok_or_else(invalid)
        }
        AttributeType::Set { element_type } => {
            let mut values: Vec<Value> = Vec::new();
            for item in value.as_array().ok_or_else(invalid)? {
                let item = stored(element_type, name, item, depth, cx)?;
                if !values.contains(&item) {
                    values.push(item);
                }
            }
            Ok(Value::Array(values))
        }
        AttributeType::Nested { type_reference } => {
            if depth == MAX_NESTING {
                return Err(invalid());
            }
            let product_type = type_of(cx, &type_reference.id)?;
            let mut values: Vec<Value> = Vec::new();
            for item in value.as_array().ok_or_else(invalid)? {
                let inner = item.get("name").and_then(Value::as_str).ok_or_else(invalid)?;
                let definition = product_type.definition(inner).ok_or_else(invalid)?;
                let Some(value) = item.get("value").filter(|v| !v.is_null()) else { continue };
                let value = stored(&definition.attribute_type, inner, value, depth + 1, cx)?;
                values.push(json!({"name": inner, "value": value}));
            }
            Ok(Value::Array(values))
        }
        simple => plain(simple, value).ok_or_else(invalid),
    }
}

/// The stored form of a value that stands for itself.
fn plain(of: &AttributeType, value: &Value) -> Option<Value> {
    let good = match of {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Text => value.is_string(),
        AttributeType::Number => value.is_number(),
        AttributeType::Ltext => {
            let texts: Map<String, Value> = value
                .as_object()?
                .iter()
                .filter(|(_, t)| !t.is_null())
                .map(|(l, t)| (l.clone(), t.clone()))
                .collect();
            let good = texts.iter().all(|(locale, text)| Locale::parse(locale).is_some() && text.is_string());
            return good.then_some(Value::Object(texts));
        }
        AttributeType::Enum { values } => {
            let key = enum_key(value)?;
            return serde_json::to_value(values.iter().find(|v| v.key == key)?).ok();
        }
        AttributeType::Lenum { values } => {
            let key = enum_key(value)?;
            return serde_json::to_value(values.iter().find(|v| v.key == key)?).ok();
        }
        AttributeType::Money => {
            let draft: TypedMoneyDraft = serde_json::from_value(value.clone()).ok()?;
            return serde_json::to_value(TypedMoney::try_from(draft).ok()?).ok();
        }
        AttributeType::Date => CalendarDate::parse(value.as_str()?).is_some(),
        AttributeType::Time => is_time_of_day(value.as_str()?),
        AttributeType::Datetime => return Timestamp::parse(value.as_str()?).map(|t| t.to_string().into()),
        AttributeType::Reference { .. } | AttributeType::Set { .. } | AttributeType::Nested { .. } => false,
    };
    good.then(|| value.clone())
}

/// The key of an enum value, given by itself or in the object that answers show.
fn enum_key(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("key").and_then(Value::as_str))
}

/// A reference by id or key, to something that exists. What kinds that are not built would hold cannot be asked for.
fn reference(type_id: &str, value: &Value, cx: &Context<'_>) -> Decision<Option<Value>> {
    let Some(named) = ResourceIdentifier::of_value(type_id, value) else { return Ok(None) };
    let id = match Kind::from_type_id(type_id) {
        Some(kind) => Some(cx.reference(kind, &named)?.id),
        None => named.id,
    };
    Ok(id.map(|id| json!({"typeId": type_id, "id": id})))
}

/// Asks for what values refer to, so that many references take no more rounds than one.
pub(super) fn want_all(drafts: &[Attribute], product_type: &ProductType, cx: &Context<'_>) {
    drafts.iter().for_each(|draft| want(&draft.name, &draft.value, product_type, cx));
}

/// [`want_all`] of one value.
pub(super) fn want(name: &str, value: &Value, product_type: &ProductType, cx: &Context<'_>) {
    if let Some(definition) = product_type.definition(name) {
        want_of(&definition.attribute_type, value, 0, cx);
    }
}

fn want_of(of: &AttributeType, value: &Value, depth: usize, cx: &Context<'_>) {
    let items = || value.as_array().into_iter().flatten();
    match of {
        AttributeType::Reference { reference_type_id } => {
            if let (Some(kind), Some(named)) = (
                Kind::from_type_id(reference_type_id),
                ResourceIdentifier::of_value(reference_type_id, value),
            ) {
                cx.want(Context::lookup_of(kind, &named));
            }
        }
        AttributeType::Set { element_type } => {
            items().for_each(|item| want_of(element_type, item, depth, cx));
        }
        AttributeType::Nested { type_reference } if depth < MAX_NESTING => {
            // A type that is not known yet is fetched first; what its values refer to comes with the next round.
            let Ok(product_type) = type_of(cx, &type_reference.id) else { return };
            for item in items() {
                let inner =
                    item.get("name").and_then(Value::as_str).and_then(|name| product_type.definition(name));
                if let (Some(definition), Some(value)) = (inner, item.get("value")) {
                    want_of(&definition.attribute_type, value, depth + 1, cx);
                }
            }
        }
        _ => {}
    }
}

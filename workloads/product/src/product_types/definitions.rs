//! Attribute definitions as they come in: checked by themselves, in their product type and against those
//! of the same name in other product types.

use crate::query::quoted;
use api::product_type::{
    AttributeConstraint, AttributeDefinition, AttributeDefinitionDraft, AttributeLevel, AttributeType,
    ProductType,
};
use api::{ApiError, Code, Kind, ResourceIdentifier, Result};
use kit::resource::{Context, Decision, Lookup, LookupBy};
use std::collections::BTreeSet;

/// The kinds that attributes may refer to (API description).
const REFERENCE_KINDS: [&str; 16] = [
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
/// Names that are asked for in one predicate.
const NAMES_PER_QUERY: usize = 40;

/// The definition that a draft describes.
pub(super) fn checked(draft: &AttributeDefinitionDraft, cx: &Context<'_>) -> Decision<AttributeDefinition> {
    check_name(&draft.name)?;
    check_type(&draft.attribute_type, &draft.name, cx)?;
    let level = draft.level.unwrap_or_default();
    let attribute_constraint = draft.attribute_constraint.unwrap_or_default();
    if level == AttributeLevel::Product && attribute_constraint != AttributeConstraint::None {
        return Err(ApiError::invalid_operation(format!(
            "The attribute '{}' is of level Product, so its constraint can only be None.",
            draft.name
        ))
        .into());
    }
    Ok(AttributeDefinition {
        attribute_type: draft.attribute_type.clone(),
        name: draft.name.clone(),
        label: draft.label.clone(),
        is_required: draft.is_required,
        level,
        attribute_constraint,
        input_tip: draft.input_tip.clone(),
        input_hint: draft.input_hint.unwrap_or_default(),
        is_searchable: draft.is_searchable.unwrap_or(true),
    })
}

/// Names have 2 to 256 of `[A-Za-z0-9_-]`.
pub(super) fn check_name(name: &str) -> Result<()> {
    match api::Key::parse(name) {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid_field("name", name)),
    }
}

fn check_type(attribute_type: &AttributeType, name: &str, cx: &Context<'_>) -> Decision<()> {
    match attribute_type {
        AttributeType::Enum { values } => refuse_duplicates(values.iter().map(|v| v.key.as_str()))?,
        AttributeType::Lenum { values } => refuse_duplicates(values.iter().map(|v| v.key.as_str()))?,
        AttributeType::Reference { reference_type_id } => {
            if !REFERENCE_KINDS.contains(&reference_type_id.as_str()) {
                return Err(ApiError::invalid_field("referenceTypeId", reference_type_id.as_str()).into());
            }
        }
        AttributeType::Set { element_type } => {
            if matches!(**element_type, AttributeType::Set { .. }) {
                let message = format!("The attribute '{name}' is a set of sets, which is not supported.");
                return Err(ApiError::invalid_operation(message).into());
            }
            check_type(element_type, name, cx)?;
        }
        AttributeType::Nested { type_reference } => {
            let by_id = ResourceIdentifier { type_id: None, id: Some(type_reference.id.clone()), key: None };
            if type_reference.type_id != Kind::ProductType {
                return Err(ApiError::invalid_field(
                    "typeReference.typeId",
                    type_reference.type_id.type_id(),
                )
                .into());
            }
            cx.reference(Kind::ProductType, &by_id)?;
        }
        AttributeType::Boolean
        | AttributeType::Text
        | AttributeType::Ltext
        | AttributeType::Number
        | AttributeType::Money
        | AttributeType::Date
        | AttributeType::Time
        | AttributeType::Datetime => {}
    }
    Ok(())
}

fn refuse_duplicates<'k>(keys: impl Iterator<Item = &'k str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let duplicates: BTreeSet<&str> = keys.filter(|key| !seen.insert(*key)).collect();
    if duplicates.is_empty() {
        return Ok(());
    }
    let list: Vec<&str> = duplicates.into_iter().collect();
    let message = format!("The enum values contain duplicate keys: {}.", list.join(", "));
    Err(ApiError::new(Code::DuplicateEnumValues, message).with("duplicates", list))
}

/// Adds a definition of a new name.
pub(super) fn add(
    product_type: &mut ProductType,
    definition: AttributeDefinition,
    cx: &Context<'_>,
) -> Result<()> {
    if product_type.definition(&definition.name).is_some() {
        return Err(exists_already(product_type, &definition.name, cx));
    }
    product_type.attributes.push(definition);
    Ok(())
}

/// 400: the product type has an attribute of that name.
pub(super) fn exists_already(product_type: &ProductType, name: &str, cx: &Context<'_>) -> ApiError {
    ApiError::new(
        Code::AttributeDefinitionAlreadyExists,
        format!(
            "An attribute definition with name '{name}' already exists on product type '{}'.",
            product_type.name
        ),
    )
    .with("conflictingProductTypeId", &cx.resource_id)
    .with("conflictingProductTypeName", product_type.name.as_str())
    .with("conflictingAttributeName", name)
}

/// Refuses definitions whose name has another type in another product type.
pub(super) fn refuse_conflicts(definitions: &[AttributeDefinition], cx: &Context<'_>) -> Decision<()> {
    let predicates: Vec<String> = definitions
        .chunks(NAMES_PER_QUERY)
        .map(|chunk| {
            let names: Vec<String> = chunk.iter().map(|definition| quoted(&definition.name)).collect();
            format!("attributes(name in ({}))", names.join(", "))
        })
        .collect();
    for predicate in &predicates {
        cx.want(Lookup::new(Kind::ProductType, LookupBy::Where { predicate: predicate.clone(), limit: 500 }));
    }
    for predicate in predicates {
        for other in cx.matching::<ProductType>(Kind::ProductType, predicate, 500)?.iter() {
            if *other.id() == cx.resource_id {
                continue;
            }
            for definition in definitions {
                let Some(theirs) = other.definition(&definition.name) else { continue };
                if !theirs.attribute_type.is_same(&definition.attribute_type) {
                    return Err(type_conflict(&definition.name, other.id(), &other.name).into());
                }
            }
        }
    }
    Ok(())
}

fn type_conflict(name: &str, id: &api::Id, product_type: &str) -> ApiError {
    ApiError::new(
        Code::AttributeDefinitionTypeConflict,
        format!("The attribute with name '{name}' has a different type on product type '{product_type}'."),
    )
    .with("conflictingProductTypeId", id)
    .with("conflictingProductTypeName", product_type)
    .with("conflictingAttributeName", name)
}

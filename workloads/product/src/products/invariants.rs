//! What holds for both versions of a product after every change (contract §4, §9): numbers, unique skus
//! and keys, prices that fit together, variants that differ, and the constraints on attributes.

use super::attributes;
use api::product::{Product, ProductData};
use api::product_type::{AttributeConstraint, AttributeLevel, ProductType};
use api::product_variant::{Attribute, ProductVariant};
use api::{ApiError, Code, Price, Result};
use kit::resource::{Context, Decision};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Variants of a product, and prices of a variant.
const MAX_VARIANTS: usize = 100;
const MAX_PRICES: usize = 100;

/// Checks both versions.
pub(super) fn check(product: &Product, cx: &Context<'_>) -> Decision<()> {
    let product_type = attributes::type_of(cx, &product.product_type.id)?;
    let catalog = &product.master_data;
    check_version(&catalog.staged, &product_type)?;
    if catalog.current != catalog.staged {
        check_version(&catalog.current, &product_type)?;
    }
    Ok(())
}

fn check_version(data: &ProductData, product_type: &ProductType) -> Result<()> {
    if data.variants.len() >= MAX_VARIANTS {
        return Err(too_many("variants of a product", MAX_VARIANTS));
    }
    let (mut skus, mut keys) = (HashSet::new(), HashSet::new());
    for variant in data.all_variants() {
        if let Some(sku) = variant.sku.as_deref().filter(|sku| !skus.insert(*sku)) {
            return Err(ApiError::duplicate_field("sku", sku));
        }
        if let Some(key) = variant.key.as_ref().filter(|key| !keys.insert(*key)) {
            return Err(ApiError::duplicate_field("key", key));
        }
        if variant.prices.len() > MAX_PRICES {
            return Err(too_many("prices of a variant", MAX_PRICES));
        }
        pricing::check_prices(&variant.prices)?;
    }
    refuse_equal_variants(data)?;
    check_constraints(data, product_type)
}

fn too_many(what: &str, limit: usize) -> ApiError {
    ApiError::new(Code::MaxResourceLimitExceeded, format!("You have exceeded the limit of {limit} {what}."))
        .with("exceededResource", "product")
}

fn refuse_equal_variants(data: &ProductData) -> Result<()> {
    let variants: Vec<&ProductVariant> = data.all_variants().collect();
    for (at, variant) in variants.iter().enumerate() {
        if variants[..at].iter().any(|other| are_equal(other, variant)) {
            let values =
                json!({"sku": variant.sku, "prices": variant.prices, "attributes": variant.attributes});
            let mut values = values;
            if let (None, Some(object)) = (&variant.sku, values.as_object_mut()) {
                object.remove("sku");
            }
            return Err(ApiError::new(
                Code::DuplicateVariantValues,
                "A duplicate combination of the variant values (sku, key, images, prices, attributes) exists.",
            )
            .with("variantValues", values));
        }
    }
    Ok(())
}

fn are_equal(a: &ProductVariant, b: &ProductVariant) -> bool {
    a.sku == b.sku
        && a.key == b.key
        && a.images == b.images
        && same_attributes(&a.attributes, &b.attributes)
        && a.prices.len() == b.prices.len()
        && a.prices.iter().zip(&b.prices).all(|(a, b)| same_price(a, b))
}

/// The order in which values were set does not count.
fn same_attributes(a: &[Attribute], b: &[Attribute]) -> bool {
    a.len() == b.len() && a.iter().all(|attribute| b.contains(attribute))
}

/// Ids differ in any case.
fn same_price(a: &Price, b: &Price) -> bool {
    Price { id: b.id.clone(), ..a.clone() } == *b
}

fn check_constraints(data: &ProductData, product_type: &ProductType) -> Result<()> {
    let mut combined: Vec<&str> = Vec::new();
    for definition in product_type.attributes.iter().filter(|d| d.level == AttributeLevel::Variant) {
        let name = definition.name.as_str();
        match definition.attribute_constraint {
            AttributeConstraint::None => {}
            AttributeConstraint::CombinationUnique => combined.push(name),
            AttributeConstraint::SameForAll => {
                let first = value_of(&data.master_variant, name);
                if let Some(other) = data.variants.iter().map(|v| value_of(v, name)).find(|v| *v != first) {
                    return Err(ApiError::invalid_field(name, other.cloned().unwrap_or(Value::Null)));
                }
            }
            AttributeConstraint::Unique => {
                let mut seen: Vec<&Value> = Vec::new();
                for value in data.all_variants().filter_map(|variant| value_of(variant, name)) {
                    if seen.contains(&value) {
                        return Err(ApiError::new(
                            Code::DuplicateAttributeValue,
                            "Attribute can't have the same value in a different variant.",
                        )
                        .with("attribute", json!({"name": name, "value": value})));
                    }
                    seen.push(value);
                }
            }
        }
    }
    if combined.is_empty() { Ok(()) } else { check_combination(data, &combined) }
}

/// No two variants have the same values; variants without any of them do not count.
fn check_combination(data: &ProductData, names: &[&str]) -> Result<()> {
    let mut seen: Vec<Vec<Option<&Value>>> = Vec::new();
    for variant in data.all_variants() {
        let values: Vec<Option<&Value>> = names.iter().map(|name| value_of(variant, name)).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        if seen.contains(&values) {
            let attributes: Vec<Value> = names
                .iter()
                .zip(&values)
                .filter_map(|(name, value)| Some(json!({"name": name, "value": (*value)?})))
                .collect();
            return Err(ApiError::new(
                Code::DuplicateAttributeValues,
                "The set of attributes must be unique across all variants.",
            )
            .with("attributes", attributes));
        }
        seen.push(values);
    }
    Ok(())
}

fn value_of<'v>(variant: &'v ProductVariant, name: &str) -> Option<&'v Value> {
    variant.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
}

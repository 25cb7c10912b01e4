//! The variants of a product: adding, removing, naming them, and their attributes.

use super::target::{is_staged, missing, names, on_variant, versions};
use super::{ProductHidden, Products, attributes, images, prices};
use crate::assets;
use crate::query::quoted;
use api::product::VariantTarget;
use api::product_type::{AttributeLevel, ProductType};
use api::product_variant::{ProductVariant, ProductVariantDraft};
use api::{ApiError, Kind, Message};
use kit::resource::{Context, Decision, State};
use serde::de::IgnoredAny;
use serde_json::Value;

/// The variant of a draft, with the next id.
pub(super) fn from_draft(
    draft: &ProductVariantDraft,
    hidden: &mut ProductHidden,
    product_type: &ProductType,
    cx: &Context<'_>,
) -> Decision<ProductVariant> {
    hidden.last_variant_id += 1;
    Ok(ProductVariant {
        id: hidden.last_variant_id,
        sku: draft.sku.clone(),
        key: draft.key.clone(),
        prices: prices::from_drafts(&draft.prices, cx)?,
        price: None,
        attributes: attributes::from_drafts(&draft.attributes, AttributeLevel::Variant, product_type, cx)?,
        images: draft.images.clone(),
        assets: assets::from_drafts(&draft.assets, cx)?,
        availability: None,
    })
}

/// `addVariant`.
pub(super) fn add(
    state: &mut State<Products>,
    draft: &ProductVariantDraft,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    prices::want_all(&draft.prices, cx);
    let product_type = attributes::type_of(cx, &state.body.product_type.id)?;
    let variant = from_draft(draft, &mut state.hidden, &product_type, cx)?;
    for data in versions(&mut state.body.master_data, staged) {
        data.variants.push(variant.clone());
    }
    cx.emit(Message::new("ProductVariantAdded").with("variant", &variant).with("staged", is_staged(staged)));
    Ok(())
}

/// `removeVariant`. The master variant stays.
pub(super) fn remove(state: &mut State<Products>, at: &VariantTarget, cx: &mut Context<'_>) -> Decision<()> {
    let mut removed = None;
    for data in versions(&mut state.body.master_data, at.staged) {
        if names(at, &data.master_variant) {
            let message = "The master variant cannot be removed. Make another variant the master first.";
            return Err(ApiError::invalid_operation(message).into());
        }
        if let Some(place) = data.variants.iter().position(|variant| names(at, variant)) {
            removed.get_or_insert(data.variants.remove(place));
        }
    }
    let Some(variant) = removed else { return Err(missing(at)?.into()) };
    let catalog = &state.body.master_data;
    let left = images::urls_of(&catalog.staged, &catalog.current);
    let urls: Vec<&str> =
        variant.images.iter().map(|image| image.url.as_str()).filter(|url| !left.contains(*url)).collect();
    cx.emit(
        Message::new("ProductVariantDeleted")
            .with("variant", &variant)
            .with("removedImageUrls", urls)
            .with("staged", is_staged(at.staged)),
    );
    Ok(())
}

/// `changeMasterVariant`. Ids stay; the old master becomes the first of the others.
pub(super) fn change_master(state: &mut State<Products>, at: &VariantTarget) -> Decision<()> {
    let mut found = false;
    for data in versions(&mut state.body.master_data, at.staged) {
        if names(at, &data.master_variant) {
            found = true;
        } else if let Some(place) = data.variants.iter().position(|variant| names(at, variant)) {
            found = true;
            let master = data.variants.remove(place);
            let before = std::mem::replace(&mut data.master_variant, master);
            data.variants.insert(0, before);
        }
    }
    if found { Ok(()) } else { Err(missing(at)?.into()) }
}

/// `setSku`. A sku that has stock can neither be changed nor removed.
pub(super) fn set_sku(
    state: &mut State<Products>,
    at: &VariantTarget,
    sku: Option<&String>,
    cx: &Context<'_>,
) -> Decision<()> {
    on_variant(state, at, |variant| {
        if let Some(old) = variant.sku.as_ref().filter(|old| sku != Some(old)) {
            let predicate = format!("sku = {}", quoted(old));
            if !cx.matching::<IgnoredAny>(Kind::InventoryEntry, predicate, 1)?.is_empty() {
                let message =
                    format!("The sku '{old}' is used by an inventory entry, so it cannot be changed.");
                return Err(ApiError::invalid_operation(message).into());
            }
        }
        variant.sku = sku.cloned();
        Ok(())
    })?;
    Ok(())
}

/// `setAttribute`.
pub(super) fn set_attribute(
    state: &mut State<Products>,
    at: &VariantTarget,
    name: &str,
    value: Option<&Value>,
    cx: &Context<'_>,
) -> Decision<()> {
    let product_type = attributes::type_of(cx, &state.body.product_type.id)?;
    let definition = attributes::definition_of(&product_type, name, AttributeLevel::Variant)?;
    refuse_removal(definition.is_required, name, value)?;
    on_variant(state, at, |variant| attributes::set(&mut variant.attributes, definition, value, cx))?;
    Ok(())
}

/// `setAttributeInAllVariants`.
pub(super) fn set_attribute_in_all(
    state: &mut State<Products>,
    name: &str,
    value: Option<&Value>,
    staged: Option<bool>,
    cx: &Context<'_>,
) -> Decision<()> {
    let product_type = attributes::type_of(cx, &state.body.product_type.id)?;
    let definition = attributes::definition_of(&product_type, name, AttributeLevel::Variant)?;
    refuse_removal(definition.is_required, name, value)?;
    for data in versions(&mut state.body.master_data, staged) {
        for variant in data.all_variants_mut() {
            attributes::set(&mut variant.attributes, definition, value, cx)?;
        }
    }
    Ok(())
}

/// `setProductAttribute`.
pub(super) fn set_product_attribute(
    state: &mut State<Products>,
    name: &str,
    value: Option<&Value>,
    staged: Option<bool>,
    cx: &Context<'_>,
) -> Decision<()> {
    let product_type = attributes::type_of(cx, &state.body.product_type.id)?;
    let definition = attributes::definition_of(&product_type, name, AttributeLevel::Product)?;
    refuse_removal(definition.is_required, name, value)?;
    for data in versions(&mut state.body.master_data, staged) {
        attributes::set(&mut data.attributes, definition, value, cx)?;
    }
    Ok(())
}

fn refuse_removal(is_required: bool, name: &str, value: Option<&Value>) -> api::Result<()> {
    if is_required && value.is_none_or(Value::is_null) {
        return Err(ApiError::required_field(name));
    }
    Ok(())
}

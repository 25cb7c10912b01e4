//! The images of variants, by URL.

use super::Products;
use super::target::{is_staged, on_variant};
use api::product::{ProductData, VariantTarget};
use api::product_variant::{Image, ProductVariant};
use api::{ApiError, Message, Result};
use kit::resource::{Context, Decision, State};
use std::collections::BTreeSet;

/// The image URLs of two versions.
pub(super) fn urls_of<'d>(a: &'d ProductData, b: &'d ProductData) -> BTreeSet<&'d str> {
    let images = a.all_variants().chain(b.all_variants()).flat_map(|variant| &variant.images);
    images.map(|image| image.url.as_str()).collect()
}

/// `addExternalImage`.
pub(super) fn add(
    state: &mut State<Products>,
    at: &VariantTarget,
    image: &Image,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let variant = on_variant(state, at, |variant| {
        variant.images.push(image.clone());
        Ok(())
    })?;
    let message = Message::new("ProductImageAdded").with("variantId", variant).with("image", image);
    cx.emit(message.with("staged", is_staged(at.staged)));
    Ok(())
}

/// `removeImage`.
pub(super) fn remove(state: &mut State<Products>, at: &VariantTarget, url: &str) -> Decision<()> {
    on_variant(state, at, |variant| {
        place(variant, url)?;
        variant.images.retain(|image| image.url != url);
        Ok(())
    })?;
    Ok(())
}

/// `moveImageToPosition`.
pub(super) fn shift(
    state: &mut State<Products>,
    at: &VariantTarget,
    url: &str,
    position: u32,
) -> Decision<()> {
    on_variant(state, at, |variant| {
        let from = place(variant, url)?;
        let to = usize::try_from(position).unwrap_or(usize::MAX);
        if to >= variant.images.len() {
            return Err(ApiError::invalid_field("position", position).into());
        }
        let image = variant.images.remove(from);
        variant.images.insert(to, image);
        Ok(())
    })?;
    Ok(())
}

/// `setImageLabel`.
pub(super) fn label(
    state: &mut State<Products>,
    at: &VariantTarget,
    url: &str,
    label: Option<&String>,
) -> Decision<()> {
    on_variant(state, at, |variant| {
        place(variant, url)?;
        variant
            .images
            .iter_mut()
            .filter(|image| image.url == url)
            .for_each(|image| image.label = label.cloned());
        Ok(())
    })?;
    Ok(())
}

fn place(variant: &ProductVariant, url: &str) -> Result<usize> {
    variant.images.iter().position(|image| image.url == url).ok_or_else(|| {
        ApiError::invalid_operation(format!("The variant {} has no image with the URL '{url}'.", variant.id))
    })
}

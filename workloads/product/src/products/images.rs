//! The images of variants, by URL.

use super::Products;
use super::target::{is_staged, on_variant};
use api::product::{ProductData, VariantTarget};
use api::product_variant::Image;
use api::{ApiError, Message};
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
    on_image(state, at, url, |images, _| {
        images.retain(|image| image.url != url);
        Ok(())
    })
}

/// `moveImageToPosition`.
pub(super) fn shift(
    state: &mut State<Products>,
    at: &VariantTarget,
    url: &str,
    position: u32,
) -> Decision<()> {
    on_image(state, at, url, |images, from| {
        let to = usize::try_from(position).unwrap_or(usize::MAX);
        if to >= images.len() {
            return Err(ApiError::invalid_field("position", position).into());
        }
        let image = images.remove(from);
        images.insert(to, image);
        Ok(())
    })
}

/// `setImageLabel`.
pub(super) fn label(
    state: &mut State<Products>,
    at: &VariantTarget,
    url: &str,
    label: Option<&String>,
) -> Decision<()> {
    on_image(state, at, url, |images, _| {
        images.iter_mut().filter(|image| image.url == url).for_each(|image| image.label = label.cloned());
        Ok(())
    })
}

/// Changes the images of the variant in each version where one has the URL; `change` also gets its place. Refused where
/// none has it.
fn on_image(
    state: &mut State<Products>,
    at: &VariantTarget,
    url: &str,
    mut change: impl FnMut(&mut Vec<Image>, usize) -> Decision<()>,
) -> Decision<()> {
    let mut done = false;
    let variant = on_variant(state, at, |variant| {
        if let Some(place) = variant.images.iter().position(|image| image.url == url) {
            change(&mut variant.images, place)?;
            done = true;
        }
        Ok(())
    })?;
    if done {
        return Ok(());
    }
    let message = format!("The variant {variant} has no image with the URL '{url}'.");
    Err(ApiError::invalid_operation(message).into())
}

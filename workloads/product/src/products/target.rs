//! Which versions and which variants an update action writes: `staged` (the default) writes the staged
//! version only, `staged: false` both.

use super::Products;
use api::product::{ProductCatalogData, ProductData, VariantTarget};
use api::product_variant::ProductVariant;
use api::{ApiError, Result};
use kit::resource::{Decision, State};

/// Whether an action writes the staged version only.
pub(super) fn is_staged(staged: Option<bool>) -> bool {
    staged.unwrap_or(true)
}

/// The versions that an action writes, the staged one first.
pub(super) fn versions(
    catalog: &mut ProductCatalogData,
    staged: Option<bool>,
) -> impl Iterator<Item = &mut ProductData> {
    let current = (!is_staged(staged)).then_some(&mut catalog.current);
    std::iter::once(&mut catalog.staged).chain(current)
}

/// Changes the data of the versions that an action writes.
pub(super) fn on_data(
    state: &mut State<Products>,
    staged: Option<bool>,
    mut change: impl FnMut(&mut ProductData),
) {
    versions(&mut state.body.master_data, staged).for_each(&mut change);
}

/// The variant that a target names.
pub(super) fn find<'d>(data: &'d mut ProductData, at: &VariantTarget) -> Option<&'d mut ProductVariant> {
    data.all_variants_mut().find(|variant| names(at, variant))
}

/// Whether a target names the variant.
pub(super) fn names(at: &VariantTarget, variant: &ProductVariant) -> bool {
    match (at.variant_id, &at.sku) {
        (Some(id), _) => variant.id == id,
        (None, Some(sku)) => variant.sku.as_ref() == Some(sku),
        (None, None) => false,
    }
}

/// Changes the variant that a target names, wherever the action writes and the variant is. Refused where
/// it is in none of these versions. Gives the variant's id.
pub(super) fn on_variant(
    state: &mut State<Products>,
    at: &VariantTarget,
    mut change: impl FnMut(&mut ProductVariant) -> Decision<()>,
) -> Decision<i32> {
    let mut found = None;
    for data in versions(&mut state.body.master_data, at.staged) {
        if let Some(variant) = find(data, at) {
            found.get_or_insert(variant.id);
            change(variant)?;
        }
    }
    match found {
        Some(id) => Ok(id),
        None => Err(missing(at)?.into()),
    }
}

/// The error for a target that names nothing; itself refused if the target is none.
pub(super) fn missing(at: &VariantTarget) -> Result<ApiError> {
    let which = match (at.variant_id, &at.sku) {
        (Some(id), None) => format!("id {id}"),
        (None, Some(sku)) => format!("sku '{sku}'"),
        _ => return Err(ApiError::invalid_input("Exactly one of 'variantId' and 'sku' is required.")),
    };
    Ok(ApiError::invalid_operation(format!("The product has no variant with the {which}.")))
}

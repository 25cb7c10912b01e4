//! From staged to current and back.

use super::{Products, images, views};
use api::product::{ProductCatalogData, ProductData, PublishScope};
use api::{ApiError, Message};
use kit::resource::{Context, Decision, State};

/// `publish`.
pub(super) fn publish(
    state: &mut State<Products>,
    scope: PublishScope,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let before = state.body.master_data.clone();
    let catalog = &mut state.body.master_data;
    match scope {
        PublishScope::All => {
            catalog.current = catalog.staged.clone();
            catalog.published = true;
        }
        PublishScope::Prices if !catalog.published => {
            let message = "Only the prices of a published product can be published by themselves.";
            return Err(ApiError::invalid_operation(message).into());
        }
        PublishScope::Prices => copy_prices(&catalog.staged, &mut catalog.current),
    }
    catalog.note_changes();
    if *catalog != before {
        let projection =
            views::projection_value(&views::meta_after(&state.meta, cx), &state.body, views::CURRENT);
        cx.emit(
            Message::new("ProductPublished")
                .with("removedImageUrls", lost_urls(&before, &state.body.master_data))
                .with("productProjection", projection)
                .with("scope", scope),
        );
    }
    Ok(())
}

fn copy_prices(from: &ProductData, to: &mut ProductData) {
    for variant in to.all_variants_mut() {
        if let Some(source) = from.all_variants().find(|v| v.id == variant.id) {
            variant.prices.clone_from(&source.prices);
        }
    }
}

/// `unpublish`.
pub(super) fn unpublish(state: &mut State<Products>, cx: &mut Context<'_>) {
    if std::mem::take(&mut state.body.master_data.published) {
        cx.emit(Message::new("ProductUnpublished"));
    }
}

/// `revertStagedChanges`.
pub(super) fn revert(state: &mut State<Products>, cx: &mut Context<'_>) {
    let catalog = &mut state.body.master_data;
    if catalog.staged == catalog.current {
        return;
    }
    let before = catalog.clone();
    catalog.staged = catalog.current.clone();
    let lost = lost_urls(&before, catalog);
    cx.emit(Message::new("ProductRevertedStagedChanges").with("removedImageUrls", lost));
}

/// `revertStagedVariantChanges`; brings back a variant that was removed in staged.
pub(super) fn revert_variant(state: &mut State<Products>, id: i32, cx: &mut Context<'_>) -> Decision<()> {
    let catalog = &mut state.body.master_data;
    let Some(source) = catalog.current.all_variants().find(|variant| variant.id == id).cloned() else {
        let message = format!("The current version of the product has no variant with the id {id}.");
        return Err(ApiError::invalid_operation(message).into());
    };
    let before = catalog.clone();
    if catalog.staged.all_variants().any(|variant| variant.id == id) {
        for variant in catalog.staged.all_variants_mut().filter(|variant| variant.id == id) {
            variant.clone_from(&source);
        }
    } else {
        catalog.staged.variants.push(source);
    }
    if *catalog != before {
        let lost = lost_urls(&before, catalog);
        cx.emit(Message::new("ProductRevertedStagedChanges").with("removedImageUrls", lost));
    }
    Ok(())
}

/// The image URLs that are in neither version any more.
fn lost_urls(before: &ProductCatalogData, after: &ProductCatalogData) -> Vec<String> {
    let left = images::urls_of(&after.staged, &after.current);
    let all = images::urls_of(&before.staged, &before.current);
    all.difference(&left).map(|url| (*url).to_owned()).collect()
}

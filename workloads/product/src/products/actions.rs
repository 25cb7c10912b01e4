//! Which rule each update action of products runs.

use super::target::{on_data, on_variant};
use super::{Products, attributes, category_of, images, prices, publication, variants};
use crate::assets::{self, AssetChange};
use crate::{slugs, workflow};
use api::product::{ProductAction, ProductPriceMode, VariantTarget};
use api::state::StateType;
use api::{Kind, LocalizedString, Message, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision, State};

/// Asks for what attribute values refer to. The product type is needed in any case.
pub(super) fn foresee(state: &State<Products>, actions: &[ProductAction], cx: &Context<'_>) {
    use ProductAction as A;
    let Ok(product_type) = attributes::type_of(cx, &state.body.product_type.id) else { return };
    for action in actions {
        match action {
            A::SetAttribute { name, value: Some(value), .. }
            | A::SetAttributeInAllVariants { name, value: Some(value), .. }
            | A::SetProductAttribute { name, value: Some(value), .. } => {
                attributes::want(name, value, &product_type, cx);
            }
            A::AddVariant { variant, .. } => attributes::want_all(&variant.attributes, &product_type, cx),
            _ => {}
        }
    }
}

/// Applies one action.
#[allow(clippy::too_many_lines, reason = "a table: one line or two per action")]
pub(super) fn apply(
    state: &mut State<Products>,
    action: &ProductAction,
    cx: &mut Context<'_>,
) -> Decision<()> {
    use ProductAction as A;
    match action {
        A::ChangeName { name, staged } => on_data(state, *staged, |data| data.name.clone_from(name)),
        A::SetDescription { description, staged } => {
            on_data(state, *staged, |data| data.description.clone_from(description));
        }
        A::ChangeSlug { slug, staged } => change_slug(state, slug, *staged, cx)?,
        A::SetMetaTitle { meta_title, staged } => {
            on_data(state, *staged, |data| data.meta_title.clone_from(meta_title));
        }
        A::SetMetaDescription { meta_description, staged } => {
            on_data(state, *staged, |data| data.meta_description.clone_from(meta_description));
        }
        A::SetMetaKeywords { meta_keywords, staged } => {
            on_data(state, *staged, |data| data.meta_keywords.clone_from(meta_keywords));
        }
        A::SetSearchKeywords { search_keywords, staged } => {
            on_data(state, *staged, |data| data.search_keywords.clone_from(search_keywords));
        }
        A::SetKey { key } => state.key.clone_from(key),
        A::SetTaxCategory { tax_category } => {
            state.tax_category = cx.reference_opt(Kind::TaxCategory, tax_category.as_ref())?;
        }
        A::SetPriceMode { price_mode } => {
            let to = price_mode.unwrap_or(ProductPriceMode::Embedded);
            if state.price_mode.unwrap_or(ProductPriceMode::Embedded) != to {
                state.price_mode = Some(to);
                cx.emit(Message::new("ProductPriceModeSet").with("to", to));
            }
        }
        A::TransitionState { state: to, force } => {
            transition(state, to.as_ref(), force.unwrap_or(false), cx)?;
        }

        A::AddToCategory { category, order_hint, staged } => {
            category_of::add(state, category, order_hint.as_ref(), *staged, cx)?;
        }
        A::RemoveFromCategory { category, staged } => category_of::remove(state, category, *staged, cx)?,
        A::SetCategoryOrderHint { category_id, order_hint, staged } => {
            category_of::set_hint(state, category_id, order_hint.as_ref(), *staged)?;
        }

        A::AddVariant { variant, staged } => variants::add(state, variant, *staged, cx)?,
        A::RemoveVariant { id, sku, staged } => {
            let at = VariantTarget { variant_id: *id, sku: sku.clone(), staged: *staged };
            variants::remove(state, &at, cx)?;
        }
        A::ChangeMasterVariant(at) => variants::change_master(state, at)?,
        A::SetSku { variant_id, sku, staged } => {
            let at = VariantTarget { variant_id: Some(*variant_id), sku: None, staged: *staged };
            variants::set_sku(state, &at, sku.as_ref(), cx)?;
        }
        A::SetProductVariantKey { at, key } => {
            on_variant(state, at, |variant| {
                variant.key.clone_from(key);
                Ok(())
            })?;
        }
        A::SetAttribute { at, name, value } => variants::set_attribute(state, at, name, value.as_ref(), cx)?,
        A::SetAttributeInAllVariants { name, value, staged } => {
            variants::set_attribute_in_all(state, name, value.as_ref(), *staged, cx)?;
        }
        A::SetProductAttribute { name, value, staged } => {
            variants::set_product_attribute(state, name, value.as_ref(), *staged, cx)?;
        }

        A::AddPrice { at, price } => prices::add(state, at, price, cx)?,
        A::SetPrices { at, prices: drafts } => prices::set_all(state, at, drafts, cx)?,
        A::ChangePrice { price_id, price, staged } => prices::change(state, price_id, price, *staged, cx)?,
        A::RemovePrice { price_id, staged } => prices::remove(state, price_id, *staged, cx)?,
        A::SetPriceKey { price_id, key, staged } => {
            prices::set_key(state, price_id, key.as_ref(), *staged, cx)?;
        }
        A::SetProductPriceCustomType { price_id, set, staged } => {
            prices::set_type(state, price_id, set, *staged, cx)?;
        }
        A::SetProductPriceCustomField { price_id, set, staged } => {
            prices::set_field(state, price_id, set, *staged, cx)?;
        }

        A::AddExternalImage { at, image } => images::add(state, at, image, cx)?,
        A::RemoveImage { at, image_url } => images::remove(state, at, image_url)?,
        A::MoveImageToPosition { at, image_url, position } => images::shift(state, at, image_url, *position)?,
        A::SetImageLabel { at, image_url, label } => images::label(state, at, image_url, label.as_ref())?,

        A::AddAsset { at, change } => {
            let asset = assets::added(change, cx)?;
            on_assets(state, at, &AssetChange::Add(&asset, change.position), cx)?;
        }
        A::RemoveAsset { at, change } => on_assets(state, at, &AssetChange::Remove(change), cx)?,
        A::ChangeAssetOrder { at, change } => on_assets(state, at, &AssetChange::Order(change), cx)?,
        A::ChangeAssetName { at, change } => on_assets(state, at, &AssetChange::Name(change), cx)?,
        A::SetAssetDescription { at, change } => on_assets(state, at, &AssetChange::Description(change), cx)?,
        A::SetAssetKey { at, change } => on_assets(state, at, &AssetChange::Key(change), cx)?,
        A::SetAssetSources { at, change } => on_assets(state, at, &AssetChange::Sources(change), cx)?,
        A::SetAssetTags { at, change } => on_assets(state, at, &AssetChange::Tags(change), cx)?,
        A::SetAssetCustomType { at, change } => on_assets(state, at, &AssetChange::CustomType(change), cx)?,
        A::SetAssetCustomField { at, change } => on_assets(state, at, &AssetChange::CustomField(change), cx)?,

        A::Publish { scope } => publication::publish(state, *scope, cx)?,
        A::Unpublish => publication::unpublish(state, cx),
        A::RevertStagedChanges => publication::revert(state, cx),
        A::RevertStagedVariantChanges { variant_id } => publication::revert_variant(state, *variant_id, cx)?,
    }
    Ok(())
}

fn change_slug(
    state: &mut State<Products>,
    slug: &LocalizedString,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    slugs::check(slug)?;
    let before = state.master_data.clone();
    on_data(state, staged, |data| data.slug.clone_from(slug));
    if state.master_data != before {
        cx.emit(Message::new("ProductSlugChanged").with("slug", slug).with("oldSlug", before.staged.slug));
    }
    Ok(())
}

/// Changes the assets of a variant in each version that has the asset.
fn on_assets(
    state: &mut State<Products>,
    at: &VariantTarget,
    change: &AssetChange<'_>,
    cx: &Context<'_>,
) -> Decision<()> {
    let mut done = false;
    on_variant(state, at, |variant| {
        if done && !assets::concerns(&variant.assets, change) {
            return Ok(());
        }
        // Where the first version lacks the asset the refusal says so.
        assets::apply(&mut variant.assets, change, cx)?;
        done = true;
        Ok(())
    })?;
    Ok(())
}

/// The state of a new product.
pub(super) fn first_state(
    state: Option<&ResourceIdentifier>,
    cx: &Context<'_>,
) -> Decision<Option<Reference>> {
    let Some(identifier) = state else { return Ok(None) };
    let found = workflow::state_of(StateType::ProductState, identifier, cx)?;
    Ok(Some(workflow::reference(&found)))
}

/// `transitionState`; without a state the present one goes.
fn transition(
    state: &mut State<Products>,
    to: Option<&ResourceIdentifier>,
    force: bool,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let Some(to) = to else {
        state.body.state = None;
        return Ok(());
    };
    let Some(found) = workflow::next(StateType::ProductState, state.body.state.as_ref(), to, force, cx)?
    else {
        return Ok(());
    };
    let to = workflow::reference(&found);
    cx.emit(Message::new("ProductStateTransition").with("state", &to).with("force", force));
    state.body.state = Some(to);
    Ok(())
}

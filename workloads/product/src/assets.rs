//! Media assets of categories and product variants.

use api::asset::{
    AddAsset, AssetTarget, ChangeAssetName, ChangeAssetOrder, SetAssetCustomField, SetAssetCustomType,
    SetAssetDescription, SetAssetKey, SetAssetSources, SetAssetTags,
};
use api::product_variant::{Asset, AssetDraft};
use api::{ApiError, Key, Result};
use kit::resource::{Context, Decision, set_custom_field, set_custom_type};

/// The resource type id of the custom fields of assets.
const CUSTOM: &str = "asset";

/// A change of the assets of one owner.
pub(crate) enum AssetChange<'a> {
    Add(&'a Asset, Option<u32>),
    Remove(&'a AssetTarget),
    Order(&'a ChangeAssetOrder),
    Name(&'a ChangeAssetName),
    Description(&'a SetAssetDescription),
    Key(&'a SetAssetKey),
    Sources(&'a SetAssetSources),
    Tags(&'a SetAssetTags),
    CustomType(&'a SetAssetCustomType),
    CustomField(&'a SetAssetCustomField),
}

/// The asset that an action adds, with its position.
pub(crate) fn added(action: &AddAsset, cx: &Context<'_>) -> Decision<Asset> {
    from_draft(&action.asset, cx)
}

/// The asset of a draft.
pub(crate) fn from_draft(draft: &AssetDraft, cx: &Context<'_>) -> Decision<Asset> {
    Ok(Asset {
        id: cx.new_id(),
        sources: draft.sources.clone(),
        name: draft.name.clone(),
        description: draft.description.clone(),
        tags: draft.tags.clone(),
        custom: cx.custom(draft.custom.as_ref(), CUSTOM)?,
        key: draft.key.clone(),
    })
}

/// The assets of a draft; keys are unique in their owner.
pub(crate) fn from_drafts(drafts: &[AssetDraft], cx: &Context<'_>) -> Decision<Vec<Asset>> {
    let mut assets = Vec::with_capacity(drafts.len());
    for draft in drafts {
        refuse_key(&assets, draft.key.as_ref())?;
        assets.push(from_draft(draft, cx)?);
    }
    Ok(assets)
}

/// Whether the owner has the asset that the change is about.
pub(crate) fn concerns(assets: &[Asset], change: &AssetChange<'_>) -> bool {
    match change {
        AssetChange::Add(..) | AssetChange::Order(_) => true,
        AssetChange::Key(set) => assets.iter().any(|asset| asset.id == set.asset_id),
        AssetChange::Remove(at) => assets.iter().any(|asset| names(at, asset)),
        AssetChange::Name(ChangeAssetName { at, .. })
        | AssetChange::Description(SetAssetDescription { at, .. })
        | AssetChange::Sources(SetAssetSources { at, .. })
        | AssetChange::Tags(SetAssetTags { at, .. })
        | AssetChange::CustomType(SetAssetCustomType { at, .. })
        | AssetChange::CustomField(SetAssetCustomField { at, .. }) => {
            assets.iter().any(|asset| names(at, asset))
        }
    }
}

/// Changes the assets of one owner.
pub(crate) fn apply(assets: &mut Vec<Asset>, change: &AssetChange<'_>, cx: &Context<'_>) -> Decision<()> {
    match change {
        AssetChange::Add(asset, position) => {
            refuse_key(assets, asset.key.as_ref())?;
            let at = position.and_then(|p| usize::try_from(p).ok()).unwrap_or(usize::MAX).min(assets.len());
            assets.insert(at, (*asset).clone());
        }
        AssetChange::Remove(at) => {
            find(assets, at)?;
            assets.retain(|asset| !names(at, asset));
        }
        AssetChange::Order(order) => reorder(assets, order)?,
        AssetChange::Name(set) => find(assets, &set.at)?.name.clone_from(&set.name),
        AssetChange::Description(set) => find(assets, &set.at)?.description.clone_from(&set.description),
        AssetChange::Key(set) => {
            let at = AssetTarget { asset_id: Some(set.asset_id.clone()), asset_key: None };
            if find(assets, &at)?.key != set.asset_key {
                refuse_key(assets, set.asset_key.as_ref())?;
                find(assets, &at)?.key.clone_from(&set.asset_key);
            }
        }
        AssetChange::Sources(set) => find(assets, &set.at)?.sources.clone_from(&set.sources),
        AssetChange::Tags(set) => find(assets, &set.at)?.tags.clone_from(&set.tags),
        AssetChange::CustomType(set) => {
            set_custom_type(&mut find(assets, &set.at)?.custom, &set.set, CUSTOM, cx)?;
        }
        AssetChange::CustomField(set) => set_custom_field(&mut find(assets, &set.at)?.custom, &set.set, cx)?,
    }
    Ok(())
}

fn names(at: &AssetTarget, asset: &Asset) -> bool {
    match (&at.asset_id, &at.asset_key) {
        (Some(id), _) => asset.id == *id,
        (None, Some(key)) => asset.key.as_ref() == Some(key),
        (None, None) => false,
    }
}

fn find<'a>(assets: &'a mut [Asset], at: &AssetTarget) -> Result<&'a mut Asset> {
    let which = match (&at.asset_id, &at.asset_key) {
        (Some(id), None) => format!("id '{id}'"),
        (None, Some(key)) => format!("key '{key}'"),
        _ => return Err(ApiError::invalid_input("Exactly one of 'assetId' and 'assetKey' is required.")),
    };
    assets
        .iter_mut()
        .find(|asset| names(at, asset))
        .ok_or_else(|| ApiError::invalid_operation(format!("There is no asset with the {which}.")))
}

fn refuse_key(assets: &[Asset], key: Option<&Key>) -> Result<()> {
    match key {
        Some(key) if assets.iter().any(|asset| asset.key.as_ref() == Some(key)) => {
            Err(ApiError::duplicate_field("assets.key", key))
        }
        _ => Ok(()),
    }
}

fn reorder(assets: &mut Vec<Asset>, order: &ChangeAssetOrder) -> Result<()> {
    let ids = &order.asset_order;
    let mut ordered = Vec::with_capacity(assets.len());
    for id in ids {
        ordered.extend(assets.iter().find(|asset| asset.id == *id).cloned());
    }
    let all_named = assets.iter().all(|asset| ids.iter().filter(|id| **id == asset.id).count() == 1);
    if ids.len() != assets.len() || !all_named {
        return Err(ApiError::invalid_operation("'assetOrder' must name each asset exactly once."));
    }
    *assets = ordered;
    Ok(())
}

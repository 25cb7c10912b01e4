//! Categories: trees that products are sorted into.
//!
//! Every category knows its ancestors. Moving one therefore changes all below it, and deleting one
//! deletes all below it and takes products out: [`tree`] does both after the write that decides it, and
//! the recovery loop finishes what a crash leaves.

mod routes;
mod tree;

pub(crate) use routes::add as add_routes;
pub(crate) use tree::Tree;

use crate::assets::{self, AssetChange};
use crate::slugs;
use api::category::{Category, CategoryAction, CategoryDraft};
use api::{ApiError, Kind, LocalizedString, Message, Reference, ResourceIdentifier, Result, Stored};
use kit::resource::{Context, Decision, RouteSet, Rules, State, set_custom_field, set_custom_type};
use kit::store::Claim;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The rules of categories.
pub(crate) struct Categories;

/// What of a category no client sees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Work {
    /// The category is being deleted with all below it.
    pub(crate) doomed: bool,
}

impl Rules for Categories {
    type Body = Category;
    type Hidden = Work;
    type Draft = CategoryDraft;
    type Action = CategoryAction;

    const KIND: Kind = Kind::Category;
    const INDEXES: &'static [&'static str] = &["parent.id"];
    const ROUTES: RouteSet = RouteSet { update: false, delete: false, ..RouteSet::ALL };

    fn create(draft: &CategoryDraft, cx: &mut Context<'_>) -> Decision<(Category, Work)> {
        slugs::check(&draft.slug)?;
        let mut category = Category {
            key: draft.key.clone(),
            name: draft.name.clone(),
            slug: draft.slug.clone(),
            description: draft.description.clone(),
            ancestors: Vec::new(),
            parent: None,
            order_hint: match &draft.order_hint {
                Some(hint) => checked_hint(hint)?,
                None => random_hint(cx),
            },
            external_id: draft.external_id.clone(),
            meta_title: draft.meta_title.clone(),
            meta_description: draft.meta_description.clone(),
            meta_keywords: draft.meta_keywords.clone(),
            custom: cx.custom(draft.custom.as_ref(), "category")?,
            assets: assets::from_drafts(&draft.assets, cx)?,
        };
        if let Some(parent) = &draft.parent {
            put_under(&mut category, parent, cx)?;
        }
        let stored = Stored { meta: cx.meta_of_new(), body: category.clone() };
        let stored = stored.to_json().ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        cx.emit(Message::new("CategoryCreated").with("category", stored));
        Ok((category, Work::default()))
    }

    fn apply(state: &mut State<Self>, action: &CategoryAction, cx: &mut Context<'_>) -> Decision<()> {
        use CategoryAction as A;
        match action {
            A::ChangeName { name } => state.name.clone_from(name),
            A::ChangeSlug { slug } => change_slug(state, slug, cx)?,
            A::SetDescription { description } => state.description.clone_from(description),
            A::ChangeParent { parent } => {
                let before = state.ancestors.clone();
                put_under(&mut state.body, parent, cx)?;
                if state.ancestors != before {
                    state.due_at = Some(cx.now.plus_millis(tree::GRACE_MS));
                }
            }
            A::ChangeOrderHint { order_hint } => state.order_hint = checked_hint(order_hint)?,
            A::SetExternalId { external_id } => state.external_id.clone_from(external_id),
            A::SetMetaTitle { meta_title } => state.meta_title.clone_from(meta_title),
            A::SetMetaDescription { meta_description } => state.meta_description.clone_from(meta_description),
            A::SetMetaKeywords { meta_keywords } => state.meta_keywords.clone_from(meta_keywords),
            A::SetKey { key } => state.key.clone_from(key),
            A::SetCustomType(set) => set_custom_type(&mut state.custom, set, "category", cx)?,
            A::SetCustomField(set) => set_custom_field(&mut state.custom, set, cx)?,
            A::AddAsset(add) => {
                let asset = assets::added(add, cx)?;
                assets::apply(&mut state.assets, &AssetChange::Add(&asset, add.position), cx)?;
            }
            A::RemoveAsset(at) => assets::apply(&mut state.assets, &AssetChange::Remove(at), cx)?,
            A::ChangeAssetOrder(order) => assets::apply(&mut state.assets, &AssetChange::Order(order), cx)?,
            A::ChangeAssetName(set) => assets::apply(&mut state.assets, &AssetChange::Name(set), cx)?,
            A::SetAssetDescription(set) => {
                assets::apply(&mut state.assets, &AssetChange::Description(set), cx)?;
            }
            A::SetAssetKey(set) => assets::apply(&mut state.assets, &AssetChange::Key(set), cx)?,
            A::SetAssetSources(set) => assets::apply(&mut state.assets, &AssetChange::Sources(set), cx)?,
            A::SetAssetTags(set) => assets::apply(&mut state.assets, &AssetChange::Tags(set), cx)?,
            A::SetAssetCustomType(set) => {
                assets::apply(&mut state.assets, &AssetChange::CustomType(set), cx)?;
            }
            A::SetAssetCustomField(set) => {
                assets::apply(&mut state.assets, &AssetChange::CustomField(set), cx)?;
            }
        }
        Ok(())
    }

    fn claims(category: &Category) -> Vec<Claim> {
        let mut claims: Vec<Claim> = category.key.iter().map(|key| Claim::new("key", key.as_str())).collect();
        claims.extend(category.slug.iter().map(|(locale, slug)| Claim::new(format!("slug.{locale}"), slug)));
        claims
    }

    fn user_identifiers(category: &Category) -> Map<String, Value> {
        let mut identifiers = Map::new();
        identifiers.extend(category.key.iter().map(|key| ("key".to_owned(), key.into())));
        identifiers
            .extend(category.external_id.iter().map(|id| ("externalId".to_owned(), id.as_str().into())));
        identifiers.extend(serde_json::to_value(&category.slug).ok().map(|slug| ("slug".to_owned(), slug)));
        identifiers
    }
}

/// Puts a category under a parent, unless that stands below it.
fn put_under(category: &mut Category, parent: &ResourceIdentifier, cx: &Context<'_>) -> Decision<()> {
    let parent = cx.resolve::<Category>(Kind::Category, parent)?;
    if *parent.id() == cx.resource_id || parent.ancestors.iter().any(|above| above.id == cx.resource_id) {
        let message = "A category cannot be put under itself or under one of its descendants.";
        return Err(ApiError::invalid_operation(message).into());
    }
    let reference = Reference::new(Kind::Category, parent.id().clone());
    category.ancestors.clone_from(&parent.ancestors);
    category.ancestors.push(reference.clone());
    category.parent = Some(reference);
    Ok(())
}

fn change_slug(state: &mut State<Categories>, slug: &LocalizedString, cx: &mut Context<'_>) -> Decision<()> {
    slugs::check(slug)?;
    if state.slug != *slug {
        let old = std::mem::replace(&mut state.slug, slug.clone());
        cx.emit(Message::new("CategorySlugChanged").with("slug", slug).with("oldSlug", old));
    }
    Ok(())
}

/// The hint if it is a decimal between 0 and 1.
fn checked_hint(hint: &str) -> Result<String> {
    let (whole, fraction) = hint.split_once('.').unwrap_or((hint, "0"));
    let are_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let in_range = whole == "0" || (whole == "1" && fraction.bytes().all(|b| b == b'0'));
    if hint.len() <= 256 && in_range && are_digits(fraction) {
        return Ok(hint.to_owned());
    }
    Err(ApiError::invalid_field("orderHint", hint))
}

/// A decimal fraction between 0 and 1.
fn random_hint(cx: &Context<'_>) -> String {
    let digits: String =
        cx.new_secret().bytes().filter_map(|b| char::from_digit(u32::from(b) % 10, 10)).take(19).collect();
    format!("0.{digits}1")
}

//! Categories: the trees that products are sorted into.

use crate::asset::{
    AddAsset, AssetTarget, ChangeAssetName, ChangeAssetOrder, SetAssetCustomField, SetAssetCustomType,
    SetAssetDescription, SetAssetKey, SetAssetSources, SetAssetTags,
};
use crate::product_variant::{Asset, AssetDraft};
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{CustomFields, CustomFieldsDraft, Key, LocalizedString, Reference, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Category {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: LocalizedString,
    pub slug: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    /// From the root to the parent.
    #[serde(default)]
    pub ancestors: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Reference>,
    /// A decimal fraction by which shops order the children of one parent.
    pub order_hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_title: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_keywords: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(default)]
    pub assets: Vec<Asset>,
}

/// What a category is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CategoryDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub name: LocalizedString,
    pub slug: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ResourceIdentifier>,
    /// By default a random one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_title: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_keywords: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub assets: Vec<AssetDraft>,
}

/// The update actions of categories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CategoryAction {
    ChangeName { name: LocalizedString },
    ChangeSlug { slug: LocalizedString },
    SetDescription { description: Option<LocalizedString> },
    ChangeParent { parent: ResourceIdentifier },
    ChangeOrderHint { order_hint: String },
    SetExternalId { external_id: Option<String> },
    SetMetaTitle { meta_title: Option<LocalizedString> },
    SetMetaDescription { meta_description: Option<LocalizedString> },
    SetMetaKeywords { meta_keywords: Option<LocalizedString> },
    SetKey { key: Option<Key> },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
    AddAsset(AddAsset),
    RemoveAsset(AssetTarget),
    ChangeAssetOrder(ChangeAssetOrder),
    ChangeAssetName(ChangeAssetName),
    SetAssetDescription(SetAssetDescription),
    SetAssetKey(SetAssetKey),
    SetAssetSources(SetAssetSources),
    SetAssetTags(SetAssetTags),
    SetAssetCustomType(SetAssetCustomType),
    SetAssetCustomField(SetAssetCustomField),
}

//! The update actions of products.

use super::{ProductPriceMode, SearchKeywords};
use crate::asset::{
    AddAsset, AssetTarget, ChangeAssetName, ChangeAssetOrder, SetAssetCustomField, SetAssetCustomType,
    SetAssetDescription, SetAssetKey, SetAssetSources, SetAssetTags,
};
use crate::price::PriceDraft;
use crate::product_variant::{Image, ProductVariantDraft};
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{Id, Key, LocalizedString, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names a variant by exactly one of id and sku, in `staged` only (the default) or in both versions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct VariantTarget {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// `false` writes `staged` and `current`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<bool>,
}

/// How much of `staged` is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PublishScope {
    /// Everything.
    #[default]
    All,
    /// Only the prices of variants that both versions have.
    Prices,
}

/// The update actions of products.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ProductAction {
    ChangeName {
        name: LocalizedString,
        staged: Option<bool>,
    },
    SetDescription {
        description: Option<LocalizedString>,
        staged: Option<bool>,
    },
    ChangeSlug {
        slug: LocalizedString,
        staged: Option<bool>,
    },
    SetMetaTitle {
        meta_title: Option<LocalizedString>,
        staged: Option<bool>,
    },
    SetMetaDescription {
        meta_description: Option<LocalizedString>,
        staged: Option<bool>,
    },
    SetMetaKeywords {
        meta_keywords: Option<LocalizedString>,
        staged: Option<bool>,
    },
    SetSearchKeywords {
        search_keywords: SearchKeywords,
        staged: Option<bool>,
    },
    SetKey {
        key: Option<Key>,
    },
    SetTaxCategory {
        tax_category: Option<ResourceIdentifier>,
    },
    SetPriceMode {
        price_mode: Option<ProductPriceMode>,
    },
    TransitionState {
        state: Option<ResourceIdentifier>,
        force: Option<bool>,
    },

    AddToCategory {
        category: ResourceIdentifier,
        order_hint: Option<String>,
        staged: Option<bool>,
    },
    RemoveFromCategory {
        category: ResourceIdentifier,
        staged: Option<bool>,
    },
    SetCategoryOrderHint {
        category_id: Id,
        order_hint: Option<String>,
        staged: Option<bool>,
    },

    AddVariant {
        #[serde(flatten)]
        variant: ProductVariantDraft,
        staged: Option<bool>,
    },
    RemoveVariant {
        id: Option<i32>,
        sku: Option<String>,
        staged: Option<bool>,
    },
    ChangeMasterVariant(VariantTarget),
    #[serde(alias = "setSKU")]
    SetSku {
        variant_id: i32,
        sku: Option<String>,
        staged: Option<bool>,
    },
    SetProductVariantKey {
        #[serde(flatten)]
        at: VariantTarget,
        key: Option<Key>,
    },

    SetAttribute {
        #[serde(flatten)]
        at: VariantTarget,
        name: String,
        value: Option<Value>,
    },
    SetAttributeInAllVariants {
        name: String,
        value: Option<Value>,
        staged: Option<bool>,
    },
    SetProductAttribute {
        name: String,
        value: Option<Value>,
        staged: Option<bool>,
    },

    AddPrice {
        #[serde(flatten)]
        at: VariantTarget,
        price: PriceDraft,
    },
    SetPrices {
        #[serde(flatten)]
        at: VariantTarget,
        prices: Vec<PriceDraft>,
    },
    ChangePrice {
        price_id: Id,
        price: PriceDraft,
        staged: Option<bool>,
    },
    RemovePrice {
        price_id: Id,
        staged: Option<bool>,
    },
    SetPriceKey {
        price_id: Id,
        key: Option<Key>,
        staged: Option<bool>,
    },
    SetProductPriceCustomType {
        price_id: Id,
        #[serde(flatten)]
        set: SetCustomType,
        staged: Option<bool>,
    },
    SetProductPriceCustomField {
        price_id: Id,
        #[serde(flatten)]
        set: SetCustomField,
        staged: Option<bool>,
    },

    AddExternalImage {
        #[serde(flatten)]
        at: VariantTarget,
        image: Image,
    },
    RemoveImage {
        #[serde(flatten)]
        at: VariantTarget,
        image_url: String,
    },
    MoveImageToPosition {
        #[serde(flatten)]
        at: VariantTarget,
        image_url: String,
        position: u32,
    },
    SetImageLabel {
        #[serde(flatten)]
        at: VariantTarget,
        image_url: String,
        label: Option<String>,
    },

    AddAsset {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: AddAsset,
    },
    RemoveAsset {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: AssetTarget,
    },
    ChangeAssetOrder {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: ChangeAssetOrder,
    },
    ChangeAssetName {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: ChangeAssetName,
    },
    SetAssetDescription {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetDescription,
    },
    SetAssetKey {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetKey,
    },
    SetAssetSources {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetSources,
    },
    SetAssetTags {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetTags,
    },
    SetAssetCustomType {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetCustomType,
    },
    SetAssetCustomField {
        #[serde(flatten)]
        at: VariantTarget,
        #[serde(flatten)]
        change: SetAssetCustomField,
    },

    Publish {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        scope: PublishScope,
    },
    Unpublish,
    RevertStagedChanges,
    RevertStagedVariantChanges {
        variant_id: i32,
    },
}

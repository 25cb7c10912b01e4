//! Product variants, as products hold them and as line items keep a copy of them.

use crate::localized::{keep_locales, keep_locales_of_json};
use crate::{CustomFields, CustomFieldsDraft, Id, Key, Locale, LocalizedString, Price, PriceDraft};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A variant of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductVariant {
    /// Counted from 1 inside the product and never used again after a removal.
    pub id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(default)]
    pub prices: Vec<Price>,
    /// The selected price; only in answers to requests with price selection. Never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    #[serde(default)]
    pub images: Vec<Image>,
    #[serde(default)]
    pub assets: Vec<Asset>,
    /// The stock as inventory lately said it; only in answers. Never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<ProductVariantAvailability>,
}

impl ProductVariant {
    /// Leaves what there is in some locales; in all of them, if none are named.
    pub fn keep_locales(&mut self, locales: &[Locale]) {
        self.attributes.iter_mut().for_each(|attribute| keep_locales_of_json(&mut attribute.value, locales));
        for asset in &mut self.assets {
            keep_locales(&mut asset.name, locales);
            asset.description.iter_mut().for_each(|text| keep_locales(text, locales));
            let fields = asset.custom.iter_mut().flat_map(|custom| custom.fields.values_mut());
            fields.for_each(|value| keep_locales_of_json(value, locales));
        }
    }
}

/// How much of a variant there is: by the inventory entry without a supply channel, and by channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductVariantAvailability {
    /// By the id of the supply channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Id, ProductVariantChannelAvailability>,
    /// Of the entry without a channel; absent if there is none.
    #[serde(flatten)]
    pub total: Option<ProductVariantChannelAvailability>,
}

/// What one inventory entry says of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductVariantChannelAvailability {
    /// Whether any of it is available.
    pub is_on_stock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restockable_in_days: Option<i64>,
    pub available_quantity: i64,
    /// The inventory entry's.
    pub id: Id,
    /// The inventory entry's.
    pub version: i64,
}

/// A variant as it comes in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductVariantDraft {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub prices: Vec<PriceDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub attributes: Vec<Attribute>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub images: Vec<Image>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub assets: Vec<AssetDraft>,
}

/// A value of an attribute that the product type defines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Attribute {
    pub name: String,
    /// In drafts `null` or absent means: not set.
    #[serde(default)]
    pub value: Value,
}

/// An image somewhere on the web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Image {
    pub url: String,
    pub dimensions: ImageDimensions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ImageDimensions {
    pub w: i32,
    pub h: i32,
}

/// A media asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Asset {
    pub id: Id,
    pub sources: Vec<AssetSource>,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(default, deserialize_with = "crate::null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// One file of an asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AssetSource {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<ImageDimensions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A media asset as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AssetDraft {
    pub sources: Vec<AssetSource>,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

//! What a product is made from.

use super::{ProductPriceMode, SearchKeywords};
use crate::product_variant::{Attribute, ProductVariantDraft};
use crate::{Key, LocalizedString, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A product as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductDraft {
    pub product_type: ResourceIdentifier,
    pub name: LocalizedString,
    pub slug: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub categories: Vec<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub category_order_hints: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_title: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_keywords: Option<LocalizedString>,
    /// May be absent unless there are variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_variant: Option<ProductVariantDraft>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub variants: Vec<ProductVariantDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub search_keywords: SearchKeywords,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub publish: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_mode: Option<ProductPriceMode>,
    /// Of level Product.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub attributes: Vec<Attribute>,
}

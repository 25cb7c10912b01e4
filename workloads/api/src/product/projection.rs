//! Product projections: one version of a product, flat.

use super::{ProductPriceMode, SearchKeywords};
use crate::product_variant::{Attribute, ProductVariant};
use crate::review::ReviewRatingStatistics;
use crate::{Key, LocalizedString, Price, Reference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The current or the staged version of a product. Its id, version and times are the product's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductProjection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub product_type: Reference,
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    pub slug: LocalizedString,
    #[serde(default)]
    pub categories: Vec<Reference>,
    #[serde(default)]
    pub category_order_hints: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_title: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_keywords: Option<LocalizedString>,
    #[serde(default)]
    pub search_keywords: SearchKeywords,
    pub has_staged_changes: bool,
    pub published: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_mode: Option<ProductPriceMode>,
    /// Absent without a rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_rating_statistics: Option<ReviewRatingStatistics>,
    /// Of level Product.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    pub master_variant: ProductVariant,
    #[serde(default)]
    pub variants: Vec<ProductVariant>,
}

impl ProductProjection {
    /// The master variant, then the others.
    pub fn all_variants(&self) -> impl Iterator<Item = &ProductVariant> {
        std::iter::once(&self.master_variant).chain(&self.variants)
    }

    /// The prices of one of the variants that count: none of the embedded ones where prices stand alone.
    #[must_use]
    pub fn prices_of<'v>(&self, variant: &'v ProductVariant) -> &'v [Price] {
        match self.price_mode {
            Some(ProductPriceMode::Standalone) => &[],
            Some(ProductPriceMode::Embedded) | None => &variant.prices,
        }
    }
}

//! Products: what is sold, in two versions: what shops see (`current`) and what editors prepare (`staged`).

mod action;
mod draft;
mod projection;

pub use action::{ProductAction, PublishScope, VariantTarget};
pub use draft::ProductDraft;
pub use projection::ProductProjection;

use crate::product_variant::{Attribute, ProductVariant};
use crate::review::ReviewRatingStatistics;
use crate::{Key, LocalizedString, Reference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Product {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub product_type: Reference,
    pub master_data: ProductCatalogData,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_mode: Option<ProductPriceMode>,
    /// Absent without a rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_rating_statistics: Option<ReviewRatingStatistics>,
}

/// The two versions of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductCatalogData {
    /// Whether shops see it.
    pub published: bool,
    /// What shops see, or saw when it was last published, or would see.
    pub current: ProductData,
    /// What editors prepare.
    pub staged: ProductData,
    /// Whether the two differ.
    pub has_staged_changes: bool,
}

impl ProductCatalogData {
    /// Sets `hasStagedChanges` to what it is.
    pub fn note_changes(&mut self) {
        self.has_staged_changes = self.staged != self.current;
    }
}

/// One version of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductData {
    pub name: LocalizedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    pub slug: LocalizedString,
    #[serde(default)]
    pub categories: Vec<Reference>,
    /// A decimal fraction per category id.
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
    /// Of level Product.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    pub master_variant: ProductVariant,
    #[serde(default)]
    pub variants: Vec<ProductVariant>,
}

impl ProductData {
    /// The master variant, then the others.
    pub fn all_variants(&self) -> impl Iterator<Item = &ProductVariant> {
        std::iter::once(&self.master_variant).chain(&self.variants)
    }

    /// [`ProductData::all_variants`], to be changed.
    pub fn all_variants_mut(&mut self) -> impl Iterator<Item = &mut ProductVariant> {
        std::iter::once(&mut self.master_variant).chain(&mut self.variants)
    }
}

/// Where a product's prices live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ProductPriceMode {
    Embedded,
    Standalone,
}

/// Words per locale that suggestions are made from.
pub type SearchKeywords = BTreeMap<crate::Locale, Vec<SearchKeyword>>;

/// One suggestion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct SearchKeyword {
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggest_tokenizer: Option<SuggestTokenizer>,
}

/// How a suggestion is cut into the words that find it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum SuggestTokenizer {
    Whitespace,
    Custom { inputs: Vec<String> },
}

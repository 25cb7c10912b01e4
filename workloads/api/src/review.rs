//! Reviews: what customers say of products and channels, with or without a rating.

use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{CustomFields, CustomFieldsDraft, Key, Locale, Reference, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Review {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// No two reviews have the same one: customer and product, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniqueness_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A product or a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Reference>,
    /// As the state's roles said when the review came into it.
    pub included_in_statistics: bool,
    /// From -100 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
}

/// What a review is made from: at least one of `title`, `text` and `rating`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReviewDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniqueness_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its `typeId`, `product` or `channel`, must be given: nothing else says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ResourceIdentifier>,
    /// From -100 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// The update actions of reviews.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ReviewAction {
    SetKey { key: Option<Key> },
    SetLocale { locale: Option<Locale> },
    SetAuthorName { author_name: Option<String> },
    SetTitle { title: Option<String> },
    SetText { text: Option<String> },
    SetRating { rating: Option<i32> },
    SetTarget { target: Option<ResourceIdentifier> },
    SetCustomer { customer: Option<ResourceIdentifier> },
    TransitionState { state: ResourceIdentifier, force: Option<bool> },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

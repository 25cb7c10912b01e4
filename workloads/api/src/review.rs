//! Reviews: what customers say of products and channels, with or without a rating.

use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{CustomFields, CustomFieldsDraft, Key, Locale, Reference, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use std::collections::BTreeMap;

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

/// What the reviews of a product or channel come to: those with a rating that are included in statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ReviewRatingStatistics {
    /// Rounded to five decimals.
    pub average_rating: Number,
    pub highest_rating: i32,
    pub lowest_rating: i32,
    pub count: i64,
    /// How many there are of each rating.
    pub ratings_distribution: BTreeMap<String, i64>,
}

impl ReviewRatingStatistics {
    /// Of these ratings; `None` if there are none.
    #[must_use]
    pub fn of(ratings: &[i32]) -> Option<Self> {
        let (lowest, highest) = (ratings.iter().min()?, ratings.iter().max()?);
        let count = i64::try_from(ratings.len()).ok()?;
        let sum: i64 = ratings.iter().copied().map(i64::from).sum();
        let mut distribution = BTreeMap::new();
        for rating in ratings {
            *distribution.entry(rating.to_string()).or_default() += 1;
        }
        Some(Self {
            average_rating: five_decimals(sum, count)?,
            highest_rating: *highest,
            lowest_rating: *lowest,
            count,
            ratings_distribution: distribution,
        })
    }
}

/// A quotient, rounded half up.
fn five_decimals(sum: i64, count: i64) -> Option<Number> {
    const SCALE: i64 = 100_000;
    let scaled = sum.checked_mul(2 * SCALE)?.checked_add(count)?.div_euclid(2 * count);
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, rest) = (scaled.abs() / SCALE, scaled.abs() % SCALE);
    serde_json::from_str(&format!("{sign}{whole}.{rest:05}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ratings_come_to_statistics_with_five_decimals() {
        assert_eq!(ReviewRatingStatistics::of(&[]), None);
        let of = |ratings: &[i32]| serde_json::to_value(ReviewRatingStatistics::of(ratings)).expect("JSON");
        assert_eq!(
            of(&[100, 1, 1]),
            json!({
                "averageRating": 34.0, "highestRating": 100, "lowestRating": 1, "count": 3,
                "ratingsDistribution": {"1": 2, "100": 1},
            })
        );
        assert_eq!(of(&[1, 1, 0])["averageRating"], json!(0.66667));
        assert_eq!(of(&[-1, -1, 0])["averageRating"], json!(-0.66667));
        assert_eq!(of(&[-100])["averageRating"], json!(-100.0));
    }
}

//! What others ask of the project service.

use crate::review::ReviewRatingStatistics;
use crate::{CountryCode, CurrencyCode, Id, Locale};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The project service's part of what the manifest declares: it makes the project, or brings those of its
/// settings up to date that the manifest says differently than the last time. What was changed through the
/// API since stays as long as the manifest says the same.
///
/// A language that a store uses is not taken away: the error is `LanguageUsedInStores`, as in the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclareProject {
    /// The key, which is also the id.
    pub key: String,
    /// The name.
    pub name: String,
    /// At least one.
    pub currencies: Vec<CurrencyCode>,
    /// At least one.
    pub countries: Vec<CountryCode>,
    /// At least one.
    pub languages: Vec<Locale>,
}

/// `POST /review-statistics`: what the reviews of a channel come to now. Answers `null`, also if there is no such
/// channel any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedChannel {
    /// The channel.
    pub channel_id: Id,
    /// `None` without a rating.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statistics: Option<ReviewRatingStatistics>,
}

//! What others ask of the project service.

use crate::{CountryCode, CurrencyCode, Locale};
use serde::{Deserialize, Serialize};

/// `POST /declare`: makes the project, or changes what the manifest says of it if that differs from what it
/// said the last time. Answers `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclareProject {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// What prices may be in.
    pub currencies: Vec<CurrencyCode>,
    /// Where it sells.
    pub countries: Vec<CountryCode>,
    /// What its texts are in.
    pub languages: Vec<Locale>,
}

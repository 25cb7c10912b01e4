//! What the manifest declares, as the operator or `commerce up` writes it down: `declared.json`.
//!
//! The project and account services get all of it at `POST /declare` and take their own part. Both answer
//! `null`; repeating it changes nothing.

use super::account::DeclaredClient;
use super::project::DeclareProject;
use crate::{CountryCode, CurrencyCode, Locale};
use serde::{Deserialize, Serialize};

/// All that is declared. What is absent was taken out of the manifest.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// The projects.
    pub projects: Vec<DeclaredProject>,
}

/// A project of the manifest with the credentials of its API clients.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredProject {
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
    /// Its declared clients; a client that was declared before and is not named any more is deleted.
    #[serde(default)]
    pub api_clients: Vec<DeclaredClient>,
}

impl DeclaredProject {
    /// The project service's part.
    #[must_use]
    pub fn settings(&self) -> DeclareProject {
        DeclareProject {
            key: self.key.clone(),
            name: self.name.clone(),
            currencies: self.currencies.clone(),
            countries: self.countries.clone(),
            languages: self.languages.clone(),
        }
    }
}

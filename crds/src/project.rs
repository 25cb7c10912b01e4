//! The projects that a manifest declares, and their API clients.

use crate::rules::{COUNTRY, CURRENCY, LABEL, LANGUAGE, PROJECT_KEY, SCOPE, items, not_reserved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A project: its own catalogue, customers, orders and settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The key, which is the first segment of every path: 2 to 36 lower-case letters, digits, hyphens and
    /// underscores, beginning and ending with a letter or digit.
    #[schemars(length(min = 2, max = 36), extend("pattern" = PROJECT_KEY, "x-kubernetes-validations" = [not_reserved()]))]
    pub key: String,
    /// The name for people. Default: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub name: Option<String>,
    /// Currencies of ISO 4217, such as EUR. Default: EUR.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), extend("x-kubernetes-list-type" = "set", "items" = items(CURRENCY, 3)))]
    pub currencies: Vec<String>,
    /// Countries of ISO 3166-1 by two letters, such as DE. Default: DE.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 300), extend("x-kubernetes-list-type" = "set", "items" = items(COUNTRY, 2)))]
    pub countries: Vec<String>,
    /// Languages, such as en or de-AT. Default: en.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), extend("x-kubernetes-list-type" = "set", "items" = items(LANGUAGE, 5)))]
    pub languages: Vec<String>,
    /// Load the sample catalogue once. It is only ever added, so stock is never reset. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_data: Option<bool>,
    /// The API clients to create. Default: one named admin with manage_project and manage_api_clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub api_clients: Vec<ApiClient>,
}

/// An API client of a project. Its credentials become a Secret, or a file on a laptop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiClient {
    /// The name: up to 40 lower-case letters, digits and hyphens. Unique in the project.
    #[schemars(length(min = 1, max = 40), extend("pattern" = LABEL))]
    pub name: String,
    /// What the client may do, without the project key, such as manage_project or view_products.
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "set", "items" = items(SCOPE, 64)))]
    pub scopes: Vec<String>,
    /// The life of an access token in seconds, 3600 to 604800. Default: 172800, two days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3600, max = 604_800))]
    pub access_token_validity_seconds: Option<i32>,
    /// How long a refresh token lives without use, in seconds, 30 to 31536000. Default: 17280000, 200 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 30, max = 31_536_000))]
    pub refresh_token_validity_seconds: Option<i32>,
}

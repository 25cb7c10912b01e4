//! Query parameters: read once, bounded, refused with their name.

use api::{ApiError, Result};
use std::collections::HashMap;

/// The largest page.
pub const MAX_LIMIT: u32 = 500;
/// The largest offset.
pub const MAX_OFFSET: u32 = 10_000;
/// Parameters beyond this number are refused.
const MAX_PARAMETERS: usize = 500;

/// The query parameters of a request, in order, decoded.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query string of a URI, or a form body.
    pub fn parse(query: Option<&str>) -> Result<Self> {
        let Some(query) = query.filter(|q| !q.is_empty()) else {
            return Ok(Self::default());
        };
        let mut pairs = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if pairs.len() == MAX_PARAMETERS {
                return Err(ApiError::invalid_input(format!("More than {MAX_PARAMETERS} query parameters.")));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// No parameter at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The values of the `var.<name>` parameters by name.
    #[must_use]
    pub fn variables(&self) -> HashMap<String, Vec<String>> {
        let mut variables: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in &self.0 {
            if let Some(name) = name.strip_prefix("var.") {
                variables.entry(name.to_owned()).or_default().push(value.clone());
            }
        }
        variables
    }

    /// `limit`: 0..=500, by default 20.
    pub fn limit(&self) -> Result<u32> {
        self.number("limit", 20, 0, MAX_LIMIT)
    }

    /// `offset`: 0..=10000, by default 0.
    pub fn offset(&self) -> Result<u32> {
        self.number("offset", 0, 0, MAX_OFFSET)
    }

    /// A whole number between bounds.
    pub fn number(&self, name: &str, default: u32, min: u32, max: u32) -> Result<u32> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().ok().filter(|n| (min..=max).contains(n)).ok_or_else(|| {
            ApiError::malformed_parameter(name, &format!("Expected a whole number from {min} to {max}."))
        })
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.get(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(ApiError::malformed_parameter(name, "Expected 'true' or 'false'.")),
        }
    }

    /// Checks `dataErasure`, which deletions of some kinds take, and is done with it: erasing is no other thing than
    /// deleting. A resource's views, hidden part and unique values go with it, its outbox with its last event. What
    /// events said of it stays in their topics, for as long as these keep it.
    pub fn check_data_erasure(&self) -> Result<()> {
        self.flag("dataErasure", false).map(drop)
    }

    /// `version`, which deletions demand.
    pub fn version(&self) -> Result<Option<i64>> {
        self.get("version")
            .map(|text| {
                text.parse::<i64>().ok().filter(|v| *v >= 0).ok_or_else(|| {
                    ApiError::malformed_parameter("version", "Expected a whole number from 1.")
                })
            })
            .transpose()
    }
}

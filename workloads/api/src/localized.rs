//! Texts in several languages.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

/// A language tag as the API takes it: `de` or `de-AT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Locale(#[schemars(regex(pattern = "^[a-z]{2}(-[A-Z]{2})?$"))] String);

impl Locale {
    /// Checks `[a-z]{2}(-[A-Z]{2})?`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let language = b.len() >= 2 && b[..2].iter().all(u8::is_ascii_lowercase);
        let region = b.len() == 5 && b[2] == b'-' && b[3..].iter().all(u8::is_ascii_uppercase);
        (language && (b.len() == 2 || region)).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Locale {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!(
                "'{text}' is not a locale: locales look like 'de' or 'de-AT'"
            ))
        })
    }
}

/// A text per locale.
pub type LocalizedString = BTreeMap<Locale, String>;

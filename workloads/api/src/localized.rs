//! Texts in several languages.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
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

/// Leaves what there is in some locales; in all of them, if none are named.
pub fn keep_locales<T>(localized: &mut BTreeMap<Locale, T>, locales: &[Locale]) {
    if !locales.is_empty() {
        localized.retain(|locale, _| locales.contains(locale));
    }
}

/// The same for all localized texts within free JSON: objects whose members are texts named by locales.
pub fn keep_locales_of_json(value: &mut Value, locales: &[Locale]) {
    match value {
        Value::Object(members) if members.iter().all(|(name, text)| is_localized(name, text)) => {
            members.retain(|name, _| locales.is_empty() || locales.iter().any(|l| l.as_str() == name));
        }
        Value::Object(members) => members.values_mut().for_each(|v| keep_locales_of_json(v, locales)),
        Value::Array(items) => items.iter_mut().for_each(|v| keep_locales_of_json(v, locales)),
        _ => {}
    }
}

fn is_localized(name: &str, text: &Value) -> bool {
    text.is_string() && Locale::parse(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn localized_texts_within_json_lose_other_locales_and_nothing_else() {
        let mut value = json!({
            "label": {"de": "rot", "en": "red"},
            "set": [{"de": "a", "de-AT": "b"}, {"typeId": "product", "id": "de"}],
            "money": {"currencyCode": "EUR", "centAmount": 1},
            "text": "de",
        });
        keep_locales_of_json(&mut value, &[Locale::parse("de").expect("a locale")]);
        let expected = json!({
            "label": {"de": "rot"},
            "set": [{"de": "a"}, {"typeId": "product", "id": "de"}],
            "money": {"currencyCode": "EUR", "centAmount": 1},
            "text": "de",
        });
        assert_eq!(value, expected);
    }
}

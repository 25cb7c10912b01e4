//! Slugs: what products and categories are called in URLs.

use api::{ApiError, LocalizedString, Result};

/// Refuses no slug at all, and texts that are no slugs: 2 to 256 of `[a-zA-Z0-9_-]`.
pub(crate) fn check(slugs: &LocalizedString) -> Result<()> {
    if slugs.iter().next().is_none() {
        return Err(ApiError::invalid_field("slug", serde_json::Map::new()));
    }
    match slugs.iter().find(|(_, slug)| api::Key::parse(slug).is_none()) {
        Some((locale, slug)) => Err(ApiError::invalid_field(&format!("slug.{locale}"), slug.as_str())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_slug_is_needed_and_fits_in_a_url() {
        let checked = |slugs: serde_json::Value| check(&serde_json::from_value(slugs).unwrap());
        assert!(checked(json!({"en": "a-shirt", "de": "Hemd_1"})).is_ok());
        for bad in [json!({}), json!({"en": ""}), json!({"en": "a"}), json!({"en": "a shirt"})] {
            assert_eq!(checked(bad.clone()).unwrap_err().code(), api::Code::InvalidField, "{bad}");
        }
    }
}

//! Slugs: what products and categories are called in URLs.

use api::{ApiError, LocalizedString, Result};

/// Refuses texts that are no slugs: 2 to 256 of `[a-zA-Z0-9_-]`.
pub(crate) fn check(slugs: &LocalizedString) -> Result<()> {
    match slugs.iter().find(|(_, slug)| api::Key::parse(slug).is_none()) {
        Some((locale, slug)) => Err(ApiError::invalid_field(&format!("slug.{locale}"), slug.as_str())),
        None => Ok(()),
    }
}

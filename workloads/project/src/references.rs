//! Who refers to a resource: asked before it is deleted.
//!
//! The question and the deletion are two steps, so a reference that is made in between dangles; readers of
//! references allow for that.

use api::{ApiError, Kind};
use kit::resource::{Context, Decision, Lookup, LookupBy};
use serde::de::IgnoredAny;

/// Refuses with `ReferenceExists` while a resource of one of these kinds meets its predicate.
pub(crate) fn refuse_while_referenced(
    resource: Kind,
    by: impl IntoIterator<Item = (Kind, String)>,
    cx: &Context<'_>,
) -> Decision<()> {
    let by: Vec<(Kind, Lookup)> = by
        .into_iter()
        .map(|(kind, predicate)| (kind, Lookup::new(kind, LookupBy::Where { predicate, limit: 1 })))
        .collect();
    by.iter().for_each(|(_, lookup)| cx.want(lookup.clone()));
    for (kind, lookup) in by {
        if !cx.find_all::<IgnoredAny>(lookup)?.is_empty() {
            return Err(ApiError::reference_exists(resource.type_id(), kind.type_id()).into());
        }
    }
    Ok(())
}

/// A text as it stands in a predicate.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Texts as they stand in the parentheses of `in` and `contains any`.
pub(crate) fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

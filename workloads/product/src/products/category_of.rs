//! The categories that a product is in.

use super::Products;
use super::target::{is_staged, versions};
use api::product::ProductData;
use api::{ApiError, Id, Kind, Message, Reference, ResourceIdentifier, Result};
use kit::resource::{Context, Decision, State};

/// `addToCategory`. A product that is in the category already only gets the hint, or loses it where none is given.
pub(super) fn add(
    state: &mut State<Products>,
    category: &ResourceIdentifier,
    hint: Option<&String>,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let category = cx.reference(Kind::Category, category)?;
    let mut added = false;
    for data in versions(&mut state.body.master_data, staged) {
        if !data.categories.contains(&category) {
            data.categories.push(category.clone());
            added = true;
        }
        put_hint(data, category.id.as_str(), hint)?;
    }
    if added {
        let message = Message::new("ProductAddedToCategory");
        cx.emit(message.with("category", &category).with("staged", is_staged(staged)));
    }
    Ok(())
}

/// `removeFromCategory`.
pub(super) fn remove(
    state: &mut State<Products>,
    category: &ResourceIdentifier,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let category = cx.reference(Kind::Category, category)?;
    let mut removed = false;
    for data in versions(&mut state.body.master_data, staged) {
        removed |= forget(data, &category.id);
    }
    if removed {
        let message = Message::new("ProductRemovedFromCategory");
        cx.emit(message.with("category", &category).with("staged", is_staged(staged)));
    }
    Ok(())
}

/// Takes the product out of a category; `false` if it was not in it.
pub(crate) fn forget(data: &mut ProductData, category: &Id) -> bool {
    let before = data.categories.len();
    data.categories.retain(|reference| reference.id != *category);
    data.category_order_hints.remove(category.as_str());
    data.categories.len() < before
}

/// `setCategoryOrderHint`.
pub(super) fn set_hint(
    state: &mut State<Products>,
    category: &Id,
    hint: Option<&String>,
    staged: Option<bool>,
) -> Result<()> {
    let mut assigned = false;
    for data in versions(&mut state.body.master_data, staged) {
        if !data.categories.iter().any(|reference| reference.id == *category) {
            continue;
        }
        assigned = true;
        put_hint(data, category.as_str(), hint)?;
    }
    if assigned { Ok(()) } else { Err(unassigned(category.as_str())) }
}

/// Sets the hint for a category, or removes it.
fn put_hint(data: &mut ProductData, category: &str, hint: Option<&String>) -> Result<()> {
    match hint {
        Some(hint) => {
            check_hint(&data.categories, category, hint)?;
            data.category_order_hints.insert(category.to_owned(), hint.clone());
        }
        None => {
            data.category_order_hints.remove(category);
        }
    }
    Ok(())
}

/// Refuses hints for other categories, and hints that are not like `0.5`.
pub(super) fn check_hint(categories: &[Reference], category: &str, hint: &str) -> Result<()> {
    if !categories.iter().any(|reference| reference.id.as_str() == category) {
        return Err(unassigned(category));
    }
    let digits = hint.strip_prefix("0.").unwrap_or_default();
    let good = !digits.is_empty()
        && digits.len() <= 256
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.ends_with('0');
    if good { Ok(()) } else { Err(ApiError::invalid_field("categoryOrderHints", hint)) }
}

fn unassigned(category: &str) -> ApiError {
    ApiError::invalid_operation(format!(
        "An order hint can only be set for a category that the product is in, but it is not in '{category}'."
    ))
}

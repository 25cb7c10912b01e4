//! From text to tree: a hand-written recursive descent, bounded in length, depth and list size.

mod grammar;
mod scan;
mod value;

use crate::bind::Predicate;
use crate::error::SyntaxError;

pub(crate) use value::variable_values;

/// The most characters that a predicate may have.
pub const MAX_LENGTH: usize = 16 * 1024;
/// How deep parentheses and nested fields may go.
pub const MAX_DEPTH: usize = 32;
/// The most items of one list.
pub const MAX_ITEMS: usize = 500;

/// Parses a predicate.
///
/// # Errors
/// [`SyntaxError`] with the place, when the text is not a predicate or goes over a bound.
pub fn parse(text: &str) -> Result<Predicate, SyntaxError> {
    // Characters are at most four bytes, so an endless text is refused without counting it all.
    if text.len() > 4 * MAX_LENGTH || text.chars().count() > MAX_LENGTH {
        return Err(SyntaxError {
            message: format!("Predicates have at most {MAX_LENGTH} characters"),
            line: 1,
            column: MAX_LENGTH + 1,
            excerpt: String::new(),
        });
    }
    let mut scan = scan::Scan::new(text);
    let expr = scan.predicate()?;
    Ok(Predicate::new(expr))
}

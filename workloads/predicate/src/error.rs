//! The errors of the three steps. Each displays as the API words it after `Malformed parameter: where: `.

use std::fmt;

/// The text is not a predicate.
///
/// Displays as `Syntax error while parsing 'where'. Invalid input 'l', expected 'n' or 's' (line 1, column
/// 12):`, then the line of the predicate and a line with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, without the place: `Invalid input 'l', expected 'n' or 's'`.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line of the predicate; empty when the predicate is too long to be repeated.
    pub excerpt: String,
}

impl SyntaxError {
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let rest = text.get(start..).unwrap_or_default();
        Self {
            message,
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            excerpt: rest.split('\n').next().unwrap_or_default().trim_end_matches('\r').to_owned(),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, line, column, excerpt } = self;
        write!(f, "Syntax error while parsing 'where'. {message} (line {line}, column {column})")?;
        if excerpt.is_empty() {
            return Ok(());
        }
        // Tabs keep the caret in place where they are shown wider than one column.
        let lead: String =
            excerpt.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, ":\n{excerpt}\n{lead}^")
    }
}

impl std::error::Error for SyntaxError {}

/// The variables do not fit the predicate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No `var.<name>` was given.
    #[error("Missing input variable '{0}'.")]
    Missing(String),
    /// Several values where one is needed.
    #[error("The input variable '{0}' must have exactly one value here.")]
    NotSingle(String),
    /// Text where a number is needed.
    #[error("The input variable '{0}' must be a number.")]
    NotANumber(String),
    /// A list variable with too many values.
    #[error("The input variable '{name}' has more than {max} values.")]
    TooManyItems {
        /// The variable.
        name: String,
        /// The bound.
        max: usize,
    },
    /// All lists and literals together are too many.
    #[error("The query is too complex: it has more than {0} values.")]
    TooComplex(usize),
}

/// The predicate does not fit the model of the resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The model has no such field, or not at this place.
    #[error("The field '{0}' does not exist.")]
    UnknownField(String),
    /// The operator or the kind of the value does not fit the field.
    #[error("The field '{0}' does not support this expression.")]
    Unsupported(String),
}

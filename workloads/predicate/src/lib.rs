//! The query predicate language of `where`: `masterData(current(name(en = "Tea"))) and version > 1`.
//!
//! A predicate goes through three steps, and each has its own error:
//!
//! 1. [`parse`] reads the text into a [`Predicate`], bounded in length, depth and list size;
//! 2. [`Predicate::bind`] puts in the values of its variables and gives a [`Bound`];
//! 3. [`Bound::check`] holds it against the [`Model`] of a resource: unknown fields and operators that do
//!    not fit are refused, and values take the kind of their field.
//!
//! Then it has three readers that agree: [`Bound::matches`] here, in memory, and the SQL and BSON readers
//! beside their stores, which walk [`Bound::filter`].
//!
//! # What a predicate means
//!
//! - A field that is unset or `null` meets no comparison, not even `!=` and `not in`; `not(…)` inverts what
//!   it holds, so `not(key = "a")` does meet an unset key.
//! - Values compare within one kind: text with text (by Unicode code points), numbers with numbers (integers
//!   exactly), booleans with booleans and only for equality. Across kinds no comparison holds, so
//!   `f != 5` says nothing about a text; `not in` looks at the items of the value's own kind, and over an
//!   empty list holds for any scalar.
//! - A comparison on an array holds when one of its scalar elements meets it (for `!=` too); arrays inside
//!   arrays are not looked into.
//! - `a(…)` on an object applies to it; on an array it holds when **one** element that is an object meets
//!   all of it; on anything else, or nothing, it does not hold.
//! - `contains any|all` looks at arrays only.
//! - `is defined`: present and not `null`. `is empty`: unset, `null`, `[]`, or an object without a member
//!   that is not `null`.

mod ast;
mod bind;
mod error;
mod geo;
mod instant;
mod memory;
mod model;
mod number;
mod parse;
mod print;
mod resolve;
mod schema;

pub use ast::{
    Circle, Comparison, Expr, Filter, Kind, Literal, Parsed, Quantifier, Shape, Term, Terms, Test, Values,
};
pub use bind::{Bound, Predicate};
pub use error::{BindError, ModelError, SyntaxError};
pub use model::{Field, Model, SortError};
pub use parse::{MAX_DEPTH, MAX_ITEMS, MAX_LENGTH, parse};

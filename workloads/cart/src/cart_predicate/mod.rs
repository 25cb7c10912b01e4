//! Cart predicates: which carts a shipping method is for.
//!
//! `country = "DE" and lineItemTotal(sku in ("A", "B")) >= "50.00 EUR"`. Fields are dotted paths of the cart
//! (`shippingAddress.country`, `customer.email`, `customer.customerGroup.id`, `custom.field`,
//! `taxedPrice.net`), amounts are written `"12.50 EUR"`, lines are counted and summed by
//! `lineItemCount(…)`, `lineItemTotal(…)`, `lineItemExists(…)`, `forAllLineItems(…)` and the same of
//! `customLineItem…`, over the fields of a line (`sku`, `product.id`, `quantity`, `price`,
//! `attributes.name`, `custom.field`). What is unset meets no comparison. A text that is no predicate, or
//! that names a field which carts do not have, is refused where it is set.

mod parse;
mod value;

use parse::Parser;
use rust_decimal::Decimal;
use serde_json::Value;

/// Longer texts are refused.
const MAX_LENGTH: usize = 8_192;

/// A parsed cart predicate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CartPredicate(Expr);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Operand, Comparison, Literal),
    In { operand: Operand, items: Vec<Literal>, negated: bool },
    Contains { operand: Operand, items: Vec<Literal>, all: bool },
    Defined { operand: Operand, negated: bool },
    Empty { operand: Operand, negated: bool },
}

/// What a comparison looks at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Literal(Literal),
    /// Steps from the cart, or from a line inside of a function over lines.
    Path(Vec<String>),
    Lines(LineFunction, Lines, Box<Expr>),
}

/// Which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    Products,
    Custom,
}

/// What is asked of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFunction {
    Count,
    Total,
    Exists,
    ForAll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(Decimal),
    Boolean(bool),
}

impl CartPredicate {
    /// Reads a predicate; the error says what was expected where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("a predicate has at most {MAX_LENGTH} characters"));
        }
        Parser::new(text).whole().map(Self)
    }

    /// Whether a cart, as JSON, meets the predicate of that text. A text that is no predicate holds for none.
    pub(crate) fn holds(text: &str, cart: &Value) -> bool {
        Self::parse(text).is_ok_and(|predicate| predicate.matches(cart))
    }

    /// Whether a cart, as JSON, meets the predicate.
    pub(crate) fn matches(&self, cart: &Value) -> bool {
        value::holds(&self.0, cart)
    }
}

#[cfg(test)]
mod tests;

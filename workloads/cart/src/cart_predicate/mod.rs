//! Cart predicates: which carts a shipping method is for.
//!
//! `country = "DE" and lineItemTotal(sku in ("A", "B")) >= "50.00 EUR"`. Fields are dotted paths of the cart
//! (`shippingAddress.country`, `customer.email`, `customer.customerGroup.id`, `custom.field`,
//! `taxedPrice.net`; all of them in [`fields`]), amounts are written `"12.50 EUR"`. Lines are counted and summed
//! by `lineItemCount(…)`, `lineItemTotal(…)`, `lineItemNetTotal(…)`, `lineItemGrossTotal(…)`, asked by
//! `lineItemExists(…)` and `forAllLineItems(…)`, and the same of `customLineItem…`, over the fields of a line
//! (`sku`, `product.id`, `categories.id`, `quantity`, `price.centAmount`, `attributes.name`, `custom.field`);
//! `shippingInfoExists(…)` and `forAllShippingInfos(…)` over those of its shipping. What is true or false by itself
//! needs no comparison: `lineItemExists(true)`. What is unset meets no comparison. A text that is no predicate is
//! refused where it is set: a `SyntaxError` if it cannot be read, a `SemanticError` if it names what carts do not have
//! or compares different kinds of values (contract §2).

mod fields;
mod parse;
mod value;

use api::ApiError;
use fields::Kind;
use parse::Parser;
use rust_decimal::Decimal;
use serde_json::Value;

/// Longer texts are refused.
const MAX_LENGTH: usize = 8_192;

/// A parsed cart predicate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CartPredicate(Expr);

/// Why a text is no predicate; says what was expected where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PredicateError {
    /// It cannot be read.
    Syntax(String),
    /// It means nothing.
    Semantic(String),
}

impl PredicateError {
    /// The 400 for a predicate in that field.
    pub(crate) fn of_field(self, field: &str) -> ApiError {
        match self {
            Self::Syntax(detail) => ApiError::syntax(field, detail),
            Self::Semantic(detail) => ApiError::semantic(field, detail),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// Something that is true or false by itself.
    Is(Operand),
    Compare(Operand, Comparison, Literal),
    In {
        operand: Operand,
        items: Vec<Literal>,
        negated: bool,
    },
    Contains {
        operand: Operand,
        items: Vec<Literal>,
        all: bool,
    },
    Defined {
        operand: Operand,
        negated: bool,
    },
    Empty {
        operand: Operand,
        negated: bool,
    },
}

/// What a comparison looks at.
#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Literal(Literal),
    /// Steps of the JSON of the cart, or of a part inside of a function over parts.
    Path(Vec<String>, Kind),
    /// An attribute of a line's variant, and steps into its value.
    Attribute(String, Vec<String>),
    Parts(Function, Parts, Box<Expr>),
}

/// Which parts of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parts {
    Lines,
    CustomLines,
    Shipping,
}

/// What is asked of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    Total,
    NetTotal,
    GrossTotal,
    Exists,
    ForAll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Number(Decimal),
    Boolean(bool),
}

impl CartPredicate {
    /// Reads a predicate.
    pub(crate) fn parse(text: &str) -> Result<Self, PredicateError> {
        if text.len() > MAX_LENGTH {
            let message = format!("a predicate has at most {MAX_LENGTH} characters");
            return Err(PredicateError::Syntax(message));
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

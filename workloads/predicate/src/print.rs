//! Prints trees in the language itself, so that what is printed parses to the same tree.

use crate::ast::{Circle, Comparison, Expr, Literal, Quantifier, Term, Terms, Test, Values};
use std::fmt::{self, Display, Formatter, Write};

/// Whether a name can stand without backticks.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !name.eq_ignore_ascii_case("not")
}

impl<T: Display, L: Display> Display for Expr<T, L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " and ", |p| matches!(p, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => joined(f, parts, " or ", |p| matches!(p, Self::Or(_))),
            Self::Not(inner) => write!(f, "not({inner})"),
            Self::Field { name, test, .. } => {
                if is_plain(name) {
                    f.write_str(name)?;
                } else {
                    write!(f, "`{name}`")?;
                }
                write!(f, "{test}")
            }
        }
    }
}

fn joined<T: Display, L: Display>(
    f: &mut Formatter<'_>,
    parts: &[Expr<T, L>],
    by: &str,
    wrap: impl Fn(&Expr<T, L>) -> bool,
) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(by)?;
        }
        if wrap(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl<T: Display, L: Display> Display for Test<T, L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Self::Compare(op, value) => write!(f, " {op} {value}"),
            Self::In { negated, items } => write!(f, " {}in {items}", not(negated)),
            Self::Contains(Quantifier::Any, items) => write!(f, " contains any {items}"),
            Self::Contains(Quantifier::All, items) => write!(f, " contains all {items}"),
            Self::Empty { negated } => write!(f, " is {}empty", not(negated)),
            Self::Defined { negated } => write!(f, " is {}defined", not(negated)),
            Self::Within(Circle { longitude, latitude, radius }) => {
                write!(f, " within circle({longitude}, {latitude}, {radius})")
            }
            Self::Nested(inner) => write!(f, "({inner})"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                f.write_char('"')?;
                for c in text.chars() {
                    match c {
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                        c => f.write_char(c)?,
                    }
                }
                f.write_char('"')
            }
            Self::Integer(n) => write!(f, "{n}"),
            // Debug keeps the point or the exponent, so that it reads back as a decimal.
            Self::Decimal(n) => write!(f, "{n:?}"),
            Self::Boolean(b) => write!(f, "{b}"),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => value.fmt(f),
            Self::Variable(name) => write!(f, ":{name}"),
        }
    }
}

impl Display for Terms {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Items(items) => list(f, items),
            Self::Variable(name) => write!(f, ":{name}"),
        }
    }
}

impl Display for Values {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, &self.0)
    }
}

fn list(f: &mut Formatter<'_>, items: &[impl Display]) -> fmt::Result {
    f.write_char('(')?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    f.write_char(')')
}

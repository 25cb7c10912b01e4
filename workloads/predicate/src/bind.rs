//! Variables become values, and a predicate becomes something that can be asked.

use crate::ast::{Circle, Expr, Filter, Literal, Parsed, Term, Terms, Test};
use crate::error::{BindError, ModelError};
use crate::model::Model;
use crate::parse::{MAX_ITEMS, variable_values};
use crate::{memory, resolve};
use std::collections::HashMap;
use std::fmt;

/// The most values in all lists and comparisons of a query together.
const MAX_VALUES: usize = 5_000;

/// A parsed predicate. Displays in its own language.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    expr: Parsed,
}

/// A value whose kind is settled, or the bare text of a variable, whose kind the field will settle.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Exact(Literal),
    Loose(String),
}

pub(crate) type Draft = Expr<Given, Vec<Given>>;

/// A predicate with all its values, ready for [`check`](Self::check) and the readers. Displays as the filter
/// that the readers see.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    draft: Draft,
    filter: Filter,
}

impl Predicate {
    pub(crate) fn new(expr: Parsed) -> Self {
        Self { expr }
    }

    /// The syntax tree.
    #[must_use]
    pub fn expr(&self) -> &Parsed {
        &self.expr
    }

    /// Puts in the variables: `vars` holds for each name the texts of its `var.<name>` parameters.
    ///
    /// A text may be a quoted string, a list `("a", "b")` or `["a", "b"]`, or bare; a bare `5` or `true` is
    /// text, number or boolean as the field wants it. Several texts of one name form a list.
    ///
    /// # Errors
    /// A variable is missing, or has several values where one is needed, or there are too many values.
    pub fn bind(&self, vars: &HashMap<String, Vec<String>>) -> Result<Bound, BindError> {
        let draft = Binder { vars, values: 0 }.expr(&self.expr)?;
        Ok(Bound { filter: resolve::untyped(&draft), draft })
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl Bound {
    /// All of the predicates at once: what a repeated `where` means. Of none, a predicate that all meet.
    ///
    /// # Errors
    /// [`BindError::TooComplex`] when together they hold too many values.
    pub fn all(predicates: impl IntoIterator<Item = Self>) -> Result<Self, BindError> {
        let (drafts, mut filters): (Vec<_>, Vec<_>) =
            predicates.into_iter().map(|p| (p.draft, p.filter)).unzip();
        if drafts.iter().map(count).sum::<usize>() > MAX_VALUES {
            return Err(BindError::TooComplex(MAX_VALUES));
        }
        let filter = if filters.len() == 1 { filters.remove(0) } else { Expr::And(filters) };
        Ok(Self { draft: Expr::And(drafts), filter })
    }

    /// Holds the predicate against the model, and gives values the kind and form of their fields: bare
    /// variables become text or numbers, instants take the stored form.
    ///
    /// # Errors
    /// A field does not exist, or does not support what is asked of it; then nothing has changed.
    pub fn check(&mut self, model: &Model) -> Result<(), ModelError> {
        self.filter = resolve::typed(&self.draft, model.root())?;
        Ok(())
    }

    /// What a reader translates.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether the document meets the predicate; see the [crate's rules](crate).
    #[must_use]
    pub fn matches(&self, doc: &serde_json::Value) -> bool {
        memory::matches(&self.filter, doc)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

struct Binder<'v> {
    vars: &'v HashMap<String, Vec<String>>,
    values: usize,
}

impl Binder<'_> {
    fn expr(&mut self, expr: &Parsed) -> Result<Draft, BindError> {
        Ok(match expr {
            Expr::And(parts) => Expr::And(self.parts(parts)?),
            Expr::Or(parts) => Expr::Or(self.parts(parts)?),
            Expr::Not(inner) => Expr::Not(Box::new(self.expr(inner)?)),
            Expr::Field { name, shape, test } => {
                Expr::Field { name: name.clone(), shape: *shape, test: self.test(test)? }
            }
        })
    }

    fn parts(&mut self, parts: &[Parsed]) -> Result<Vec<Draft>, BindError> {
        parts.iter().map(|part| self.expr(part)).collect()
    }

    fn test(&mut self, test: &Test<Term, Terms>) -> Result<Test<Given, Vec<Given>>, BindError> {
        Ok(match test {
            Test::Compare(comparison, term) => Test::Compare(*comparison, self.single(term)?),
            Test::In { negated, items } => Test::In { negated: *negated, items: self.items(items)? },
            Test::Contains(quantifier, items) => Test::Contains(*quantifier, self.items(items)?),
            Test::Empty { negated } => Test::Empty { negated: *negated },
            Test::Defined { negated } => Test::Defined { negated: *negated },
            Test::Within(circle) => Test::Within(Circle {
                longitude: self.number(&circle.longitude)?,
                latitude: self.number(&circle.latitude)?,
                radius: self.number(&circle.radius)?,
            }),
            Test::Nested(inner) => Test::Nested(Box::new(self.expr(inner)?)),
        })
    }

    fn count(&mut self, more: usize) -> Result<(), BindError> {
        self.values += more;
        if self.values > MAX_VALUES { Err(BindError::TooComplex(MAX_VALUES)) } else { Ok(()) }
    }

    fn variable(&self, name: &str) -> Result<Vec<Given>, BindError> {
        let texts = self.vars.get(name).filter(|texts| !texts.is_empty());
        let texts = texts.ok_or_else(|| BindError::Missing(name.to_owned()))?;
        let mut values = Vec::new();
        for text in texts {
            values.extend(variable_values(text));
            if values.len() > MAX_ITEMS {
                return Err(BindError::TooManyItems { name: name.to_owned(), max: MAX_ITEMS });
            }
        }
        Ok(values)
    }

    fn single(&mut self, term: &Term) -> Result<Given, BindError> {
        self.count(1)?;
        match term {
            Term::Literal(value) => Ok(Given::Exact(value.clone())),
            Term::Variable(name) => match <[Given; 1]>::try_from(self.variable(name)?) {
                Ok([value]) => Ok(value),
                Err(_) => Err(BindError::NotSingle(name.clone())),
            },
        }
    }

    fn number(&mut self, term: &Term) -> Result<Given, BindError> {
        let value = self.single(term)?;
        match (resolve::number(&value), term) {
            (Some(number), _) => Ok(Given::Exact(number)),
            (None, Term::Variable(name)) => Err(BindError::NotANumber(name.clone())),
            // The parser lets only numbers through.
            (None, Term::Literal(other)) => Err(BindError::NotANumber(other.to_string())),
        }
    }

    fn items(&mut self, terms: &Terms) -> Result<Vec<Given>, BindError> {
        let values = match terms {
            Terms::Variable(name) => self.variable(name)?,
            Terms::Items(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Term::Literal(value) => values.push(Given::Exact(value.clone())),
                        Term::Variable(name) => {
                            values.extend(self.variable(name)?);
                            if values.len() > 2 * MAX_ITEMS {
                                return Err(BindError::TooManyItems { name: name.clone(), max: MAX_ITEMS });
                            }
                        }
                    }
                }
                values
            }
        };
        self.count(values.len())?;
        Ok(values)
    }
}

fn count(draft: &Draft) -> usize {
    match draft {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().map(count).sum(),
        Expr::Not(inner) => count(inner),
        Expr::Field { test, .. } => match test {
            Test::Compare(..) => 1,
            Test::In { items, .. } | Test::Contains(_, items) => items.len(),
            Test::Empty { .. } | Test::Defined { .. } => 0,
            Test::Within(_) => 3,
            Test::Nested(inner) => count(inner),
        },
    }
}

//! The BSON reader of predicates: a filter over documents in their [query form](form).
//!
//! It uses what every server of the protocol does the same way. That leaves out `$elemMatch` with conditions
//! on an element's fields (FerretDB has none), so "one element meets all of this" is not said to the server:
//! it gets each of the conditions alone, and the answer is marked for a recheck with
//! [`predicate::Bound::matches`]. Conditions that hold when any element meets them (all comparisons, also
//! through several arrays) are what a dotted path means anyway, and are exact.

mod form;

pub use form::{escape_name, to_query_form};

use bson::{Bson, Document, doc};
use form::{WRAPPED, escape_text};
use predicate::{Comparison, Expr, Filter, Kind, Literal, Quantifier, Shape, Test, Values};

/// A filter document.
#[derive(Debug, Clone, PartialEq)]
pub struct BsonFilter {
    /// What to send. Empty when it says nothing.
    pub filter: Document,
    /// The filter also finds documents that do not meet the predicate: hold each against
    /// [`predicate::Bound::matches`].
    pub needs_recheck: bool,
}

/// The most bytes of field paths; see [`MAX_TEXT`](crate::store::sqlite::filter) of the SQL reader.
const MAX_PATHS: usize = 512 * 1024;

/// Translates the filter for documents whose query form lies under `prefix`, such as `views.main.query`.
#[must_use]
pub fn to_bson(filter: &Filter, prefix: &str) -> BsonFilter {
    let mut reader = Reader { needs_recheck: false, written: 0 };
    let root = Scope { path: prefix.to_owned(), spread: false };
    let filter = reader.expr(filter, &root, Side::Over).document();
    BsonFilter { filter, needs_recheck: reader.needs_recheck }
}

/// The object that a condition is about.
struct Scope {
    path: String,
    /// The path may lead through an array, so it stands for some object of several: a condition holds when
    /// there is one that meets it.
    spread: bool,
}

/// Where a filter cannot be exact: whether it may find too much or too little. Each `not` turns it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Over,
    Under,
}

impl Side {
    fn turned(self) -> Self {
        if self == Self::Over { Self::Under } else { Self::Over }
    }
}

/// A filter, or what is known without looking.
enum Condition {
    Always,
    Never,
    When(Document),
}

impl Condition {
    fn field(path: &str, condition: impl Into<Bson>) -> Self {
        let mut document = Document::new();
        document.insert(path, condition);
        Self::When(document)
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        // One document as long as the fields differ: servers that look at the top level alone for an index
        // find them there.
        let mut flat = Document::new();
        let mut rest: Vec<Bson> = Vec::new();
        for part in parts {
            match part {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::When(document) => {
                    if document.keys().any(|key| key.starts_with('$') || flat.contains_key(key)) {
                        rest.push(document.into());
                    } else {
                        flat.extend(document);
                    }
                }
            }
        }
        match (flat.is_empty(), rest.as_mut_slice()) {
            (true, []) => Self::Always,
            (true, [Bson::Document(only)]) => Self::When(std::mem::take(only)),
            (_, []) => Self::When(flat),
            _ => {
                flat.insert("$and", rest);
                Self::When(flat)
            }
        }
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Bson> = Vec::new();
        for part in parts {
            match part {
                Self::Always => return Self::Always,
                Self::Never => {}
                Self::When(document) => all.push(document.into()),
            }
        }
        match all.as_mut_slice() {
            [] => Self::Never,
            [Bson::Document(only)] => Self::When(std::mem::take(only)),
            _ => Self::When(doc! {"$or": all}),
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::When(document) => Self::When(doc! {"$nor": [document]}),
        }
    }

    fn document(self) -> Document {
        match self {
            Self::Always => Document::new(),
            Self::Never => doc! {"_id": {"$in": []}},
            Self::When(document) => document,
        }
    }
}

impl Reader {
    fn expr(&mut self, filter: &Filter, scope: &Scope, side: Side) -> Condition {
        match filter {
            Expr::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.expr(part, scope, side)).collect();
                Condition::any(parts)
            }
            Expr::And(parts) if !scope.spread || parts.len() == 1 => {
                let parts: Vec<_> = parts.iter().map(|part| self.expr(part, scope, side)).collect();
                Condition::all(parts)
            }
            Expr::And(parts) => self.approximate(side, |reader| {
                let some = object(&scope.path);
                Condition::all(
                    std::iter::once(some)
                        .chain(parts.iter().map(|part| reader.expr(part, scope, Side::Over))),
                )
            }),
            Expr::Not(inner) if !scope.spread => self.expr(inner, scope, side.turned()).not(),
            Expr::Not(inner) => self.some_other(scope, side, |reader| reader.expr(inner, scope, Side::Over)),
            Expr::Field { name, shape, test } => {
                let path = format!("{}.{}", scope.path, escape_name(name));
                if self.written > MAX_PATHS {
                    return self.approximate(side, |_| Condition::Always);
                }
                self.written += path.len();
                self.test(test, *shape, &Scope { path, spread: scope.spread }, scope, side)
            }
        }
    }

    /// A condition that can only be said too wide: `over` says it so.
    fn approximate(&mut self, side: Side, over: impl FnOnce(&mut Self) -> Condition) -> Condition {
        self.needs_recheck = true;
        if side == Side::Over { over(self) } else { Condition::Never }
    }

    /// Some object in the spread scope does **not** meet `inner`: at most where there is an object, at least
    /// where there is one and none of them meets it. `inner` has to say too much rather than too little.
    fn some_other(
        &mut self,
        scope: &Scope,
        side: Side,
        inner: impl FnOnce(&mut Self) -> Condition,
    ) -> Condition {
        self.needs_recheck = true;
        match side {
            Side::Over => object(&scope.path),
            Side::Under => {
                // An array in the array looks like an object, but is none to the predicate.
                let wrapped = exists(&format!("{}.{WRAPPED}", scope.path));
                Condition::all([object(&scope.path), wrapped.not(), inner(self).not()])
            }
        }
    }

    fn test(
        &mut self,
        test: &Test<Literal, Values>,
        shape: Shape,
        at: &Scope,
        parent: &Scope,
        side: Side,
    ) -> Condition {
        let path = at.path.as_str();
        match test {
            Test::Compare(comparison, literal) => compare(*comparison, literal, path),
            Test::In { negated: false, items } if items.0.is_empty() => Condition::Never,
            Test::In { negated: false, items } => Condition::field(path, doc! {"$in": list(items)}),
            Test::In { negated: true, items } => {
                self.none_of(items, path, shape == Shape::One && !at.spread, side)
            }
            Test::Contains(quantifier, items) => self.contains(*quantifier, items, at, side),
            Test::Defined { negated: false } => exists(path),
            Test::Defined { negated: true } if !at.spread => exists(path).not(),
            Test::Defined { negated: true } => self.some_other(parent, side, |_| exists(path)),
            Test::Empty { negated } if !at.spread => {
                if *negated {
                    empty(path).not()
                } else {
                    empty(path)
                }
            }
            Test::Empty { negated: false } => self.some_other(parent, side, |_| exists(path)),
            Test::Empty { negated: true } => self.approximate(side, |_| exists(path)),
            Test::Within(_) => self.approximate(side, |_| exists(path)),
            Test::Nested(inner) if shape == Shape::One && !at.spread => {
                let inner_condition = self.expr(inner, at, side);
                if inner.needs_value() {
                    inner_condition
                } else {
                    Condition::all([object(path), inner_condition])
                }
            }
            Test::Nested(inner) => self.expr(inner, &Scope { path: path.to_owned(), spread: true }, side),
        }
    }

    fn contains(&mut self, quantifier: Quantifier, items: &Values, at: &Scope, side: Side) -> Condition {
        let path = at.path.as_str();
        match (quantifier, items.0.as_slice()) {
            (Quantifier::Any, []) => Condition::Never,
            (Quantifier::All, []) => Condition::field(path, doc! {"$type": "array"}),
            (Quantifier::Any, _) => Condition::field(path, doc! {"$elemMatch": {"$in": list(items)}}),
            (Quantifier::All, all) => {
                let each = |item: &Literal| Condition::field(path, doc! {"$elemMatch": {"$eq": value(item)}});
                if at.spread && all.len() > 1 {
                    // The items may lie in different arrays.
                    return self.approximate(side, |_| Condition::all(all.iter().map(each)));
                }
                Condition::all(all.iter().map(each))
            }
        }
    }

    /// `$nin` speaks of all elements, the predicate of one; on what cannot be an array it is the same.
    fn none_of(&mut self, items: &Values, path: &str, single: bool, side: Side) -> Condition {
        if items.0.is_empty() {
            return Condition::field(path, doc! {"$type": ["string", "number", "bool"]});
        }
        let parts: Vec<_> = Kind::ALL
            .into_iter()
            .map(|of| {
                let values: Vec<&Literal> = items.of(of).collect();
                let kind = match (of, values.as_slice()) {
                    (_, []) => return Condition::Never,
                    (_, [only]) => return compare(Comparison::NotEqual, only, path),
                    (Kind::Boolean, [first, rest @ ..]) => {
                        let both = rest.iter().any(|other| other != first);
                        return if both {
                            Condition::Never
                        } else {
                            compare(Comparison::NotEqual, first, path)
                        };
                    }
                    (Kind::Text, _) => "string",
                    (Kind::Number, _) => "number",
                };
                let none: Vec<Bson> = values.into_iter().map(value).collect();
                self.needs_recheck |= !single;
                if single || side == Side::Under {
                    Condition::field(path, doc! {"$type": kind, "$nin": none})
                } else {
                    Condition::field(path, doc! {"$type": kind})
                }
            })
            .collect();
        Condition::any(parts)
    }
}

struct Reader {
    needs_recheck: bool,
    written: usize,
}

/// Comparisons look at values of the literal's own kind alone, on all servers; so `$ne`, which does not, is
/// said as less or greater.
fn compare(comparison: Comparison, literal: &Literal, path: &str) -> Condition {
    let operator = match (comparison, literal) {
        (Comparison::Equal, _) => return Condition::field(path, value(literal)),
        (Comparison::NotEqual, Literal::Boolean(b)) => return Condition::field(path, !b),
        (_, Literal::Boolean(_)) => return Condition::Never,
        (Comparison::NotEqual, _) => {
            return Condition::any(
                ["$lt", "$gt"].map(|operator| Condition::field(path, doc! {operator: value(literal)})),
            );
        }
        (Comparison::Less, _) => "$lt",
        (Comparison::LessOrEqual, _) => "$lte",
        (Comparison::Greater, _) => "$gt",
        (Comparison::GreaterOrEqual, _) => "$gte",
    };
    Condition::field(path, doc! {operator: value(literal)})
}

/// There is something; `null` members are never stored.
fn exists(path: &str) -> Condition {
    Condition::field(path, doc! {"$exists": true})
}

/// There is an object, or an array with one.
fn object(path: &str) -> Condition {
    Condition::field(path, doc! {"$type": "object"})
}

fn empty(path: &str) -> Condition {
    let no_member = Condition::all([
        Condition::field(path, doc! {"$eq": {}}),
        // Else an array with an empty object in it would do. No stored name looks like an index.
        Condition::field(&format!("{path}.0"), doc! {"$exists": false}),
    ]);
    Condition::any([
        Condition::field(path, doc! {"$exists": false}),
        Condition::field(path, doc! {"$size": 0}),
        no_member,
    ])
}

fn list(items: &Values) -> Vec<Bson> {
    items.0.iter().map(value).collect()
}

fn value(literal: &Literal) -> Bson {
    match literal {
        Literal::Text(text) => Bson::String(escape_text(text).into_owned()),
        Literal::Integer(n) => Bson::Int64(*n),
        Literal::Decimal(n) => Bson::Double(*n),
        Literal::Boolean(b) => Bson::Boolean(*b),
    }
}

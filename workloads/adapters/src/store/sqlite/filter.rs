//! The SQL reader of predicates: an expression over a column of JSON text.
//!
//! It holds for the same documents as [`predicate::Bound::matches`], by the rules of the [`predicate`] crate.
//! Literals go in as parameters, names as quoted JSON paths. Where the model promises an object on the way
//! and a scalar at its end, an equality reads `json_extract(column, '$.a.b') = ?` beside a guard of its type,
//! so an index on [`extract`] of that path serves it.

mod path;

use path::Path;
use predicate::{Comparison, Expr, Filter, Kind, Literal, Quantifier, Shape, Test, Values};
use rusqlite::types::Value;

/// An expression for a `WHERE` clause.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlFilter {
    /// The expression, with a bare `?` for each parameter. It can be `NULL` where it does not hold.
    pub text: String,
    /// The parameters in order.
    pub params: Vec<Value>,
    /// The expression also holds for documents that do not meet the filter: hold each against
    /// [`predicate::Bound::matches`].
    pub needs_recheck: bool,
}

/// The most bytes that conditions on fields may take. Paths repeat in the text for each condition under
/// them, so a short predicate can ask for a very long one; what goes over is left to the recheck.
const MAX_TEXT: usize = 512 * 1024;

/// How many arrays in each other are looked into; what lies deeper is left to the recheck. SQLite counts
/// the depth of an expression through its subqueries, and ends at 1000: some 23 of these.
const MAX_SCOPES: usize = 8;

/// Translates the filter for the column (as it is named in SQL) that holds the document.
#[must_use]
pub fn to_sql(filter: &Filter, column: &str) -> SqlFilter {
    let mut reader = Reader { params: Vec::new(), needs_recheck: false, scopes: 0, depth: 0, written: 0 };
    let text = reader.expr(filter, &Path::of(column), Side::Over);
    SqlFilter { text, params: reader.params, needs_recheck: reader.needs_recheck }
}

/// The value at a path, as it stands in the expressions of [`to_sql`] and should stand in an index.
#[must_use]
pub fn extract(column: &str, path: &[String]) -> String {
    path.iter().fold(Path::of(column), |path, name| path.then(name)).value()
}

/// Where an expression cannot be exact: whether it may hold too often or too rarely. Each `not` turns it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Over,
    Under,
}

impl Side {
    fn turned(self) -> Self {
        if self == Self::Over { Self::Under } else { Self::Over }
    }

    fn constant(self) -> String {
        if self == Self::Over { "1" } else { "0" }.to_owned()
    }
}

struct Reader {
    params: Vec<Value>,
    needs_recheck: bool,
    /// Tables of elements named so far.
    scopes: usize,
    /// Those that are open.
    depth: usize,
    written: usize,
}

impl Reader {
    fn expr(&mut self, filter: &Filter, object: &Path, side: Side) -> String {
        match filter {
            Expr::And(parts) => self.join(parts, object, side, " AND ", "1"),
            Expr::Or(parts) => self.join(parts, object, side, " OR ", "0"),
            // Conditions are NULL where a value is missing, which has to count as false before it is turned.
            Expr::Not(inner) => format!("({} IS NOT TRUE)", self.expr(inner, object, side.turned())),
            Expr::Field { name, shape, test } => {
                let path = object.then(name);
                if self.written > MAX_TEXT {
                    self.needs_recheck = true;
                    return side.constant();
                }
                if let Test::Nested(inner) = test {
                    return self.nested(inner, *shape, &path, side);
                }
                let text = self.test(test, *shape, &path, side);
                self.written += text.len();
                text
            }
        }
    }

    fn join(&mut self, parts: &[Filter], object: &Path, side: Side, by: &str, none: &str) -> String {
        let texts: Vec<_> = parts.iter().map(|part| self.expr(part, object, side)).collect();
        balanced(&texts, by, none)
    }

    /// A new name for a table of elements.
    fn scope(&mut self) -> String {
        self.scopes += 1;
        format!("e{}", self.scopes)
    }

    fn nested(&mut self, inner: &Filter, shape: Shape, path: &Path, side: Side) -> String {
        let kind = path.kind();
        if shape == Shape::One {
            let text = self.expr(inner, path, side);
            // A condition that needs a value below holds for nothing but objects anyway.
            return if inner.needs_value() { text } else { format!("({kind} = 'object' AND {text})") };
        }
        if self.depth == MAX_SCOPES {
            self.needs_recheck = true;
            return if side == Side::Over {
                format!("({kind} IN ('object','array'))")
            } else {
                side.constant()
            };
        }
        let scope = self.scope();
        self.depth += 1;
        let text = self.expr(inner, &Path::of(&format!("{scope}.value")), side);
        self.depth -= 1;
        let array = match shape {
            Shape::Many => format!("CASE {kind} WHEN 'array' THEN {} END", path.value()),
            _ => format!(
                "CASE {kind} WHEN 'array' THEN {value} WHEN 'object' THEN '['||{value}||']' END",
                value = path.value()
            ),
        };
        let text = format!(
            "EXISTS (SELECT 1 FROM json_each({array}) AS {scope} WHERE {scope}.type = 'object' AND {text})"
        );
        self.written += array.len();
        text
    }

    fn test(&mut self, test: &Test<Literal, Values>, shape: Shape, path: &Path, side: Side) -> String {
        let kind = path.kind();
        match test {
            Test::Defined { negated: false } => format!("({kind} <> 'null')"),
            Test::Defined { negated: true } => format!("(({kind} <> 'null') IS NOT TRUE)"),
            Test::Empty { negated: false } => self.empty(path),
            Test::Empty { negated: true } => format!("(NOT {})", self.empty(path)),
            Test::Contains(quantifier, items) => {
                let array = self.contains(*quantifier, items, path);
                format!("({kind} = 'array' AND {array})")
            }
            Test::Within(_) => {
                self.needs_recheck = true;
                if side == Side::Over { format!("({kind} <> 'null')") } else { side.constant() }
            }
            _ if shape == Shape::One => self.scalar(test, &path.value(), &kind),
            _ => {
                let each = self.each(path, |reader, value, kind| reader.scalar(test, value, kind));
                format!("({kind} <> 'object' AND {each})")
            }
        }
    }

    /// Whether one element of the array at the path, or the scalar there, meets a condition. The members of
    /// an object there would count as well.
    fn each(&mut self, path: &Path, condition: impl FnOnce(&mut Self, &str, &str) -> String) -> String {
        let scope = self.scope();
        let condition = condition(self, &format!("{scope}.value"), &format!("{scope}.type"));
        format!("EXISTS (SELECT 1 FROM json_each({}) AS {scope} WHERE {condition})", path.arguments())
    }

    fn empty(&mut self, path: &Path) -> String {
        let scope = self.scope();
        let (kind, at) = (path.kind(), path.arguments());
        format!(
            "CASE {kind} WHEN 'array' THEN json_array_length({at}) = 0 WHEN 'object' THEN NOT EXISTS (SELECT 1 \
             FROM json_each({at}) AS {scope} WHERE {scope}.type <> 'null') ELSE coalesce({kind}, 'null') = 'null' END"
        )
    }

    fn contains(&mut self, quantifier: Quantifier, items: &Values, path: &Path) -> String {
        match quantifier {
            Quantifier::Any => self.each(path, |reader, value, kind| reader.one_of(items, value, kind)),
            Quantifier::All => {
                let parts: Vec<_> = items
                    .0
                    .iter()
                    .map(|item| {
                        self.each(path, |reader, value, kind| {
                            reader.compare(Comparison::Equal, item, value, kind)
                        })
                    })
                    .collect();
                balanced(&parts, " AND ", "1")
            }
        }
    }

    /// A condition on a scalar, given its value and its JSON type.
    fn scalar(&mut self, test: &Test<Literal, Values>, value: &str, kind: &str) -> String {
        match test {
            Test::Compare(comparison, literal) => self.compare(*comparison, literal, value, kind),
            Test::In { negated: false, items } => self.one_of(items, value, kind),
            Test::In { negated: true, items } => self.none_of(items, value, kind),
            // The others are no conditions on a scalar, and are taken care of before.
            _ => "0".to_owned(),
        }
    }

    fn compare(&mut self, comparison: Comparison, literal: &Literal, value: &str, kind: &str) -> String {
        let operator = match comparison {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        if let Literal::Boolean(wanted) = literal {
            return match comparison {
                Comparison::Equal => {
                    self.params.push(Value::Integer(i64::from(*wanted)));
                    format!("({value} = ? AND {kind} = '{wanted}')")
                }
                Comparison::NotEqual => format!("({kind} = '{}')", !wanted),
                _ => "0".to_owned(),
            };
        }
        self.params.push(parameter(literal));
        format!("({value} {operator} ? AND {})", is_of(literal.kind(), kind))
    }

    fn one_of(&mut self, items: &Values, value: &str, kind: &str) -> String {
        let parts: Vec<_> = Kind::ALL
            .into_iter()
            .filter_map(|of| {
                let marks = self.marks(items, of)?;
                Some(format!("({value} IN ({marks}) AND {})", is_of(of, kind)))
            })
            .collect();
        balanced(&parts, " OR ", "0")
    }

    fn none_of(&mut self, items: &Values, value: &str, kind: &str) -> String {
        if items.0.is_empty() {
            let parts = Kind::ALL.map(|of| is_of(of, kind));
            return balanced(&parts, " OR ", "0");
        }
        let parts: Vec<_> = Kind::ALL
            .into_iter()
            .filter_map(|of| {
                let marks = self.marks(items, of)?;
                Some(format!("({value} NOT IN ({marks}) AND {})", is_of(of, kind)))
            })
            .collect();
        balanced(&parts, " OR ", "0")
    }

    /// Takes the items of one kind as parameters; `None` when there are none.
    fn marks(&mut self, items: &Values, of: Kind) -> Option<String> {
        let before = self.params.len();
        self.params.extend(items.of(of).map(parameter));
        let count = self.params.len() - before;
        (count > 0).then(|| vec!["?"; count].join(","))
    }
}

/// Guards the JSON type: SQL has no booleans, and gives arrays and objects as text.
fn is_of(of: Kind, kind: &str) -> String {
    match of {
        Kind::Text => format!("{kind} = 'text'"),
        Kind::Number => format!("{kind} IN ('integer','real')"),
        Kind::Boolean => format!("{kind} IN ('true','false')"),
    }
}

fn parameter(literal: &Literal) -> Value {
    match literal {
        Literal::Text(text) => Value::Text(text.clone()),
        Literal::Integer(n) => Value::Integer(*n),
        Literal::Decimal(n) => Value::Real(*n),
        Literal::Boolean(b) => Value::Integer(i64::from(*b)),
    }
}

/// Joins as a balanced tree: SQLite bounds the depth of expressions, and a chain is as deep as it is long.
fn balanced(parts: &[String], by: &str, none: &str) -> String {
    match parts {
        [] => none.to_owned(),
        [one] => one.clone(),
        [one, two] => format!("({one}{by}{two})"),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({}{by}{})", balanced(left, by, none), balanced(right, by, none))
        }
    }
}

//! Gives every value the kind and form of its field, and every field the shape that the model promises.
//!
//! What a value could mean where the field is free is spelled out here, so that no reader needs to know of
//! it: a bare `5` from a variable is the text and the number, an instant is the text as given and the text
//! as instants are stored.

use crate::ast::{Circle, Comparison, Expr, Filter, Literal, Quantifier, Shape, Test, Values};
use crate::bind::{Draft, Given};
use crate::error::ModelError;
use crate::instant;
use crate::model::Field;

/// Against no model: every field is free.
pub(crate) fn untyped(draft: &Draft) -> Filter {
    // A free field supports everything, so nothing can be refused.
    typed(draft, &Field::Free).unwrap_or(Expr::Or(Vec::new()))
}

/// Against the object (or array of objects) `scope`.
pub(crate) fn typed(draft: &Draft, scope: &Field) -> Result<Filter, ModelError> {
    let parts = |parts: &[Draft]| parts.iter().map(|p| typed(p, scope)).collect::<Result<Vec<_>, _>>();
    match draft {
        Expr::And(all) => Ok(Expr::And(parts(all)?)),
        Expr::Or(any) => Ok(Expr::Or(parts(any)?)),
        Expr::Not(inner) => Ok(Expr::Not(Box::new(typed(inner, scope)?))),
        Expr::Field { name, test, .. } => {
            let field = scope.member(name).ok_or_else(|| ModelError::UnknownField(name.clone()))?;
            condition(name, field, test)?.ok_or_else(|| ModelError::Unsupported(name.clone()))
        }
    }
}

/// The condition on one field; `None` when the field does not support it.
fn condition(
    name: &str,
    field: &Field,
    test: &Test<Given, Vec<Given>>,
) -> Result<Option<Filter>, ModelError> {
    let shape = field.shape();
    let make = |test| Expr::Field { name: name.to_owned(), shape, test };
    let element = field.element();
    Ok(match test {
        Test::Compare(comparison, value) => compare(element, *comparison, value, &make),
        Test::In { negated, items } => {
            flat(element, items).map(|items| make(Test::In { negated: *negated, items }))
        }
        Test::Contains(quantifier, items) => match field {
            Field::Array(_) | Field::Free => contains(element, *quantifier, items, &make),
            _ => None,
        },
        Test::Empty { negated } => match field {
            Field::Text | Field::Instant | Field::Number | Field::Boolean => None,
            _ => Some(make(Test::Empty { negated: *negated })),
        },
        Test::Defined { negated } => Some(make(Test::Defined { negated: *negated })),
        Test::Within(circle) => match element {
            Field::Point | Field::Free => within(circle).map(|circle| make(Test::Within(circle))),
            _ => None,
        },
        Test::Nested(inner) => match element {
            Field::Object(_) | Field::Map(_) | Field::Point | Field::Free => {
                Some(make(Test::Nested(Box::new(typed(inner, element)?))))
            }
            _ => None,
        },
    })
}

fn compare(
    field: &Field,
    comparison: Comparison,
    value: &Given,
    make: &impl Fn(Test<Literal, Values>) -> Filter,
) -> Option<Filter> {
    let mut meanings = meanings(field, value)?;
    if meanings.len() == 1 {
        let meaning = meanings.remove(0);
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordered && matches!(field, Field::Boolean) {
            return None;
        }
        return Some(make(Test::Compare(comparison, meaning)));
    }
    Some(match comparison {
        Comparison::Equal => make(Test::In { negated: false, items: Values(meanings) }),
        Comparison::NotEqual => make(Test::In { negated: true, items: Values(meanings) }),
        _ => {
            // In order an instant means its stored form alone; the text as given differs from it by less
            // than a second at the end.
            let stored = meanings.iter().rposition(|m| matches!(m, Literal::Text(_)));
            let kept = meanings.into_iter().enumerate().filter_map(|(i, meaning)| match meaning {
                Literal::Text(_) => (Some(i) == stored).then_some(meaning),
                Literal::Boolean(_) => None,
                number => Some(number),
            });
            let mut parts: Vec<_> = kept.map(|m| make(Test::Compare(comparison, m))).collect();
            if parts.len() == 1 { parts.remove(0) } else { Expr::Or(parts) }
        }
    })
}

fn contains(
    field: &Field,
    quantifier: Quantifier,
    items: &[Given],
    make: &impl Fn(Test<Literal, Values>) -> Filter,
) -> Option<Filter> {
    let each = items.iter().map(|item| meanings(field, item)).collect::<Option<Vec<_>>>()?;
    if quantifier == Quantifier::Any || each.iter().all(|m| m.len() == 1) {
        return Some(make(Test::Contains(quantifier, Values(each.into_iter().flatten().collect()))));
    }
    Some(Expr::And(each.into_iter().map(|m| make(Test::Contains(Quantifier::Any, Values(m)))).collect()))
}

fn flat(field: &Field, items: &[Given]) -> Option<Values> {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        all.extend(meanings(field, item)?);
    }
    Some(Values(all))
}

fn within(circle: &Circle<Given>) -> Option<Circle<Literal>> {
    Some(Circle {
        longitude: number(&circle.longitude)?,
        latitude: number(&circle.latitude)?,
        radius: number(&circle.radius)?,
    })
}

/// What the value means for the field, at least one meaning; `None` when it is of the wrong kind.
fn meanings(field: &Field, value: &Given) -> Option<Vec<Literal>> {
    let text = || match value {
        Given::Exact(Literal::Text(text)) | Given::Loose(text) => Some(text.clone()),
        Given::Exact(_) => None,
    };
    match field {
        Field::Text => Some(vec![Literal::Text(text()?)]),
        Field::Instant => {
            let text = text()?;
            Some(vec![Literal::Text(instant::stored_form(&text).unwrap_or(text))])
        }
        Field::Number => Some(vec![number(value)?]),
        Field::Boolean => Some(vec![boolean(value)?]),
        Field::Free => Some(match text() {
            None => match value {
                Given::Exact(exact) => vec![exact.clone()],
                Given::Loose(_) => Vec::new(),
            },
            Some(text) => {
                let stored = instant::stored_form(&text).filter(|stored| *stored != text);
                let mut all = vec![Literal::Text(text)];
                all.extend(stored.map(Literal::Text));
                if matches!(value, Given::Loose(_)) {
                    all.extend(number(value));
                    all.extend(boolean(value));
                }
                all
            }
        }),
        Field::Object(_) | Field::Array(_) | Field::Map(_) | Field::Point => None,
    }
}

/// The value as a number.
pub(crate) fn number(value: &Given) -> Option<Literal> {
    match value {
        Given::Exact(n @ (Literal::Integer(_) | Literal::Decimal(_))) => Some(n.clone()),
        Given::Exact(_) => None,
        Given::Loose(text) => {
            let text = text.trim();
            // Rust would also read `inf`, `nan` and `+5`.
            if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
                return None;
            }
            if let Ok(n) = text.parse() {
                return Some(Literal::Integer(n));
            }
            text.parse().ok().filter(|n: &f64| n.is_finite()).map(Literal::Decimal)
        }
    }
}

fn boolean(value: &Given) -> Option<Literal> {
    match value {
        Given::Exact(b @ Literal::Boolean(_)) => Some(b.clone()),
        Given::Exact(_) => None,
        Given::Loose(text) if text.trim().eq_ignore_ascii_case("true") => Some(Literal::Boolean(true)),
        Given::Loose(text) if text.trim().eq_ignore_ascii_case("false") => Some(Literal::Boolean(false)),
        Given::Loose(_) => None,
    }
}

impl Field {
    fn shape(&self) -> Shape {
        match self {
            Self::Free => Shape::Any,
            Self::Array(_) => Shape::Many,
            _ => Shape::One,
        }
    }
}

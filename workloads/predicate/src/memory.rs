//! The reader in memory: does this JSON document meet the filter?

use crate::ast::{Comparison, Expr, Filter, Literal, Quantifier, Test, Values};
use crate::{geo, number};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Whether the document is an object that meets the filter.
pub(crate) fn matches(filter: &Filter, doc: &Value) -> bool {
    doc.as_object().is_some_and(|object| holds(filter, object))
}

fn holds(filter: &Filter, object: &Map<String, Value>) -> bool {
    match filter {
        Expr::And(parts) => parts.iter().all(|part| holds(part, object)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, object)),
        Expr::Not(inner) => !holds(inner, object),
        Expr::Field { name, test, .. } => meets(test, object.get(name).filter(|value| !value.is_null())),
    }
}

fn meets(test: &Test<Literal, Values>, value: Option<&Value>) -> bool {
    match test {
        Test::Defined { negated } => value.is_some() != *negated,
        Test::Empty { negated } => value.is_none_or(is_empty) != *negated,
        _ => value.is_some_and(|value| present(test, value)),
    }
}

fn present(test: &Test<Literal, Values>, value: &Value) -> bool {
    match test {
        Test::Compare(comparison, literal) => {
            elements(value).iter().any(|v| compares(v, *comparison, literal))
        }
        Test::In { negated: false, items } => elements(value).iter().any(|v| is_one_of(v, items)),
        Test::In { negated: true, items } => elements(value).iter().any(|v| is_none_of(v, items)),
        Test::Contains(quantifier, items) => value.as_array().is_some_and(|all| {
            let contains = |item: &Literal| all.iter().any(|v| order(v, item) == Some(Ordering::Equal));
            match quantifier {
                Quantifier::Any => items.0.iter().any(contains),
                Quantifier::All => items.0.iter().all(contains),
            }
        }),
        Test::Within(circle) => elements(value).iter().any(|v| geo::within(v, circle)),
        Test::Nested(inner) => {
            elements(value).iter().any(|v| v.as_object().is_some_and(|object| holds(inner, object)))
        }
        Test::Defined { .. } | Test::Empty { .. } => false,
    }
}

/// The elements of an array, or the value itself.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(members) => members.values().all(Value::is_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// How a scalar compares with a literal of its own kind.
fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(a), Literal::Text(b)) => Some(a.as_str().cmp(b)),
        (Value::Number(a), b) => number::compare(a, b),
        (Value::Bool(a), Literal::Boolean(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn compares(value: &Value, comparison: Comparison, literal: &Literal) -> bool {
    let Some(order) = order(value, literal) else { return false };
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        // Booleans have no order.
        _ if value.is_boolean() => false,
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn is_one_of(value: &Value, items: &Values) -> bool {
    items.0.iter().any(|item| order(value, item) == Some(Ordering::Equal))
}

/// Whether the value is a scalar, differs from every item, and is of the kind of one of them, if there are
/// items.
fn is_none_of(value: &Value, items: &Values) -> bool {
    if items.0.is_empty() {
        return value.is_string() || value.is_number() || value.is_boolean();
    }
    let mut comparable = false;
    for item in &items.0 {
        match order(value, item) {
            Some(Ordering::Equal) => return false,
            Some(_) => comparable = true,
            None => {}
        }
    }
    comparable
}

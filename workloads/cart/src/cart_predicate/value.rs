//! Whether a cart meets a predicate.

use super::{Comparison, Expr, LineFunction, Lines, Literal, Operand};
use api::CurrencyCode;
use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether the object, a cart or a line, meets the predicate.
pub(super) fn holds(expr: &Expr, object: &Value) -> bool {
    match expr {
        Expr::And(left, right) => holds(left, object) && holds(right, object),
        Expr::Or(left, right) => holds(left, object) || holds(right, object),
        Expr::Not(inner) => !holds(inner, object),
        Expr::Compare(operand, comparison, literal) => {
            elements(&found(operand, object)).iter().any(|value| compares(value, *comparison, literal))
        }
        Expr::In { operand, items, negated } => elements(&found(operand, object))
            .iter()
            .any(|value| items.iter().any(|item| compares(value, Comparison::Equal, item)) != *negated),
        Expr::Contains { operand, items, all } => {
            let value = found(operand, object);
            let Some(values) = value.as_array() else { return false };
            let contains =
                |item: &Literal| values.iter().any(|value| compares(value, Comparison::Equal, item));
            if *all { items.iter().all(contains) } else { items.iter().any(contains) }
        }
        Expr::Defined { operand, negated } => found(operand, object).is_null() == *negated,
        Expr::Empty { operand, negated } => {
            let value = found(operand, object);
            let empty = match value.as_ref() {
                Value::Null => true,
                Value::Array(values) => values.is_empty(),
                Value::Object(members) => members.is_empty(),
                _ => false,
            };
            empty != *negated
        }
    }
}

/// An array's elements, a value itself, nothing of what is unset.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

fn found<'v>(operand: &Operand, object: &'v Value) -> Cow<'v, Value> {
    match operand {
        Operand::Literal(Literal::Text(text)) => Cow::Owned(text.as_str().into()),
        Operand::Literal(Literal::Boolean(value)) => Cow::Owned((*value).into()),
        Operand::Literal(Literal::Number(number)) => {
            Cow::Owned(Value::from(number.to_string().parse::<serde_json::Number>().ok()))
        }
        Operand::Path(steps) => at_path(steps, object),
        Operand::Lines(function, lines, inner) => Cow::Owned(of_lines(*function, *lines, inner, object)),
    }
}

fn of_lines(function: LineFunction, lines: Lines, inner: &Expr, cart: &Value) -> Value {
    let name = match lines {
        Lines::Products => "lineItems",
        Lines::Custom => "customLineItems",
    };
    let all = cart.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut matching = all.iter().filter(|line| holds(inner, line));
    match function {
        LineFunction::Exists => matching.next().is_some().into(),
        LineFunction::ForAll => (matching.count() == all.len()).into(),
        // The number of units, not of lines.
        LineFunction::Count => {
            matching.filter_map(|line| line.get("quantity")?.as_i64()).fold(0_i64, i64::saturating_add).into()
        }
        LineFunction::Total => {
            let cents = matching
                .filter_map(|line| line.pointer("/totalPrice/centAmount")?.as_i64())
                .fold(0_i64, i64::saturating_add);
            let currency = cart.pointer("/totalPrice/currencyCode").cloned().unwrap_or_default();
            serde_json::json!({"centAmount": cents, "currencyCode": currency})
        }
    }
}

/// The value under a path of the predicate language, which names some things otherwise than the API.
fn at_path<'v>(steps: &[String], object: &'v Value) -> Cow<'v, Value> {
    let mut names: Vec<&str> = steps.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["customer", "id"] => names = vec!["customerId"],
        ["customer", "email"] => names = vec!["customerEmail"],
        ["customer", "customerGroup", ..] => {
            names.remove(0);
        }
        ["currency"] => names = vec!["totalPrice", "currencyCode"],
        ["taxedPrice", "net"] => names[1] = "totalNet",
        ["taxedPrice", "gross"] => names[1] = "totalGross",
        ["sku"] => names = vec!["variant", "sku"],
        ["product", "id"] => names = vec!["productId"],
        ["product", "key"] => names = vec!["productKey"],
        ["variant", "key" | "id" | "sku"] => {}
        ["price"] => names = vec!["price", "value"],
        ["custom", field, ..] if *field != "fields" && *field != "type" => names.insert(1, "fields"),
        ["attributes", name, rest @ ..] => {
            let attributes = object.pointer("/variant/attributes").and_then(Value::as_array);
            let attribute = attributes
                .and_then(|all| all.iter().find(|a| a.get("name").and_then(Value::as_str) == Some(name)));
            return attribute
                .and_then(|a| a.get("value"))
                .map_or(Cow::Owned(Value::Null), |value| follow(rest, value));
        }
        _ => {}
    }
    follow(&names, object)
}

fn follow<'v>(names: &[&str], mut value: &'v Value) -> Cow<'v, Value> {
    for (at, name) in names.iter().enumerate() {
        if let Value::Array(values) = value {
            let rest = &names[at..];
            return Cow::Owned(values.iter().map(|one| follow(rest, one).into_owned()).collect());
        }
        match value.get(name) {
            Some(inner) => value = inner,
            None => return Cow::Owned(Value::Null),
        }
    }
    Cow::Borrowed(value)
}

fn compares(value: &Value, comparison: Comparison, literal: &Literal) -> bool {
    let Some(order) = order(value, literal) else { return false };
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        _ if value.is_boolean() => false,
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// How a value compares with a literal of its kind; amounts only within one currency.
fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(a), Literal::Text(b)) => Some(a.as_str().cmp(b)),
        (Value::Bool(a), Literal::Boolean(b)) => Some(a.cmp(b)),
        (Value::Number(a), Literal::Number(b)) => Some(a.to_string().parse::<Decimal>().ok()?.cmp(b)),
        (Value::Object(money), Literal::Text(text)) => {
            let (amount, code) = text.split_once(' ')?;
            if money.get("currencyCode")?.as_str()? != code {
                return None;
            }
            let digits = u32::from(CurrencyCode::parse(code)?.fraction_digits());
            let cents = Decimal::from_i128_with_scale(money.get("centAmount")?.as_i64()?.into(), digits);
            Some(cents.cmp(&amount.parse().ok()?))
        }
        _ => None,
    }
}

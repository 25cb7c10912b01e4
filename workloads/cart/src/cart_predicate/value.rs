//! Whether a cart meets a predicate.

use super::{Comparison, Expr, Function, Literal, Operand, Parts, fields};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether the object, a cart or a part of one, meets the predicate.
pub(super) fn holds(expr: &Expr, object: &Value) -> bool {
    match expr {
        Expr::And(left, right) => holds(left, object) && holds(right, object),
        Expr::Or(left, right) => holds(left, object) || holds(right, object),
        Expr::Not(inner) => !holds(inner, object),
        Expr::Is(operand) => found(operand, object).as_bool() == Some(true),
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
        Operand::Path(steps, _) => follow(steps, object),
        Operand::Attribute(name, steps) => {
            let attributes = object.pointer("/variant/attributes").and_then(Value::as_array);
            let named =
                |attribute: &&Value| attribute.get("name").and_then(Value::as_str) == Some(name.as_str());
            let value =
                attributes.and_then(|all| all.iter().find(named)).and_then(|found| found.get("value"));
            value.map_or(Cow::Owned(Value::Null), |value| follow(steps, value))
        }
        Operand::Parts(function, parts, inner) => Cow::Owned(of_parts(*function, *parts, inner, object)),
    }
}

/// The parts of a cart: with several shipping methods the one of each.
fn parts_of(cart: &Value, parts: Parts) -> Vec<&Value> {
    let list = |name: &str| cart.get(name).and_then(Value::as_array).into_iter().flatten();
    match parts {
        Parts::Lines => list("lineItems").collect(),
        Parts::CustomLines => list("customLineItems").collect(),
        Parts::Shipping => {
            let several = list("shipping").filter_map(|shipping| shipping.get("shippingInfo"));
            cart.get("shippingInfo").into_iter().chain(several).collect()
        }
    }
}

fn of_parts(function: Function, parts: Parts, inner: &Expr, cart: &Value) -> Value {
    let all = parts_of(cart, parts);
    let matching: Vec<&Value> = all.iter().copied().filter(|part| holds(inner, part)).collect();
    let sum = |path: &str| -> Option<i64> {
        let numbers = matching.iter().map(|part| part.pointer(path)?.as_i64().map(i128::from));
        numbers.sum::<Option<i128>>()?.try_into().ok()
    };
    let total = |path: &str| {
        let currency = cart.pointer("/totalPrice/currencyCode");
        sum(path).map_or(Value::Null, |cents| json!({"centAmount": cents, "currencyCode": currency}))
    };
    match function {
        Function::Exists => (!matching.is_empty()).into(),
        Function::ForAll => (matching.len() == all.len()).into(),
        // The number of units, not of lines.
        Function::Count => sum("/quantity").into(),
        Function::Total => total("/totalPrice/centAmount"),
        // Unset as long as the taxes of a line are not known.
        Function::NetTotal => total("/taxedPrice/totalNet/centAmount"),
        Function::GrossTotal => total("/taxedPrice/totalGross/centAmount"),
    }
}

fn follow<'v>(steps: &[String], mut value: &'v Value) -> Cow<'v, Value> {
    for (at, step) in steps.iter().enumerate() {
        if let Value::Array(values) = value {
            let rest = &steps[at..];
            return Cow::Owned(values.iter().map(|one| follow(rest, one).into_owned()).collect());
        }
        match value.get(step) {
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
            let (amount, code) = fields::amount(text)?;
            if money.get("currencyCode")?.as_str()? != code.as_str() {
                return None;
            }
            let digits = u32::from(code.fraction_digits());
            let cents = Decimal::from_i128_with_scale(money.get("centAmount")?.as_i64()?.into(), digits);
            Some(cents.cmp(&amount))
        }
        _ => None,
    }
}

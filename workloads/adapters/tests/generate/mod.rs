//! Documents and predicates that meet often: few names, few values, all shapes.

use predicate::{Field, Model};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const ODD_NAMES: &[&str] =
    &["x.y", "$d", "0", "_a", "q\"q", "it's", "b\\n", " ", "e\u{301}", "😀", "\u{ff0e}", "a[0]", "+1", "not"];

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => select(&["a", "b"][..]), 1 => select(ODD_NAMES)]
}

fn text() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "x",
            "X",
            "y",
            "xy",
            "",
            "é",
            "e\u{301}",
            "😀",
            "\u{ffff}",
            "1",
            "true",
            "null",
            "[1]",
            "{\"a\":1}",
            "it's",
            "q\"\\q",
            "\n",
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.000Z",
        ][..],
    )
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0..3_i64).prop_map(Value::from),
        1 => select(vec![
            json!(-1), json!(0.5), json!(1.0), json!(2.5), json!(-0.1), json!(1e300), json!(i64::MAX), json!(i64::MIN),
            json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), json!(u64::MAX),
        ]),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text().prop_map(Value::from), 4 => number(), 2 => any::<bool>().prop_map(Value::from)]
}

fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), member), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![6 => scalar(), 1 => Just(Value::Null)].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => object(inner),
        ]
    })
}

/// Any document.
pub fn doc() -> impl Strategy<Value = Value> {
    object(value())
}

fn literal() -> impl Strategy<Value = String> {
    scalar().prop_map(|v| v.to_string())
}

fn list(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(of, 1..4).prop_map(|items| format!("({})", items.join(", ")))
}

fn comparison(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (select(&["=", "!=", "<", "<=", ">", ">="][..]), of).prop_map(|(op, v)| format!(" {op} {v}"))
}

fn membership(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (select(&["in", "not in"][..]), list(of)).prop_map(|(op, items)| format!(" {op} {items}"))
}

fn contents(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (select(&["contains any", "contains all"][..]), list(of)).prop_map(|(op, items)| format!(" {op} {items}"))
}

fn presence() -> impl Strategy<Value = String> {
    select(&[" is defined", " is not defined"][..]).prop_map(str::to_owned)
}

fn emptiness() -> impl Strategy<Value = String> {
    select(&[" is empty", " is not empty"][..]).prop_map(str::to_owned)
}

fn test() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => comparison(literal()),
        2 => membership(literal()),
        2 => contents(literal()),
        1 => presence(),
        1 => emptiness(),
    ]
}

fn named(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name != "not";
    if plain { name.to_owned() } else { format!("`{name}`") }
}

fn logic(inner: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
        2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
        1 => inner.prop_map(|e| format!("not({e})")),
    ]
}

/// Any predicate without variables and circles.
pub fn predicate() -> impl Strategy<Value = String> {
    (name(), test()).prop_map(|(n, t)| named(n) + &t).prop_recursive(5, 24, 2, |inner| {
        prop_oneof![logic(inner.clone()), (name(), inner).prop_map(|(n, e)| format!("{}({e})", named(n)))]
    })
}

fn fields(members: &[(&str, Field)]) -> Field {
    Field::Object(
        members.iter().map(|(n, f)| ((*n).to_owned(), Arc::new(f.clone()))).collect::<BTreeMap<_, _>>(),
    )
}

/// A model with every kind of field, once at the top (and, as `o`, once below) and in an array (`l`).
pub fn model() -> Model {
    let leaves = vec![
        ("a", Field::Text),
        ("b", Field::Number),
        ("c", Field::Boolean),
        ("d", Field::Instant),
        ("m", Field::Map(Arc::new(Field::Text))),
        ("t", Field::Array(Arc::new(Field::Text))),
        ("n", Field::Array(Arc::new(Field::Number))),
        ("f", Field::Free),
    ];
    let below = fields(&leaves);
    let mut all = leaves;
    all.push(("o", below.clone()));
    all.push(("l", Field::Array(Arc::new(below))));
    Model::new(fields(&all))
}

fn maybe(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![5 => value.prop_map(Some), 1 => Just(Some(Value::Null)), 2 => Just(None)]
}

fn of_leaves() -> impl Strategy<Value = Map<String, Value>> {
    let texts = || text().prop_map(Value::from);
    let instant = select(&["2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z"][..]).prop_map(Value::from);
    let map = prop::collection::btree_map(select(&["en", "de-AT"][..]), texts(), 0..3).prop_map(|m| json!(m));
    (
        maybe(texts()),
        maybe(number()),
        maybe(any::<bool>().prop_map(Value::from)),
        maybe(instant),
        maybe(map),
        maybe(prop::collection::vec(texts(), 0..4).prop_map(Value::from)),
        maybe(prop::collection::vec(number(), 0..4).prop_map(Value::from)),
        maybe(value()),
    )
        .prop_map(|(a, b, c, d, m, t, n, f)| {
            let members = [("a", a), ("b", b), ("c", c), ("d", d), ("m", m), ("t", t), ("n", n), ("f", f)];
            members.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?))).collect()
        })
}

/// A document that keeps what [`model`] promises.
pub fn doc_of_model() -> impl Strategy<Value = Value> {
    let below = || of_leaves().prop_map(Value::Object);
    (of_leaves(), maybe(below()), maybe(prop::collection::vec(below(), 0..4).prop_map(Value::from))).prop_map(
        |(mut doc, o, l)| {
            doc.extend(o.map(|o| ("o".to_owned(), o)));
            doc.extend(l.map(|l| ("l".to_owned(), l)));
            Value::Object(doc)
        },
    )
}

fn on_leaves() -> impl Strategy<Value = String> {
    let texts = || text().prop_map(|t| Value::from(t).to_string());
    let numbers = || number().prop_map(|n| n.to_string());
    let equality = (select(&["=", "!="][..]), any::<bool>()).prop_map(|(op, b)| format!("c {op} {b}"));
    let leaf = prop_oneof![
        3 => prop_oneof![comparison(texts()), membership(texts()), presence()].prop_map(|t| format!("a{t}")),
        3 => prop_oneof![comparison(numbers()), membership(numbers()), presence()].prop_map(|t| format!("b{t}")),
        1 => equality,
        1 => prop_oneof![comparison(texts()), presence()].prop_map(|t| format!("d{t}")),
        1 => emptiness().prop_map(|t| format!("m{t}")),
        2 => (select(&["en", "de-AT"][..]), prop_oneof![comparison(texts()), membership(texts()), presence()])
            .prop_map(|(n, t)| format!("m({n}{t})")),
        2 => prop_oneof![comparison(texts()), membership(texts()), contents(texts()), presence(), emptiness()]
            .prop_map(|t| format!("t{t}")),
        2 => prop_oneof![comparison(numbers()), membership(numbers()), contents(numbers()), presence(), emptiness()]
            .prop_map(|t| format!("n{t}")),
        2 => test().prop_map(|t| format!("f{t}")),
        1 => predicate().prop_map(|e| format!("f({e})")),
    ];
    leaf.prop_recursive(2, 6, 2, logic)
}

/// A predicate that fits [`model`].
pub fn predicate_of_model() -> impl Strategy<Value = String> {
    let about =
        (select(&["o", "l"][..]), prop_oneof![presence(), emptiness()]).prop_map(|(n, t)| n.to_owned() + &t);
    prop_oneof![
        3 => on_leaves(),
        4 => (select(&["o", "l"][..]), on_leaves()).prop_map(|(n, e)| format!("{n}({e})")),
        1 => about,
    ]
    .prop_recursive(2, 6, 2, logic)
}

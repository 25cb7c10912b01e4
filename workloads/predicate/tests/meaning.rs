//! What predicates mean on documents, with and without a model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use commerce_predicate::{BindError, Bound, Field, Model, ModelError, parse};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

fn vars(pairs: &[(&str, &str)]) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for (name, value) in pairs {
        all.entry((*name).to_owned()).or_default().push((*value).to_owned());
    }
    all
}

fn bound(text: &str, pairs: &[(&str, &str)]) -> Bound {
    parse(text).unwrap().bind(&vars(pairs)).unwrap()
}

fn holds(doc: &Value, text: &str) -> bool {
    bound(text, &[]).matches(doc)
}

fn product() -> Value {
    json!({
        "key": "tea", "version": 3, "weight": 0.5, "active": true, "gone": null, "nothing": [], "hollow": {"a": null},
        "createdAt": "2024-01-01T10:00:00.000Z",
        "name": {"en": "Tea", "de-AT": "Tee"},
        "roles": ["Order", "Supply"],
        "sizes": [1, 2.5, "M", null, [7]],
        "attributes": [
            {"name": "color", "value": {"key": "red", "label": "Rot"}},
            {"name": "weight", "value": 5},
        ],
        "syncInfo": [{"channel": {"id": "x"}}, {"channel": {"id": "y"}}],
        "geoLocation": {"type": "Point", "coordinates": [13.377_704, 52.516_275]},
    })
}

#[test]
fn predicates_hold_where_they_should() {
    let doc = product();
    for text in [
        r#"key = "tea""#,
        r#"key != "coffee""#,
        r#"key > "Tea" and key >= "tea" and key < "téa""#,
        "version = 3 and version = 3.0 and version > 2.9 and version <= 3",
        "weight = 5e-1",
        "active = true and active != false",
        r#"key in ("coffee", "tea")"#,
        r#"key not in ("coffee", 5)"#,
        r#"name(en = "Tea" and de-AT = "Tee")"#,
        r#"roles contains any ("Order", "x")"#,
        r#"roles contains all ("Order", "Supply")"#,
        r#"roles = "Supply""#,
        r#"roles != "Supply""#,
        "sizes > 2",
        r#"attributes(name = "color" and value(key = "red"))"#,
        r#"attributes(name = "weight" and value >= 5)"#,
        r#"attributes(not(name = "color"))"#,
        r#"syncInfo(channel(id != "x"))"#,
        "geoLocation within circle(13.37770, 52.51627, 10)",
        "roles is not empty",
        "nothing is empty and gone is empty and missing is empty and hollow is empty",
        "nothing is defined and key is defined and gone is not defined and missing is not defined",
        r#"not(missing = "x") and not(missing != "x")"#,
    ] {
        assert!(holds(&doc, text), "{text}");
    }
}

#[test]
fn predicates_fail_where_they_should() {
    let doc = product();
    for text in [
        r#"missing = "x""#,
        r#"missing != "x""#,
        r#"missing not in ("x")"#,
        r#"gone != "x""#,
        r#"missing contains any ("x")"#,
        "missing(a is not defined)",
        "gone(a is not defined)",
        "key(a is not defined)",
        r#"key = 3"#,
        r#"key != 3"#,
        r#"version = "3""#,
        r#"version not in ("3")"#,
        "active > false",
        "active = 1",
        r#"key contains any ("tea")"#,
        "sizes = 7",
        "nothing = 1",
        r#"attributes(name = "color" and value = 5)"#,
        r#"not(syncInfo(channel(id = "x")))"#,
        "geoLocation within circle(13.37770, 52.52, 10)",
        "key within circle(1, 2, 3)",
    ] {
        assert!(!holds(&doc, text), "{text}");
    }
}

#[test]
fn nothing_but_an_object_is_a_document() {
    for doc in [json!(null), json!([{"a": 1}]), json!("a")] {
        assert!(!holds(&doc, "a is not defined"));
    }
}

#[test]
fn variables_bring_quoted_and_bare_values() {
    let doc = product();
    for (text, given) in [
        ("key = :v", "tea"),
        ("key = :v", "\"tea\""),
        ("version = :v", "3"),
        ("weight = :v", "0.5"),
        ("active = :v", "true"),
        ("key in :v", "(\"tea\", \"x\")"),
        ("key in :v", "[\"tea\"]"),
        ("key in (:v, \"x\")", "tea"),
        ("version in :v", "[1, 3]"),
        ("roles contains all :v", "(\"Order\",\"Supply\")"),
        ("key not in :v", "[]"),
    ] {
        assert!(bound(text, &[("v", given)]).matches(&doc), "{text} with {given}");
    }
    let text = json!({"key": "3"});
    assert!(bound("key = :v", &[("v", "3")]).matches(&text), "a bare number is text where text is stored");
    assert!(!bound("key = :v", &[("v", "4")]).matches(&text));
    assert!(bound("key != :v", &[("v", "4")]).matches(&text));
    assert!(!bound("key != :v", &[("v", "3")]).matches(&text));
    assert!(!bound("key in :v", &[("v", "[]")]).matches(&text));
}

#[test]
fn repeated_variables_form_a_list() {
    let b = bound("key in :k", &[("k", "a"), ("k", "tea")]);
    assert!(b.matches(&product()));
    assert!(!b.matches(&json!({"key": "b"})));
}

#[test]
fn variables_that_do_not_fit_are_refused() {
    fn bind(text: &str, pairs: &[(&str, &str)]) -> BindError {
        parse(text).unwrap().bind(&vars(pairs)).unwrap_err()
    }
    assert_eq!(bind("a = :x", &[("y", "1")]).to_string(), "Missing input variable 'x'.");
    assert_eq!(bind("a in (1, :x)", &[]).to_string(), "Missing input variable 'x'.");
    assert_eq!(bind("a = :x", &[("x", "1"), ("x", "2")]), BindError::NotSingle("x".into()));
    assert_eq!(bind("a = :x", &[("x", "[]")]), BindError::NotSingle("x".into()));
    assert_eq!(bind("a within circle(:x, 1, 1)", &[("x", "east")]), BindError::NotANumber("x".into()));
    let many = format!("[{}]", ["1"; 501].join(","));
    assert!(matches!(bind("a in :x", &[("x", &many)]), BindError::TooManyItems { .. }));
    let list = format!("[{}]", ["1"; 500].join(","));
    let text = ["a in :x"; 11].join(" or ");
    assert!(matches!(bind(&text, &[("x", &list)]), BindError::TooComplex(_)));
    let one = parse(&["a in :x"; 10].join(" or ")).unwrap().bind(&vars(&[("x", &list)])).unwrap();
    assert!(matches!(Bound::all([one.clone(), one]), Err(BindError::TooComplex(_))));
}

#[test]
fn several_predicates_are_all_met() {
    let all = Bound::all([bound("version = 3", &[]), bound("key = \"tea\"", &[])]).unwrap();
    assert!(all.matches(&product()));
    assert!(!all.matches(&json!({"version": 3})));
    assert!(Bound::all([]).unwrap().matches(&json!({})));
}

fn arc(field: Field) -> Arc<Field> {
    Arc::new(field)
}

fn object(members: &[(&str, Field)]) -> Field {
    Field::Object(members.iter().map(|(n, f)| ((*n).to_owned(), arc(f.clone()))).collect::<BTreeMap<_, _>>())
}

fn model() -> Model {
    let reference = object(&[("typeId", Field::Text), ("id", Field::Text)]);
    Model::new(object(&[
        ("key", Field::Text),
        ("version", Field::Number),
        ("active", Field::Boolean),
        ("createdAt", Field::Instant),
        ("name", Field::Map(arc(Field::Text))),
        ("roles", Field::Array(arc(Field::Text))),
        ("categories", Field::Array(arc(reference))),
        ("custom", object(&[("fields", Field::Map(arc(Field::Free)))])),
        ("geoLocation", Field::Point),
    ]))
}

#[test]
fn fields_that_do_not_exist_are_named() {
    for (text, name) in [
        ("naem = 1", "naem"),
        ("key = \"a\" or x(y = 1)", "x"),
        ("categories(name = \"x\")", "name"),
        ("categories(obj(name = \"x\"))", "obj"),
    ] {
        let error = bound(text, &[]).check(&model()).unwrap_err();
        assert_eq!(error.to_string(), format!("The field '{name}' does not exist."), "{text}");
    }
}

#[test]
fn expressions_that_do_not_fit_their_field_are_refused() {
    for (text, name) in [
        ("key = 1", "key"),
        ("key in (\"a\", 1)", "key"),
        ("version = \"1\"", "version"),
        ("active = \"true\"", "active"),
        ("active > true", "active"),
        ("createdAt > 5", "createdAt"),
        ("name = \"x\"", "name"),
        ("categories = \"x\"", "categories"),
        ("categories contains any (\"x\")", "categories"),
        ("key contains any (\"x\")", "key"),
        ("key is empty", "key"),
        ("key(en = \"x\")", "key"),
        ("key within circle(1, 2, 3)", "key"),
        ("geoLocation = \"x\"", "geoLocation"),
        ("roles contains all (1)", "roles"),
    ] {
        let error = bound(text, &[]).check(&model()).unwrap_err();
        assert_eq!(error, ModelError::Unsupported(name.into()), "{text}");
    }
    let error = bound("version = :v", &[("v", "x")]).check(&model()).unwrap_err();
    assert_eq!(error.to_string(), "The field 'version' does not support this expression.");
}

#[test]
fn expressions_that_fit_the_model_pass() {
    for text in [
        "name(en = \"x\" and zh is not defined)",
        "name is not empty",
        "roles = \"x\" and roles is empty and roles contains all (\"a\")",
        "categories(id = \"x\" and typeId in (\"category\"))",
        "categories is empty",
        "custom(fields(anything(deeper = 5 or set contains any (true))))",
        "geoLocation within circle(1, 2, 3) and geoLocation(type = \"Point\")",
        "geoLocation is defined",
        "createdAt > \"2024-01-01T00:00:00Z\"",
    ] {
        bound(text, &[]).check(&model()).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
}

#[test]
fn a_bare_variable_takes_the_kind_of_its_field() {
    let shown = |text: &str| {
        let mut b = bound(text, &[("v", "5")]);
        b.check(&model()).unwrap();
        b.to_string()
    };
    assert_eq!(shown("key = :v"), "key = \"5\"");
    assert_eq!(shown("version = :v"), "version = 5");
    assert_eq!(shown("name(en in :v)"), "name(en in (\"5\"))");
    assert_eq!(shown("custom(fields(f = :v))"), "custom(fields(f in (\"5\", 5)))");
    assert_eq!(shown("custom(fields(f < :v))"), "custom(fields(f < \"5\" or f < 5))");
}

#[test]
fn instants_compare_as_instants() {
    let doc = json!({
        "createdAt": "2024-01-01T10:00:00.000Z",
        "custom": {"fields": {"at": "2024-01-01T10:00:00.000Z", "raw": "2024-01-01T10:00:00Z"}},
    });
    for text in [
        "createdAt = \"2024-01-01T10:00:00Z\"",
        "createdAt = \"2024-01-01T12:00:00.0+02:00\"",
        "createdAt >= \"2024-01-01T10:00:00Z\" and createdAt <= \"2024-01-01T10:00:00Z\"",
        "createdAt > \"2024-01-01\"",
        "createdAt in (\"2024-01-01T10:00:00Z\")",
        "custom(fields(at = \"2024-01-01T10:00:00Z\"))",
        "custom(fields(raw = \"2024-01-01T10:00:00Z\"))",
        "custom(fields(at >= \"2024-01-01T10:00:00Z\"))",
        "not(createdAt != \"2024-01-01T10:00:00Z\") and not(custom(fields(at != \"2024-01-01T10:00:00Z\")))",
    ] {
        let mut b = bound(text, &[]);
        b.check(&model()).unwrap();
        assert!(b.matches(&doc), "{text}");
    }
}

#[test]
fn sorting_needs_a_path_to_one_scalar() {
    let model = model();
    for path in ["key", "createdAt", "name.en", "custom.fields.any.thing", "geoLocation.type"] {
        model.sortable(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    for path in ["", "x", "name", "roles", "categories.id", "key.x", "name..en", "geoLocation"] {
        assert!(model.sortable(path).is_err(), "{path}");
    }
    assert_eq!(
        model.sortable("x").unwrap_err().to_string(),
        "Invalid query field 'x' in sort path. Sortable fields are: active, createdAt, key, \
         name.*, version."
    );
}

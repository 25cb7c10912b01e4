//! Models from the schemas that schemars makes of resource types.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]
#![allow(dead_code, reason = "the types are here for their schemas")]

use commerce_predicate::{Field, Model, parse};
use schemars::JsonSchema;
use std::collections::{BTreeMap, HashMap};

/// A text with a rule, as locales and keys are.
#[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(transparent)]
struct Locale(#[schemars(regex(pattern = "^[a-z]{2}$"))] String);

#[derive(JsonSchema)]
struct At(#[schemars(extend("format" = "date-time"))] String);

#[derive(JsonSchema)]
struct Reference {
    id: String,
    key: Option<String>,
}

#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Price {
    CentPrecision { cent_amount: i64 },
    HighPrecision { cent_amount: i64, precise_amount: i64 },
}

#[derive(JsonSchema)]
enum State {
    Open,
    Closed,
}

#[derive(JsonSchema)]
struct Address {
    /// Described, so that schemars has something to wrap.
    country: String,
}

#[derive(JsonSchema)]
struct Item {
    /// With a sentence.
    price: Option<Price>,
    children: Vec<Item>,
    value: serde_json::Value,
    state: State,
}

#[derive(JsonSchema)]
struct Point {
    r#type: String,
    coordinates: [f64; 2],
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Thing {
    name: BTreeMap<Locale, String>,
    fields: serde_json::Map<String, serde_json::Value>,
    parent: Option<Reference>,
    items: Vec<Item>,
    version: u64,
    active: Option<bool>,
    created_at: Option<At>,
    #[serde(flatten)]
    address: Address,
    location: Option<Point>,
    roles: std::collections::BTreeSet<State>,
}

fn model() -> Model {
    Model::from_json_schema(schemars::schema_for!(Thing).as_value())
}

impl PartialEq for State {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for State {}
impl PartialOrd for State {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for State {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn check(text: &str) -> Result<(), String> {
    let mut bound = parse(text).unwrap().bind(&HashMap::new()).unwrap();
    bound.check(&model()).map_err(|e| e.to_string())
}

#[test]
fn every_property_of_a_resource_can_be_asked_for() {
    for text in [
        "name(en = \"x\")",
        "fields(anything(at(all = 1)))",
        "parent(id = \"x\" or key is not defined)",
        "items(price(type = \"centPrecision\" and centAmount > 1) and state = \"Open\")",
        "items(price(preciseAmount > 1))",
        "items(children(price is defined))",
        "items(value(key = \"x\") or value = 1)",
        "version > 1 and active = true and country = \"DE\"",
        "createdAt > \"2024-01-01\"",
        "location within circle(1, 2, 3)",
        "roles contains any (\"Open\")",
    ] {
        assert_eq!(check(text), Ok(()), "{text}\n{:#?}", model());
    }
}

#[test]
fn what_the_type_does_not_have_does_not_exist() {
    for (text, name) in [
        ("nome(en = \"x\")", "nome"),
        ("parent(name = \"x\")", "name"),
        ("items(price(amount = 1))", "amount"),
        ("address(country = \"DE\")", "address"),
    ] {
        assert_eq!(check(text), Err(format!("The field '{name}' does not exist.")), "{text}");
    }
}

#[test]
fn kinds_come_from_the_schema() {
    for (text, name) in [
        ("version = \"x\"", "version"),
        ("active = 1", "active"),
        ("name(en = 1)", "en"),
        ("items = 1", "items"),
        ("items(state = 1)", "state"),
        ("items(price(centAmount = \"1\"))", "centAmount"),
        ("country contains any (\"DE\")", "country"),
    ] {
        assert_eq!(
            check(text),
            Err(format!("The field '{name}' does not support this expression.")),
            "{text}"
        );
    }
}

#[test]
fn instants_are_known_by_their_format() {
    assert_eq!(model().root().member("createdAt"), Some(&Field::Instant));
}

#[test]
fn a_type_that_contains_itself_ends_in_the_free() {
    let children = format!("items({}nonsense = 1{})", "children(".repeat(6), ")".repeat(6));
    assert_eq!(check(&children), Ok(()));
}

#[test]
fn hidden_fields_can_be_taken_out_and_others_put_in() {
    let model = model().without("fields").with("id", Field::Text);
    assert!(model.root().member("fields").is_none());
    assert!(model.sortable("id").is_ok());
    assert!(model.sortable("fields.x").is_err());
}

//! What the fields of each kind are: for predicates, sorts and the API description.

use super::Rules;
use api::{Kind, Meta};
use predicate::Model;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The kinds of one service, with their views and fields.
#[derive(Default)]
pub struct Schemas {
    kinds: HashMap<Kind, (&'static [&'static str], Model)>,
}

impl Schemas {
    /// Adds a kind of resource.
    pub fn add<R: Rules>(&mut self) {
        self.kinds.insert(R::KIND, (R::VIEWS, model_of::<R>()));
    }

    pub(crate) fn models(&self) -> HashMap<Kind, (&'static [&'static str], Model)> {
        self.kinds.clone()
    }
}

/// The fields of a resource: those of its body and of [`Meta`].
pub(crate) fn model_of<R: Rules>() -> Model {
    model_of_body::<R::Body>()
}

/// The fields of a body type together with those of [`Meta`].
pub fn model_of_body<B: schemars::JsonSchema>() -> Model {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let meta = generator.subschema_for::<Meta>();
    let body = generator.subschema_for::<B>();
    let definitions: Value = Value::Object(generator.take_definitions(true));
    Model::from_json_schema(&json!({"allOf": [meta, body], "$defs": definitions}))
}

//! Models from JSON schemas (2020-12, as schemars writes them), so that a resource's type is described once.

use crate::model::{Field, Model};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Deeper than this a schema is taken as free.
const MAX_DEPTH: usize = 24;

impl Model {
    /// Reads a schema with its definitions in `$defs`. A type that contains itself is followed once and free
    /// below that; what the walk does not understand is free.
    #[must_use]
    pub fn from_json_schema(root: &Value) -> Self {
        let mut walk = Walk { root, done: HashMap::new(), open: Vec::new() };
        Self::new(walk.field(root, 0).unwrap_or(Field::Free))
    }
}

struct Walk<'s> {
    root: &'s Value,
    done: HashMap<&'s str, Option<Field>>,
    open: Vec<&'s str>,
}

impl<'s> Walk<'s> {
    /// The field that a schema describes; `None` when it only allows `null`.
    fn field(&mut self, schema: &'s Value, depth: usize) -> Option<Field> {
        let Value::Object(schema) = schema else { return Some(Field::Free) };
        if depth > MAX_DEPTH {
            return Some(Field::Free);
        }
        // Every keyword adds to what is known: `$ref` beside `properties` is a flattened type, branches of
        // `oneOf` are variants.
        let mut known: Option<Field> = None;
        let mut said = false;
        if let Some(Value::String(reference)) = schema.get("$ref") {
            said = true;
            known = merge(known, self.reference(reference, depth));
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = schema.get(keyword) {
                for branch in branches {
                    let field = self.field(branch, depth + 1);
                    // In `allOf` a branch without a word on the type (a description, say) frees nothing.
                    if keyword != "allOf" || field != Some(Field::Free) {
                        said = true;
                        known = merge(known, field);
                    }
                }
            }
        }
        if let Some(own) = self.own(schema, depth) {
            said = true;
            // A bare `type: object` beside branches only repeats what they say.
            let bare = matches!(&own, Some(Field::Map(_))) && known.is_some();
            if !bare {
                known = merge(known, own);
            }
        }
        if said { known } else { Some(Field::Free) }
    }

    fn reference(&mut self, reference: &'s str, depth: usize) -> Option<Field> {
        if let Some(done) = self.done.get(reference) {
            return done.clone();
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target.filter(|_| !self.open.contains(&reference)) else {
            return Some(Field::Free);
        };
        self.open.push(reference);
        let field = self.field(target, depth + 1);
        self.open.pop();
        self.done.insert(reference, field.clone());
        field
    }

    /// What the schema's own keywords say; the outer `None` when they say nothing.
    fn own(&mut self, schema: &'s Map<String, Value>, depth: usize) -> Option<Option<Field>> {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ if schema.contains_key("properties") => vec!["object"],
            _ => return constant(schema),
        };
        let mut known = None;
        for name in types {
            known = merge(
                known,
                match name {
                    "null" => None,
                    "string" if schema.get("format").and_then(Value::as_str) == Some("date-time") => {
                        Some(Field::Instant)
                    }
                    "string" => Some(Field::Text),
                    "integer" | "number" => Some(Field::Number),
                    "boolean" => Some(Field::Boolean),
                    "array" => Some(self.array(schema, depth)),
                    "object" => Some(self.object(schema, depth)),
                    _ => Some(Field::Free),
                },
            );
        }
        Some(known)
    }

    fn array(&mut self, schema: &'s Map<String, Value>, depth: usize) -> Field {
        let mut element = None;
        if let Some(Value::Array(places)) = schema.get("prefixItems") {
            for place in places {
                element = merge(element, self.field(place, depth + 1));
            }
        }
        if let Some(items @ (Value::Object(_) | Value::Bool(true))) = schema.get("items") {
            element = merge(element, self.field(items, depth + 1));
        }
        Field::Array(Arc::new(element.unwrap_or(Field::Free)))
    }

    fn object(&mut self, schema: &'s Map<String, Value>, depth: usize) -> Field {
        let mut rest = None;
        if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
            for pattern in patterns.values() {
                rest = merge(rest, self.field(pattern, depth + 1));
            }
        }
        if let Some(more @ (Value::Object(_) | Value::Bool(true))) = schema.get("additionalProperties") {
            rest = merge(rest, self.field(more, depth + 1));
        }
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return Field::Map(Arc::new(rest.unwrap_or(Field::Free)));
        };
        if rest.is_some() {
            return Field::Free;
        }
        let mut members = BTreeMap::new();
        for (name, property) in properties {
            // A property that can only be null is there in name; nothing will ever match it.
            let field = self.field(property, depth + 1).unwrap_or(Field::Free);
            members.insert(name.clone(), Arc::new(field));
        }
        let is_point = members.len() == 2
            && members.get("type").is_some_and(|f| **f == Field::Text)
            && matches!(members.get("coordinates").map(Arc::as_ref), Some(Field::Array(_) | Field::Free));
        if is_point { Field::Point } else { Field::Object(members) }
    }
}

/// The kind of the values that `const` and `enum` allow.
fn constant(schema: &Map<String, Value>) -> Option<Option<Field>> {
    let kind = |value: &Value| match value {
        Value::Null => None,
        Value::String(_) => Some(Field::Text),
        Value::Number(_) => Some(Field::Number),
        Value::Bool(_) => Some(Field::Boolean),
        Value::Array(_) | Value::Object(_) => Some(Field::Free),
    };
    if let Some(value) = schema.get("const") {
        return Some(kind(value));
    }
    let Some(Value::Array(values)) = schema.get("enum") else { return None };
    Some(values.iter().map(kind).fold(None, merge))
}

/// What either of two schemas allows.
fn merge(a: Option<Field>, b: Option<Field>) -> Option<Field> {
    let (a, b) = match (a, b) {
        (None, one) | (one, None) => return one,
        (Some(a), Some(b)) => (a, b),
    };
    Some(match (a, b) {
        (a, b) if a == b => a,
        (Field::Object(mut a), Field::Object(b)) => {
            for (name, field) in b {
                let field = match a.remove(&name) {
                    Some(own) => both(&own, &field),
                    None => field,
                };
                a.insert(name, field);
            }
            Field::Object(a)
        }
        (Field::Array(a), Field::Array(b)) => Field::Array(both(&a, &b)),
        (Field::Map(a), Field::Map(b)) => Field::Map(both(&a, &b)),
        (Field::Text, Field::Instant) | (Field::Instant, Field::Text) => Field::Text,
        _ => Field::Free,
    })
}

fn both(a: &Arc<Field>, b: &Arc<Field>) -> Arc<Field> {
    Arc::new(merge(Some(a.as_ref().clone()), Some(b.as_ref().clone())).unwrap_or(Field::Free))
}

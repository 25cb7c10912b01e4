//! The strict reading of a manifest: a document is held against the schema of the CRD itself, so what
//! is refused here is what `kubectl apply --validate=strict` refuses, in kinder words.

use crate::CommerceStack;
use crate::error::InvalidSpec;
use crate::validate::names::short;
use kube::{CustomResourceExt, Resource};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The schema of the whole object, as the API server gets it.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let crd = serde_json::to_value(CommerceStack::crd()).unwrap_or_default();
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema").cloned().unwrap_or_default()
});

/// What Kubernetes knows in `metadata`; the schema of a CRD leaves it out.
const METADATA: [&str; 15] = [
    "name",
    "namespace",
    "labels",
    "annotations",
    "generateName",
    "finalizers",
    "ownerReferences",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// Checks a document and gives it back without nulls, which mean absent, and without its status.
pub(crate) fn check(mut document: Value) -> Result<Value, InvalidSpec> {
    let Some(fields) = document.as_object_mut() else {
        return Err(InvalidSpec::new(
            "manifest",
            format!(
                "must be an object with apiVersion, kind, metadata and spec, but is {}",
                shown(&document)
            ),
        ));
    };
    expect(fields, "kind", &CommerceStack::kind(&()))?;
    expect(fields, "apiVersion", &CommerceStack::api_version(&()))?;
    fields.remove("status");
    // The derive wants a spec; to a user an absent one is an empty one.
    let spec = fields.entry("spec").or_insert(Value::Null);
    if spec.is_null() {
        *spec = Value::Object(Map::new());
    }
    metadata(fields.get("metadata"))?;
    walk(&mut document, &SCHEMA, "")?;
    Ok(document)
}

fn expect(fields: &Map<String, Value>, name: &str, wanted: &str) -> Result<(), InvalidSpec> {
    match fields.get(name) {
        Some(Value::String(given)) if given == wanted => Ok(()),
        None | Some(Value::Null) => {
            Err(InvalidSpec::new(name, format!("is missing; write '{name}: {wanted}'")))
        }
        Some(given) => Err(InvalidSpec::new(name, format!("is {}; write '{name}: {wanted}'", shown(given)))),
    }
}

fn metadata(given: Option<&Value>) -> Result<(), InvalidSpec> {
    let fields = match given {
        Some(Value::Object(fields)) => fields,
        None | Some(Value::Null) => {
            return Err(InvalidSpec::new("metadata", "is missing; write 'metadata: {name: …}'"));
        }
        Some(other) => {
            return Err(InvalidSpec::new("metadata", format!("must be an object, but is {}", shown(other))));
        }
    };
    if let Some(unknown) = fields.keys().find(|name| !METADATA.contains(&name.as_str())) {
        return Err(InvalidSpec::new(join("metadata", unknown), unknown_field("field", unknown, &METADATA)));
    }
    match fields.get("name") {
        Some(Value::String(_)) => Ok(()),
        None | Some(Value::Null) => {
            Err(InvalidSpec::new("metadata.name", "is missing; give the stack a name"))
        }
        Some(other) => {
            Err(InvalidSpec::new("metadata.name", format!("must be text, but is {}", shown(other))))
        }
    }
}

fn walk(value: &mut Value, schema: &Value, path: &str) -> Result<(), InvalidSpec> {
    let wrong = |what: &str, value: &Value| {
        Err(InvalidSpec::new(path, format!("must be {what}, but is {}", shown(value))))
    };
    if schema["x-kubernetes-int-or-string"] == Value::Bool(true) {
        return match value {
            Value::String(_) => Ok(()),
            Value::Number(number) if number.is_i64() => Ok(()),
            other => wrong("a quantity such as 250m, 64Mi or 2", other),
        };
    }
    match (schema["type"].as_str(), &mut *value) {
        (Some("object"), Value::Object(fields)) => object(fields, schema, path),
        (Some("array"), Value::Array(items)) => {
            let bound = schema["maxItems"].as_u64().and_then(|max| usize::try_from(max).ok());
            if let Some(max) = bound.filter(|max| items.len() > *max) {
                return Err(InvalidSpec::new(
                    path,
                    format!("has {} entries; at most {max} are allowed", items.len()),
                ));
            }
            let mut numbered = items.iter_mut().enumerate();
            numbered.try_for_each(|(index, item)| walk(item, &schema["items"], &format!("{path}[{index}]")))
        }
        (Some("string"), Value::String(text)) => match schema["enum"].as_array() {
            Some(known) if !known.iter().any(|one| one.as_str() == Some(text)) => {
                let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
                Err(InvalidSpec::new(path, unknown_field("value", text, &known)))
            }
            _ => Ok(()),
        },
        (Some("integer"), Value::Number(number)) if number.is_i64() => integer(number.as_i64(), schema, path),
        (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) | (None, _) => Ok(()),
        (Some("object"), other) => wrong("an object", other),
        (Some("array"), other) => wrong("a list", other),
        (Some("string"), other) => wrong("text (put it into quotes)", other),
        (Some("integer"), other) => wrong("a whole number", other),
        (Some("boolean"), other) => wrong("true or false", other),
        (Some(kind), other) => wrong(kind, other),
    }
}

fn integer(given: Option<i64>, schema: &Value, path: &str) -> Result<(), InvalidSpec> {
    let bound = |name: &str| {
        schema[name].as_f64().map(|bound| format!("{bound:.0}")).and_then(|b| b.parse::<i64>().ok())
    };
    let lowest = bound("minimum").unwrap_or(i64::from(i32::MIN));
    let highest = bound("maximum").unwrap_or(i64::from(i32::MAX));
    match given {
        Some(number) if (lowest..=highest).contains(&number) => Ok(()),
        _ => Err(InvalidSpec::new(path, format!("must be {lowest} to {highest}"))),
    }
}

fn object(fields: &mut Map<String, Value>, schema: &Value, path: &str) -> Result<(), InvalidSpec> {
    let Some(known) = schema["properties"].as_object() else { return Ok(()) };
    // The root's metadata and identity are checked on their own.
    let root = path.is_empty();
    fields.retain(|_, value| !value.is_null());
    if let Some(unknown) = fields.keys().find(|name| !known.contains_key(*name) && !is_identity(root, name)) {
        let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
        if root {
            names = vec!["apiVersion", "kind", "metadata", "spec"];
        }
        let what = if path == "spec.services" { "service" } else { "field" };
        return Err(InvalidSpec::new(join(path, unknown), unknown_field(what, unknown, &names)));
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required {
        if !fields.contains_key(name) {
            return Err(InvalidSpec::new(join(path, name), "is missing"));
        }
    }
    for (name, value) in fields.iter_mut().filter(|(name, _)| !is_identity(root, name)) {
        if let Some(schema) = known.get(name) {
            walk(value, schema, &join(path, name))?;
        }
    }
    Ok(())
}

fn is_identity(root: bool, name: &str) -> bool {
    root && matches!(name, "apiVersion" | "kind" | "metadata")
}

fn join(path: &str, name: &str) -> String {
    let name = short(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// "unknown service 'carts'; did you mean 'cart'? Known are: …".
pub(crate) fn unknown_field(what: &str, given: &str, known: &[&str]) -> String {
    let near = known.iter().map(|name| (distance(given, name), *name)).min();
    let hint = match near {
        Some((steps, name)) if steps <= 2 && steps < name.len() => format!("did you mean '{name}'? "),
        _ => String::new(),
    };
    format!("unknown {what} '{}'; {hint}known are: {}", short(given), known.join(", "))
}

/// The number of single-character edits between two short texts, without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    // Longer texts are no typing slips.
    for (i, a) in left.chars().map(|c| c.to_ascii_lowercase()).take(64).enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = row.get(j).copied().unwrap_or(0) + usize::from(a != *b);
            let removed = row.get(j + 1).copied().unwrap_or(0) + 1;
            let added = next.last().copied().unwrap_or(0) + 1;
            next.push(replaced.min(removed).min(added));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// A value in the words of an error, shortened.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the text '{}'", short(value)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

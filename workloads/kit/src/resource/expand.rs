//! Reference expansion: `expand=path` puts the resource that a reference points to into its `obj`.
//!
//! Paths that lead nowhere and dangling references stay as they are, without an error (contract §0).

use super::facts::{Facts, Lookup, LookupBy};
use super::lookup::Lookups;
use crate::http::{Params, RequestInfo};
use crate::peers::internal;
use api::{ApiError, Id, Kind, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most paths of one request, and the most steps from reference to reference.
const MAX_PATHS: usize = 20;
const MAX_DEPTH: usize = 5;

/// Expands the paths of the request's `expand` parameters in a JSON text: a resource, or a list answer
/// (whose resources stand in `results`).
pub async fn expand(
    lookups: &Lookups,
    request: &RequestInfo,
    params: &Params,
    json: String,
) -> Result<String> {
    let paths: Vec<Vec<&str>> = params.all("expand").map(|p| steps(p).collect()).collect();
    if paths.is_empty() {
        return Ok(json);
    }
    if paths.len() > MAX_PATHS || paths.iter().any(|p| p.len() > 32) {
        return Err(ApiError::malformed_parameter(
            "expand",
            &format!("At most {MAX_PATHS} paths of at most 32 steps can be expanded."),
        ));
    }
    let mut root: Value = serde_json::from_str(&json).map_err(|e| internal(&e))?;
    let mut facts = Facts::default();
    for _ in 0..MAX_DEPTH {
        let mut missing = BTreeSet::new();
        for_each_root(&mut root, |resource| {
            for path in &paths {
                walk(resource, path, &facts, &mut missing);
            }
        });
        if missing.is_empty() {
            break;
        }
        let wanted = missing.into_iter().filter_map(|(kind, id)| {
            Some(Lookup::new(Kind::from_type_id(&kind)?, LookupBy::Id(Id::parse(&id)?)))
        });
        lookups.fetch(request, wanted.collect(), &mut facts).await?;
    }
    // Once more, so that what the last round fetched is put in.
    for_each_root(&mut root, |resource| {
        for path in &paths {
            walk(resource, path, &facts, &mut BTreeSet::new());
        }
    });
    serde_json::to_string(&root).map_err(|e| internal(&e))
}

/// `a.b[*].c` as the steps `a`, `b`, `c`: arrays are walked in any case.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').map(|step| step.split('[').next().unwrap_or(step))
}

fn for_each_root(root: &mut Value, mut visit: impl FnMut(&mut Value)) {
    match root.get_mut("results") {
        Some(Value::Array(results)) => results.iter_mut().for_each(&mut visit),
        _ => visit(root),
    }
}

fn walk(value: &mut Value, path: &[&str], facts: &Facts, missing: &mut BTreeSet<(String, String)>) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| walk(item, path, facts, missing));
        return;
    }
    let Some(object) = value.as_object_mut() else { return };
    if is_reference(object) {
        if !object.contains_key("obj") {
            let (Some(type_id), Some(id)) = (text(object, "typeId"), text(object, "id")) else { return };
            let lookup = match (Kind::from_type_id(&type_id), Id::parse(&id)) {
                (Some(kind), Some(id)) if kind.is_public() => Lookup::new(kind, LookupBy::Id(id)),
                _ => return,
            };
            match facts.0.get(&lookup).map(|fact| fact.texts.first()) {
                Some(Some(found)) => {
                    if let Ok(found) = serde_json::from_str(found) {
                        object.insert("obj".to_owned(), found);
                    }
                }
                Some(None) => return,
                None => {
                    missing.insert((type_id, id));
                    return;
                }
            }
        }
        if let (Some(obj), false) = (object.get_mut("obj"), path.is_empty()) {
            walk(obj, path, facts, missing);
        }
        return;
    }
    if let [first, rest @ ..] = path
        && let Some(next) = object.get_mut(*first)
    {
        walk(next, rest, facts, missing);
    }
}

fn is_reference(object: &serde_json::Map<String, Value>) -> bool {
    object.get("typeId").is_some_and(Value::is_string) && object.get("id").is_some_and(Value::is_string)
}

fn text(object: &serde_json::Map<String, Value>, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).map(str::to_owned)
}

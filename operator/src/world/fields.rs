//! Our own entry in an object's `managedFields`: its hash, by which drift is seen, and its paths.
//!
//! The API server takes a path out of our entry when somebody else changes or removes the field, and
//! leaves the entry alone when others add fields of their own or write status.

use crate::labels::MANAGER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The first 16 bytes of a SHA-256.
pub type Hash = [u8; 16];

/// The first 16 bytes of a digest.
#[must_use]
pub fn truncate(digest: &[u8]) -> Hash {
    let mut hash = Hash::default();
    for (to, from) in hash.iter_mut().zip(digest) {
        *to = *from;
    }
    hash
}

/// Whether an entry is what our server-side apply left.
#[must_use]
pub fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.as_deref().unwrap_or_default().is_empty()
}

/// A field set that is read only when somebody looks at it.
#[must_use]
pub fn as_text(fields: Box<RawValue>) -> FieldsV1 {
    FieldsV1(Value::String(Box::<str>::from(fields).into_string()))
}

/// A field set, read if it is text still.
#[must_use]
pub fn as_tree(fields: &FieldsV1) -> Cow<'_, Value> {
    match &fields.0 {
        Value::String(text) => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
        tree => Cow::Borrowed(tree),
    }
}

/// The fields that we own, as the API server writes them.
#[must_use]
pub fn own_fields(metadata: &ObjectMeta) -> Option<Cow<'_, Value>> {
    let entry = metadata.managed_fields.iter().flatten().find(|entry| is_ours(entry))?;
    entry.fields_v1.as_ref().map(as_tree)
}

/// The hash of a field set.
#[must_use]
pub fn hash(fields: &Value) -> Hash {
    let mut hasher = Sha256::new();
    feed(fields, &mut hasher);
    truncate(&hasher.finalize())
}

/// Field sets are objects of objects.
fn feed(value: &Value, hasher: &mut Sha256) {
    let Value::Object(fields) = value else { return };
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort_unstable();
    for name in names {
        hasher.update((name.len() as u64).to_be_bytes());
        hasher.update(name);
        hasher.update(b"{");
        feed(&fields[name.as_str()], hasher);
        hasher.update(b"}");
    }
}

/// The leaves of a field set, each as its steps.
#[must_use]
pub fn leaves(fields: &Value) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut path = Vec::new();
    walk(fields, &mut path, &mut found);
    found
}

fn walk<'a>(value: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<Vec<&'a str>>) {
    let children: Vec<(&String, &Value)> = value.as_object().into_iter().flatten().collect();
    if children.is_empty() {
        found.push(path.clone());
        return;
    }
    for (name, below) in children {
        if name == "." {
            found.push(path.clone());
        } else {
            path.push(name);
            walk(below, path, found);
            path.pop();
        }
    }
}

/// Whether a field set contains a path, be it as a leaf or on the way to one.
#[must_use]
pub fn contains(fields: &Value, path: &[&str]) -> bool {
    path.iter().try_fold(fields, |at, step| at.get(step)).is_some()
}

/// A path in words: `spec.template.spec.containers[name=cart].image`.
#[must_use]
pub fn display(path: &[&str]) -> String {
    let mut text = String::new();
    for step in path {
        if let Some(name) = step.strip_prefix("f:") {
            // Names of labels and annotations hold dots.
            if name.contains('.') {
                text.push_str(&format!("[{name}]"));
            } else {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(name);
            }
        } else if let Some(key) = step.strip_prefix("k:") {
            let key: Value = serde_json::from_str(key).unwrap_or_default();
            let pairs = key.as_object().into_iter().flatten();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| {
                    format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                })
                .collect();
            text.push_str(&format!("[{}]", pairs.join(",")));
        } else if let Some(value) = step.strip_prefix("v:") {
            text.push_str(&format!("[{}]", value.trim_matches('"')));
        }
    }
    if text.is_empty() { "metadata".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn own_hash(metadata: &ObjectMeta) -> Option<Hash> {
        own_fields(metadata).map(|fields| hash(&fields))
    }

    fn entry(manager: &str, operation: &str, subresource: Option<&str>, fields: Value) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.into()),
            operation: Some(operation.into()),
            subresource: subresource.map(str::to_owned),
            fields_v1: Some(FieldsV1(fields)),
            ..Default::default()
        }
    }

    fn metadata(entries: Vec<ManagedFieldsEntry>) -> ObjectMeta {
        ObjectMeta { managed_fields: Some(entries), ..Default::default() }
    }

    #[test]
    fn only_our_own_apply_counts() {
        let ours = json!({"f:data": {"f:a": {}}});
        let hash = own_hash(&metadata(vec![entry(MANAGER, "Apply", None, ours.clone())]));
        assert!(hash.is_some());
        let others = metadata(vec![
            entry("kubectl", "Update", None, json!({"f:data": {"f:b": {}}})),
            entry(MANAGER, "Apply", Some("status"), json!({"f:status": {}})),
            entry(MANAGER, "Update", None, json!({"f:data": {}})),
            entry(MANAGER, "Apply", None, ours),
        ]);
        assert_eq!(own_hash(&others), hash);
        assert_eq!(own_hash(&ObjectMeta::default()), None);
    }

    #[test]
    fn a_path_that_drops_out_changes_the_hash_wherever_it_is() {
        let hash = |fields| own_hash(&metadata(vec![entry(MANAGER, "Apply", None, fields)]));
        let whole = hash(json!({"f:a": {"f:b": {}, "f:c": {}}}));
        assert_ne!(whole, hash(json!({"f:a": {"f:b": {}}})));
        assert_ne!(whole, hash(json!({"f:a": {"f:b": {}}, "f:c": {}})));
        assert_ne!(whole, hash(json!({"f:a": {"f:b": {"f:c": {}}}})));
    }

    #[test]
    fn paths_are_told_in_words() {
        let fields = json!({
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"cart\"}": {".": {}, "f:image": {}}}, "f:finalizers": {"v:\"x\"": {}}}
        });
        let told: Vec<String> = leaves(&fields).iter().map(|path| display(path)).collect();
        assert_eq!(
            told,
            [
                "metadata.labels[app.kubernetes.io/name]",
                "spec.containers[name=cart]",
                "spec.containers[name=cart].image",
                "spec.finalizers[x]",
            ]
        );
        assert!(contains(&fields, &["f:spec", "f:containers"]));
        assert!(!contains(&fields, &["f:spec", "f:replicas"]));
    }
}

//! An object of a stack as the operator wants it, with what is needed to apply, find and delete it.

use super::Identity;
use crate::names::{GUARD_LABEL, hex};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::core::{ApiResource, DynamicObject, TypeMeta};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// What happens to a child when its stack is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// It carries an owner reference, so the cluster deletes it with the stack.
    Owned,
    /// It carries none and stays, because it guards data that stays.
    Retained,
}

/// One object of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// The object, ready to be applied.
    pub object: DynamicObject,
    /// What happens to it when the stack is deleted.
    pub lifetime: Lifetime,
    plural: &'static str,
}

/// Which object: everything that its address is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId {
    /// `v1`, `apps/v1`, …
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// `deployments`.
    pub plural: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl ChildId {
    /// How a client addresses the object.
    #[must_use]
    pub fn api_resource(&self) -> ApiResource {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            plural: self.plural.clone(),
        }
    }
}

impl Child {
    /// A child from a typed object, whose metadata is replaced by `metadata` in the stack's namespace.
    pub(super) fn new<K>(object: &K, metadata: ObjectMeta, lifetime: Lifetime, of: &Identity) -> Self
    where
        K: k8s_openapi::Resource + Serialize,
    {
        let types = TypeMeta { api_version: K::API_VERSION.to_owned(), kind: K::KIND.to_owned() };
        // These types have text as keys and serialize without fail.
        let data = serde_json::to_value(object).unwrap_or_default();
        Self::raw(types, K::URL_PATH_SEGMENT, data, metadata, lifetime, of)
    }

    /// A child of a kind that has no type here.
    pub(super) fn raw(
        types: TypeMeta,
        plural: &'static str,
        mut data: Value,
        mut metadata: ObjectMeta,
        lifetime: Lifetime,
        of: &Identity,
    ) -> Self {
        if let Value::Object(fields) = &mut data {
            fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        }
        metadata.namespace = Some(of.namespace.clone());
        metadata.owner_references = (lifetime == Lifetime::Owned).then(|| vec![of.owner_reference()]);
        Self { object: DynamicObject { types: Some(types), metadata, data }, lifetime, plural }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.object.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.object.types.as_ref().map_or("", |types| types.kind.as_str())
    }

    /// Which object it is.
    #[must_use]
    pub fn id(&self) -> ChildId {
        ChildId {
            api_version: self
                .object
                .types
                .as_ref()
                .map_or_else(String::new, |types| types.api_version.clone()),
            kind: self.kind().to_owned(),
            plural: self.plural.to_owned(),
            namespace: self.object.metadata.namespace.clone().unwrap_or_default(),
            name: self.name().to_owned(),
        }
    }

    /// The whole object as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.object).unwrap_or_default()
    }

    /// Whether the object is made once and then left alone, because it can never change.
    #[must_use]
    pub fn is_create_only(&self) -> bool {
        self.kind() == "Job"
    }

    /// Whether the object holds data or guards it, so that it is deleted with its stack or not at all.
    #[must_use]
    pub fn guards_data(&self) -> bool {
        self.object.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(GUARD_LABEL))
    }

    /// The SHA-256 of the object's canonical JSON, in hexadecimal digits. Of an object that is made once, its
    /// identity alone: nothing else of it is ever written again.
    #[must_use]
    pub fn digest(&self) -> String {
        if self.is_create_only() {
            return digest(&serde_json::json!([self.kind(), self.object.metadata.namespace, self.name()]));
        }
        digest(&self.to_json())
    }

    /// The SHA-256 of one field of the object.
    pub(super) fn digest_of(&self, field: &str) -> String {
        digest(self.object.data.get(field).unwrap_or(&Value::Null))
    }
}

impl Identity {
    pub(super) fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: "commercestack.io/v1alpha1".to_owned(),
            kind: "CommerceStack".to_owned(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            controller: Some(true),
            // True would need the right to change finalizers on some clusters.
            block_owner_deletion: Some(false),
        }
    }
}

/// The SHA-256 of a value's canonical JSON: no blanks, fields in order of their names.
pub(super) fn digest(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    hex(&Sha256::digest(text))
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_digest_does_not_depend_on_the_order_of_fields() {
        let one: Value = serde_json::from_str(r#"{"b":[1,{"y":2,"x":"ä"}],"a":null}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"a":null,"b":[1,{"x":"ä","y":2}]}"#).unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert_ne!(digest(&json!([1, 2])), digest(&json!([2, 1])));
    }
}

//! An object as a watch tells of it, decoded no further than anybody here looks.

use super::fields;
use super::readiness::{WorkloadSpec, WorkloadStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference, Time};
use kube::Resource;
use kube::core::{ApiResource, DynamicResourceScope};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An object; with `METADATA` its watch asks for nothing but metadata. The field sets of its `managedFields` are
/// text (see [`fields::own_fields`]): as trees they would take twenty times as much, which a page of a listing
/// would hold at once. Text can be taken only from what is read in order, so an event of a watch must have its type
/// before its object, as the API server writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Told")]
pub struct Seen<const METADATA: bool> {
    /// Its metadata, as far as it is of use.
    pub metadata: ObjectMeta,
    /// Of a workload, the part of the spec that matters.
    pub spec: WorkloadSpec,
    /// Of a workload, the part of the status that matters.
    pub status: WorkloadStatus,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: WorkloadSpec,
    #[serde(default)]
    status: WorkloadStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    deletion_timestamp: Option<Time>,
    labels: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
    managed_fields: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    manager: Option<String>,
    operation: Option<String>,
    subresource: Option<String>,
    time: Option<Time>,
    fields_v1: Option<Box<RawValue>>,
}

impl<const METADATA: bool> From<Told> for Seen<METADATA> {
    fn from(Told { metadata, spec, status }: Told) -> Self {
        let entries = metadata.managed_fields.into_iter().map(|entry| ManagedFieldsEntry {
            manager: entry.manager,
            operation: entry.operation,
            subresource: entry.subresource,
            time: entry.time,
            fields_v1: entry.fields_v1.map(fields::as_text),
            ..ManagedFieldsEntry::default()
        });
        let metadata = ObjectMeta {
            managed_fields: Some(entries.collect()),
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            generation: metadata.generation,
            deletion_timestamp: metadata.deletion_timestamp,
            labels: metadata.labels,
            owner_references: metadata.owner_references,
            ..ObjectMeta::default()
        };
        Self { metadata, spec, status }
    }
}

impl<const METADATA: bool> Resource for Seen<METADATA> {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        of.kind.as_str().into()
    }
    fn group(of: &ApiResource) -> Cow<'_, str> {
        of.group.as_str().into()
    }
    fn version(of: &ApiResource) -> Cow<'_, str> {
        of.version.as_str().into()
    }
    fn api_version(of: &ApiResource) -> Cow<'_, str> {
        of.api_version.as_str().into()
    }
    fn plural(of: &ApiResource) -> Cow<'_, str> {
        of.plural.as_str().into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    fn metadata_api() -> bool {
        METADATA
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::MANAGER;
    use crate::world::record::Record;
    use kube::core::{ObjectList, WatchEvent};
    use serde_json::{Value, json};

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "shop-cart", "namespace": "a", "uid": "u", "resourceVersion": "7", "generation": 2,
                "labels": {"app.kubernetes.io/managed-by": MANAGER, "commercestack.io/stack": "shop"},
                "ownerReferences": [{"apiVersion": "v", "kind": "k", "name": "shop", "uid": "s", "controller": true}],
                "managedFields": [
                    {"manager": MANAGER, "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
                     "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {}}}},
                    {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status",
                     "fieldsV1": {"f:status": {}}},
                ],
            },
            "spec": {"replicas": 3, "template": {"spec": {}}},
            "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3},
        })
    }

    #[test]
    fn a_watch_and_a_listing_tell_what_the_whole_object_would() {
        let whole: ObjectMeta = serde_json::from_value(deployment()["metadata"].clone()).unwrap();
        let mut expected = Record::default();
        expected.observe(whole, None, 0);
        assert!(
            expected.own.is_some() && expected.scales && expected.controller.is_some() && expected.labelled
        );

        // In the order of the API server: what comes before its type would be decoded twice, and cannot be text.
        let told = format!(r#"{{"type":"MODIFIED","object":{}}}"#, deployment());
        let WatchEvent::Modified(told): WatchEvent<Seen<false>> = serde_json::from_str(&told).unwrap() else {
            panic!("{told}")
        };
        let listed =
            json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [deployment()]}).to_string();
        let listed: ObjectList<Seen<true>> = serde_json::from_str(&listed).unwrap();
        for metadata in [told.metadata, listed.items[0].metadata.clone()] {
            let mut record = Record::default();
            record.observe(metadata, None, 0);
            assert_eq!(format!("{record:?}"), format!("{expected:?}"));
        }
    }
}

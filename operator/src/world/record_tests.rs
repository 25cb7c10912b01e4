use super::record::*;
use crate::labels::MANAGER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    FieldsV1, ManagedFieldsEntry, ObjectMeta, OwnerReference,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

fn metadata(version: u64, own: Option<Value>, others: &[(&str, Value)]) -> ObjectMeta {
    let entry = |manager: &str, operation: &str, fields: Value| ManagedFieldsEntry {
        manager: Some(manager.into()),
        operation: Some(operation.into()),
        fields_v1: Some(FieldsV1(fields)),
        ..Default::default()
    };
    let own = own.map(|fields| entry(MANAGER, "Apply", fields));
    let others = others.iter().map(|(manager, fields)| entry(manager, "Update", fields.clone()));
    ObjectMeta {
        uid: Some("u1".into()),
        resource_version: Some(version.to_string()),
        managed_fields: Some(own.into_iter().chain(others).collect()),
        labels: Some(
            [("app.kubernetes.io/managed-by", MANAGER), (crate::names::STACK_LABEL, "shop")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        ),
        owner_references: Some(vec![OwnerReference {
            uid: "stack".into(),
            controller: Some(true),
            ..Default::default()
        }]),
        ..Default::default()
    }
}

fn whole() -> Option<Value> {
    Some(json!({"f:a": {}, "f:b": {}}))
}

const DESIRED: [u8; 16] = [7; 16];

fn applied() -> Record {
    let mut record = Record::default();
    record.answered(DESIRED, &metadata(5, whole(), &[]), 0);
    record
}

#[test]
fn the_echo_of_our_own_apply_is_nothing_new_in_whichever_order_it_comes() {
    let mut record = applied();
    assert!(!record.observe(metadata(5, whole(), &[]), None, 0));
    assert!(record.is_current(DESIRED) && !record.wants_attention());

    let mut record = Record::default();
    record.observe(metadata(5, whole(), &[]), None, 0);
    assert!(record.wants_attention(), "an object of which no apply is known");
    record.answered(DESIRED, &metadata(5, whole(), &[]), 0);
    assert!(record.is_current(DESIRED) && !record.wants_attention());
}

#[test]
fn a_field_taken_by_another_is_drift_and_what_others_add_is_not() {
    let mut record = applied();
    record.observe(metadata(6, whole(), &[("kubectl", json!({"f:c": {}}))]), None, 0);
    assert!(record.is_current(DESIRED));
    record.observe(metadata(7, Some(json!({"f:a": {}})), &[("kubectl", json!({"f:b": {}}))]), None, 0);
    assert!(record.is_drifted() && record.wants_attention() && !record.is_current(DESIRED));
    assert_eq!(record.drift.as_ref().unwrap().seen.len(), 2);
    record.answered(DESIRED, &metadata(8, whole(), &[]), 0);
    assert!(record.is_current(DESIRED));
    assert!(record.drift.as_ref().unwrap().seen.is_empty());
}

#[test]
fn old_news_is_dropped_and_a_change_after_our_answer_is_not_lost() {
    let mut record = applied();
    assert!(!record.observe(metadata(4, None, &[]), None, 0));
    assert!(record.is_current(DESIRED));

    let mut record = applied();
    record.observe(metadata(9, Some(json!({"f:a": {}})), &[]), None, 0);
    record.answered(DESIRED, &metadata(8, whole(), &[]), 0);
    assert!(record.is_drifted(), "the change at 9 came after the apply at 8");
}

#[test]
fn an_object_made_anew_by_somebody_else_is_not_what_we_applied() {
    let mut record = applied();
    let mut anew = metadata(6, None, &[]);
    anew.uid = Some("u2".into());
    record.observe(anew, None, 0);
    assert!(record.applied.is_none() && record.wants_attention());
}

#[test]
fn whose_an_object_is_and_what_may_be_deleted() {
    let seen = |change: &dyn Fn(&mut ObjectMeta), own: Option<Value>| {
        let mut metadata = metadata(5, own, &[]);
        change(&mut metadata);
        let mut record = Record::default();
        record.observe(metadata, None, 0);
        record
    };
    let ours = seen(&|_| {}, whole());
    assert!(ours.is_ours("stack") && ours.is_disposable("stack"));
    let unlabelled = seen(&|metadata| metadata.labels = None, whole());
    assert!(unlabelled.is_ours("stack"), "the owner reference is enough");
    let retained = seen(&|metadata| metadata.owner_references = None, whole());
    assert!(retained.is_ours("stack") && !retained.is_disposable("stack"));
    let earlier = seen(&|_| {}, whole());
    assert!(earlier.is_ours("another") && !earlier.is_disposable("another"));
    let copied = seen(&|_| {}, None);
    assert!(!copied.is_ours("another"), "labels copied onto an object of another controller");
    let stranger = seen(&|metadata| (metadata.labels, metadata.owner_references) = (None, None), None);
    assert!(!stranger.is_ours("stack"));
}

#[test]
fn a_field_fought_over_is_repaired_at_once_a_few_times_and_then_ever_later() {
    let mut drift = Drift::default();
    let mut now = Instant::now();
    for _ in 0..4 {
        drift.repaired("by x".into(), now);
        assert_eq!(drift.hold(), None);
        now += Duration::from_secs(1);
    }
    drift.repaired("by x".into(), now);
    assert_eq!(drift.hold(), Some(now + Duration::from_secs(1)));
    drift.repaired("by x".into(), now);
    assert_eq!(drift.hold(), Some(now + Duration::from_secs(2)));
    for _ in 0..40 {
        drift.repaired("by x".into(), now);
    }
    assert_eq!(drift.hold(), Some(now + Duration::from_secs(300)));
    drift.repaired("by x".into(), now + Duration::from_secs(1000));
    assert_eq!(drift.hold(), None, "a quiet time ends the fight");
}

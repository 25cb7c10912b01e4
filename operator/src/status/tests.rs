use super::*;
use crate::kinds::KindId;
use crate::reasons::event;
use crate::world::ChildKey;
use crate::world::readiness::Readiness;
use crds::{CommerceStack, ServiceStatus};
use serde_json::json;
use std::collections::BTreeMap;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn rows(ready: bool) -> Option<Rows> {
    let row = |name: &str, ready| ServiceStatus {
        name: name.into(),
        ready,
        ready_replicas: i32::from(ready),
        replicas: 1,
        version: None,
    };
    Some(Rows { services: vec![row("account", true), row("cart", ready)], ..Rows::default() })
}

fn facts(ready: bool) -> Facts {
    Facts { generation: Some(2), rows: rows(ready), ..Facts::default() }
}

fn said(status: &CommerceStackStatus) -> Vec<(String, String, String)> {
    let conditions = status.conditions.iter();
    conditions.map(|c| (c.type_.clone(), c.status.clone(), c.reason.clone())).collect()
}

fn triple(kind: &str, status: &str, reason: &str) -> (String, String, String) {
    (kind.into(), status.into(), reason.into())
}

fn reasons(before: &CommerceStackStatus, after: &CommerceStackStatus) -> Vec<&'static str> {
    transitions(before, after).into_iter().map(|happening| happening.reason).collect()
}

#[test]
fn a_stack_whose_services_are_ready_is_ready_and_nothing_else() {
    let status = compose(&CommerceStackStatus::default(), &facts(true), at(1));
    assert_eq!(said(&status), [triple("Ready", "True", "AllServicesReady")]);
    assert_eq!((status.services_ready.as_deref(), status.observed_generation), (Some("2/2"), Some(2)));
}

#[test]
fn a_stack_on_its_way_is_reconciling_and_says_what_it_waits_for() {
    let status = compose(&CommerceStackStatus::default(), &facts(false), at(1));
    assert_eq!(
        said(&status),
        [triple("Ready", "False", "ServicesNotReady"), triple("Reconciling", "True", "ServicesNotReady")]
    );
    assert_eq!(status.conditions[0].message, "waiting for cart (0/1)");
    assert_eq!(status.services_ready.as_deref(), Some("1/2"));
}

#[test]
fn a_stack_that_needs_somebody_is_stalled_and_not_reconciling() {
    let problems = vec![
        Problem::passing(reason::CONFLICT, "passes"),
        Problem::stalled(reason::NAME_TAKEN, "Service a is theirs"),
        Problem::stalled(reason::NAME_TAKEN, "Service b is theirs"),
    ];
    let status = compose(&CommerceStackStatus::default(), &Facts { problems, ..facts(true) }, at(1));
    assert_eq!(
        said(&status),
        [triple("Ready", "False", "NameTaken"), triple("Stalled", "True", "NameTaken")]
    );
    assert_eq!(status.conditions[0].message, "Service a is theirs; Service b is theirs");
}

#[test]
fn a_paused_stack_says_so_and_keeps_the_generation_that_was_acted_on() {
    let before = compose(&CommerceStackStatus::default(), &facts(true), at(1));
    let paused = Facts { paused: true, generation: Some(3), ..facts(true) };
    let status = compose(&before, &paused, at(2));
    assert_eq!(
        said(&status),
        [triple("Ready", "True", "AllServicesReady"), triple("Paused", "True", "Paused")]
    );
    assert_eq!(status.observed_generation, Some(2));
    assert_eq!(reasons(&before, &status), [reason::PAUSED]);
    assert_eq!(reasons(&status, &before), [event::RESUMED]);
}

#[test]
fn a_service_that_no_watch_has_told_of_yet_shows_the_pods_that_are_asked_for() {
    let spec = json!({"services": {
        "cart": {"replicas": 3},
        "order": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}},
    }});
    let mut stack = CommerceStack::new("shop", serde_json::from_value(spec).unwrap());
    stack.metadata.namespace = Some("demo".into());
    let stack = crate::validate::spec(&stack).unwrap();
    let text = super::rows::rows(&stack, &BTreeMap::new(), &[], None).waiting_for();
    for part in ["account (0/1)", "cart (0/3)", "order (0/2)", "mongodb (0/1)"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_service_shows_a_version_once_its_pods_run_it_and_not_when_they_are_only_there() {
    let mut stack = CommerceStack::new("shop", serde_json::from_value(json!({})).unwrap());
    stack.metadata.namespace = Some("demo".into());
    let stack = crate::validate::spec(&stack).unwrap();
    let cart = ChildKey::new(KindId::find("apps/v1", "Deployment").unwrap(), "shop-cart");
    let version = |ready: u32| {
        let readiness = Readiness { wanted: 2, ready, rolled_out: true, ..Readiness::default() };
        let seen = BTreeMap::from([(cart.clone(), readiness)]);
        let rows = super::rows::rows(&stack, &seen, &[], Some("1.2.3")).services;
        rows.into_iter().find(|row| row.name == "cart").unwrap().version
    };
    assert_eq!(version(1), None);
    assert_eq!(version(2).as_deref(), Some("1.2.3"));
}

#[test]
fn a_cause_that_many_share_is_told_once_of_the_one_that_was_named_already() {
    let row = |name: &str| ServiceStatus { name: name.into(), ..ServiceStatus::default() };
    let message = |pods: &[(&str, &str)], said: &str| {
        let mut rows = Rows { services: ["account", "cart", "order"].map(row).into(), ..Rows::default() };
        let pods: Vec<_> = pods.iter().map(|(name, cause)| (name.to_string(), cause.to_string())).collect();
        rows.explain(&pods, said);
        rows.waiting_for().split_once("; ").unwrap().1.to_owned()
    };
    let first = message(&[("order", "no node")], "");
    assert_eq!(first, "order: no node");
    let more = message(&[("account", "no image"), ("cart", "no node"), ("order", "no node")], &first);
    assert_eq!(more, "order: no node; account: no image");
    let gone = message(&[("cart", "no node")], &more);
    assert_eq!(gone, "cart: no node");
}

#[test]
fn what_a_pass_does_not_know_stays_as_it_was() {
    let built = Built {
        endpoint: "http://x".into(),
        root: "ab".into(),
        digest: Some("d".into()),
        ..Built::default()
    };
    let before =
        compose(&CommerceStackStatus::default(), &Facts { built: Some(built), ..facts(true) }, at(1));
    let invalid = vec![Problem::stalled(reason::INVALID_SPEC, "spec.x: is wrong")];
    let after =
        compose(&before, &Facts { generation: Some(3), problems: invalid, ..Facts::default() }, at(2));
    assert_eq!(
        (&after.endpoint, &after.root, &after.services),
        (&before.endpoint, &before.root, &before.services)
    );
    assert_eq!(after.observed_generation, Some(3));
    assert_eq!(after.conditions[0].message, "spec.x: is wrong");
}

#[test]
fn a_broker_that_is_away_makes_a_stack_unready_by_a_condition_of_its_own() {
    let away = vec![Problem::passing("KafkaUnreachable", "no answer")];
    let status =
        compose(&CommerceStackStatus::default(), &Facts { backends: Some(away), ..facts(true) }, at(1));
    assert_eq!(
        said(&status),
        [
            triple("Ready", "False", "KafkaUnreachable"),
            triple("Reconciling", "True", "KafkaUnreachable"),
            triple("BackendsReady", "False", "KafkaUnreachable"),
        ]
    );
}

#[test]
fn what_an_earlier_process_found_at_the_broker_stays_until_somebody_looks() {
    for found in [vec![], vec![Problem::passing("KafkaUnreachable", "no answer")]] {
        let before =
            compose(&CommerceStackStatus::default(), &Facts { backends: Some(found), ..facts(true) }, at(1));
        assert_eq!(compose(&before, &facts(true), at(2)), before);
    }
}

#[test]
fn each_transition_is_told_once() {
    let fresh = CommerceStackStatus::default();
    let waiting = compose(&fresh, &facts(false), at(1));
    assert!(reasons(&fresh, &waiting).is_empty(), "that a new stack is not ready yet is no news");
    let ready = compose(&waiting, &facts(true), at(2));
    assert_eq!(reasons(&waiting, &ready), [reason::ALL_SERVICES_READY]);
    assert!(reasons(&ready, &compose(&ready, &facts(true), at(3))).is_empty());
    assert_eq!(reasons(&ready, &compose(&ready, &facts(false), at(3))), [reason::SERVICES_NOT_READY]);
    let taken = vec![Problem::stalled(reason::NAME_TAKEN, "x")];
    let stalled = compose(&ready, &Facts { problems: taken, ..facts(true) }, at(4));
    assert_eq!(reasons(&ready, &stalled), [reason::NAME_TAKEN]);
    assert_eq!(reasons(&stalled, &ready), [event::RECOVERED, reason::ALL_SERVICES_READY]);
}

#[test]
fn the_same_facts_give_the_same_status_at_any_time() {
    let status = compose(&CommerceStackStatus::default(), &facts(false), at(1));
    assert_eq!(compose(&status, &facts(false), at(1000)), status);
}

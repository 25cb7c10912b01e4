//! Names, labels, owners, order: what every object has.

use crate::fixture::{children, example, examples, find, identity, inputs, release, stack};
use crate::strategies::any_stack;
use commerce_operator::build::{Child, Lifetime, build, render, root_secret};
use commerce_operator::labels::MANAGER;
use commerce_operator::names;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| inner(b) || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Rules of names that the API server has for each kind.
fn assert_well_named(child: &Child) {
    let name = child.name();
    let good = match child.kind() {
        // Their names become host names or values of labels; a StatefulSet's pod has a hash of ten more.
        "Service" => is_label(name) && name.as_bytes()[0].is_ascii_lowercase(),
        "StatefulSet" => is_label(name) && name.len() <= 52,
        "Deployment" | "Job" => is_label(name),
        _ => {
            name.len() <= 253 && name.split('.').all(is_label)
                || name.len() <= 253
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }
    };
    assert!(good, "{} is no name for a {}", name, child.kind());
}

fn assert_well_made(child: &Child, stack: &str) {
    let labels = child.object.metadata.labels.clone().unwrap_or_default();
    let label = |name: &str| labels.get(&format!("app.kubernetes.io/{name}")).map(String::as_str);
    assert_eq!(label("instance"), Some(stack), "{}", child.id());
    assert_eq!(label("part-of"), Some("commercestack"));
    assert_eq!(label("managed-by"), Some(MANAGER));
    assert_eq!(labels.get(names::STACK_LABEL).map(String::as_str), Some(stack));
    assert!(label("name").is_some() && label("component").is_some());
    let bounded = labels.values().all(|value| value.len() <= 63);
    assert!(bounded, "{labels:?}");
    let owners = child.object.metadata.owner_references.clone().unwrap_or_default();
    match child.lifetime {
        Lifetime::Owned => {
            let [owner] = owners.as_slice() else { panic!("{} has {} owners", child.id(), owners.len()) };
            assert_eq!((owner.kind.as_str(), owner.controller), ("CommerceStack", Some(true)));
        }
        Lifetime::Retained => assert!(owners.is_empty(), "{}", child.id()),
    }
    assert!(child.object.data.get("status").is_none() && child.object.data.get("metadata").is_none());
    assert!(!has_null(&child.to_json()), "{} has a null", child.id());
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// Kinds in the order in which they are applied: what pods need comes before them.
const ORDER: [&str; 13] = [
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "Service",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "StatefulSet",
    "Deployment",
    "Job",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "Ingress",
    "HTTPRoute",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_object_of_any_stack_is_well_made(stack in any_stack()) {
        let children = children(&stack);
        let mut ids = BTreeSet::new();
        let mut last = 0;
        for child in &children {
            assert_well_named(child);
            assert_well_made(child, &stack.name);
            prop_assert!(ids.insert(child.id()), "{} twice", child.id());
            let place = ORDER.iter().position(|kind| *kind == child.kind()).unwrap();
            prop_assert!(place >= last, "{} comes too late", child.id());
            last = place;
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes(stack in any_stack()) {
        let (one, two) = (children(&stack), children(&stack.clone()));
        prop_assert_eq!(render(&one, false), render(&two, false));
        let digests = |children: &[Child]| children.iter().map(Child::digest).collect::<Vec<_>>();
        prop_assert_eq!(digests(&one), digests(&two));
    }
}

#[test]
fn selectors_are_two_labels_that_never_change_and_that_pods_have() {
    for name in examples() {
        for child in children(&example(&name)) {
            let object = child.to_json();
            let Some(template) = object.pointer("/spec/template") else { continue };
            let pod = template.pointer("/metadata/labels").unwrap();
            let Some(selector) = object.pointer("/spec/selector/matchLabels") else {
                assert_eq!(child.kind(), "Job");
                continue;
            };
            let keys: Vec<&str> = selector.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, ["app.kubernetes.io/instance", "app.kubernetes.io/name"]);
            assert!(keys.iter().all(|key| pod[key] == selector[key]), "{}", child.id());
        }
    }
}

#[test]
fn only_what_guards_data_outlives_its_stack_and_only_if_it_is_to() {
    let retained = |policy: &str| {
        let children = children(&stack(&format!("{{deletionPolicy: {policy}}}")));
        let retained = children.into_iter().filter(|child| child.lifetime == Lifetime::Retained);
        retained.map(|child| format!("{} {}", child.kind(), child.name())).collect::<Vec<_>>()
    };
    assert_eq!(
        retained("Retain"),
        [
            "Secret shop-mongodb-root",
            "PersistentVolumeClaim data-shop-mongodb-0",
            "PersistentVolumeClaim data-shop-kafka-0"
        ]
    );
    assert!(retained("Delete").is_empty());
    let all = children(&stack("{}"));
    assert!(all.iter().all(|child| child.guards_data() == (child.lifetime == Lifetime::Retained)));
}

#[test]
fn the_root_secret_is_no_child_and_belongs_to_nobody() {
    let stack = stack("{deletionPolicy: Delete}");
    let root = root_secret(&identity(&stack), &inputs(&stack).root);
    assert_eq!((root.name(), root.lifetime), ("shop-root", Lifetime::Retained));
    assert!(root.guards_data() && root.object.metadata.owner_references.is_none());
    assert!(children(&stack).iter().all(|child| child.name() != "shop-root"));
}

#[test]
fn a_task_that_ran_is_never_changed() {
    let stack = example("quickstart");
    let newer = commerce_operator::build::Release { image: "commerce:2".into(), ..release() };
    let (old, new) = (children(&stack), build(&stack, &identity(&stack), &inputs(&stack), &newer));
    let job = |children: &[Child]| find(children, "Job", "quickstart-seed-demo").clone();
    assert_ne!(job(&old).to_json(), job(&new).to_json());
    assert!(job(&old).is_create_only() && job(&old).digest() == job(&new).digest());
}

#[test]
fn a_child_of_another_namespace_or_uid_is_another() {
    let stack = stack("{}");
    let of = |namespace: &str, uid: &str| {
        let mut identity = identity(&stack);
        (identity.namespace, identity.uid) = (namespace.into(), uid.into());
        build(&stack, &identity, &inputs(&stack), &release())
    };
    let (one, two, three) = (of("a", "1"), of("b", "1"), of("a", "2"));
    for ((one, two), three) in one.iter().zip(&two).zip(&three) {
        assert!(one.id() != two.id() && one.digest() != two.digest(), "{}", one.id());
        let owned = one.lifetime == Lifetime::Owned && !one.is_create_only();
        assert!(one.id() == three.id() && (one.digest() != three.digest()) == owned, "{}", one.id());
    }
    // Neither do they meet in a database or a broker that they share.
    assert_ne!(names::database_prefix("a", "shop"), names::database_prefix("b", "shop"));
    assert_ne!(names::database_prefix("a", "b-c"), names::database_prefix("a-b", "c"));
}

#[test]
fn the_largest_declaration_that_the_rules_allow_fits_into_a_secret() {
    use base64::Engine;
    let clients: Vec<String> = (0..100).map(|n| format!("{{name: c-{n}, scopes: [view_types]}}")).collect();
    let clients = clients.join(", ");
    let projects: Vec<String> = (0..20).map(|n| format!("{{key: p-{n}, apiClients: [{clients}]}}")).collect();
    let children = children(&stack(&format!(
        "{{projects: [{}], operation: {{secretsRotation: 1}}}}",
        projects.join(", ")
    )));
    let text = find(&children, "Secret", "shop-declared").object.data["data"]["declared.json"].clone();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap().len();
    // Near the bound of the rules, and under that of the API server.
    assert!((700_000..1_048_576).contains(&bytes), "{bytes}");
}

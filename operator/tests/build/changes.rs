//! What a change of the spec or of a Secret changes, and what it leaves alone.

use crate::fixture::{children, find, identity, inputs, release, stack};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commerce_operator::build::{Child, KafkaAuth, MongoUri, Release, build};
use serde_json::Value;
use std::collections::BTreeMap;

fn digests(children: &[Child]) -> BTreeMap<String, String> {
    children.iter().map(|child| (format!("{} {}", child.kind(), child.name()), child.digest())).collect()
}

/// Names of what was added, changed or taken away.
fn changed(before: &[Child], after: &[Child]) -> Vec<String> {
    let (before, after) = (digests(before), digests(after));
    let mut all: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    all.sort();
    all.dedup();
    all.retain(|name| before.get(name) != after.get(name));
    all
}

fn pods(children: &[Child]) -> BTreeMap<String, String> {
    let templates = children.iter().filter(|child| child.kind() != "Job").filter_map(|child| {
        let template = child.object.data.pointer("/spec/template")?;
        Some((child.name().to_owned(), template.to_string()))
    });
    templates.collect()
}

fn restarted(before: &[Child], after: &[Child]) -> Vec<String> {
    let after = pods(after);
    pods(before)
        .into_iter()
        .filter(|(name, pod)| after.get(name).is_some_and(|new| new != pod))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn a_change_of_one_service_changes_its_deployment_alone() {
    let before = children(&stack("{}"));
    for spec in ["replicas: 3", "image: 'other:2'", "resources: {requests: {cpu: 1}}"] {
        let after = children(&stack(&format!("{{services: {{cart: {{{spec}}}}}}}")));
        assert_eq!(changed(&before, &after), ["Deployment shop-cart"], "{spec}");
    }
    let scaled = children(&stack("{services: {cart: {autoscaling: {maxReplicas: 9}}}}"));
    assert_eq!(changed(&before, &scaled), ["Deployment shop-cart", "HorizontalPodAutoscaler shop-cart"]);
    assert!(restarted(&before, &scaled).is_empty());
}

#[test]
fn an_autoscaled_deployment_leaves_its_replicas_to_the_autoscaler() {
    let children =
        children(&stack("{defaults: {replicas: 2}, services: {cart: {autoscaling: {maxReplicas: 9}}}}"));
    let replicas =
        |name: &str| find(&children, "Deployment", name).object.data.pointer("/spec/replicas").cloned();
    assert_eq!(replicas("shop-cart"), None);
    assert_eq!(replicas("shop-order"), Some(2.into()));
    let scaler = &find(&children, "HorizontalPodAutoscaler", "shop-cart").object.data;
    assert_eq!((&scaler["spec"]["minReplicas"], &scaler["spec"]["maxReplicas"]), (&1.into(), &9.into()));
}

#[test]
fn a_new_project_restarts_nothing() {
    let before = stack("{projects: [{key: one}]}");
    let after = stack("{projects: [{key: one}, {key: two}]}");
    let (before, after) = (children(&before), children(&after));
    assert_eq!(changed(&before, &after), ["Secret shop-client-two-admin", "Secret shop-declared"]);
}

#[test]
fn rotation_changes_keys_and_clients_restarts_nothing_and_locks_no_data_away() {
    let rotated = |n: u32| children(&stack(&format!("{{operation: {{secretsRotation: {n}}}}}")));
    let (before, after) = (rotated(1), rotated(2));
    let changed = changed(&before, &after);
    assert!(changed.iter().all(|name| !name.contains("mongodb") && !name.contains("kafka")), "{changed:?}");
    assert!(changed.contains(&"Secret shop-cart-identity".to_owned()));
    assert!(changed.contains(&"Secret shop-client-shop-admin".to_owned()));
    assert!(restarted(&before, &after).is_empty());
    // Who reads its files late still trusts who read them early, and the other way round.
    let trusted = |children: &[Child]| -> Vec<String> {
        let keys = find(children, "ConfigMap", "shop-trust").object.data["data"]["cart"]
            .as_str()
            .unwrap()
            .to_owned();
        keys.lines().map(str::to_owned).collect()
    };
    let (old, new) = (trusted(&before), trusted(&after));
    assert_eq!((old.len(), new.len()), (3, 3));
    assert_eq!(old[1..], new[..2]);
    // Who still has a client's credentials of before goes on with them, until the next rotation.
    let clients = |children: &[Child]| -> Vec<Value> {
        let text = find(children, "Secret", "shop-declared").object.data["data"]["declared.json"].clone();
        let declared: Value =
            serde_json::from_slice(&STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap();
        declared["projects"][0]["apiClients"].as_array().unwrap().clone()
    };
    let (old, new) = (clients(&before), clients(&after));
    assert_eq!((old.len(), new.len()), (2, 2));
    assert_eq!(old[1], new[0]);
    assert_ne!(new[0]["id"], new[1]["id"]);
    assert_eq!(clients(&rotated(0)).len(), 1);
}

#[test]
fn a_changed_secret_of_the_user_restarts_those_that_read_it() {
    let stack = stack(
        "{mongodb: {external: {uriSecretRef: {name: a, key: b}}}, \
         kafka: {external: {bootstrapServers: 'k:9093', authSecretRef: {name: k}}}}",
    );
    let (identity, release) = (identity(&stack), release());
    let before = children(&stack);
    let mut moved = inputs(&stack);
    moved.mongodb_uri = Some(MongoUri::parse(b"mongodb://admin:admin-password@other.example.com/").unwrap());
    let after = build(&stack, &identity, &moved, &release);
    let restarts = restarted(&before, &after);
    assert!(restarts.len() == 7 && !restarts.contains(&"shop-gateway".to_owned()), "{restarts:?}");
    let mut other = inputs(&stack);
    other.kafka_auth = Some(KafkaAuth::parse(b"shop", b"another", None).unwrap());
    assert_eq!(restarted(&before, &build(&stack, &identity, &other, &release)).len(), 8);
    // The administrator's own password is no business of the services.
    let mut admin = inputs(&stack);
    let same = b"mongodb://admin:new@mongodb-0.example.com:27017,mongodb-1.example.com:27018/?replicaSet=rs0&tls=true&authSource=admin";
    admin.mongodb_uri = Some(MongoUri::parse(same).unwrap());
    assert!(changed(&before, &build(&stack, &identity, &admin, &release)).is_empty());
}

#[test]
fn a_service_that_is_off_leaves_nothing_but_its_data() {
    let before = children(&stack("{}"));
    let after = children(&stack("{services: {order: {enabled: false}}}"));
    assert!(after.iter().all(|child| !child.name().contains("order")));
    let peers = |name: &str| {
        let env =
            find(&after, "Deployment", name).object.data["spec"]["template"]["spec"]["containers"][0]["env"]
                .clone();
        env.as_array().unwrap().iter().find(|one| one["name"] == "PEERS").unwrap()["value"].clone()
    };
    assert_eq!(
        peers("shop-cart"),
        "account=shop-account-pods,project=shop-project-pods,customer=shop-customer-pods,product=shop-product-pods,inventory=shop-inventory-pods"
    );
    assert!(changed(&before, &after).iter().all(|name| !name.starts_with("PersistentVolumeClaim")));
}

#[test]
fn storage_grows_without_touching_the_pods() {
    let (before, after) = (stack("{}"), stack("{mongodb: {managed: {storage: 20Gi}}}"));
    assert_eq!(changed(&children(&before), &children(&after)), ["PersistentVolumeClaim data-shop-mongodb-0"]);
}

#[test]
fn a_volume_is_of_the_class_that_the_stack_names() {
    let class = |spec: &str| {
        let children = children(&stack(spec));
        let claim = children.iter().find(|child| child.name() == "data-shop-kafka-0").unwrap();
        claim.object.data["spec"]["storageClassName"].clone()
    };
    assert_eq!(class("{kafka: {managed: {storageClassName: fast}}}"), "fast");
    assert_eq!(class("{}"), serde_json::Value::Null);
}

#[test]
fn a_stack_that_is_pinned_is_made_by_an_upgraded_operator_as_it_was() {
    let stack = stack("{}");
    let upgraded = Release {
        image: "commerce:2".into(),
        mongodb_image: "mongo:9".into(),
        kafka_image: "kafka:5".into(),
        ..release()
    };
    let pinned = Release::pinned(&release().status(), &upgraded);
    assert!(
        changed(&children(&stack), &build(&stack, &identity(&stack), &inputs(&stack), &pinned)).is_empty()
    );
    assert!(
        !changed(&children(&stack), &build(&stack, &identity(&stack), &inputs(&stack), &upgraded)).is_empty()
    );
}

#[test]
fn a_release_changes_images_alone() {
    let stack = stack("{services: {cart: {image: 'own:1'}}}");
    let newer = Release { image: "commerce:2".into(), version: "2".into(), ..release() };
    let after = build(&stack, &identity(&stack), &inputs(&stack), &newer);
    let mut names: Vec<String> = changed(&children(&stack), &after);
    names.retain(|name| name != "Deployment shop-cart");
    assert_eq!(names.len(), 7);
    assert!(names.iter().all(|name| name.starts_with("Deployment ")), "{names:?}");
}

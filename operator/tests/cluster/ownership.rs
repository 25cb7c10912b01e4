//! Objects of others are never touched, and what nothing wants any more goes.

use crate::support::traffic::Traffic;
use crate::support::{Lab, until};
use axum::body::{Body as Answered, Bytes};
use axum::http::Response;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use std::sync::Arc;

const SERVICES: &str = "v1 Service services";
const SECRETS: &str = "v1 Secret secrets";
const MAPS: &str = "v1 ConfigMap configmaps";

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_somebody_else_with_a_childs_name_is_not_touched_and_named() {
    let lab = Lab::new("taken").await;
    let theirs = json!({"metadata": {"name": "shop-gateway", "labels": {"app.kubernetes.io/name": "theirs"}},
        "spec": {"ports": [{"port": 81}], "selector": {"app": "theirs"}}});
    let services = lab.objects(SERVICES);
    let theirs =
        services.create(&PostParams::default(), &serde_json::from_value(theirs).unwrap()).await.unwrap();
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "NameTaken").await;
    assert!(message.contains("Service shop-gateway"), "{message}");
    let now = services.get("shop-gateway").await.unwrap();
    assert_eq!((now.resource_version(), now.data), (theirs.resource_version(), theirs.data));
    // The rest is there all the same.
    assert!(lab.children("shop").await.contains_key("Deployment shop-cart"));
    lab.event("shop", "NameTaken").await;

    services.delete("shop-gateway", &DeleteParams::default()).await.unwrap();
    lab.written("shop").await;
    assert!(lab.children("shop").await.contains_key("Service shop-gateway"));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_another_controller_that_copied_our_labels_is_not_touched() {
    let lab = Lab::new("copied").await;
    let owner = lab
        .objects(MAPS)
        .create(
            &PostParams::default(),
            &serde_json::from_value(json!({"metadata": {"name": "owner"}})).unwrap(),
        )
        .await
        .unwrap();
    let theirs = json!({"metadata": {"name": "shop-trust",
        "labels": {"app.kubernetes.io/managed-by": "commerce-operator", "commercestack.io/stack": "shop"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid(), "controller": true}]},
        "data": {"theirs": "yes"}});
    lab.objects(MAPS).create(&PostParams::default(), &serde_json::from_value(theirs).unwrap()).await.unwrap();
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "NameTaken").await;
    assert!(message.contains("ConfigMap shop-trust"), "{message}");
    assert_eq!(lab.objects(MAPS).get("shop-trust").await.unwrap().data["data"], json!({"theirs": "yes"}));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_somebody_makes_at_the_same_moment_is_left_as_it_was() {
    let lab = Lab::new("moment").await;
    let traffic: Arc<Traffic> = Arc::default();
    // The watch of others' ConfigMaps lags for ever behind.
    traffic.answer(|call| {
        let others = call.path.ends_with("/configmaps") && call.query.contains("%21%3D");
        let silence = || Answered::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let empty = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": "1"}, "items": []});
        let body =
            || if call.query.contains("watch=true") { silence() } else { Answered::from(empty.to_string()) };
        others.then(|| Response::new(body()))
    });
    let theirs =
        json!({"metadata": {"name": "shop-trust", "labels": {"team": "blue"}}, "data": {"theirs": "yes"}});
    let before = lab
        .objects(MAPS)
        .create(&PostParams::default(), &serde_json::from_value(theirs).unwrap())
        .await
        .unwrap();
    let operator = lab.operator_with(lab.config(), traffic).await;
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "NameTaken").await;
    assert!(message.contains("ConfigMap shop-trust"), "{message}");
    let after = lab.objects(MAPS).get("shop-trust").await.unwrap();
    assert_eq!(
        (after.labels(), after.owner_references(), &after.data),
        (before.labels(), before.owner_references(), &before.data)
    );
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_somebody_else_in_the_roots_place_is_never_used() {
    let lab = Lab::new("rootname").await;
    let theirs = json!({"metadata": {"name": "shop-root"}, "stringData": {"seed": "0123456789abcdef0123456789abcdef"}});
    lab.objects(SECRETS)
        .create(&PostParams::default(), &serde_json::from_value(theirs).unwrap())
        .await
        .unwrap();
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "NameTaken").await;
    assert!(message.contains("shop-root") && !message.contains("0123456789abcdef"), "{message}");
    assert!(lab.children("shop").await.is_empty());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stack_no_longer_wants_is_deleted_and_nothing_else() {
    let lab = Lab::new("orphans").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"services": {"cart": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}}}))
        .await;
    lab.written("shop").await;
    let before = lab.children("shop").await;
    assert!(before.contains_key("HorizontalPodAutoscaler shop-cart"), "{:?}", before.keys());
    // Made by a user with our labels, by hand.
    let copy = json!({"metadata": {"name": "shop-copy",
        "labels": {"app.kubernetes.io/managed-by": "commerce-operator", "commercestack.io/stack": "shop"}}});
    lab.objects(MAPS).create(&PostParams::default(), &serde_json::from_value(copy).unwrap()).await.unwrap();

    lab.apply("shop", json!({})).await;
    until("the autoscaler is gone", async || {
        (!lab.children("shop").await.contains_key("HorizontalPodAutoscaler shop-cart")).then_some(())
    })
    .await;
    lab.written("shop").await;
    operator.quiet().await;
    let after = lab.children("shop").await;
    let gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    assert_eq!(gone, ["HorizontalPodAutoscaler shop-cart"]);
    assert!(after.contains_key("ConfigMap shop-copy"));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_somebody_writes_is_written_over() {
    let lab = Lab::new("status").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let stack = lab.written("shop").await;
    operator.quiet().await;
    let forged = json!({"status": {"endpoint": "http://evil.example.com"}});
    lab.stacks().patch_status("shop", &PatchParams::default(), &Patch::Merge(&forged)).await.unwrap();
    let endpoint = stack.status.unwrap().endpoint;
    lab.stack_where("shop", "the endpoint is right again", |stack| {
        stack.status.as_ref().is_some_and(|status| status.endpoint == endpoint)
    })
    .await;
    operator.stop().await;
}

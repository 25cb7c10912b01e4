//! Changes of the cluster itself, each on a cluster of its own.

use crate::support::{Lab, said, until};
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_does_not_decode_says_so_itself_and_harms_nobody() {
    let lab = Lab::alone("undecodable").await;
    lab.define().await;
    let operator = lab.operator().await;
    lab.apply("good", json!({})).await;
    lab.written("good").await;
    lab.define_loosely().await;
    let strange = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
        "metadata": {"name": "strange"}, "spec": {"projects": "all of them"}});
    let raw = lab.objects("commercestack.io/v1alpha1 CommerceStack commercestacks");
    until("the newer definition is served", async || {
        raw.create(&PostParams::default(), &serde_json::from_value(strange.clone()).unwrap()).await.ok()
    })
    .await;
    let conditions = until("it says so", async || {
        raw.get("strange").await.unwrap().data.pointer("/status/conditions").cloned()
    })
    .await;
    let reasons: Vec<&Value> =
        conditions.as_array().unwrap().iter().map(|condition| &condition["reason"]).collect();
    assert_eq!(reasons, [&json!("Undecodable"), &json!("Undecodable")]);
    operator.quiet().await;
    operator.traffic.forget();

    lab.apply("good", json!({"services": {"cart": {"replicas": 2}}})).await;
    until("the good stack is looked after", async || {
        (lab.children("good").await["Deployment good-cart"]["spec"]["replicas"] == json!(2)).then_some(())
    })
    .await;
    let writes = operator.traffic.writes();
    assert!(writes.iter().all(|call| !call.path.contains("strange")), "{writes:?}");
    let mended = json!({"spec": {"projects": null}});
    raw.patch("strange", &PatchParams::default(), &Patch::Merge(&mended)).await.unwrap();
    lab.written("strange").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_may_come_and_go() {
    let lab = Lab::alone("routes").await;
    // At first not even stacks are known.
    let operator = lab.operator().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    lab.define().await;
    lab.apply("shop", json!({"gateway": {"httpRoute": {"parentRefs": [{"name": "public"}]}}})).await;
    let message = lab.reason("shop", "Stalled", "HttpRouteUnavailable").await;
    assert!(message.starts_with("spec.gateway.httpRoute"), "{message}");
    assert!(lab.children("shop").await.contains_key("Deployment shop-cart"));

    lab.define_routes().await;
    lab.written("shop").await;
    let route = lab.objects("gateway.networking.k8s.io/v1 HTTPRoute httproutes");
    let made =
        until("the route is made", async || route.list(&Default::default()).await.ok()?.items.pop()).await;
    operator.quiet().await;
    route.delete(&made.name_any(), &DeleteParams::default()).await.unwrap();
    until("the route is made again", async || route.get_opt(&made.name_any()).await.unwrap()).await;

    let name = "httproutes.gateway.networking.k8s.io";
    lab.definitions().delete(name, &DeleteParams::default()).await.unwrap();
    lab.reason("shop", "Stalled", "HttpRouteUnavailable").await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_goes_away_and_comes_back_is_worked_with_again() {
    let mut lab = Lab::alone("restart").await;
    lab.define().await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let before = lab.written("shop").await;
    operator.quiet().await;
    let cluster = Arc::get_mut(&mut lab.cluster).unwrap();
    tokio::task::block_in_place(|| {
        cluster.stop().unwrap();
        std::thread::sleep(Duration::from_secs(3));
        cluster.resume().unwrap();
    });
    until("it answers again", async || lab.stacks().get("shop").await.ok()).await;
    operator.traffic.forget();
    tokio::time::sleep(Duration::from_secs(3)).await;
    operator.quiet().await;
    let writes = operator.traffic.writes();
    assert!(
        writes.iter().all(|call| call.path.ends_with("/status") || call.path.contains("/events")),
        "{writes:?}"
    );

    lab.apply("shop", json!({"services": {"cart": {"replicas": 2}}})).await;
    let after = lab.written("shop").await;
    assert!(after.metadata.generation > before.metadata.generation);
    assert_eq!(said(&after.status.unwrap(), "Stalled").0, "");
    let services = lab.objects("v1 Service services");
    services.delete("shop-gateway", &DeleteParams::default()).await.unwrap();
    until("drift is repaired", async || services.get_opt("shop-gateway").await.unwrap()).await;
    assert!(operator.is_running());
    operator.stop().await;
}

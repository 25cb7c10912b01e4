//! Changes of the cluster itself, each on a cluster of its own.

use crate::support::{Lab, said, until};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testbed::Kubernetes;
use tokio::sync::Mutex;

/// One cluster at a time: they are heavy.
static TURN: Mutex<()> = Mutex::const_new(());

async fn own_lab(name: &str) -> Lab {
    let cluster = tokio::task::spawn_blocking(|| Arc::new(Kubernetes::start().unwrap())).await.unwrap();
    Lab::on(cluster, name).await
}

fn definitions(lab: &Lab) -> Api<CustomResourceDefinition> {
    Api::all(lab.admin.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_does_not_decode_says_so_itself_and_harms_nobody() {
    let _turn = TURN.lock().await;
    let lab = own_lab("undecodable").await;
    let operator = lab.operator().await;
    lab.apply("good", json!({})).await;
    lab.written("good").await;
    // A newer release of the definition, which knows more than this operator.
    let mut newer =
        serde_json::to_value(serde_yaml::from_str::<CustomResourceDefinition>(&crds::yaml()).unwrap())
            .unwrap();
    let loose = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = &mut newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["properties"]["spec"] = loose;
    schema.as_object_mut().unwrap().remove("x-kubernetes-validations");
    let params = PatchParams::apply("tests").force();
    definitions(&lab).patch("commercestacks.commercestack.io", &params, &Patch::Apply(&newer)).await.unwrap();
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
async fn an_optional_kind_may_come_and_go() {
    let _turn = TURN.lock().await;
    let lab = own_lab("routes").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"gateway": {"httpRoute": {"parentRefs": [{"name": "public"}]}}})).await;
    let message = lab.reason("shop", "Stalled", "HttpRouteUnavailable").await;
    assert!(message.starts_with("spec.gateway.httpRoute"), "{message}");
    assert!(lab.children("shop").await.contains_key("Deployment shop-cart"));

    let routes = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "httproutes.gateway.networking.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
        "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced",
            "names": {"kind": "HTTPRoute", "plural": "httproutes"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}});
    let name = "httproutes.gateway.networking.k8s.io";
    let params = PatchParams::apply("tests").force();
    definitions(&lab).patch(name, &params, &Patch::Apply(&routes)).await.unwrap();
    lab.written("shop").await;
    let route = lab.objects("gateway.networking.k8s.io/v1 HTTPRoute httproutes");
    let made =
        until("the route is made", async || route.list(&Default::default()).await.ok()?.items.pop()).await;
    operator.quiet().await;
    route.delete(&made.name_any(), &DeleteParams::default()).await.unwrap();
    until("the route is made again", async || route.get_opt(&made.name_any()).await.unwrap()).await;

    definitions(&lab).delete(name, &DeleteParams::default()).await.unwrap();
    lab.reason("shop", "Stalled", "HttpRouteUnavailable").await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_goes_away_and_comes_back_is_worked_with_again() {
    let _turn = TURN.lock().await;
    let mut lab = own_lab("restart").await;
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

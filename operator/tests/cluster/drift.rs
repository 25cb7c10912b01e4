//! What others do to our objects: what we own is set back and told, what they add is theirs.

use crate::support::{Lab, until};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::Instant;

const DEPLOYMENTS: &str = "apps/v1 Deployment deployments";
const SERVICES: &str = "v1 Service services";
const CONFIG_MAPS: &str = "v1 ConfigMap configmaps";

fn as_user(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.into()), ..PatchParams::default() }
}

fn image(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]["image"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_ours_that_somebody_changes_is_set_back_and_the_manager_and_the_field_are_told() {
    let lab = Lab::new("drift").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.quiet().await;
    let deployments = lab.objects(DEPLOYMENTS);
    let before = deployments.get("shop-cart").await.unwrap();
    operator.traffic.forget();

    let mut change =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "cart", "image": "evil:1"}]}}}});
    change["spec"]["template"]["spec"]["containers"][0]["name"] =
        before.data["spec"]["template"]["spec"]["containers"][0]["name"].clone();
    let start = Instant::now();
    deployments.patch("shop-cart", &as_user("kubectl-edit"), &Patch::Strategic(&change)).await.unwrap();
    until("the image is set back", async || {
        let now = serde_json::to_value(deployments.get("shop-cart").await.unwrap()).unwrap();
        (*image(&now) == *image(&before.data)).then_some(())
    })
    .await;
    println!("repaired after {:?}", start.elapsed());
    let note = lab.event("shop", "DriftCorrected").await;
    assert!(note.contains("Deployment shop-cart") && note.contains("kubectl-edit"), "{note}");
    assert!(note.contains("spec.template.spec.containers[name=") && note.contains("].image"), "{note}");
    operator.quiet().await;
    let applied: Vec<_> =
        operator.traffic.writes().into_iter().filter(|call| call.path.contains("deployments")).collect();
    assert_eq!(applied.len(), 1, "one apply repairs it: {applied:?}");
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_add_is_left_alone_and_wakes_nobody() {
    let lab = Lab::new("foreign").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"services": {"cart": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}}}))
        .await;
    lab.written("shop").await;
    operator.quiet().await;
    operator.traffic.forget();

    let note = json!({"metadata": {"annotations": {"example.com/team": "blue"}, "labels": {"team": "blue"}}});
    lab.objects(CONFIG_MAPS).patch("shop-trust", &as_user("blue"), &Patch::Merge(&note)).await.unwrap();
    // What an autoscaler does.
    let scale = json!({"spec": {"replicas": 4}});
    let deployments = lab.objects(DEPLOYMENTS);
    deployments.patch_scale("shop-cart", &as_user("autoscaler"), &Patch::Merge(&scale)).await.unwrap();
    operator.quiet().await;
    assert_eq!(operator.traffic.writes().iter().filter(|call| !call.path.ends_with("/status")).count(), 0);

    // Also our next apply leaves it alone.
    lab.apply("shop", json!({"image": "localhost/commerce:2", "services": {"cart": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}}})).await;
    until("the new image is there", async || {
        let cart = deployments.get("shop-cart").await.unwrap();
        (*image(&cart.data) == json!("localhost/commerce:2")).then_some(())
    })
    .await;
    operator.quiet().await;
    let trust = lab.objects(CONFIG_MAPS).get("shop-trust").await.unwrap();
    assert_eq!(trust.metadata.annotations.unwrap()["example.com/team"], "blue");
    assert_eq!(deployments.get("shop-cart").await.unwrap().data["spec"]["replicas"], json!(4));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autoscaler_takes_over_from_where_the_replicas_are() {
    let lab = Lab::new("handover").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"services": {"cart": {"replicas": 3}}})).await;
    lab.written("shop").await;
    let deployments = lab.objects(DEPLOYMENTS);
    let generation = deployments.get("shop-cart").await.unwrap().metadata.generation;
    lab.apply("shop", json!({"services": {"cart": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}}}))
        .await;
    lab.written("shop").await;
    operator.quiet().await;
    let cart = deployments.get("shop-cart").await.unwrap();
    assert_eq!(cart.data["spec"]["replicas"], json!(3));
    assert_eq!(cart.metadata.generation, generation, "it was never anything else in between");
    lab.apply("shop", json!({"services": {"cart": {"replicas": 2}}})).await;
    until("the replicas are ours again", async || {
        (deployments.get("shop-cart").await.unwrap().data["spec"]["replicas"] == json!(2)).then_some(())
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deletes_comes_back_as_it_was() {
    let lab = Lab::new("deleted").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.quiet().await;
    let secrets = lab.objects("v1 Secret secrets");
    let before = secrets.get("shop-cart-identity").await.unwrap();
    for (kind, name) in [("v1 Secret secrets", "shop-cart-identity"), (SERVICES, "shop-gateway")] {
        lab.objects(kind).delete(name, &DeleteParams::default()).await.unwrap();
    }
    let after =
        until("the Secret is there again", async || secrets.get_opt("shop-cart-identity").await.unwrap())
            .await;
    assert_eq!(after.data, before.data);
    assert_ne!(after.metadata.uid, before.metadata.uid);
    until("the Service is there again", async || {
        lab.objects(SERVICES).get_opt("shop-gateway").await.unwrap()
    })
    .await;
    lab.event("shop", "ObjectRestored").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_taken_off_and_managed_fields_cleared_are_set_back() {
    let lab = Lab::new("labels").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.quiet().await;
    let maps = lab.objects(CONFIG_MAPS);
    // Without its labels no watch of ours sees it any more.
    let bare = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null, "commercestack.io/stack": null}}});
    maps.patch("shop-trust", &as_user("kubectl-label"), &Patch::Merge(&bare)).await.unwrap();
    until("the labels are back", async || {
        let labels = maps.get("shop-trust").await.unwrap().metadata.labels.unwrap_or_default();
        (labels.get("commercestack.io/stack").map(String::as_str) == Some("shop")).then_some(())
    })
    .await;
    operator.quiet().await;

    let cleared = json!({"metadata": {"managedFields": [{}]}, "data": {"cart": "forged"}});
    maps.patch("shop-trust", &as_user("forger"), &Patch::Merge(&cleared)).await.unwrap();
    until("the key is back", async || {
        let map = maps.get("shop-trust").await.unwrap();
        (map.data["data"]["cart"] != json!("forged")).then_some(())
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_keeps_taking_a_field_is_told_and_no_endless_fight_begins() {
    let lab = Lab::new("fight").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    let maps = lab.objects(CONFIG_MAPS);
    let forced = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-trust"}, "data": {"cart": "mine"}});
    let mine = async || {
        maps.patch("shop-trust", &PatchParams::apply("rival").force(), &Patch::Apply(&forced)).await.unwrap();
    };
    let conflict = async || {
        let stack = lab.stacks().get("shop").await.unwrap();
        crate::support::said(&stack.status.unwrap_or_default(), "Stalled").1 == "FieldConflict"
    };
    until("the stack says so", async || {
        mine().await;
        conflict().await.then_some(())
    })
    .await;
    let message = lab.reason("shop", "Stalled", "FieldConflict").await;
    assert!(
        message.contains("ConfigMap shop-trust")
            && message.contains("data.cart")
            && message.contains("rival"),
        "{message}"
    );
    // The rival gives up: the field is set back, and the stack recovers.
    until("the key is back", async || {
        (maps.get("shop-trust").await.unwrap().data["data"]["cart"] != json!("mine")).then_some(())
    })
    .await;
    lab.written("shop").await;
    operator.stop().await;
}

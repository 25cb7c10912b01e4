//! Pause, upgrade, deletion, and the root Secret.

use crate::support::{Lab, release, said, until};
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECRETS: &str = "v1 Secret secrets";
const DEPLOYMENTS: &str = "apps/v1 Deployment deployments";

fn templates(children: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let template = |(name, object): (&String, &Value)| {
        object.pointer("/spec/template").map(|template| (name.clone(), template.clone()))
    };
    children.iter().filter_map(template).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_means_that_nothing_is_changed_and_that_the_stack_says_so() {
    let lab = Lab::new("paused").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let before = lab.written("shop").await;
    lab.apply("shop", json!({"operation": {"paused": true}})).await;
    lab.reason("shop", "Paused", "Paused").await;
    operator.quiet().await;
    operator.traffic.forget();

    lab.apply("shop", json!({"operation": {"paused": true}, "services": {"cart": {"replicas": 3}}})).await;
    lab.objects(DEPLOYMENTS).delete("shop-project", &DeleteParams::default()).await.unwrap();
    operator.quiet().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let writes = operator.traffic.writes();
    assert!(
        writes
            .iter()
            .all(|call| call.path.ends_with("commercestacks/shop/status") || call.path.contains("/events")),
        "{writes:?}"
    );
    let paused = lab.stacks().get("shop").await.unwrap().status.unwrap();
    assert_eq!(paused.observed_generation, before.status.unwrap().observed_generation);
    assert!(!lab.children("shop").await.contains_key("Deployment shop-project"));

    lab.apply("shop", json!({"services": {"cart": {"replicas": 3}}})).await;
    let resumed = lab.written("shop").await;
    assert_eq!(said(&resumed.status.unwrap(), "Paused").0, "");
    let children = lab.children("shop").await;
    assert_eq!(children["Deployment shop-cart"]["spec"]["replicas"], json!(3));
    assert!(children.contains_key("Deployment shop-project"));
    lab.event("shop", "Resumed").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_operator_changes_no_pod_template_until_the_stack_follows() {
    let lab = Lab::new("upgrade").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.at_rest("shop").await;
    operator.quiet().await;
    operator.stop().await;
    let before = templates(&lab.children("shop").await);
    assert!(before.len() > 5);

    let mut config = lab.config();
    config.release = release("2.0.0");
    let upgraded = lab.operator_with(config, Arc::default()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    upgraded.quiet().await;
    assert_eq!(templates(&lab.children("shop").await), before);
    assert_eq!(upgraded.traffic.writes(), []);

    lab.apply("shop", json!({"operation": {"upgrades": "Automatic"}})).await;
    lab.stack_where("shop", "the stack follows", |stack| {
        stack.status.as_ref().is_some_and(|status| status.version.as_deref() == Some("2.0.0"))
    })
    .await;
    let after = templates(&lab.children("shop").await);
    assert_eq!(
        after["Deployment shop-cart"]["spec"]["containers"][0]["image"],
        json!("localhost/commerce:2.0.0")
    );
    let note = lab.event("shop", "Upgraded").await;
    assert!(note.contains("1.0.0") && note.contains("2.0.0"), "{note}");
    upgraded.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_a_deleted_stack_leaves_its_data_and_what_guards_it_and_a_new_one_takes_them_up() {
    let lab = Lab::new("retain").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let first = lab.written("shop").await;
    assert!(first.finalizers().is_empty());
    let secrets = lab.objects(SECRETS);
    let seed = secrets.get("shop-root").await.unwrap();
    lab.delete("shop").await;
    until("all else is gone", async || {
        let left: Vec<String> = lab.children("shop").await.into_keys().collect();
        let kept = [
            "PersistentVolumeClaim data-shop-kafka-0",
            "PersistentVolumeClaim data-shop-mongodb-0",
            "Secret shop-mongodb-root",
            "Secret shop-root",
        ];
        (left == kept).then_some(())
    })
    .await;

    lab.apply("shop", json!({})).await;
    let second = lab.written("shop").await;
    assert_eq!(first.status.unwrap().root, second.status.unwrap().root);
    assert_eq!(secrets.get("shop-root").await.unwrap().data, seed.data);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_policy_delete_everything_goes_and_a_broker_that_is_gone_does_not_hold_it_up() {
    let lab = Lab::new("delete").await;
    let operator = lab.operator().await;
    let uri =
        json!({"metadata": {"name": "mongo"}, "stringData": {"uri": "mongodb://root:hunter2@127.0.0.1:1"}});
    lab.objects(SECRETS).create(&PostParams::default(), &serde_json::from_value(uri).unwrap()).await.unwrap();
    let spec = json!({"deletionPolicy": "Delete",
        "mongodb": {"external": {"uriSecretRef": {"name": "mongo", "key": "uri"}}},
        "kafka": {"external": {"bootstrapServers": "127.0.0.1:1"}}});
    lab.apply("shop", spec).await;
    let stack = lab.written("shop").await;
    assert_eq!(stack.finalizers(), ["commercestack.io/backends"]);
    lab.reason("shop", "BackendsReady", "KafkaUnreachable").await;
    let start = Instant::now();
    lab.delete("shop").await;
    println!("deleted after {:?}", start.elapsed());
    let note = lab.event("shop", "DeletionIncomplete").await;
    assert!(note.contains("left: ") && note.contains("topic"), "{note}");
    assert!(!note.contains("hunter2"));
    until("nothing is left", async || lab.children("shop").await.is_empty().then_some(())).await;

    // The same when the Secret that says where the database is has gone first.
    lab.apply(
        "shop",
        json!({"deletionPolicy": "Delete",
        "mongodb": {"external": {"uriSecretRef": {"name": "mongo", "key": "uri"}}}}),
    )
    .await;
    lab.written("shop").await;
    lab.objects(SECRETS).delete("mongo", &DeleteParams::default()).await.unwrap();
    lab.reason("shop", "Stalled", "ReferenceMissing").await;
    lab.delete("shop").await;
    until("the event names the Secret", async || {
        let events = lab.events("shop").await;
        events
            .iter()
            .any(|(reason, note)| reason == "DeletionIncomplete" && note.contains("'mongo' does not exist"))
            .then_some(())
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_managed_backends_and_policy_delete_nothing_is_waited_for() {
    let lab = Lab::new("deletemanaged").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"deletionPolicy": "Delete"})).await;
    lab.written("shop").await;
    lab.delete("shop").await;
    until("nothing is left", async || lab.children("shop").await.is_empty().then_some(())).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_root_is_never_made_anew_by_itself() {
    let lab = Lab::new("lost").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    operator.quiet().await;
    let secrets = lab.objects(SECRETS);
    let root = secrets.get("shop-root").await.unwrap();
    let identity = secrets.get("shop-cart-identity").await.unwrap();
    secrets.delete("shop-root", &DeleteParams::default()).await.unwrap();
    let message = lab.reason("shop", "Stalled", "RootSecretLost").await;
    assert!(message.contains("commercestack.io/new-root"), "{message}");
    lab.event("shop", "RootSecretLost").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(secrets.get_opt("shop-root").await.unwrap().is_none());

    // Restored from a backup, it goes on as before.
    let mut backup = root.clone();
    (backup.metadata.uid, backup.metadata.resource_version) = (None, None);
    backup.metadata.managed_fields = None;
    secrets.create(&PostParams::default(), &backup).await.unwrap();
    lab.written("shop").await;
    assert_eq!(secrets.get("shop-cart-identity").await.unwrap().data, identity.data);

    // Another seed is not used either.
    let other = json!({"data": {"seed": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}});
    secrets.patch("shop-root", &PatchParams::default(), &Patch::Merge(&other)).await.unwrap();
    lab.reason("shop", "Stalled", "RootSecretChanged").await;
    assert_eq!(secrets.get("shop-cart-identity").await.unwrap().data, identity.data);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_root_is_made_anew_once_somebody_accepts_it_and_only_that_once() {
    let lab = Lab::new("accept").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let stack = lab.written("shop").await;
    let secrets = lab.objects(SECRETS);
    let identity = secrets.get("shop-cart-identity").await.unwrap();
    secrets.delete("shop-root", &DeleteParams::default()).await.unwrap();
    lab.reason("shop", "Stalled", "RootSecretLost").await;
    let accept = json!({"metadata": {"annotations": {"commercestack.io/new-root": stack.uid()}}});
    lab.stacks().patch("shop", &PatchParams::default(), &Patch::Merge(&accept)).await.unwrap();
    let after = lab
        .stack_where("shop", "another root is recorded", |after| {
            let root = after.status.as_ref().and_then(|status| status.root.clone());
            root.is_some() && root != stack.status.as_ref().unwrap().root && after.annotations().is_empty()
        })
        .await;
    assert_eq!(said(&after.status.unwrap(), "Stalled").0, "");
    assert_ne!(secrets.get("shop-cart-identity").await.unwrap().data, identity.data);
    lab.event("shop", "RootSecretAccepted").await;

    secrets.delete("shop-root", &DeleteParams::default()).await.unwrap();
    lab.reason("shop", "Stalled", "RootSecretLost").await;
    operator.stop().await;
}

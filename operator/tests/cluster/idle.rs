//! A pass that changes nothing writes nothing.

use crate::support::{Lab, said};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_spec_becomes_all_objects_of_a_stack_and_a_status() {
    let lab = Lab::new("quickstart").await;
    let operator = lab.operator().await;
    lab.apply_whole("shop", json!({})).await;
    let stack = lab.written("shop").await;
    let status = stack.status.unwrap();
    assert_eq!(said(&status, "Ready").1, "ServicesNotReady");
    assert!(said(&status, "Ready").2.contains("account (0/1)"), "{:?}", said(&status, "Ready"));
    assert_eq!(said(&status, "Reconciling").0, "True");
    assert_eq!(said(&status, "Stalled").0, "");
    assert_eq!(status.release.as_ref().unwrap().version, "1.0.0");
    assert!(status.endpoint.unwrap().starts_with("http://shop-gateway."));
    assert!(status.root.is_some() && status.database_prefix.is_some());
    assert_eq!(status.services_ready.as_deref(), Some(format!("0/{}", status.services.len()).as_str()));
    let children = lab.children("shop").await;
    for child in [
        "Secret shop-root",
        "Secret shop-declared",
        "ConfigMap shop-trust",
        "Deployment shop-cart",
        "Service shop-gateway",
        "StatefulSet shop-mongodb",
        "StatefulSet shop-kafka",
        "ServiceAccount shop-account",
    ] {
        assert!(children.contains_key(child), "{child} among {:?}", children.keys());
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_operator_and_a_restarted_one_write_nothing() {
    let lab = Lab::new("idle").await;
    let operator = lab.operator().await;
    for number in 0..5 {
        lab.apply(&format!("shop-{number}"), json!({})).await;
    }
    for number in 0..5 {
        lab.at_rest(&format!("shop-{number}")).await;
    }
    operator.quiet_for(Duration::from_secs(3)).await;
    operator.traffic.forget();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(operator.traffic.writes(), []);
    operator.stop().await;

    let restarted = lab.operator_with(lab.config(), Arc::default()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    restarted.quiet().await;
    assert!(restarted.traffic.count() > 10, "it looked: {:?}", restarted.traffic.last(5));
    assert_eq!(restarted.traffic.writes(), []);
    restarted.stop().await;
}

//! At most one operator writes.

use crate::support::{Lab, PATIENCE, until};
use commerce_operator::config::{Config, Lease};
use k8s_openapi::api::coordination::v1::Lease as Held;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn elected(lab: &Lab, identity: &str) -> Config {
    let mut config = lab.config();
    config.identity = identity.into();
    config.lease = Some(Lease {
        duration: Duration::from_secs(4),
        renew_deadline: Duration::from_secs(3),
        period: Duration::from_millis(300),
        ..Lease::new(lab.namespace.clone())
    });
    config
}

async fn holder(lab: &Lab) -> Option<String> {
    let api: Api<Held> = Api::namespaced(lab.admin.clone(), &lab.namespace);
    api.get_opt("commerce-operator").await.unwrap()?.spec?.holder_identity
}

async fn led_by(lab: &Lab, identity: &str) {
    until(&format!("{identity} leads"), async || {
        holder(lab).await.filter(|holder| holder.starts_with(&format!("{identity}_"))).map(|_| ())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_waits_and_takes_over_when_the_first_is_killed() {
    let lab = Lab::new("elect").await;
    let first = lab.operator_with(elected(&lab, "first"), Arc::default()).await;
    led_by(&lab, "first").await;
    let second = lab.operator_with(elected(&lab, "second"), Arc::default()).await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    assert_eq!(second.traffic.writes(), []);
    let start = Instant::now();
    first.kill().await;
    led_by(&lab, "second").await;
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(2), "not before the lease is over: {took:?}");
    println!("took over after {took:?}");
    lab.apply("shop", json!({"services": {"cart": {"replicas": 2}}})).await;
    lab.written("shop").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_asked_to_stop_gives_the_lease_back() {
    let lab = Lab::new("release").await;
    // A lease that outlives the test: only its return lets the second lead.
    let patient = |identity| {
        let mut config = elected(&lab, identity);
        config.lease =
            config.lease.map(|lease| Lease { duration: PATIENCE * 2, renew_deadline: PATIENCE, ..lease });
        config
    };
    let first = lab.operator_with(patient("first"), Arc::default()).await;
    led_by(&lab, "first").await;
    let second = lab.operator_with(patient("second"), Arc::default()).await;
    first.stop().await;
    led_by(&lab, "second").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_whose_lease_is_taken_stops_for_good() {
    let lab = Lab::new("usurped").await;
    let first = lab.operator_with(elected(&lab, "first"), Arc::default()).await;
    led_by(&lab, "first").await;
    let api: Api<Held> = Api::namespaced(lab.admin.clone(), &lab.namespace);
    let taken = json!({"spec": {"holderIdentity": "usurper_1", "leaseDurationSeconds": 60}});
    api.patch("commerce-operator", &PatchParams::default(), &Patch::Merge(&taken)).await.unwrap();
    until("it stops", async || (!first.is_running()).then_some(())).await;
    first.traffic.forget();
    lab.apply("shop", json!({})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(first.traffic.writes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_cannot_renew_writes_no_more_when_its_time_is_over() {
    let lab = Lab::new("partition").await;
    let first = lab.operator_with(elected(&lab, "first"), Arc::default()).await;
    led_by(&lab, "first").await;
    first.traffic.answer(|call| {
        call.path
            .contains("/leases")
            .then(|| crate::support::traffic::refusal(503, "ServiceUnavailable", "away"))
    });
    until("it stops", async || (!first.is_running()).then_some(())).await;
}

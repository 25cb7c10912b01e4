//! Many stacks at once.

use crate::support::Lab;
use futures::StreamExt;
use futures::stream;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Three for each client that applies them; the bench has 500.
const STACKS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn many_stacks_at_once_are_written_and_a_restart_with_all_of_them_writes_nothing() {
    let lab = Lab::new("many").await;
    let operator = lab.operator().await;
    let start = Instant::now();
    let names: Vec<String> = (0..STACKS).map(|number| format!("shop-{number}")).collect();
    stream::iter(&names).for_each_concurrent(8, async |name| drop(lab.apply(name, json!({})).await)).await;
    for name in &names {
        lab.written(name).await;
    }
    let (took, objects) = (start.elapsed(), lab.children("shop-0").await.len() * STACKS);
    println!("{objects} objects in {took:?}: {:.0} per second", objects as f64 / took.as_secs_f64());
    for name in &names {
        lab.at_rest(name).await;
    }
    operator.quiet_for(Duration::from_secs(4)).await;
    operator.traffic.forget();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(operator.traffic.writes(), []);
    operator.stop().await;

    let restarted = lab.operator_with(lab.config(), Arc::default()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    restarted.quiet().await;
    assert_eq!(restarted.traffic.writes(), []);
    let start = Instant::now();
    lab.apply("shop-7", json!({"services": {"cart": {"replicas": 2}}})).await;
    lab.written("shop-7").await;
    println!("an edit among {STACKS} took {:?}", start.elapsed());
    restarted.stop().await;
}

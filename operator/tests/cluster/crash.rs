//! An operator killed between any two requests leaves nothing that the next one does not bring to the same end.

use crate::support::Lab;
use crate::support::traffic::Traffic;
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the cluster's collector of garbage is waited for, which no test here is about: beside tests that make hundreds
/// of objects it was seen to need minutes.
const COLLECTION: Duration = Duration::from_secs(20);

/// What is left of an object without what differs from one stack, or one moment, to the next.
fn essence(children: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let strip = |name: &str, object: &Value| {
        let mut object = object.clone();
        if name.starts_with("Secret ") || name.starts_with("ConfigMap ") {
            // The seed is another, and all that derives from it.
            for side in ["data", "stringData"] {
                for value in object.get_mut(side).and_then(Value::as_object_mut).into_iter().flatten() {
                    *value.1 = Value::Null;
                }
            }
        }
        for field in
            ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "namespace"]
        {
            object["metadata"].as_object_mut().unwrap().remove(field);
        }
        object["metadata"]["annotations"].as_object_mut().into_iter().for_each(serde_json::Map::clear);
        for owner in object["metadata"]["ownerReferences"].as_array_mut().into_iter().flatten() {
            owner["uid"] = Value::Null;
        }
        object.as_object_mut().unwrap().remove("status");
        if name.starts_with("Service ") {
            for field in ["clusterIP", "clusterIPs", "ipFamilies"] {
                object["spec"].as_object_mut().unwrap().remove(field);
            }
        }
        let env = object.pointer_mut("/spec/template/spec/containers/0/env").and_then(Value::as_array_mut);
        for variable in env.into_iter().flatten().filter(|variable| variable["name"] == "CLUSTER_ID") {
            variable["value"] = Value::Null;
        }
        let mut text = object.to_string();
        // Checksums of what derives from the seed.
        if let Some(annotations) =
            object.pointer("/spec/template/metadata/annotations").and_then(Value::as_object)
        {
            for value in annotations.values().filter_map(Value::as_str) {
                text = text.replace(value, "…");
            }
        }
        text
    };
    children.iter().map(|(name, object)| (name.clone(), Value::String(strip(name, object)))).collect()
}

/// What the children of a stack are, whatever it and its namespace are called. Names of stacks are of one length here, so
/// that lists in order of names keep their order.
async fn named_alike(lab: &Lab, name: &str) -> BTreeMap<String, Value> {
    let text = serde_json::to_string(&essence(&lab.children(name).await)).unwrap();
    serde_json::from_str(&text.replace(&lab.namespace, "NAMESPACE").replace(name, "STACK")).unwrap()
}

/// An empty spec has these kinds of objects, too, and more of each.
fn spec() -> Value {
    json!({"services": {"cart": {"enabled": false}}})
}

/// How many operators die at a time, each in a namespace of its own: most of the time they wait for the controllers.
const LANES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_killed_between_any_two_requests_is_followed_to_the_same_end() {
    let lab = Lab::new("crash").await;
    let operator = lab.operator().await;
    lab.apply("whole", spec()).await;
    lab.at_rest("whole").await;
    operator.quiet().await;
    let requests = u64::try_from(operator.traffic.count()).unwrap();
    operator.stop().await;
    let expected = named_alike(&lab, "whole").await;

    // Every cut near the start, where single requests decide, and then every few.
    let cuts: Vec<u64> = (15..40).chain((40..requests + 30).step_by(9)).collect();
    let lanes = (0..LANES).map(async |lane| {
        let lab = Lab::new("crash").await;
        for cut in cuts.iter().skip(lane).step_by(LANES) {
            cut_off(&lab, *cut, &expected).await;
        }
    });
    join_all(lanes).await;
}

/// Kills an operator after so many requests, and holds what the next one makes of it against `expected`.
async fn cut_off(lab: &Lab, cut: u64, expected: &BTreeMap<String, Value>) {
    let name = format!("s{cut:04}");
    let traffic = Traffic::cut_after(cut);
    let dying = lab.operator_with(lab.config(), Arc::clone(&traffic)).await;
    lab.apply(&name, spec()).await;
    let died = tokio::time::timeout(Duration::from_secs(5), traffic.wait_for_cut()).await;
    dying.kill().await;
    let next = lab.operator().await;
    lab.at_rest(&name).await;
    next.quiet().await;
    let children = named_alike(lab, &name).await;
    let names = |children: &BTreeMap<String, Value>| children.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&children), names(expected), "cut after {cut} ({died:?})");
    for (child, object) in &children {
        let (ours, theirs) = (hashless(object), hashless(&expected[child]));
        assert_eq!(ours, theirs, "{child} cut after {cut}");
    }
    next.traffic.forget();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(next.traffic.writes(), [], "cut after {cut}");
    next.stop().await;
    lab.delete(&name).await;
    collected(lab, &name).await;
}

/// Gives the cluster time to collect the objects of a stack that is gone, so that they do not pile up.
async fn collected(lab: &Lab, name: &str) {
    let start = Instant::now();
    // One kind stands for all: a look at every kind is a request for each.
    let left = async || !lab.children_of(name, |kind| kind == "Deployment").await.is_empty();
    while start.elapsed() < COLLECTION && left().await {
        sleep(Duration::from_millis(500)).await;
    }
}

/// Names of databases hold a hash of the stack's.
fn hashless(object: &Value) -> String {
    let text = object.as_str().unwrap_or_default();
    let mut words: Vec<&str> = text.split("cs_").collect();
    for word in words.iter_mut().skip(1) {
        *word = word.get(10..).unwrap_or_default();
    }
    words.join("cs_")
}

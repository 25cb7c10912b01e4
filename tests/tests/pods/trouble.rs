//! What keeps a service away is named in the stack's condition, and once it is gone the stack recovers by itself.

use crate::shop::shop;
use commerce_tests::cluster::{Stack, kubectl};
use serde_json::{Value, json};

#[track_caller]
fn recovers(stack: &Stack, broken: &Value, words: &[&str], mended: &Value) {
    stack.change(broken);
    stack.wait_troubled(words);
    stack.change(mended);
    stack.wait_ready();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn an_image_that_does_not_exist_is_named_with_its_service() {
    let (stack, _turn) = shop();
    let image = |image: Value| json!({"services": {"cart": {"image": image}}});
    let words = ["cart", "example.invalid/none:1", "cannot be had"];
    recovers(&stack, &image(json!("example.invalid/none:1")), &words, &image(Value::Null));
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_service_that_no_node_has_room_for_is_named() {
    let (stack, _turn) = shop();
    let memory = |memory: Value| json!({"services": {"order": {"resources": {"requests": {"memory": memory}, "limits": {"memory": memory}}}}});
    recovers(
        &stack,
        &memory(json!("900Gi")),
        &["order", "no node takes its pod", "memory"],
        &memory(Value::Null),
    );
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_service_that_keeps_ending_is_named_with_its_last_words() {
    let (stack, _turn) = shop();
    let resources = |limit: Value| json!({"services": {"inventory": {"resources": {"requests": {"memory": limit}, "limits": {"memory": limit}}}}});
    recovers(&stack, &resources(json!("6Mi")), &["inventory"], &resources(Value::Null));
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_database_that_is_away_is_named_by_the_services_that_miss_it() {
    let (stack, _turn) = shop();
    let nodes = kubectl(&["get", "nodes", "-o", "name"]);
    let nodes: Vec<&str> = nodes.lines().collect();
    kubectl(&[&["cordon"], nodes.as_slice()].concat());
    stack.kubectl(&["delete", "pod", "quickstart-mongodb-0", "--grace-period=0", "--force"]);
    let message = stack.wait_troubled(&["mongodb (0/1)", "account: database"]);
    assert!(!message.contains("mongodb://"), "{message}");
    kubectl(&[&["uncordon"], nodes.as_slice()].concat());
    stack.wait_ready();
}

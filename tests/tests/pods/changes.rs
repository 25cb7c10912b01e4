//! What an operator of a shop does on a working day, while shoppers shop: no request fails.

use crate::load::Load;
use crate::shop::{free_node, install_operator, shop};
use commerce_tests::cluster::{Stack, eventually, kubectl};
use serde_json::{Value, json};

/// The generation of the cart's Deployment, and whether it has been rolled out.
fn rollout(stack: &Stack) -> (Value, bool) {
    let cart = stack.get("deployment", "quickstart-cart").unwrap();
    let status = &cart["status"];
    let done = status["observedGeneration"] == cart["metadata"]["generation"]
        && status["updatedReplicas"] == cart["spec"]["replicas"]
        && status["replicas"] == cart["spec"]["replicas"]
        && status["readyReplicas"] == cart["spec"]["replicas"];
    (cart["spec"]["template"].clone(), done)
}

/// Does this, waits until the pods of the cart are of another template, and the stack is ready.
#[track_caller]
fn rolls(stack: &Stack, change: impl FnOnce()) {
    let (before, _) = rollout(stack);
    change();
    eventually("the pods are of the new template", || {
        let (now, done) = rollout(stack);
        (now != before && done).then_some(())
    });
    stack.wait_ready();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn resources_secrets_and_images_change_without_a_failed_request() {
    let (stack, _turn) = shop();
    let load = Load::start(&stack);
    rolls(&stack, || {
        stack.change(&json!({"services": {"cart": {"resources": {"requests": {"cpu": "20m"}}}}}));
    });
    // Pods take up new keys without a restart.
    stack.change(&json!({"operation": {"secretsRotation": 1}}));
    for (pod, _) in stack.pods("gateway").iter().chain(&stack.pods("cart")) {
        eventually("new keys are in use", || {
            stack.kubectl(&["logs", pod]).contains("signed with a new key").then_some(())
        });
    }
    // The same image by its full name: other pods, and nothing to load.
    let image = stack.get("deployment", "quickstart-cart").unwrap();
    let image = image["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
    rolls(&stack, || stack.change(&json!({"image": format!("docker.io/{image}")})));
    load.stop().expect_no_failure();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn more_and_fewer_pods_serve_without_a_failed_request() {
    let (stack, _turn) = shop();
    let load = Load::start(&stack);
    for replicas in [3, 2] {
        stack.change(
            &json!({"services": {"gateway": {"replicas": replicas}, "cart": {"replicas": replicas}}}),
        );
        stack.wait_ready();
        assert_eq!(stack.pods("cart").len(), replicas);
    }
    load.stop().expect_no_failure();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn an_upgrade_of_the_operator_restarts_no_service() {
    let (stack, _turn) = shop();
    let before = stack.pods("cart");
    let load = Load::start(&stack);
    install_operator(&["podAnnotations.rolled=again", "stacks.image.tag=9.9.9"]);
    stack.change(&json!({"services": {"order": {"replicas": 2}}}));
    stack.wait_ready();
    assert_eq!(stack.pods("cart"), before);
    install_operator(&[]);
    load.stop().expect_no_failure();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_node_is_drained_without_a_failed_request() {
    let (stack, _turn) = shop();
    let node = free_node();
    let load = Load::start(&stack);
    kubectl(&["drain", &node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s"]);
    stack.wait_ready();
    let pods = ["account", "cart", "gateway", "order"].map(|service| stack.pods(service)).concat();
    kubectl(&["uncordon", &node]);
    assert!(pods.iter().all(|(_, at)| *at != node), "{pods:?}");
    load.stop().expect_no_failure();
}

//! What keeps a service away is named in the stack's condition, and once it is gone the stack recovers by itself.

use crate::shop::{least, shop};
use commerce_tests::cluster::{Namespace, Stack, apply, eventually, kubectl, try_kubectl};
use serde_json::{Value, json};
use testbed::Kubernetes;

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

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_volume_that_no_class_gives_is_named() {
    let namespace = Namespace::new("unbound");
    let later = "later-than-the-stack";
    let stack = least(&namespace, &json!({"kafka": {"managed": {"storageClassName": later}}}));
    stack.wait_troubled(&["kafka (0/1)", "kafka: no node takes its pod", "unbound"]);
    let standard = kubectl(&["get", "storageclass", "standard", "-o", "jsonpath={.provisioner}"]);
    apply(&json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": later},
        "provisioner": standard}));
    stack.wait_ready();
    kubectl(&["delete", "storageclass", later]);
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn names_that_nobody_answers_are_told_by_the_service_that_asks() {
    let (stack, _turn) = shop();
    let cluster = Kubernetes::from_env().unwrap().unwrap();
    cluster.toggle_dns().unwrap();
    let pods = stack.pods("customer");
    stack.kubectl(&["delete", "pod", &pods[0].0, "--grace-period=0", "--force"]);
    stack.wait_troubled(&["customer (1/2)", "customer: database: "]);
    cluster.toggle_dns().unwrap();
    stack.wait_ready();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_wrong_password_of_the_database_is_named_and_a_right_one_taken_up() {
    let (shop, _turn) = shop();
    let right = shop.get("secret", "quickstart-mongodb-root").unwrap()["data"]["uri"].clone();
    let namespace = Namespace::new("borrower");
    let wrong = format!("mongodb://root:not-the-password@quickstart-mongodb.{}.svc:27017", shop.namespace);
    let secret = |data: Value| {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "theirs", "namespace": namespace.0}});
        secret["data"] = data["data"].clone();
        secret["stringData"] = data["stringData"].clone();
        apply(&secret);
    };
    secret(json!({"stringData": {"uri": wrong}}));
    let more = json!({"deletionPolicy": "Delete", "mongodb": {"external": {"uriSecretRef": {"name": "theirs", "key": "uri"}}}});
    let stack = least(&namespace, &more);
    let message = stack.wait_troubled(&["MongoDB", "credentials"]);
    assert!(!message.contains("not-the-password"), "{message}");
    secret(json!({"data": {"uri": right}}));
    stack.wait_ready();
    kubectl(&["delete", "cstack", &stack.name, "-n", &stack.namespace, "--timeout=120s"]);
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_broker_whose_disk_is_full_is_named_and_goes_on_when_there_is_room() {
    let namespace = Namespace::new("full");
    let disk = json!({"storage": "300Mi", "storageClassName": "limited"});
    let stack = least(&namespace, &json!({"kafka": {"managed": disk}}));
    stack.wait_ready();
    // Somebody else's file takes all the room that is left.
    let broker = stack.get("pod", "least-kafka-0").unwrap();
    let fill = "while printf '%01048576d' 0; do :; done >/data/ballast; echo full; sleep infinity";
    apply(&json!({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "ballast", "namespace": namespace.0},
    "spec": {
        "nodeName": broker["spec"]["nodeName"], "securityContext": broker["spec"]["securityContext"],
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "ballast", "image": broker["spec"]["containers"][0]["image"],
            "command": ["bash", "-c", fill], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-least-kafka-0"}}],
    }}));
    eventually("the disk is full", || {
        let said = try_kubectl(&["logs", "ballast", "-n", &namespace.0]).unwrap_or_default();
        said.contains("full").then_some(())
    });
    stack.wait_troubled(&["kafka (0/1)", "kafka: its container ends", "space"]);
    stack.kubectl(&["exec", "ballast", "--", "rm", "/data/ballast"]);
    stack.kubectl(&["delete", "pod", "ballast"]);
    stack.wait_ready();
}

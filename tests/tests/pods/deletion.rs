//! What is left of a stack when it is deleted, and what a stack of the same name finds.

use crate::shop::small;
use commerce_tests::cluster::{Namespace, Stack, eventually, kubectl};
use serde_json::{Value, json};

const KINDS: &str = "deployments,statefulsets,jobs,pods,services,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets,persistentvolumeclaims";

fn delete(stack: &Stack) {
    kubectl(&["delete", "cstack", &stack.name, "-n", &stack.namespace, "--timeout=120s"]);
}

/// What is there beside what a namespace always has.
fn left(namespace: &Namespace) -> Vec<String> {
    let objects = namespace.objects(KINDS).into_keys();
    objects
        .filter(|name| !["ConfigMap kube-root-ca.crt", "ServiceAccount default"].contains(&name.as_str()))
        .collect()
}

fn customer(stack: &Stack, email: &str) -> Value {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let client = stack.client("demo").await;
        client.post("/customers", json!({"email": email, "password": "a long one"})).await.expect(201)
    })
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_stack_made_again_after_retain_finds_its_data_and_a_neighbour_of_the_same_name_notices_nothing() {
    let (one, two) = (Namespace::new("first"), Namespace::new("second"));
    let (shop, neighbour) = (small(&one, "shop"), small(&two, "shop"));
    shop.wait_ready();
    neighbour.wait_ready();
    let before = customer(&shop, "anna@example.com");
    let other = customer(&neighbour, "anna@example.com");
    let pods = neighbour.pods("customer");
    assert_ne!(before["customer"]["id"], other["customer"]["id"]);

    delete(&shop);
    let kept = [
        "PersistentVolumeClaim data-shop-kafka-0",
        "PersistentVolumeClaim data-shop-mongodb-0",
        "Secret shop-mongodb-root",
        "Secret shop-root",
    ];
    eventually("only what guards data is left", || (left(&one) == kept).then_some(()));

    let again = small(&one, "shop");
    again.wait_ready();
    let path = format!("/customers/{}", before["customer"]["id"].as_str().unwrap());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        assert_eq!(again.client("demo").await.get(&path).await.expect(200)["email"], "anna@example.com");
        let neighbours = neighbour.client("demo").await;
        assert_eq!(neighbours.get("/customers").await.expect(200)["total"], 1);
    });
    assert_eq!(neighbour.pods("customer"), pods);

    neighbour.change(&json!({"deletionPolicy": "Delete"}));
    neighbour.wait_ready();
    delete(&neighbour);
    eventually("nothing is left of it", || left(&two).is_empty().then_some(()));
    assert!(left(&one).contains(&"Deployment shop-customer".to_owned()));
}

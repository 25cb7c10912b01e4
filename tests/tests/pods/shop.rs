//! The operator and the stacks that the scenarios share.

use commerce_tests::cluster::{Namespace, Stack, apply, helm, kubectl};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Where the operator runs.
pub const OPERATOR: &str = "commerce-system";
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/commerce-operator");
const VALUES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/commerce-operator/ci/testbed-values.yaml");

/// Installs or changes the operator by Helm.
pub fn install_operator(values: &[&str]) {
    let common = [
        "upgrade",
        "--install",
        "commerce-operator",
        CHART,
        "--namespace",
        OPERATOR,
        "--create-namespace",
        "--values",
        VALUES,
        "--wait",
        "--timeout",
        "3m",
    ];
    let set = values.iter().flat_map(|value| ["--set", value]);
    helm(&common.into_iter().chain(set).collect::<Vec<_>>());
}

/// The operator, installed once.
pub fn operator() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        assert!(
            std::env::var_os("KUBECONFIG").is_some() && std::env::var_os("TESTBED_NODES").is_some(),
            "these scenarios need a cluster with nodes and the images on them: run scripts/pods.sh"
        );
        install_operator(&[]);
    });
}

/// The spec of the quickstart.
pub fn quickstart() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/quickstart.yaml");
    let mut manifest: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    manifest["spec"].take()
}

/// The stack that most scenarios use, one at a time: the quickstart with two pods of every service, and without the sample
/// catalogue, which takes the testbed's database long to read. Each leaves it ready.
pub fn shop() -> (Stack, MutexGuard<'static, ()>) {
    static SHOP: OnceLock<Stack> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = SHOP.get_or_init(|| {
        operator();
        apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shops"}}));
        let stack = Stack { namespace: "shops".to_owned(), name: "quickstart".to_owned() };
        // Database and broker have one pod each, so a node is kept free of them: it can be drained.
        kubectl(&["cordon", &free_node()]);
        let mut spec = quickstart();
        spec["defaults"] = json!({"replicas": 2});
        spec["projects"][0]["sampleData"] = json!(false);
        stack.apply(&spec);
        for pod in ["quickstart-mongodb-0", "quickstart-kafka-0"] {
            commerce_tests::cluster::eventually("database and broker have a node", || {
                stack.get("pod", pod)?["spec"]["nodeName"].as_str().map(drop)
            });
        }
        kubectl(&["uncordon", &free_node()]);
        // The services are on both nodes. When the last pod is gone, nobody takes the stack for ready that was so before.
        let services = "app.kubernetes.io/component in (service, edge)";
        stack.kubectl(&["delete", "pods", "-l", services, "--timeout=120s"]);
        stack
    });
    stack.wait_ready();
    (stack.clone(), turn)
}

/// The node that has no database and no broker: the last.
pub fn free_node() -> String {
    let names = kubectl(&["get", "nodes", "-o", "name"]);
    names.lines().last().unwrap().trim_start_matches("node/").to_owned()
}

/// As little as a stack can be, with more in its manifest.
pub fn least(namespace: &Namespace, more: &Value) -> Stack {
    stack_of(namespace, "least", &[], more)
}

/// A small stack of its own, with customers, for a scenario that ends it.
pub fn small(namespace: &Namespace, name: &str) -> Stack {
    stack_of(namespace, name, &["customer"], &json!({}))
}

/// A stack with no more than these of the services that can be switched off.
fn stack_of(namespace: &Namespace, name: &str, on: &[&str], more: &Value) -> Stack {
    operator();
    let stack = namespace.stack(name);
    let mut spec = json!({"services": {}, "projects": [{
        "key": "demo", "currencies": ["EUR"], "countries": ["DE"], "languages": ["en"],
        "apiClients": [{"name": "admin", "scopes": ["manage_project"]}],
    }]});
    for service in ["customer", "product", "inventory", "cart", "order"] {
        spec["services"][service]["enabled"] = on.contains(&service).into();
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    stack.apply(&spec);
    stack
}

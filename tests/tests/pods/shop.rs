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

/// The manifest of the quickstart, with two pods of every service.
pub fn quickstart() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/quickstart.yaml");
    let mut manifest: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut spec = manifest["spec"].take();
    spec["defaults"] = json!({"replicas": 2});
    spec
}

/// The stack that most scenarios use, one at a time. Each leaves it ready.
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
        stack.apply(&quickstart());
        for pod in ["quickstart-mongodb-0", "quickstart-kafka-0"] {
            commerce_tests::cluster::eventually("database and broker have a node", || {
                stack.get("pod", pod)?["spec"]["nodeName"].as_str().map(drop)
            });
        }
        kubectl(&["uncordon", &free_node()]);
        commerce_tests::cluster::eventually("the sample catalogue is loaded", || {
            (stack.get("job", "quickstart-seed-demo")?["status"]["succeeded"] == 1).then_some(())
        });
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

/// A small stack of its own for a scenario that ends it.
pub fn small(namespace: &Namespace, name: &str) -> Stack {
    operator();
    let stack = namespace.stack(name);
    stack.apply(&json!({"projects": [{
        "key": "demo", "currencies": ["EUR"], "countries": ["DE"], "languages": ["en"],
        "apiClients": [{"name": "admin", "scopes": ["manage_project"]}],
    }]}));
    stack
}

//! The control plane as the operator's tests use it: its controllers work, its rights hold, it can be restarted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use commerce_testbed::{Kubernetes, helm, kubectl};

struct Cluster(Kubernetes);

impl Cluster {
    fn start() -> Self {
        let began = Instant::now();
        let cluster = Kubernetes::start().unwrap();
        eprintln!("the control plane was there after {:?}", began.elapsed());
        Self(cluster)
    }

    fn kubectl(&self, words: &str) -> Output {
        let mut command = Command::new(kubectl().unwrap());
        command.arg("--kubeconfig").arg(self.0.kubeconfig_path()).args(words.split(' ')).output().unwrap()
    }

    fn says(&self, words: &str) -> String {
        let output = self.kubectl(words);
        assert!(output.status.success(), "kubectl {words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn wait_for(&self, words: &str, expected: &str) {
        let began = Instant::now();
        while self.says(words) != expected {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "{words}: {} not {expected}",
                self.says(words)
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_deployment_gets_its_replica_set_and_pods_that_wait_for_a_node() {
    let cluster = Cluster::start();
    assert!(cluster.says("version").contains("Server Version: v1.36.1"));
    cluster.says("create namespace shop");
    cluster.says("-n shop create deployment cart --image=localhost/cart --replicas=2");
    cluster.wait_for("-n shop get rs -o jsonpath={.items[*].status.replicas}", "2");
    cluster.wait_for("-n shop get pods -o jsonpath={.items[*].status.phase}", "Pending Pending");
    cluster.wait_for(
        "-n shop get pods -o jsonpath={.items[*].status.conditions[0].reason}",
        "Unschedulable Unschedulable",
    );
    cluster.says("delete namespace shop"); // and waits until it is gone with all that was in it
    assert!(!cluster.kubectl("get namespace shop").status.success());
}

#[test]
fn a_service_account_may_do_what_its_role_says_until_that_is_taken_away() {
    let cluster = Cluster::start();
    cluster.says("create serviceaccount operator");
    let token = cluster.says("create token operator");
    // The token alone: with the admin's kubeconfig, the admin would be asked for.
    let ca = cluster.0.kubeconfig_path().with_file_name("ca.crt");
    let address = cluster.0.address();
    let reads_secrets = || {
        let mut command = Command::new(kubectl().unwrap());
        command.env("KUBECONFIG", "/dev/null").args(["--server", &format!("https://{address}")]);
        command.arg("--certificate-authority").arg(&ca).args(["--token", token.trim(), "get", "secrets"]);
        command.output().unwrap().status.success()
    };
    let becomes = |expected: bool| {
        let began = Instant::now();
        while reads_secrets() != expected {
            assert!(began.elapsed() < Duration::from_secs(120), "may read secrets: {}", !expected);
            thread::sleep(Duration::from_millis(100));
        }
    };
    assert!(!reads_secrets());
    cluster.says("create role reader --verb=get,list --resource=secrets");
    cluster.says("create rolebinding reader --role=reader --serviceaccount=default:operator");
    becomes(true);
    cluster.says("delete rolebinding reader");
    becomes(false);
}

#[test]
fn a_killed_api_server_comes_back_with_its_objects_where_it_was() {
    let mut cluster = Cluster::start();
    cluster.says("create namespace shop");
    cluster.0.stop().unwrap();
    assert!(!cluster.kubectl("--request-timeout=2s get namespace shop").status.success());
    cluster.0.resume().unwrap();
    cluster.says("get namespace shop");
    cluster.says("-n shop create deployment cart --image=localhost/cart");
    cluster.wait_for("-n shop get rs -o jsonpath={.items[*].status.replicas}", "1");
}

#[test]
fn helm_installs_a_chart() {
    let cluster = Cluster::start();
    let chart = std::env::temp_dir().join(format!("testbed-chart-{}", std::process::id()));
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: sample\nversion: 0.1.0\n").unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n";
    std::fs::write(chart.join("templates/map.yaml"), template).unwrap();
    let install = |chart: &Path| {
        let mut command = Command::new(helm().unwrap());
        command.env("KUBECONFIG", cluster.0.kubeconfig_path()).args(["install", "mine"]).arg(chart);
        command.output().unwrap()
    };
    let output = install(&chart);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    cluster.says("get configmap mine");
    std::fs::remove_dir_all(chart).unwrap();
}

//! The program, run as the chart's Deployment says: its arguments, its variables, its probes, its election.

use crate::fixture::PUBLIC;
use crate::site::{RELEASE, Site};
use crate::support::{free_address, get, until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::api::ListParams;
use serde_json::{Value, json};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::{Child, Command};

/// What a node would have made of a pod.
struct Process {
    pod: String,
    child: Child,
    metrics: SocketAddr,
    log: PathBuf,
}

impl Process {
    fn start(site: &Site, deployment: &Value, pod: &str, kubeconfig: &Path) -> Self {
        let container = deployment.pointer("/spec/template/spec/containers/0").unwrap();
        let (metrics, log) = (free_address(), site.home().join(format!("{pod}.log")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_commerce-operator"));
        command.args(container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()));
        command.env_clear().env("KUBECONFIG", kubeconfig).stderr(File::create(&log).unwrap());
        for variable in container["env"].as_array().unwrap() {
            let field = variable.pointer("/valueFrom/fieldRef/fieldPath").and_then(Value::as_str);
            let value = match (variable["name"].as_str().unwrap(), field) {
                // Here all pods share one address.
                ("METRICS_ADDRESS", None) => metrics.to_string(),
                (_, None) => variable["value"].as_str().unwrap().to_owned(),
                (_, Some("metadata.name")) => pod.to_owned(),
                (_, Some("metadata.namespace")) => site.lab.namespace.clone(),
                (_, Some(field)) => panic!("{field}"),
            };
            command.env(variable["name"].as_str().unwrap(), value);
        }
        let child = command.kill_on_drop(true).spawn().unwrap();
        Self { pod: pod.to_owned(), child, metrics, log }
    }

    /// Waits until the probe at this path of the container says yes.
    async fn answers(&self, deployment: &Value, probe: &str) {
        let probe = deployment.pointer(&format!("/spec/template/spec/containers/0/{probe}/httpGet")).unwrap();
        assert_eq!(probe["port"], json!("metrics"));
        let path = probe["path"].as_str().unwrap();
        until(&format!("{path} of {}", self.pod), async || {
            get(self.metrics, path).filter(|(status, _)| *status == 200)
        })
        .await;
    }

    fn leads(&self) -> bool {
        let (_, metrics) = get(self.metrics, "/metrics").unwrap();
        metrics.lines().any(|line| line == "commerce_operator_leader 1")
    }

    /// Asks it to stop as a node does, and gives what it has logged.
    async fn stop(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_runs_the_program_and_its_pods_elect_a_leader() {
    let site = Site::new("process").await;
    site.helm("install", &[]).await.unwrap();
    let lab = &site.lab;
    let pods = lab.objects("v1 Pod pods");
    let of_ours = ListParams::default().labels("app.kubernetes.io/component=operator");
    let pods = until("there are two pods", async || {
        Some(pods.list(&of_ours).await.unwrap().items).filter(|pods| pods.len() == 2)
    })
    .await;
    let pods: Vec<String> = pods.into_iter().map(|pod| pod.metadata.name.unwrap()).collect();
    let deployment = site.object("deployment", RELEASE).await.unwrap();
    let kubeconfig = site.kubeconfig_file().await;
    let start = |pod: &str| Process::start(&site, &deployment, pod, &kubeconfig);

    let first = start(&pods[0]);
    for probe in ["livenessProbe", "readinessProbe"] {
        first.answers(&deployment, probe).await;
    }
    until("the first leads", async || first.leads().then_some(())).await;
    let second = start(&pods[1]);
    second.answers(&deployment, "readinessProbe").await;
    lab.apply("shop", json!({})).await;
    let stack = lab.written("shop").await;
    let release = stack.status.unwrap().release.unwrap();
    assert_eq!(release.pull_policy, "IfNotPresent");
    assert!(release.image.starts_with("commercestack/commerce:"), "{release:?}");
    assert!(!second.leads());

    let mut logs = vec![first.stop().await];
    until("the second leads", async || second.leads().then_some(())).await;
    lab.apply("shop", json!({"services": {"cart": {"replicas": 2}}})).await;
    lab.written("shop").await;
    let (_, metrics) = get(second.metrics, "/metrics").unwrap();
    assert!(metrics.contains("commerce_operator_reconciles_total{result=\"ok\"}"), "{metrics}");
    logs.push(second.stop().await);

    let secrets = secrets(&site).await;
    assert!(secrets.len() > 20, "{}", secrets.len());
    for log in logs {
        assert!(log.contains("\"leading\""), "{log}");
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(["INFO", "WARN"].contains(&line["level"].as_str().unwrap()), "{line}");
        }
        let forbidden = log.lines().find(|line| line.contains("orbidden") || line.contains("cannot"));
        assert_eq!(forbidden, None);
        assert!(!secrets.iter().any(|secret| log.contains(secret.as_str())), "a secret is in the log");
    }
}

/// Every value in the stack's Secrets that not everybody may know, as it is and in base64.
async fn secrets(site: &Site) -> Vec<String> {
    let children = site.lab.children("shop").await;
    let mut all = Vec::new();
    for (_, secret) in children.iter().filter(|(name, _)| name.starts_with("Secret ")) {
        for (key, value) in secret["data"].as_object().unwrap() {
            if !PUBLIC.contains(&key.as_str()) {
                let encoded = value.as_str().unwrap().to_owned();
                all.push(String::from_utf8_lossy(&STANDARD.decode(&encoded).unwrap()).into_owned());
                all.push(encoded);
            }
        }
    }
    all
}

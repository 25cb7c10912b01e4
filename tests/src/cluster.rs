//! A cluster that runs pods, used as people use it: with kubectl and Helm. `scripts/pods.sh` makes one.

use crate::{Client, token};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take that a cluster does by itself.
const PATIENCE: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(250);

/// Runs a program with the cluster's kubeconfig; its output, or what it said against it.
fn run(command: &mut Command, input: Option<&str>) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.unwrap_or_default().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What kubectl prints, or what it says against it.
pub fn try_kubectl(arguments: &[&str]) -> Result<String, String> {
    run(Command::new(testbed::kubectl().unwrap()).args(arguments), None)
}

/// What kubectl prints.
#[track_caller]
pub fn kubectl(arguments: &[&str]) -> String {
    try_kubectl(arguments).unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// What Helm prints.
#[track_caller]
pub fn helm(arguments: &[&str]) -> String {
    run(Command::new(testbed::helm().unwrap()).args(arguments), None)
        .unwrap_or_else(|error| panic!("helm {arguments:?}: {error}"))
}

/// Applies an object.
#[track_caller]
pub fn apply(object: &Value) {
    let mut kubectl = Command::new(testbed::kubectl().unwrap());
    run(kubectl.args(["apply", "-f", "-"]), Some(&object.to_string()))
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Asks until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(LOOK);
    }
}

/// A namespace, which goes with all that is in it when the test ends well. After a failure it stays to be looked at.
pub struct Namespace(pub String);

impl Namespace {
    /// A new one.
    pub fn new(name: &str) -> Self {
        apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        Self(name.to_owned())
    }

    /// A stack in it.
    pub fn stack(&self, name: &str) -> Stack {
        Stack { namespace: self.0.clone(), name: name.to_owned() }
    }

    /// Objects of these kinds in it (`pods,secrets`): kind and name, with the object.
    pub fn objects(&self, kinds: &str) -> BTreeMap<String, Value> {
        let listed = kubectl(&["get", kinds, "-n", &self.0, "-o", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let name = |object: &Value| {
            format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
        };
        listed["items"].as_array().unwrap().iter().map(|object| (name(object), object.clone())).collect()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = try_kubectl(&["delete", "namespace", &self.0, "--wait=false"]);
        }
    }
}

/// A stack in the cluster.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Stack {
    /// Applies its manifest.
    #[track_caller]
    pub fn apply(&self, spec: &Value) {
        apply(&json!({
            "apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
            "metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec,
        }));
    }

    /// Changes its spec.
    #[track_caller]
    pub fn change(&self, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        kubectl(&["patch", "cstack", &self.name, "-n", &self.namespace, "--type=merge", "-p", &patch]);
    }

    /// The object; nothing if it is gone.
    pub fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let found = try_kubectl(&["get", kind, name, "-n", &self.namespace, "-o", "json"]).ok()?;
        serde_json::from_str(&found).ok()
    }

    /// kubectl in its namespace.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&[&["-n", &self.namespace], arguments].concat())
    }

    /// Status and message of its condition `Ready`, if that is about the newest spec.
    pub fn ready(&self) -> Option<(bool, String)> {
        let stack = self.get("cstack", &self.name)?;
        let status = &stack["status"];
        if status["observedGeneration"] != stack["metadata"]["generation"] {
            return None;
        }
        let ready = status["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")?;
        Some((ready["status"] == "True", ready["message"].as_str()?.to_owned()))
    }

    /// Waits until it is ready.
    #[track_caller]
    pub fn wait_ready(&self) {
        let mut last = None;
        let start = Instant::now();
        loop {
            last = self.ready().or(last);
            if last.as_ref().is_some_and(|(ready, _)| *ready) {
                return;
            }
            if start.elapsed() > PATIENCE {
                let pods = try_kubectl(&["get", "pods", "-n", &self.namespace, "-o", "wide"]);
                panic!(
                    "{} is not ready within {PATIENCE:?}: {last:?}\n{}",
                    self.name,
                    pods.unwrap_or_default()
                );
            }
            sleep(LOOK);
        }
    }

    /// Waits until it is not ready for a reason with these words; gives the message.
    #[track_caller]
    pub fn wait_troubled(&self, words: &[&str]) -> String {
        let mut last = String::new();
        let start = Instant::now();
        loop {
            if let Some((false, message)) = self.ready() {
                if words.iter().all(|word| message.contains(word)) {
                    return message;
                }
                last = message;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not say {words:?}: {last}", self.name);
            sleep(LOOK);
        }
    }

    /// Where its gateway is for this machine.
    #[track_caller]
    pub fn url(&self) -> String {
        let service =
            self.get("service", &format!("{}-gateway", self.name)).expect("the gateway has a Service");
        format!(
            "http://{}:{}",
            service["spec"]["clusterIP"].as_str().unwrap(),
            service["spec"]["ports"][0]["port"]
        )
    }

    /// The variables of an API client, with addresses for this machine.
    #[track_caller]
    pub fn credentials(&self, project: &str, client: &str) -> BTreeMap<String, String> {
        let secret = self.get("secret", &format!("{}-client-{project}-{client}", self.name));
        let secret = secret.expect("the client has a Secret");
        let text = |value: &Value| {
            use base64::Engine;
            let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let data = secret["data"].as_object().unwrap();
        let mut variables: BTreeMap<_, _> =
            data.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        for address in ["CTP_API_URL", "CTP_AUTH_URL"] {
            variables.insert(address.to_owned(), self.url());
        }
        variables
    }

    /// A client of a project with a fresh token.
    pub async fn client(&self, project: &str) -> Client {
        let credentials = self.credentials(project, "admin");
        let token =
            token(&self.url(), &credentials["CTP_CLIENT_ID"], &credentials["CTP_CLIENT_SECRET"]).await;
        Client::new(&self.url(), project, token)
    }

    /// What its pods say of a request, as far as they are still there.
    pub fn logs(&self, correlation_id: &str) -> String {
        let selector = format!("commercestack.io/stack={}", self.name);
        let of = [
            "logs",
            "-n",
            &self.namespace,
            "-l",
            &selector,
            "--tail=-1",
            "--prefix",
            "--max-log-requests=100",
        ];
        let said = try_kubectl(&of).unwrap_or_else(|error| error);
        said.lines().filter(|line| line.contains(correlation_id)).map(|line| format!("{line}\n")).collect()
    }

    /// Its pods, by the name of the service: the pods' names and nodes.
    pub fn pods(&self, service: &str) -> Vec<(String, String)> {
        let selector = format!("app.kubernetes.io/instance={},app.kubernetes.io/name={service}", self.name);
        let listed = self.kubectl(&["get", "pods", "-l", &selector, "-o", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pods = listed["items"].as_array().unwrap().iter();
        pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
            .map(|pod| (text(&pod["metadata"]["name"]), text(&pod["spec"]["nodeName"])))
            .collect()
    }
}

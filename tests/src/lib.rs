//! Scenarios across services, against the real `commerce` binary: this library starts and stops it, and
//! talks to it over HTTP as any client would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod cluster;
pub mod processes;

use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long anything may take here: long enough for a busy machine, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test, built first if need be.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("COMMERCE") {
            return given.into();
        }
        // As a part of the workspace, so that what the tests were built with need not be built again.
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bin",
                "commerce",
                "--message-format=json-render-diagnostics",
            ])
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be run");
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| {
                message["executable"].as_str().filter(|p| p.ends_with("commerce")).map(PathBuf::from)
            })
            .expect("cargo built the commerce binary")
    })
}

/// A manifest of these projects, each with the clients `admin` (everything) and `limited` (nothing that any
/// resource wants).
pub fn manifest(projects: &[&str]) -> Value {
    let projects: Vec<Value> = projects
        .iter()
        .map(|key| {
            json!({
                "key": key, "currencies": ["EUR", "USD"], "countries": ["DE", "US"], "languages": ["en", "de"],
                "apiClients": [
                    {"name": "admin", "scopes": ["manage_project", "manage_api_clients"]},
                    {"name": "limited", "scopes": ["introspect_oauth_tokens"]},
                ],
            })
        })
        .collect();
    json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack", "metadata": {"name": "test"}, "spec": {"projects": projects}})
}

/// Runs `commerce` with these arguments to its end.
pub fn commerce(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).output().expect("commerce can be run")
}

/// A running stack with its data in a temporary directory.
pub struct Stack {
    child: Option<Child>,
    dir: tempfile::TempDir,
    /// Where the API is.
    pub url: String,
}

impl Stack {
    /// Starts a stack of these projects.
    pub fn start(projects: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stack.yaml"), manifest(projects).to_string()).unwrap();
        let mut stack = Self { child: None, dir, url: String::new() };
        stack.restart();
        stack
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts it again on the same data. The address is a new one.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the stack still runs");
        let mut child = Command::new(binary())
            .args(["up", "-f"])
            .arg(self.dir.path().join("stack.yaml"))
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let url =
            first.split(" is up at ").nth(1).unwrap_or_else(|| panic!("the stack did not start: {first}"));
        self.url = url.trim().to_owned();
        // The rest of its output goes nowhere, but must be read.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the stack runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to end and waits; gives the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        // It stays ours until it has ended: a test that fails here must not leave it behind.
        let child = self.child.as_mut().expect("the stack runs");
        // The shell's own `kill`: a minimal machine has no program of that name.
        let kill = r#"kill -TERM "$0""#;
        let asked = Command::new("/bin/sh").args(["-c", kill, &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return status.code();
            }
            assert!(Instant::now() < deadline, "the stack did not end within {PATIENCE:?} of being asked to");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The variables of `<project>-<client>.env`.
    pub fn env(&self, project: &str, client: &str) -> HashMap<String, String> {
        let text = std::fs::read_to_string(self.data_dir().join(format!("{project}-{client}.env"))).unwrap();
        text.lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
            .collect()
    }

    /// A client of a project with a fresh token.
    pub async fn client(&self, project: &str, client: &str) -> Client {
        let env = self.env(project, client);
        let token = token(&self.url, &env["CTP_CLIENT_ID"], &env["CTP_CLIENT_SECRET"]).await;
        Client::new(&self.url, project, token)
    }
}

/// What speaks HTTP here. An answer that never comes is a failure.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

/// A token of the client-credentials flow.
pub async fn token(url: &str, id: &str, secret: &str) -> String {
    let answer: Value = http()
        .post(format!("{url}/oauth/token"))
        .basic_auth(id, Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An API client with a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The access token.
    pub token: String,
}

/// Status and body of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; `null` if there is none.
    pub body: Value,
    /// The `X-Correlation-ID`, under which logs have the request.
    pub correlation_id: String,
}

impl Answer {
    /// The body, if the status is the wanted one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// The code of the first error.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["code"].as_str().unwrap_or_default()
    }
}

impl Client {
    /// A client of the project at this address.
    pub fn new(url: &str, project: &str, token: String) -> Self {
        Self { http: http(), base: format!("{url}/{project}"), token }
    }

    /// The same place with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// Sends a request to a path under the project. `Err` only if no answer came.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let id = response.headers().get("x-correlation-id").and_then(|id| id.to_str().ok());
        let correlation_id = id.unwrap_or_default().to_owned();
        let text = response.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), correlation_id })
    }

    /// Sends a request to a path under the project.
    pub async fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string())).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}

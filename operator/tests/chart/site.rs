//! Helm and kubectl as an admin uses them, on a cluster of their own.

use crate::support::Lab;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;

/// The release in every test, and with it the name of what the chart makes.
pub const RELEASE: &str = "commerce-operator";

/// A cluster without our definition, and the tools to change that.
pub struct Site {
    /// Where the chart is installed.
    pub lab: Lab,
    tools: Tools,
}

/// Helm and kubectl.
pub struct Tools {
    kubeconfig: Option<PathBuf>,
    home: TempDir,
}

/// What a tool printed; an error if it failed.
pub type Said = Result<String, String>;

pub fn chart() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/commerce-operator")
}

impl Tools {
    /// Without a cluster.
    pub fn offline() -> Self {
        Self { kubeconfig: None, home: TempDir::new().unwrap() }
    }

    pub async fn helm(&self, arguments: &[&str]) -> Said {
        self.run(testbed::helm, arguments).await
    }

    pub async fn kubectl(&self, arguments: &[&str]) -> Said {
        self.run(testbed::kubectl, arguments).await
    }

    /// A file that goes with the tools.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn run<P>(&self, program: fn() -> Result<PathBuf, P>, arguments: &[&str]) -> Said
    where
        P: std::fmt::Debug + Send + 'static,
    {
        let program = tokio::task::spawn_blocking(move || program().unwrap()).await.unwrap();
        let mut command = Command::new(program);
        // Nothing of the user's own settings, and nothing left in them.
        command.args(arguments).env("HOME", self.home.path()).env_remove("KUBECONFIG");
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECACHEDIR"] {
            command.env(variable, self.home.path().join(variable));
        }
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let output = command.output().await.unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{out}{err}")) }
    }
}

impl Site {
    pub async fn new(name: &str) -> Self {
        let lab = Lab::alone(name).await;
        let tools = Tools { kubeconfig: Some(lab.cluster.kubeconfig_path().to_owned()), ..Tools::offline() };
        Self { lab, tools }
    }

    /// `helm VERB RELEASE CHART -n NAMESPACE --set …` for each value.
    pub async fn helm(&self, verb: &str, values: &[&str]) -> Said {
        let sets: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
        let arguments = [&[verb, RELEASE, chart(), "-n", self.lab.namespace.as_str()], sets.as_slice()];
        self.tools.helm(&arguments.concat()).await
    }

    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    pub async fn uninstall(&self) {
        self.tools.helm(&["uninstall", RELEASE, "-n", &self.lab.namespace, "--wait"]).await.unwrap();
    }

    pub async fn kubectl(&self, arguments: &[&str]) -> Said {
        self.tools.kubectl(arguments).await
    }

    /// An object as JSON; nothing if it does not exist.
    pub async fn object(&self, kind: &str, name: &str) -> Option<Value> {
        let found = ["get", kind, name, "-n", &self.lab.namespace, "-o", "json", "--ignore-not-found"];
        let text = self.kubectl(&found).await.unwrap();
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// A kubeconfig of the operator's own ServiceAccount.
    pub async fn kubeconfig(&self) -> Value {
        let token = self.kubectl(&["create", "token", RELEASE, "-n", &self.lab.namespace]).await.unwrap();
        self.lab.kubeconfig_of(token.trim())
    }

    /// The same as a file.
    pub async fn kubeconfig_file(&self) -> PathBuf {
        self.tools.file("operator.kubeconfig", &self.kubeconfig().await.to_string())
    }

    /// Where files may be put that go with the site.
    pub fn home(&self) -> &Path {
        self.tools.home.path()
    }
}

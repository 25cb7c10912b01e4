//! A Kubernetes cluster for tests: a control plane of our own, or the cluster that a kubeconfig names.

mod client;
mod control_plane;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::binaries;
use control_plane::ControlPlane;

/// Variables that name a kubeconfig, the first that is set counts.
const VARIABLES: [&str; 2] = ["TESTBED_KUBECONFIG", "KUBECONFIG"];

/// A cluster; if it is our own, it ends, and what is in it goes, when this is dropped.
#[derive(Debug)]
pub struct Kubernetes {
    kubeconfig: PathBuf,
    own: Option<ControlPlane>,
}

impl Kubernetes {
    /// Starts a control plane of our own, with an admin's kubeconfig; builds it first if the cache has none.
    ///
    /// Blocks: some seconds, or minutes for the first build. No nodes: pods stay Pending.
    ///
    /// # Errors
    /// If it cannot be built (no Go, no network) or does not come up: with what the tool or the server said.
    pub fn start() -> Result<Self> {
        let own = ControlPlane::start().context("no Kubernetes control plane")?;
        Ok(Self { kubeconfig: own.kubeconfig(), own: Some(own) })
    }

    /// The cluster of `TESTBED_KUBECONFIG` or `KUBECONFIG`, as under `testbed run`; else one of our own.
    ///
    /// # Errors
    /// As [`Kubernetes::start`]; if the variable names no file.
    pub fn from_env_or_start() -> Result<Self> {
        match Self::from_env()? {
            Some(given) => Ok(given),
            None => Self::start(),
        }
    }

    /// The cluster that the environment names, if it names one.
    ///
    /// # Errors
    /// If the variable names no file.
    pub fn from_env() -> Result<Option<Self>> {
        for variable in VARIABLES {
            let Some(given) = env::var_os(variable).filter(|value| !value.is_empty()) else { continue };
            let kubeconfig = PathBuf::from(given);
            ensure!(kubeconfig.is_file(), "{variable} names {}, which is no file", kubeconfig.display());
            return Ok(Some(Self { kubeconfig, own: None }));
        }
        Ok(None)
    }

    /// Builds what is not in the cache: the servers, and the tools that tests use beside them, so that no test waits.
    pub(crate) fn prepare() -> Result<()> {
        binaries::etcd()?;
        binaries::control_plane()?;
        binaries::helm()?;
        binaries::kubectl()?;
        Ok(())
    }

    /// The API server's `HOST:PORT`, as far as the kubeconfig tells.
    pub fn address(&self) -> String {
        let text = fs::read_to_string(&self.kubeconfig).unwrap_or_default();
        let url = text.lines().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("server:"));
        let url = url.unwrap_or_default().trim().trim_matches(['"', '\'']);
        let after = url.split_once("://").map_or(url, |(_, after)| after);
        after.split('/').next().unwrap_or_default().to_owned()
    }

    /// The kubeconfig of an admin.
    pub fn kubeconfig_path(&self) -> &Path {
        &self.kubeconfig
    }

    /// Whether it was started here, so that it can be stopped.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Kills the API server; its data stays.
    ///
    /// # Errors
    /// If the cluster is not our own.
    pub fn stop(&mut self) -> Result<()> {
        self.own_control_plane()?.stop_api_server();
        Ok(())
    }

    /// Starts the API server again after [`Kubernetes::stop`], on its port and data, and waits until it is ready.
    ///
    /// # Errors
    /// If the cluster is not our own, or the server does not come up.
    pub fn resume(&mut self) -> Result<()> {
        self.own_control_plane()?.resume_api_server()
    }

    fn own_control_plane(&mut self) -> Result<&mut ControlPlane> {
        self.own.as_mut().context("this cluster was given, so it is not ours to stop; use Kubernetes::start")
    }
}

//! A Kubernetes cluster for tests: a control plane of our own, or the cluster that a kubeconfig names.

mod client;
mod control_plane;

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::nodes::{self, Nodes};
use crate::{bed, binaries, dir};
use control_plane::{ControlPlane, DIRECTORY, KUBECONFIG_FILE};

/// Variables that name a kubeconfig, the first that is set counts.
const VARIABLES: [&str; 2] = ["TESTBED_KUBECONFIG", "KUBECONFIG"];
/// The variable that tells how many nodes that cluster has.
pub(crate) const NODES: &str = "TESTBED_NODES";

/// The file beside the kubeconfig that tells of the nodes.
const NODES_FILE: &str = "nodes.json";

/// A cluster; if it is our own, it ends, and what is in it goes, when this is dropped.
#[derive(Debug)]
pub struct Kubernetes {
    kubeconfig: PathBuf,
    /// Unknown if no testbed started the cluster.
    nodes: Option<NodesOfTestbed>,
    own: Option<ControlPlane>,
}

/// The nodes of a cluster that a testbed started, this one or another.
#[derive(Debug, Default, Serialize, Deserialize)]
struct NodesOfTestbed {
    /// How the nodes call this machine.
    machine: Option<Ipv4Addr>,
    addresses: Vec<SocketAddr>,
    directories: Vec<PathBuf>,
    /// Where DNS answers.
    dns: Option<SocketAddr>,
}

impl Kubernetes {
    /// Starts a control plane of our own, with an admin's kubeconfig; builds it first if the cache has none.
    ///
    /// Blocks: some seconds, or minutes for the first build. No nodes: pods stay Pending.
    ///
    /// # Errors
    /// If it cannot be built (no Go, no network) or does not come up: with what the tool or the server said.
    pub fn start() -> Result<Self> {
        Self::start_on(None)
    }

    /// Starts a cluster of our own with this many nodes, which takes root. What runs on this machine is reached by
    /// pods at [`Kubernetes::machine`]; pods and Services are reached from here at their own addresses.
    ///
    /// Images are taken to the nodes by [`Kubernetes::load`]. The StorageClass `standard` gives volumes that all nodes
    /// share; those of the class `limited` can be full. Pods find nothing outside of this machine.
    ///
    /// # Errors
    /// As [`Kubernetes::start`]; without root, or without the packages that nodes need.
    pub fn with_nodes(count: u8) -> Result<Self> {
        Self::start_on(Some(Nodes::network(count)?))
    }

    pub(crate) fn start_on(network: Option<Nodes>) -> Result<Self> {
        let own = ControlPlane::start(network).context("no Kubernetes cluster")?;
        let kubeconfig = own.kubeconfig();
        let mut nodes = NodesOfTestbed::default();
        if let Some(own) = own.nodes() {
            nodes.machine = Some(own.subnet().machine());
            nodes.addresses = own.addresses().collect();
            nodes.dns = Some(own.dns());
            nodes.directories = own.names().map(|name| own.dir().join(name)).collect();
        }
        fs::write(kubeconfig.with_file_name(NODES_FILE), serde_json::to_vec(&nodes)?)?;
        Ok(Self { kubeconfig, nodes: Some(nodes), own: Some(own) })
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

    /// The cluster that the environment names if it has this many nodes, as under `testbed run --nodes`; else one of
    /// our own. A cluster that no testbed started has as many as `TESTBED_NODES` says.
    ///
    /// # Errors
    /// As [`Kubernetes::with_nodes`]; if the variable names no file.
    pub fn from_env_or_with_nodes(count: u8) -> Result<Self> {
        match Self::from_env()?.filter(|given| given.nodes() >= count.into()) {
            Some(given) => Ok(given),
            None => Self::with_nodes(count),
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
            return Ok(Some(Self::given(kubeconfig)));
        }
        Ok(None)
    }

    /// The cluster that a kubeconfig names, also one that is a copy of a testbed's: tools hand such on.
    pub fn given(kubeconfig: PathBuf) -> Self {
        let nodes = nodes_beside(&kubeconfig).or_else(|| {
            let address = address_in(&kubeconfig);
            let living = dir::living(DIRECTORY).unwrap_or_default().into_iter();
            let mut originals = living.map(|dir| dir.join(KUBECONFIG_FILE));
            nodes_beside(&originals.find(|original| address_in(original) == address)?)
        });
        Self { nodes, kubeconfig, own: None }
    }

    /// Builds what is not in the cache: the servers, and the tools that tests use beside them, so that no test waits.
    pub(crate) fn prepare() -> Result<()> {
        binaries::etcd()?;
        binaries::control_plane()?;
        binaries::helm()?;
        binaries::kubectl()?;
        Ok(())
    }

    /// How many nodes there are, as far as is known.
    pub fn nodes(&self) -> usize {
        match &self.nodes {
            Some(nodes) => nodes.addresses.len(),
            None => bed::given(NODES).and_then(|count| count.parse().ok()).unwrap_or_default(),
        }
    }

    /// Where the nodes' kubelets listen.
    pub(crate) fn node_addresses(&self) -> &[SocketAddr] {
        self.nodes.as_ref().map_or(&[], |nodes| &nodes.addresses)
    }

    /// The address by which pods reach this machine, if a testbed started the nodes. Servers for them must listen
    /// there, as [`crate::KafkaOptions::listen_on`] lets a broker.
    pub fn machine(&self) -> Option<Ipv4Addr> {
        self.nodes.as_ref()?.machine
    }

    /// Takes images from OCI archives to all nodes, under the names that the archives give them.
    ///
    /// # Errors
    /// If a testbed on this machine did not start the nodes; if an archive cannot be read.
    pub fn load(&self, archives: &[PathBuf]) -> Result<()> {
        let nodes = self.nodes.as_ref().map_or(&[][..], |nodes| &nodes.directories);
        ensure!(
            !nodes.is_empty(),
            "the cluster of {} has no nodes that a testbed started: `testbed up --nodes 2` starts some",
            self.kubeconfig.display()
        );
        nodes::load(nodes, archives)
    }

    /// The API server's `HOST:PORT`, as far as the kubeconfig tells.
    pub fn address(&self) -> String {
        address_in(&self.kubeconfig).unwrap_or_default()
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

    /// Takes DNS away from the pods, or gives it back.
    ///
    /// # Errors
    /// If a testbed on this machine did not start the nodes.
    pub fn toggle_dns(&self) -> Result<()> {
        let nodes = self.nodes.as_ref().filter(|nodes| !nodes.directories.is_empty());
        let nodes = nodes.context("this cluster has no nodes of a testbed's, and so no DNS to end")?;
        nodes::toggle_dns(&nodes.directories, nodes.dns.context("nobody knows where DNS is")?)
    }

    fn own_control_plane(&mut self) -> Result<&mut ControlPlane> {
        self.own.as_mut().context("this cluster was given, so it is not ours to stop; use Kubernetes::start")
    }
}

/// What a testbed wrote down about the nodes of a cluster whose kubeconfig it made.
fn nodes_beside(kubeconfig: &Path) -> Option<NodesOfTestbed> {
    serde_json::from_slice(&fs::read(kubeconfig.with_file_name(NODES_FILE)).ok()?).ok()
}

fn address_in(kubeconfig: &Path) -> Option<String> {
    let text = fs::read_to_string(kubeconfig).ok()?;
    let url = text.lines().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("server:"))?;
    let url = url.trim().trim_matches(['"', '\'']);
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split('/').next().map(str::to_owned)
}

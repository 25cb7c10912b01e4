//! Nodes of a cluster, and the network that joins them to this machine.
//!
//! They are Linux namespaces: one process (`node/network.sh`) holds a network, with a router and a link to this
//! machine, and each node (`node/node.sh`) has a network, a view of files, and processes of its own in it. When the
//! first process ends, the system ends all the others and removes networks and mounts; nothing is left but control
//! groups, which [`crate::dir`] removes. That takes root.

mod subnet;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::dir::Dir;
use crate::instance::{Instance, Launch};
use crate::{binaries, build};
pub(crate) use subnet::Subnet;

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);
/// As many as there are addresses for.
pub(crate) const MOST: u8 = 8;
/// Where Debian's package and those of others put the plugins that link pods to their node.
const PLUGINS: [&str; 3] = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];
const PROGRAMS: [&str; 8] = ["bash", "busybox", "conntrack", "findmnt", "ip", "iptables", "runc", "unshare"];
const ROOT: &str = "nodes of a cluster need root, and this does not run as root";
const HOW: &str = "`scripts/setup.sh pods` installs what nodes need";

const SCRIPTS: [(&str, &str); 3] = [
    ("network.sh", include_str!("../../node/network.sh")),
    ("node.sh", include_str!("../../node/node.sh")),
    ("archive.sh", include_str!("../../node/archive.sh")),
];

/// Whether nodes can be started here, which takes root; says so if not.
///
/// # Errors
/// If not, and `CI` is set: there, nothing is to be left out.
pub fn can_have_nodes() -> Result<bool> {
    let can = is_root()?;
    if !can {
        ensure!(env::var_os("CI").is_none(), "{ROOT}");
        eprintln!("testbed: left out, as {ROOT}");
    }
    Ok(can)
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// A network, and its nodes once they were started; all of it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Nodes {
    process: Instance,
    count: u8,
    subnet: Subnet,
}

impl Nodes {
    /// Looks for what the machine must have.
    pub(crate) fn check() -> Result<()> {
        ensure!(is_root()?, "{ROOT}");
        search_path(&[])?;
        plugins().map(drop)
    }

    /// Builds what is not in the cache.
    pub(crate) fn prepare() -> Result<()> {
        binaries::node().map(drop)
    }

    /// Makes the network for `count` nodes, which this machine is part of then.
    pub(crate) fn network(count: u8) -> Result<Self> {
        ensure!((1..=MOST).contains(&count), "a cluster has up to {MOST} nodes");
        Self::check()?;
        let path = search_path(&binaries::node()?)?;
        let plugins = plugins()?;
        let mut dir = Dir::new("nodes")?; // which also removes what would be in the way
        let subnet = Subnet::free()?;
        let group = dir.control_group()?;
        for (name, text) in SCRIPTS {
            fs::write(dir.join(name), text)?;
        }
        // File 3 is this machine's network, for who has another one.
        let script =
            "exec unshare --net --mount --pid --fork --kill-child bash network.sh 3</proc/self/ns/net";
        let launch = Launch::new("bash")
            .args(["-c", script])
            .env("PATH", path)
            .env("CNI", plugins)
            .env("CGROUP", group)
            .env("NODES", count.to_string())
            .env("LINK", subnet.link())
            .env("MACHINE", subnet.machine().to_string())
            .env("ROUTER", subnet.router().to_string())
            .env("NETWORK", subnet.all())
            .env("SERVICES", subnet.services())
            .env("PODS", subnet.pods());
        let mut process = Instance::start(dir, launch)?;
        let made = process.dir().join("network.ready");
        process.wait_until(PATIENCE, || made.exists().then_some(()))?;
        Ok(Self { process, count, subnet })
    }

    /// Starts the nodes; waits until `are_ready`, and until DNS and Services answer. What they know the API server by
    /// is in files that [`Nodes::dir`] must have by now: `ca.crt`, and `NAME.kubeconfig` for `admin`, `kube-proxy`,
    /// and each node.
    pub(crate) fn start(&mut self, are_ready: impl Fn() -> bool) -> Result<()> {
        fs::write(self.dir().join("start"), "")?;
        let dns = self.dns();
        let api = (self.subnet.api_service(), 443).into();
        self.process.wait_until(PATIENCE, || (are_ready() && answers(dns) && answers(api)).then_some(()))
    }

    /// Where DNS answers.
    pub(crate) fn dns(&self) -> SocketAddr {
        (self.subnet.router(), 53).into()
    }

    pub(crate) fn subnet(&self) -> &Subnet {
        &self.subnet
    }

    pub(crate) fn dir(&self) -> &Path {
        self.process.dir().path()
    }

    /// The nodes' names, which are also those of their directories.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        (1..=self.count).map(|number| format!("node{number}"))
    }

    /// Where their kubelets listen.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        (1..=self.count).map(|number| (self.subnet.node(number), 10250).into())
    }
}

/// Takes images from OCI archives to all nodes, which are given by their directories.
pub(crate) fn load(nodes: &[PathBuf], archives: &[PathBuf]) -> Result<()> {
    let ctr = binaries::ctr()?;
    let archives: Vec<PathBuf> = archives
        .iter()
        .map(|archive| archive.canonicalize().with_context(|| format!("no file {}", archive.display())))
        .collect::<Result<_>>()?;
    let load = |node: &Path| -> Result<()> {
        for archive in &archives {
            let output = Command::new(&ctr)
                // The name of a socket must be short, wherever the cache is.
                .args(["--address", "/proc/self/cwd/containerd.sock", "--namespace", "k8s.io"])
                .args(["images", "import", "--local"])
                .arg(archive)
                .current_dir(node)
                .env("CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS", "1")
                .stdin(Stdio::null())
                .output()
                .with_context(|| format!("cannot run {} in {}", ctr.display(), node.display()))?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "cannot load {}: {}", archive.display(), said.trim());
        }
        Ok(())
    };
    thread::scope(|scope| {
        let loads: Vec<_> = nodes.iter().map(|node| scope.spawn(|| load(node))).collect();
        loads
            .into_iter()
            .try_for_each(|load| load.join().map_err(|_| anyhow!("a thread of the testbed panicked"))?)
    })
}

/// Ends DNS if it is there, starts it if it is not, and waits until that is so. The nodes are given by their
/// directories.
pub(crate) fn toggle_dns(nodes: &[PathBuf], dns: SocketAddr) -> Result<()> {
    let shared = nodes.first().and_then(|node| node.parent()).context("no nodes")?;
    let was_there = answers(dns);
    fs::write(shared.join("dns"), "\n")?;
    let start = Instant::now();
    while answers(dns) == was_there {
        ensure!(start.elapsed() < PATIENCE, "DNS is as it was, {PATIENCE:?} after it was to change");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

/// Where the programs of nodes are: what was built, then the machine's, with what only root has on its path.
fn search_path(built: &[PathBuf]) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let machine = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let path = env::join_paths(built.iter().cloned().chain(machine))?;
    for name in PROGRAMS {
        if build::found_in(&path, name).is_none() {
            bail!("nodes of a cluster need {name}, which is not on this machine. {HOW}");
        }
    }
    Ok(path)
}

fn plugins() -> Result<&'static str> {
    let there = PLUGINS.into_iter().find(|dir| Path::new(dir).join("host-local").is_file());
    there.with_context(|| {
        format!("nodes of a cluster need the CNI plugins, which are in none of {PLUGINS:?}. {HOW}")
    })
}

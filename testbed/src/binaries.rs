//! Programs that are built from Go modules, once per version of their sources and flags, into the cache.
//!
//! Each module is a small one of our own (`go/NAME`) that pins what it builds, down to the checksums; its text is
//! part of this binary, so that no checkout is needed at run time.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::{build, cache};

/// A Go module of ours, and the programs to build from it.
pub(crate) struct Module {
    /// Its directory under `go/`.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) go_mod: &'static str,
    pub(crate) go_sum: &'static str,
    pub(crate) tools: &'static str,
    /// The packages of the programs, named for their last parts.
    pub(crate) packages: &'static [&'static str],
    /// For the linker, beside what takes out symbols.
    pub(crate) link: &'static str,
    /// What is done to the sources, in a vendored copy of them.
    pub(crate) patch: Option<Patch>,
}

/// A change to vendored sources.
pub(crate) struct Patch {
    /// Texts that the change consists of: another text, another build.
    pub(crate) texts: &'static [&'static str],
    /// Makes the change in the directory `vendor`.
    pub(crate) apply: fn(&Path) -> Result<()>,
}

macro_rules! module {
    ($name:literal, $version:literal, $packages:expr, $link:expr, $patch:expr) => {
        Module {
            name: $name,
            version: $version,
            go_mod: include_str!(concat!("../go/", $name, "/go.mod")),
            go_sum: include_str!(concat!("../go/", $name, "/go.sum")),
            tools: include_str!(concat!("../go/", $name, "/tools.go")),
            packages: $packages,
            link: $link,
            patch: $patch,
        }
    };
}
pub(crate) use module;

/// What the control plane consists of, beside etcd.
const CONTROL_PLANE: Module = module!(
    "kubernetes",
    "v1.36.1",
    &[
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-scheduler",
    ],
    KUBERNETES_VERSION,
    None
);
const KUBECTL: Module =
    module!("kubernetes", "v1.36.1", &["k8s.io/kubernetes/cmd/kubectl"], KUBERNETES_VERSION, None);
// Without these, the programs say that they are v0.0.0.
const KUBERNETES_VERSION: &str = "-X k8s.io/component-base/version.gitVersion=v1.36.1 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";
const ETCD: Module = module!("etcd", "v3.7.3", &["go.etcd.io/etcd/server/v3"], "", None);
const HELM: Module = module!(
    "helm",
    "v3.22.0",
    &["helm.sh/helm/v3/cmd/helm"],
    "-X helm.sh/helm/v3/internal/version.version=v3.22.0",
    None
);

// What a node consists of; runc and the network plugins are the machine's.
const NODE: Module = module!(
    "kubernetes",
    "v1.36.1",
    &["k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-proxy"],
    KUBERNETES_VERSION,
    None
);
const CONTAINERD: Module = module!(
    "containerd",
    "v2.4.2",
    &[
        "github.com/containerd/containerd/v2/cmd/containerd",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        "github.com/containerd/containerd/v2/cmd/ctr",
    ],
    "-X github.com/containerd/containerd/v2/version.Version=v2.4.2",
    None
);
const COREDNS: Module = module!("coredns", "v1.14.7", &["github.com/coredns/coredns"], "", None);
/// Our own: its text is all that it has.
const VOLUMES: Module = Module {
    name: "volumes",
    version: "v1",
    go_mod: include_str!("../go/volumes/go.mod"),
    go_sum: include_str!("../go/volumes/go.sum"),
    tools: include_str!("../go/volumes/main.go"),
    packages: &["commercestack.io/testbed/volumes"],
    link: "",
    patch: None,
};

/// The directories with the programs of a node, and of what nodes share: the kubelet, kube-proxy, containerd with its
/// shim and `ctr`, CoreDNS, and `volumes`.
pub(crate) fn node() -> Result<[PathBuf; 4]> {
    Ok([NODE.built()?, CONTAINERD.built()?, COREDNS.built()?, VOLUMES.built()?])
}

/// The path of containerd's client.
pub(crate) fn ctr() -> Result<PathBuf> {
    Ok(CONTAINERD.built()?.join("ctr"))
}

/// The directory with kube-apiserver, kube-controller-manager and kube-scheduler.
pub(crate) fn control_plane() -> Result<PathBuf> {
    CONTROL_PLANE.built()
}

/// The path of etcd.
pub(crate) fn etcd() -> Result<PathBuf> {
    Ok(ETCD.built()?.join("etcd"))
}

/// The path of Helm 3.22, built first if this cache has none.
///
/// # Errors
/// If it cannot be built: no Go, no network.
pub fn helm() -> Result<PathBuf> {
    Ok(HELM.built()?.join("helm"))
}

/// The path of kubectl: the one on the PATH, else one that is built into the cache.
///
/// # Errors
/// If it cannot be built: no Go, no network.
pub fn kubectl() -> Result<PathBuf> {
    match build::on_path("kubectl") {
        Some(kubectl) => Ok(kubectl),
        None => Ok(KUBECTL.built()?.join("kubectl")),
    }
}

impl Module {
    /// The directory of the programs; builds them first if this cache has none of these sources and flags.
    pub(crate) fn built(&self) -> Result<PathBuf> {
        let testbed = cache::made(&cache::dir()?.join("testbed"))?;
        let key = self.key();
        let programs =
            cache::made(&testbed.join("bin"))?.join(format!("{}-{}-{key}", self.name, self.version));
        if programs.is_dir() {
            return Ok(programs);
        }
        let _alone = cache::lock(&testbed.join(format!("{}.lock", self.name)))?;
        if programs.is_dir() {
            return Ok(programs); // another process built them while we waited
        }
        let sources = testbed.join(format!("build-{}-{key}", self.name));
        if sources.exists() {
            fs::remove_dir_all(&sources)?;
        }
        self.build(&cache::made(&sources)?, &programs)
            .with_context(|| format!("cannot build {}", self.name))?;
        fs::remove_dir_all(&sources)?;
        Ok(programs)
    }

    fn build(&self, sources: &Path, programs: &Path) -> Result<()> {
        let go = build::go()?;
        let log = sources.join("build.log");
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&go);
            command.current_dir(sources).args(arguments);
            // Whatever the user's Go is told otherwise, this build is the same everywhere.
            command.env("CGO_ENABLED", "0").env("GOWORK", "off").env_remove("GOFLAGS").env_remove("GOROOT");
            command
        };
        for (name, text) in [("go.mod", self.go_mod), ("go.sum", self.go_sum), ("tools.go", self.tools)] {
            fs::write(sources.join(name), text)?;
        }
        let (name, version) = (self.name, self.version);
        let mut step = Step::start(format!("downloading the sources of {name} {version} (once)"));
        let (fetch, mode): (&[&str], _) = match self.patch {
            Some(_) => (&["mod", "vendor"], "-mod=vendor"),
            None => (&["mod", "download"], "-mod=readonly"),
        };
        build::run(&mut command(fetch), &log, &mut step)?;
        step.done();
        if let Some(patch) = &self.patch {
            (patch.apply)(&sources.join("vendor"))?;
        }

        let names: Vec<_> = self.packages.iter().map(|package| program(package)).collect();
        let mut step = Step::start(format!("building {} {version} (once, takes minutes)", names.join(", ")));
        let made = cache::made(&sources.join("made"))?;
        let link = format!("-ldflags=-s -w {}", self.link);
        for (package, name) in self.packages.iter().zip(&names) {
            let to = made.join(name);
            let to = to.to_str().context("the path of the cache is not UTF-8")?;
            let arguments = ["build", mode, "-buildvcs=false", "-trimpath", link.trim(), "-o", to, package];
            build::run(&mut command(&arguments), &log, &mut step)?;
        }
        fs::rename(&made, programs)?;
        step.done();
        Ok(())
    }

    fn key(&self) -> String {
        let mut hasher = DefaultHasher::new();
        let patch = self.patch.as_ref().map(|patch| patch.texts);
        (self.version, self.go_mod, self.go_sum, self.tools, self.packages, self.link, patch)
            .hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

/// `k8s.io/kubernetes/cmd/kubectl` makes `kubectl`, `go.etcd.io/etcd/server/v3` makes `etcd`.
fn program(package: &str) -> &str {
    match package {
        "go.etcd.io/etcd/server/v3" => "etcd",
        _ => package.rsplit('/').next().unwrap_or(package),
    }
}

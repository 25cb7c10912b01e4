//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as processes of this machine; no root needed.
//!
//! There are no nodes yet: Deployments get their pods, the pods stay Pending. A node is to be one more part beside
//! these four, started from the same files ([`Files`] has the authority and the kubeconfig that it needs).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::client::Client;
use crate::binaries;
use crate::certificates::{self, Authority};
use crate::dir::Dir;
use crate::instance::{Instance, Launch};
use crate::ports::Port;

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);
/// The first addresses of Services; the API server's own is the first of all.
const SERVICES: &str = "10.96.0.0/16";
const API_SERVICE: &str = "10.96.0.1";

/// What the parts share: keys, certificates, the admin's token and kubeconfig.
#[derive(Debug)]
struct Files {
    dir: Dir,
    client: Client,
}

/// The running parts. They end, and their data goes, when this is dropped.
#[derive(Debug)]
pub(super) struct ControlPlane {
    // In the order in which they end: nothing then complains about what went before it.
    _scheduler: Instance,
    _controller_manager: Instance,
    api_server: Instance,
    _etcd: Instance,
    files: Files,
    _ports: [Port; 3],
}

impl ControlPlane {
    pub(super) fn start() -> Result<Self> {
        let etcd = binaries::etcd()?;
        let programs = binaries::control_plane()?;
        let ports = [Port::free()?, Port::free()?, Port::free()?];
        let [api_port, etcd_port, etcd_peer_port] = &ports;
        let files = Files::write(api_port)?;

        // The API server waits for etcd by itself, and well; the other two would ask for it once a second.
        let etcd = start_etcd(etcd, etcd_port, etcd_peer_port)?;
        let mut api_server = start_api_server(programs.join("kube-apiserver"), &files, api_port, etcd_port)?;
        let client = &files.client;
        api_server.wait_until(PATIENCE, || client.has("/readyz").then_some(()))?;
        let mut controller_manager = start_controller_manager(&programs, &files)?;
        let scheduler = start_scheduler(&programs, &files)?;
        // Only then pods are admitted to this namespace; it shows that the controllers work, too.
        let account = "/api/v1/namespaces/default/serviceaccounts/default";
        controller_manager.wait_until(PATIENCE, || client.has(account).then_some(()))?;
        Ok(Self {
            _scheduler: scheduler,
            _controller_manager: controller_manager,
            api_server,
            _etcd: etcd,
            files,
            _ports: ports,
        })
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.files.kubeconfig()
    }

    pub(super) fn stop_api_server(&mut self) {
        self.api_server.stop();
    }

    pub(super) fn resume_api_server(&mut self) -> Result<()> {
        self.api_server.resume()?;
        let client = &self.files.client;
        self.api_server.wait_until(PATIENCE, || client.has("/readyz").then_some(()))
    }
}

impl Files {
    fn write(api_port: &Port) -> Result<Self> {
        let dir = Dir::new("kubernetes")?;
        let authority = Authority::new()?;
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", API_SERVICE];
        let server = authority.identity(&names)?;
        fs::write(dir.join("ca.crt"), authority.certificate())?;
        fs::write(dir.join("server.crt"), &server.certificate)?;
        fs::write(dir.join("server.key"), &server.key)?;
        certificates::write_signing_key(&dir.join("tokens.key"), &dir.join("tokens.pub"))?;
        let token = random_token()?;
        fs::write(dir.join("users.csv"), format!("{token},admin,admin,system:masters\n"))?;
        let kubeconfig = kubeconfig(api_port, &dir.join("ca.crt"), &token);
        fs::write(dir.join("kubeconfig"), kubeconfig)?;
        let client = Client::new(api_port.address(), authority.certificate(), &token)?;
        Ok(Self { dir, client })
    }

    fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }
}

fn start_etcd(program: PathBuf, port: &Port, peer_port: &Port) -> Result<Instance> {
    let (client, peer) = (format!("http://{}", port.address()), format!("http://{}", peer_port.address()));
    let launch = Launch::new(program)
        .arg("--data-dir=data")
        .arg(format!("--listen-client-urls={client}"))
        .arg(format!("--advertise-client-urls={client}"))
        .arg(format!("--listen-peer-urls={peer}"))
        .arg(format!("--initial-advertise-peer-urls={peer}"))
        .arg(format!("--initial-cluster=default={peer}"))
        .arg("--unsafe-no-fsync") // the data does not outlive us
        .arg("--log-level=warn");
    Instance::start(Dir::new("etcd")?, launch)
}

fn start_api_server(program: PathBuf, files: &Files, port: &Port, etcd: &Port) -> Result<Instance> {
    let file = |name: &str| files.dir.join(name);
    let launch = Launch::new(program)
        .arg(format!("--etcd-servers=http://{}", etcd.address()))
        .arg("--bind-address=127.0.0.1")
        .arg("--advertise-address=127.0.0.1")
        .arg("--endpoint-reconciler-type=none") // the loopback address is no endpoint for anybody else
        .arg(format!("--secure-port={}", port.number()))
        .arg(format!("--service-cluster-ip-range={SERVICES}"))
        .arg_path("--tls-cert-file=", file("server.crt"))
        .arg_path("--tls-private-key-file=", file("server.key"))
        .arg_path("--token-auth-file=", file("users.csv"))
        .arg("--authorization-mode=Node,RBAC")
        .arg("--allow-privileged=true")
        .arg("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
        .arg_path("--service-account-key-file=", file("tokens.pub"))
        .arg_path("--service-account-signing-key-file=", file("tokens.key"))
        .arg("--profiling=false");
    Instance::start(Dir::new("kube-apiserver")?, launch)
}

/// What both controllers are told: whom to talk to, at which pace, and that they are alone.
fn controller(program: PathBuf, files: &Files) -> Launch {
    Launch::new(program)
        .arg_path("--kubeconfig=", files.kubeconfig())
        .arg("--leader-elect=false")
        .arg("--secure-port=0")
        .arg("--kube-api-qps=500")
        .arg("--kube-api-burst=1000")
        .arg("--profiling=false")
}

fn start_controller_manager(programs: &Path, files: &Files) -> Result<Instance> {
    let launch = controller(programs.join("kube-controller-manager"), files)
        .arg("--use-service-account-credentials=true")
        .arg_path("--service-account-private-key-file=", files.dir.join("tokens.key"))
        .arg_path("--root-ca-file=", files.dir.join("ca.crt"));
    Instance::start(Dir::new("kube-controller-manager")?, launch)
}

fn start_scheduler(programs: &Path, files: &Files) -> Result<Instance> {
    let launch = controller(programs.join("kube-scheduler"), files);
    Instance::start(Dir::new("kube-scheduler")?, launch)
}

fn random_token() -> Result<String> {
    let mut bytes = [0; 24];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut bytes)
        .context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn kubeconfig(port: &Port, authority: &Path, token: &str) -> String {
    // JSON is YAML; a path in it is quoted like a string of Rust's.
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: testbed\n\
         clusters:\n- name: testbed\n  cluster:\n    server: https://{}\n    certificate-authority: {:?}\n\
         users:\n- name: admin\n  user:\n    token: {token}\n\
         contexts:\n- name: testbed\n  context:\n    cluster: testbed\n    user: admin\n",
        port.address(),
        authority.display().to_string(),
    )
}

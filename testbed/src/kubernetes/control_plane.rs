//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as processes of this machine; no root needed.
//!
//! Without nodes, Deployments get their pods, and the pods stay Pending. Nodes take root ([`crate::nodes`]); then the API
//! server listens in their network.

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::client::Client;
use crate::binaries;
use crate::certificates::{self, Authority};
use crate::dir::Dir;
use crate::instance::{Instance, Launch};
use crate::nodes::Nodes;
use crate::ports::Port;

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the directory of a control plane is called.
pub(super) const DIRECTORY: &str = "kubernetes";
/// The file in it by which an admin reaches the cluster.
pub(super) const KUBECONFIG_FILE: &str = "kubeconfig";

/// Where the API server is, and where Services are, of which its own is the first.
#[derive(Debug)]
struct Place {
    ip: Ipv4Addr,
    services: String,
    api_service: Ipv4Addr,
}

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
    nodes: Option<Nodes>,
    _scheduler: Instance,
    controller_manager: Instance,
    api_server: Instance,
    _etcd: Instance,
    files: Files,
    _ports: [Port; 3],
}

impl ControlPlane {
    /// Starts the parts, and the nodes whose network is there already.
    pub(super) fn start(nodes: Option<Nodes>) -> Result<Self> {
        let etcd = binaries::etcd()?;
        let programs = binaries::control_plane()?;
        let place = Place::of(nodes.as_ref());
        let ports = [Port::free()?.on(place.ip), Port::free()?, Port::free()?];
        let [api_port, etcd_port, etcd_peer_port] = &ports;
        let files = Files::write(api_port, &place, nodes.as_ref())?;

        // The API server waits for etcd by itself, and well; the other two would ask for it once a second.
        let etcd = start_etcd(etcd, etcd_port, etcd_peer_port)?;
        let launch = api_server(programs.join("kube-apiserver"), &files, api_port, etcd_port, &place);
        let launch = if nodes.is_some() { serving_nodes(launch, &files) } else { launch };
        let mut api_server = Instance::start(Dir::new("kube-apiserver")?, launch)?;
        let client = &files.client;
        api_server.wait_until(PATIENCE, || client.has("/readyz").then_some(()))?;
        let controller_manager = start_controller_manager(&programs, &files)?;
        let scheduler = start_scheduler(&programs, &files)?;
        let mut control_plane = Self {
            nodes,
            _scheduler: scheduler,
            controller_manager,
            api_server,
            _etcd: etcd,
            files,
            _ports: ports,
        };
        control_plane.wait()?;
        Ok(control_plane)
    }

    fn wait(&mut self) -> Result<()> {
        let client = &self.files.client;
        if let Some(nodes) = &mut self.nodes {
            let names: Vec<_> = nodes.names().collect();
            let class = "/apis/storage.k8s.io/v1/storageclasses/standard";
            nodes.start(|| names.iter().all(|name| is_ready(client, name)) && client.has(class))?;
        }
        // Only then pods are admitted to this namespace; it shows that the controllers work, too.
        let account = "/api/v1/namespaces/default/serviceaccounts/default";
        self.controller_manager.wait_until(PATIENCE, || client.has(account).then_some(()))
    }

    pub(super) fn nodes(&self) -> Option<&Nodes> {
        self.nodes.as_ref()
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

impl Place {
    fn of(nodes: Option<&Nodes>) -> Self {
        match nodes.map(Nodes::subnet) {
            Some(subnet) => {
                Self { ip: subnet.machine(), services: subnet.services(), api_service: subnet.api_service() }
            }
            None => Self {
                ip: Ipv4Addr::LOCALHOST,
                services: "10.96.0.0/16".to_owned(),
                api_service: Ipv4Addr::new(10, 96, 0, 1),
            },
        }
    }
}

impl Files {
    fn write(api_port: &Port, place: &Place, nodes: Option<&Nodes>) -> Result<Self> {
        let dir = Dir::new(DIRECTORY)?;
        let authority = Authority::new()?;
        let (ip, service) = (place.ip.to_string(), place.api_service.to_string());
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", &ip, &service];
        let server = authority.identity(&names)?;
        fs::write(dir.join("ca.crt"), authority.certificate())?;
        fs::write(dir.join("server.crt"), &server.certificate)?;
        fs::write(dir.join("server.key"), &server.key)?;
        certificates::write_signing_key(&dir.join("tokens.key"), &dir.join("tokens.pub"))?;
        let token = random_token()?;
        let mut users = format!("{token},admin,admin,system:masters\n");
        let text = |token: &str| kubeconfig(api_port, &dir.join("ca.crt"), token);
        fs::write(dir.join(KUBECONFIG_FILE), text(&token))?;
        if let Some(nodes) = nodes {
            let client = authority.client("kube-apiserver", "system:masters")?;
            fs::write(dir.join("client.crt"), client.certificate)?;
            fs::write(dir.join("client.key"), client.key)?;
            fs::write(nodes.dir().join("ca.crt"), authority.certificate())?;
            fs::write(nodes.dir().join("admin.kubeconfig"), text(&token))?;
            let token = random_token()?;
            writeln!(users, "{token},system:kube-proxy,kube-proxy,")?;
            fs::write(nodes.dir().join("kube-proxy.kubeconfig"), text(&token))?;
            for node in nodes.names() {
                let token = random_token()?;
                writeln!(users, "{token},system:node:{node},{node},system:nodes")?;
                fs::write(nodes.dir().join(format!("{node}.kubeconfig")), text(&token))?;
            }
        }
        fs::write(dir.join("users.csv"), users)?;
        let client = Client::new(api_port.address(), authority.certificate(), &token)?;
        Ok(Self { dir, client })
    }

    fn kubeconfig(&self) -> PathBuf {
        self.dir.join(KUBECONFIG_FILE)
    }
}

fn start_etcd(program: PathBuf, port: &Port, peer_port: &Port) -> Result<Instance> {
    let (client, peer) = (format!("http://{}", port.address()), format!("http://{}", peer_port.address()));
    let launch = Launch::go(program)
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

fn api_server(program: PathBuf, files: &Files, port: &Port, etcd: &Port, place: &Place) -> Launch {
    let file = |name: &str| files.dir.join(name);
    Launch::go(program)
        .arg(format!("--etcd-servers=http://{}", etcd.address()))
        .arg(format!("--bind-address={}", place.ip))
        .arg(format!("--advertise-address={}", place.ip))
        .arg(format!("--secure-port={}", port.number()))
        .arg(format!("--service-cluster-ip-range={}", place.services))
        .arg_path("--tls-cert-file=", file("server.crt"))
        .arg_path("--tls-private-key-file=", file("server.key"))
        .arg_path("--token-auth-file=", file("users.csv"))
        .arg("--authorization-mode=Node,RBAC")
        .arg("--allow-privileged=true")
        .arg("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
        .arg_path("--service-account-key-file=", file("tokens.pub"))
        .arg_path("--service-account-signing-key-file=", file("tokens.key"))
        .arg("--profiling=false")
        // The loopback address is no endpoint for anybody else.
        .arg(format!("--endpoint-reconciler-type={}", if place.ip.is_loopback() { "none" } else { "lease" }))
}

/// What the API server is told to reach kubelets, which know it by its certificate.
fn serving_nodes(launch: Launch, files: &Files) -> Launch {
    let file = |name: &str| files.dir.join(name);
    launch
        .arg_path("--client-ca-file=", file("ca.crt"))
        .arg_path("--kubelet-client-certificate=", file("client.crt"))
        .arg_path("--kubelet-client-key=", file("client.key"))
        .arg("--kubelet-preferred-address-types=InternalIP")
}

fn is_ready(client: &Client, node: &str) -> bool {
    let Ok(node) = client.get(&format!("/api/v1/nodes/{node}")) else { return false };
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// What both controllers are told: whom to talk to, at which pace, and that they are alone.
fn controller(program: PathBuf, files: &Files) -> Launch {
    Launch::go(program)
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

//! However a testbed with nodes ends, it leaves nothing behind: no process, network, mount, control group or file.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command};

use commerce_testbed::can_have_nodes;
use common::{World, assert_end, signal};

const NOTHING: &[PathBuf] = &[];
/// A command beside the nodes that starts a pod on each of them, and says when they run.
const PODS: &str = r#"
    set -e
    bash "$ARCHIVE" localhost/busybox:1 "$(command -v busybox)" sleep infinity >"$HOME/busybox.tar"
    "$TESTBED" load "$HOME/busybox.tar"
    for node in node1 node2; do
      kubectl run "$node" --image=localhost/busybox:1 --overrides='{"spec":{"nodeName":"'$node'"}}' >&2
    done
    kubectl wait --for=condition=Ready pod/node1 pod/node2 --timeout=120s >&2
    echo running
    exec sleep 30"#; // it outlives a testbed that is killed

/// Traces of a testbed with nodes, to be looked for when it has ended.
struct Traces {
    group: String,
    /// As `ip` shows it.
    network: String,
    processes: Vec<u32>,
}

impl World {
    fn nodes(&self, script: &str) -> Command {
        let mut command =
            self.testbed(&["run", "--only", "kubernetes", "--nodes", "2", "--", "sh", "-c", script]);
        command
            .env("ARCHIVE", concat!(env!("CARGO_MANIFEST_DIR"), "/node/archive.sh"))
            .env("TESTBED", env!("CARGO_BIN_EXE_testbed"))
            .env("HOME", self.file("home", "").with_file_name(""));
        command
    }

    /// With pods running.
    fn start_pods(&self) -> Child {
        let mut testbed = self.nodes(PODS).spawn().unwrap();
        let said = BufReader::new(testbed.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        assert_eq!(said, "running");
        testbed
    }

    fn traces(&self) -> Traces {
        let dirs = self.directories();
        let name = |dir: &PathBuf| dir.file_name().unwrap().to_str().unwrap().to_owned();
        let group = dirs.iter().map(name).find(|name| name.starts_with("nodes-")).unwrap();
        let group = format!("commercestack-{group}");
        let known = dirs.iter().find_map(|dir| fs::read_to_string(dir.join("nodes.json")).ok()).unwrap();
        let known: serde_json::Value = serde_json::from_str(&known).unwrap();
        let network = format!("{}/20", known["machine"].as_str().unwrap());
        let traces = Traces { group, network, processes: self.processes() };
        assert!(!traces.groups().is_empty());
        assert!(!traces.routes().is_empty());
        let runs = |name: &str| {
            let of = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            traces.processes.iter().filter(|pid| of(pid).trim() == name).count()
        };
        assert_eq!(runs("kubelet"), 2);
        assert_eq!(runs("containerd-shim"), 2);
        assert_eq!(runs("busybox"), 4, "a pod, and what holds its namespaces, on each node");
        traces
    }

    /// The processes whose network is not this machine's but one of the nodes', and all that is written down.
    fn processes(&self) -> Vec<u32> {
        let first = self.directories().into_iter().find(|dir| dir.join("network.ready").exists()).unwrap();
        let first = fs::read_to_string(first.join("process")).unwrap();
        let mut found = vec![first.split(' ').next().unwrap().parse().unwrap()];
        let mut next = 0;
        while let Some(pid) = found.get(next) {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            found.extend(children.split_whitespace().map(|pid| pid.parse::<u32>().unwrap()));
            next += 1;
        }
        found
    }
}

impl Traces {
    fn groups(&self) -> Vec<PathBuf> {
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        let mounts = mounts.lines().filter(|line| line.split(' ').nth(2).unwrap().starts_with("cgroup"));
        let groups = mounts.map(|line| PathBuf::from(line.split(' ').nth(1).unwrap()).join(&self.group));
        groups.filter(|group| group.exists()).collect()
    }

    fn routes(&self) -> String {
        let output = Command::new("ip").args(["route", "show", "root", &self.network]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn assert_gone(&self, world: &World) {
        assert_end(&self.processes);
        assert_eq!(self.groups(), NOTHING);
        assert_eq!(self.routes(), "");
        assert_eq!(world.left_behind(), NOTHING);
    }
}

/// What of the machine's own must be as before: settings, mounts, packet filters, and directories that such programs use.
fn machine() -> String {
    let script = "sysctl kernel.panic kernel.panic_on_oops vm.overcommit_memory net.ipv4.ip_forward 2>&1
        cat /proc/mounts; iptables-save 2>/dev/null | grep -v '^#'
        ls -d /var/lib/kubelet /var/lib/cni /var/lib/containerd /run/containerd /run/netns /run/runc /var/log/pods \
          /var/log/containers /etc/cni /opt/containerd 2>&1";
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_testbed_that_is_told_to_end_leaves_nothing() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let before = machine();
    let world = World::new("nodes-term");
    let mut testbed = world.start_pods();
    let traces = world.traces();
    signal("TERM", &testbed);
    assert_eq!(testbed.wait().unwrap().code(), Some(128 + 15));
    traces.assert_gone(&world);
    assert_eq!(machine(), before);
}

#[test]
fn what_a_killed_testbed_with_pods_left_behind_is_cleared_away_by_the_next_one() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let before = machine();
    let world = World::new("nodes-killed");
    let mut killed = world.start_pods();
    let traces = world.traces();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!traces.groups().is_empty(), "if they ended by themselves, this test shows nothing");

    assert!(world.nodes("exit 0").status().unwrap().success());
    traces.assert_gone(&world);
    assert_eq!(machine(), before);
}

#[test]
fn an_interrupt_while_nodes_start_leaves_nothing() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let world = World::new("nodes-interrupt");
    // The network, etcd and the API server; then all of them, with the nodes.
    for servers in [3, 5] {
        let mut testbed = world.nodes("sleep 600").spawn().unwrap();
        world.servers(servers);
        let processes = world.processes();
        signal("INT", &testbed);
        assert_eq!(testbed.wait().unwrap().code(), Some(130));
        assert_end(&processes);
        assert_eq!(world.left_behind(), NOTHING);
    }
}

#[test]
fn nodes_in_the_background_are_counted_shown_and_taken_down() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let world = World::new("nodes-up");
    let says = |arguments: &[&str]| {
        let output = world.testbed(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, exports) = says(&["up", "--only", "kubernetes", "--nodes", "2"]);
    assert_eq!(code, Some(0));
    assert!(exports.contains("export TESTBED_NODES='2'"), "{exports}");
    assert_eq!(says(&["up", "--only", "kubernetes", "--nodes", "3"]).0, Some(1), "it has but two");
    let (code, status) = says(&["status"]);
    assert_eq!(code, Some(0), "{status}");
    assert!(status.contains("nodes") && status.contains("TESTBED_NODES=2"), "{status}");
    assert_eq!(says(&["load", "/nowhere.tar"]).0, Some(1));
    let processes = world.processes();
    assert_eq!(says(&["down"]).0, Some(0));
    assert_end(&processes);
    assert_eq!(world.left_behind(), NOTHING);
}

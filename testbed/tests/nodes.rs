//! Nodes as the scenarios use them: pods run and find each other, from here and among themselves, and keep their files.
//! They need root; `tests/nodes_end.rs` shows that nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use commerce_testbed::{Kubernetes, can_have_nodes, kubectl};

struct Cluster(Kubernetes);

impl Cluster {
    /// With the sample pods on two nodes; the name is for a file.
    fn start(name: &str) -> Self {
        let began = Instant::now();
        let cluster = Self(Kubernetes::with_nodes(2).unwrap());
        eprintln!("two nodes were ready after {:?}", began.elapsed());
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let archive = std::env::temp_dir().join(format!("testbed-{name}-{}.tar", std::process::id()));
        let script = r#"exec bash "$0" localhost/busybox:1 "$(command -v busybox)" >"$1""#;
        let made =
            Command::new("sh").args(["-c", script]).arg(here.join("node/archive.sh")).arg(&archive).status();
        assert!(made.unwrap().success());
        // By a copy of the kubeconfig, as Tilt hands it to what it starts.
        let copy = archive.with_extension("kubeconfig");
        std::fs::copy(cluster.0.kubeconfig_path(), &copy).unwrap();
        Kubernetes::given(copy.clone()).load(std::slice::from_ref(&archive)).unwrap();
        std::fs::remove_file(copy).unwrap();
        std::fs::remove_file(archive).unwrap();
        cluster.says(&format!("apply -f {}", here.join("tests/common/pods.yaml").display()));
        cluster.says("rollout status --timeout=120s deployment/web");
        cluster.says("rollout status --timeout=120s deployment/user");
        cluster
    }

    fn kubectl(&self, words: &[&str]) -> Output {
        let mut command = Command::new(kubectl().unwrap());
        command.arg("--kubeconfig").arg(self.0.kubeconfig_path()).args(words).output().unwrap()
    }

    fn says(&self, words: &str) -> String {
        let output = self.kubectl(&words.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "kubectl {words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a shell in the user's pod prints, if it ends well.
    fn user(&self, script: &str) -> Option<String> {
        let output = self.kubectl(&["exec", "deployment/user", "--", "/busybox", "sh", "-c", script]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn names(&self, of: &str) -> Vec<String> {
        let names = self.says(&format!("get pods -l app={of} -o jsonpath={{.items[*].metadata.name}}"));
        names.split(' ').map(ToOwned::to_owned).collect()
    }
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The body of `GET /` there.
fn get(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split("\r\n\r\n").nth(1).unwrap().trim().to_owned()
}

#[test]
fn pods_find_each_other_and_are_found_from_here() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let cluster = Cluster::start("pods");
    let names = cluster.names("web");
    let nodes = cluster.says("get pods -l app=web -o jsonpath={.items[*].spec.nodeName}");
    assert_ne!(nodes.split(' ').next(), nodes.split(' ').nth(1), "{nodes}");

    // From here: the Service, which has both behind it, and each pod.
    let service = cluster.says("get service web -o jsonpath={.spec.clusterIP}:80");
    for name in &names {
        wait_for(&format!("the Service never leads to {name}"), || get(&service) == *name);
        assert_eq!(get(&cluster.says(&format!("get pod {name} -o jsonpath={{.status.podIP}}:8080"))), *name);
        assert_eq!(cluster.says(&format!("logs {name}")), "serving\n");
    }
    // From a pod: by name, short and whole, and the API server. No other names.
    for url in ["http://web/", "http://web.default.svc.cluster.local/"] {
        let said = cluster.user(&format!("/busybox wget -q -O - {url}")).unwrap();
        assert!(names.contains(&said.trim().to_owned()), "{said}");
    }
    assert!(cluster.user("/busybox nc kubernetes.default.svc 443 </dev/null").is_some());
    assert!(cluster.user("/busybox nc example.com 443 </dev/null").is_none());
    // A server of this machine's, at the address that is told.
    let listener = TcpListener::bind((cluster.0.machine().unwrap(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"from here").unwrap());
    let machine = cluster.0.machine().unwrap();
    assert_eq!(
        cluster.user(&format!("/busybox nc {machine} {port} </dev/null")).as_deref(),
        Some("from here")
    );
    server.join().unwrap();
    // DNS goes and comes back.
    cluster.0.toggle_dns().unwrap();
    assert!(cluster.user("/busybox wget -q -O - http://web/").is_none());
    cluster.0.toggle_dns().unwrap();
    assert!(cluster.user("/busybox wget -q -O - http://web/").is_some());
}

#[test]
fn a_volume_is_written_by_a_user_follows_its_pod_and_goes_with_its_claim() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let cluster = Cluster::start("volume");
    assert_eq!(cluster.user("echo kept >/data/file; /busybox id -u").unwrap(), "1000\n");
    let node = || cluster.says("get pods -l app=user -o jsonpath={.items[*].spec.nodeName}");
    let first = node();
    cluster.says(&format!("drain {first} --delete-emptydir-data --timeout=120s"));
    cluster.says("rollout status --timeout=120s deployment/user");
    assert_ne!(node(), first);
    assert_eq!(cluster.user("/busybox cat /data/file").unwrap(), "kept\n");

    let directory = cluster.says("get pv -o jsonpath={.items[0].spec.local.path}");
    assert!(directory.starts_with("/run/volumes/pvc-"), "{directory}");
    // Some volumes can be full.
    cluster.says("rollout status --timeout=120s deployment/full");
    let fill = |bytes: &str| {
        let script = format!("/busybox head -c {bytes} /dev/zero >/data/file");
        cluster.kubectl(&["exec", "deployment/full", "--", "/busybox", "sh", "-c", &script]).status.success()
    };
    assert!(fill("4m"));
    assert!(!fill("16m"));

    cluster.says("delete deployment user full");
    cluster.says("delete pvc data limited");
    wait_for("the volume stays", || cluster.says("get pv -o name").is_empty());
}

#[test]
fn two_clusters_on_one_machine_do_not_meet() {
    if !can_have_nodes().unwrap() {
        return;
    }
    let (one, other) = (Kubernetes::with_nodes(1).unwrap(), Kubernetes::with_nodes(1).unwrap());
    assert_ne!(one.machine(), other.machine());
    assert_ne!(one.address(), other.address());
    for cluster in [Cluster(one), Cluster(other)] {
        assert_eq!(cluster.says("get nodes -o name"), "node/node1\n");
    }
}

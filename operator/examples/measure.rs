//! Measures the operator on a real API server, beside a bare client that applies the same objects.
//!
//! `measure --operator PATH [--stacks 500] [--idle SECONDS]`, with the cluster of `KUBECONFIG`. Prints one line
//! of JSON per measure. The operator runs as a process of its own; what it wrote is read from its metrics, and
//! when a stack is written from the stack's status.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a measurement that fails ends")]
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates are for people")]

use clap::Parser;
use commerce_operator::build::{Child, Identity, Inputs, RootSeed, build, root_secret};
use commerce_operator::kinds::KindId;
use commerce_operator::release::{PullPolicy, RENDERER, Release};
use crds::CommerceStack;
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child as Process, Command};
use tokio::sync::watch;
use tokio::time::sleep;

/// Requests under way at once, of the bare client as of the operator for one stack.
const PARALLEL: usize = 16;
/// How many stacks "few" are.
const FEW: usize = 20;
/// How many of the many stacks share a namespace. The cluster's own controllers compare every pod of a namespace with
/// every Service and disruption budget there: with all in one, that would be most of what is measured.
const PER_NAMESPACE: usize = 10;

#[derive(Parser)]
struct Arguments {
    /// The operator's binary.
    #[arg(long)]
    operator: PathBuf,
    /// How many stacks "many" are.
    #[arg(long, default_value_t = 500)]
    stacks: usize,
    /// For how many seconds idleness is watched.
    #[arg(long, default_value_t = 300)]
    idle: u64,
    /// How often a single stack is written, by the operator and by the bare client.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// How many drifts are made, and how many edits.
    #[arg(long, default_value_t = 200)]
    changes: usize,
    /// Where the operator serves its metrics.
    #[arg(long, default_value_t = 18_080)]
    port: u16,
}

/// The generation of each stack that is written.
type Written = watch::Receiver<HashMap<String, i64>>;

struct Bench {
    arguments: Arguments,
    client: Client,
    /// Where the few stacks are; those of the many have it as their prefix.
    namespace: String,
    /// Where the bare client writes.
    bare: String,
    process: Option<Process>,
    written: Written,
}

fn say(measure: &str, value: &Value) {
    println!("{}", json!({"measure": measure, "value": value}));
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let mut config = kube::Config::infer().await.unwrap();
    config.default_retry = false;
    let client = Client::try_from(config).unwrap();
    let name = format!("measure-{:06x}", rand::random::<u32>() & 0xff_ffff);
    let written = follow(define(&client).await);
    let mut bench =
        Bench { arguments, client, bare: format!("{name}-bare"), namespace: name, process: None, written };
    bench.make_namespaces().await;
    bench.start().await;
    bench.one_stack().await;
    bench.few_stacks().await;
    bench.many_stacks().await;
    bench.idle().await;
    bench.drift().await;
    bench.edits().await;
    bench.restart().await;
    bench.end().await;
}

async fn define(client: &Client) -> Api<CommerceStack> {
    let definition: CustomResourceDefinition = serde_yaml::from_str(&crds::yaml()).unwrap();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply("measure").force();
    api.patch(&definition.name_any(), &params, &Patch::Apply(&definition)).await.unwrap();
    let stacks: Api<CommerceStack> = Api::all(client.clone());
    while stacks.list(&ListParams::default().limit(1)).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }
    stacks
}

/// Notes which stacks are written, as the API server tells.
fn follow(stacks: Api<CommerceStack>) -> Written {
    let (note, written) = watch::channel(HashMap::new());
    tokio::spawn(async move {
        let mut seen = std::pin::pin!(watcher(stacks, watcher::Config::default()).applied_objects());
        while let Some(stack) = seen.try_next().await.unwrap() {
            let (name, generation) = (stack.name_any(), stack.metadata.generation.unwrap());
            let status = stack.status.unwrap_or_default();
            let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
            let whole =
                ready.is_some_and(|ready| ["ServicesNotReady", "AllServicesReady"].contains(&&*ready.reason));
            if whole && status.applied_digest.is_some() && status.observed_generation == Some(generation) {
                note.send_modify(|written| {
                    written.insert(name, generation);
                });
            }
        }
    });
    written
}

impl Bench {
    fn namespaces(&self) -> Vec<String> {
        let of_many =
            (0..self.arguments.stacks).step_by(PER_NAMESPACE).map(|number| self.home(&shop(number)));
        [self.namespace.clone(), self.bare.clone()].into_iter().chain(of_many).collect()
    }

    async fn make_namespaces(&self) {
        for name in self.namespaces() {
            let space: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
            Api::all(self.client.clone()).create(&PostParams::default(), &space).await.unwrap();
        }
    }

    /// The namespace of a stack.
    fn home(&self, stack: &str) -> String {
        match stack.strip_prefix("shop-") {
            Some(number) => {
                format!("{}-{}", self.namespace, number.parse::<usize>().unwrap() / PER_NAMESPACE)
            }
            None => self.namespace.clone(),
        }
    }

    async fn start(&mut self) {
        let process = Command::new(&self.arguments.operator)
            .args(["run", "--lease-namespace", &self.namespace])
            .args(["--commerce-image", "localhost/commerce:1", "--log", "warn"])
            .args(["--metrics-address", &format!("127.0.0.1:{}", self.arguments.port)])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let start = Instant::now();
        while self.metric("leader").await < 1.0 {
            assert!(start.elapsed() < Duration::from_secs(60), "the operator does not lead");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(mut self) {
        drop(self.process.take());
        let spaces: Api<Namespace> = Api::all(self.client.clone());
        for name in self.namespaces() {
            spaces.delete(&name, &DeleteParams::default()).await.unwrap();
        }
    }

    async fn metrics(&self) -> std::io::Result<String> {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.arguments.port)).await?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    }

    /// The sum of a metric over its labels; less than none while the operator does not tell.
    async fn metric(&self, name: &str) -> f64 {
        let Ok(text) = self.metrics().await else { return -1.0 };
        let name = format!("commerce_operator_{name}");
        let of = |line: &&str| line.starts_with(&name) && line[name.len()..].starts_with(['{', ' ']);
        text.lines().filter(of).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Waits until the operator has written nothing for a while: the cluster's own controllers are at it, too.
    async fn settled(&self, quiet: Duration) {
        let start = Instant::now();
        let mut last = (self.metric("api_writes_total").await, Instant::now());
        while last.1.elapsed() < quiet {
            assert!(start.elapsed() < Duration::from_secs(1200), "the operator writes on and on");
            sleep(Duration::from_millis(500)).await;
            let writes = self.metric("api_writes_total").await;
            if (writes - last.0).abs() > 0.5 {
                last = (writes, Instant::now());
            }
        }
    }

    /// The operator's resident memory now, and the most that it ever was, in MiB.
    fn memory(&self) -> Value {
        let pid = self.process.as_ref().unwrap().id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
        };
        json!({"resident": mib("VmRSS:"), "peak": mib("VmHWM:")})
    }

    /// Applies a stack as a user would; gives its generation.
    async fn apply(&self, name: &str, spec: Value) -> i64 {
        let stack = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
            "metadata": {"name": name}, "spec": spec});
        let stacks: Api<CommerceStack> = Api::namespaced(self.client.clone(), &self.home(name));
        let params = PatchParams::apply("user").force();
        stacks.patch(name, &params, &Patch::Apply(&stack)).await.unwrap().metadata.generation.unwrap()
    }

    /// Waits until all objects of the stack are written for this generation of its spec.
    async fn written(&self, name: &str, generation: i64) {
        let mut written = self.written.clone();
        let wanted = |all: &HashMap<String, i64>| all.get(name).is_some_and(|seen| *seen >= generation);
        let waited = tokio::time::timeout(Duration::from_secs(1200), written.wait_for(wanted)).await;
        waited.unwrap_or_else(|_| panic!("{name} is not written")).unwrap();
    }

    fn children(&self, namespace: &str, name: &str) -> Vec<Child> {
        let text = format!(
            "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: {name}}}\nspec: {{}}\n"
        );
        let stack = crds::validate(&crds::load(&text, "measure").unwrap()).unwrap();
        let identity = Identity {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: "00000000-0000-0000-0000-000000000000".to_owned(),
            generation: 1,
        };
        let release = Release {
            version: "1".into(),
            image: "localhost/commerce:1".into(),
            mongodb_image: "localhost/mongodb:1".into(),
            kafka_image: "localhost/kafka:1".into(),
            pull_policy: PullPolicy::IfNotPresent,
            renderer: RENDERER,
        };
        let inputs = Inputs::new(RootSeed::new([1; 32]));
        let mut children = build(&stack, &identity, &inputs, &release);
        children.push(root_secret(&identity, &inputs.root));
        for child in &mut children {
            // Without an owner that does not exist, which would have them collected at once.
            child.object.metadata.owner_references = None;
        }
        children
    }

    /// How many objects a stack has, by the API server.
    async fn count(&self, name: &str) -> usize {
        let labelled = ListParams::default().labels(&format!("commercestack.io/stack={name}"));
        let mut count = 0;
        for kind in KindId::all().filter(|kind| !kind.get().optional) {
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.client.clone(), &self.home(name), &kind.resource());
            count += api.list_metadata(&labelled).await.unwrap().items.len();
        }
        count
    }

    /// A stack by the operator and by a bare client, in turns.
    async fn one_stack(&self) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        // Long enough for the cluster's own controllers to end what the last turn began.
        let pause = Duration::from_secs(3);
        let objects = self.children("x", "one-0").len();
        for round in 0..self.arguments.rounds {
            sleep(pause).await;
            let name = format!("one-{round}");
            let start = Instant::now();
            let generation = self.apply(&name, json!({})).await;
            self.written(&name, generation).await;
            ours.push(start.elapsed());
            assert_eq!(self.count(&name).await, objects, "objects of {name}");

            sleep(pause).await;
            let children = self.children(&self.bare, &format!("bare-{round}"));
            let start = Instant::now();
            let applied = stream::iter(&children).for_each_concurrent(PARALLEL, async |child| {
                let id = child.id();
                let api: Api<DynamicObject> =
                    Api::namespaced_with(self.client.clone(), &id.namespace, &id.api_resource());
                let params = PatchParams::apply("bare").force();
                api.patch_metadata(&id.name, &params, &Patch::Apply(&child.object)).await.unwrap();
            });
            applied.await;
            bare.push(start.elapsed());
        }
        let (ours, bare) = (at(&mut ours, 50), at(&mut bare, 50));
        say("one_stack", &json!({"objects": objects, "operator": ours, "bare": bare, "ratio": ours / bare}));
    }

    /// Applies stacks all at once and waits until they are written.
    async fn bring(&self, names: &[String]) {
        let applied = stream::iter(names).map(async |name| (name, self.apply(name, json!({})).await));
        let applied: Vec<(&String, i64)> = applied.buffer_unordered(4).collect().await;
        for (name, generation) in applied {
            self.written(name, generation).await;
        }
    }

    async fn few_stacks(&self) {
        let rest = FEW.saturating_sub(usize::from(self.arguments.rounds));
        self.bring(&(0..rest).map(|number| format!("few-{number}")).collect::<Vec<_>>()).await;
        self.settled(Duration::from_secs(10)).await;
        say("memory_of_few", &json!({"stacks": FEW, "memory": self.memory()}));
    }

    async fn many_stacks(&self) {
        let names: Vec<String> = (0..self.arguments.stacks).map(shop).collect();
        let objects = self.children("x", "shop-0").len() * names.len();
        let start = Instant::now();
        self.bring(&names).await;
        let took = start.elapsed().as_secs_f64();
        say(
            "many_stacks",
            &json!({"stacks": names.len(), "objects": objects, "seconds": took, "rate": objects as f64 / took}),
        );
    }

    async fn idle(&self) {
        self.settled(Duration::from_secs(20)).await;
        say("memory_of_many", &json!({"stacks": self.all(), "memory": self.memory()}));
        let before = self.metric("api_writes_total").await;
        sleep(Duration::from_secs(self.arguments.idle)).await;
        let writes = self.metric("api_writes_total").await - before;
        say("idle", &json!({"stacks": self.all(), "seconds": self.arguments.idle, "writes": writes}));
    }

    fn all(&self) -> usize {
        FEW + self.arguments.stacks
    }

    async fn drift(&self) {
        let mut times = Vec::new();
        for number in 0..self.arguments.changes {
            let stack = shop(number % self.arguments.stacks);
            let services: Api<Service> = Api::namespaced(self.client.clone(), &self.home(&stack));
            let name = format!("{stack}-gateway");
            let selector = services.get(&name).await.unwrap().spec.unwrap().selector;
            let change = json!({"spec": {"selector": {"app.kubernetes.io/name": "nobody"}}});
            let params = PatchParams { field_manager: Some("rival".into()), ..PatchParams::default() };
            let start = Instant::now();
            services.patch(&name, &params, &Patch::Merge(&change)).await.unwrap();
            while services.get(&name).await.unwrap().spec.unwrap().selector != selector {
                assert!(start.elapsed() < Duration::from_secs(60), "{name} is not repaired");
                sleep(Duration::from_millis(2)).await;
            }
            times.push(start.elapsed());
        }
        say("drift", &json!({"count": times.len(), "p50": at(&mut times, 50), "p99": at(&mut times, 99)}));
    }

    async fn edits(&self) {
        let mut times = Vec::new();
        for number in 0..self.arguments.changes {
            let name = shop(number % self.arguments.stacks);
            let replicas = 2 + number / self.arguments.stacks;
            let start = Instant::now();
            let generation = self.apply(&name, json!({"services": {"cart": {"replicas": replicas}}})).await;
            self.written(&name, generation).await;
            times.push(start.elapsed());
        }
        say("edits", &json!({"count": times.len(), "p50": at(&mut times, 50), "p99": at(&mut times, 99)}));
    }

    async fn restart(&mut self) {
        self.settled(Duration::from_secs(20)).await;
        // It must be gone, and the lease of the one that was killed over, before another can lead.
        self.process.take().unwrap().kill().await.unwrap();
        self.start().await;
        let start = Instant::now();
        let all = self.all() as f64;
        while self.metric("stacks").await < all || self.metric("queue_depth").await > 0.0 {
            assert!(start.elapsed() < Duration::from_secs(600), "never caught up");
            sleep(Duration::from_millis(100)).await;
        }
        let took = start.elapsed().as_secs_f64();
        sleep(Duration::from_secs(20)).await;
        let writes = self.metric("api_writes_total").await;
        let value = json!({"stacks": self.all(), "seconds": took, "writes": writes, "memory": self.memory()});
        say("restart", &value);
    }
}

/// The name of one of the many stacks.
fn shop(number: usize) -> String {
    format!("shop-{number}")
}

/// The least time that this share of all is not above.
fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() * percent).div_ceil(100) - 1].as_secs_f64()
}

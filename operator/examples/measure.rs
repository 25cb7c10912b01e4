//! Measures the operator on a real API server, beside a bare client that applies the same objects.
//!
//! `measure --operator PATH [--stacks 500] [--idle SECONDS]`, with the cluster of `KUBECONFIG`. Prints one line
//! of JSON per measure. The operator runs as a process of its own; what it wrote is read from its metrics.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a measurement that fails ends")]
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates are for people")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use clap::Parser;
use commerce_operator::build::{Child, Identity, Inputs, RootSeed, build, root_secret};
use commerce_operator::release::{PullPolicy, RENDERER, Release};
use crds::CommerceStack;
use futures::StreamExt;
use futures::stream;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child as Process, Command};

#[derive(Parser)]
struct Arguments {
    /// The operator's binary.
    #[arg(long)]
    operator: PathBuf,
    /// How many stacks.
    #[arg(long, default_value_t = 500)]
    stacks: usize,
    /// For how many seconds idleness is watched.
    #[arg(long, default_value_t = 300)]
    idle: u64,
    /// Where the operator serves its metrics.
    #[arg(long, default_value_t = 18_080)]
    port: u16,
}

struct Bench {
    arguments: Arguments,
    client: Client,
    namespace: String,
    process: Option<Process>,
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
    let namespace = format!("measure-{:06x}", rand::random::<u32>() & 0xff_ffff);
    let mut bench = Bench { arguments, client, namespace, process: None };
    bench.prepare().await;
    bench.one_stack().await;
    bench.many_stacks().await;
    bench.idle().await;
    bench.drift().await;
    bench.edits().await;
    bench.restart().await;
    bench.end().await;
}

impl Bench {
    async fn prepare(&mut self) {
        let definition: CustomResourceDefinition = serde_yaml::from_str(&crds::yaml()).unwrap();
        let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        let params = PatchParams::apply("measure").force();
        api.patch(&definition.name_any(), &params, &Patch::Apply(&definition)).await.unwrap();
        let space: Namespace = serde_json::from_value(json!({"metadata": {"name": self.namespace}})).unwrap();
        Api::all(self.client.clone()).create(&PostParams::default(), &space).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.start().await;
    }

    async fn start(&mut self) {
        let process = Command::new(&self.arguments.operator)
            .args(["run", "--watch-namespace", &self.namespace, "--lease-namespace", &self.namespace])
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
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(mut self) {
        drop(self.process.take());
        let spaces: Api<Namespace> = Api::all(self.client.clone());
        spaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap();
    }

    /// The sum of a metric over its labels.
    async fn metric(&self, name: &str) -> f64 {
        let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", self.arguments.port)).await else {
            return -1.0;
        };
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let name = format!("commerce_operator_{name}");
        let of = |line: &&str| line.starts_with(&name) && line[name.len()..].starts_with(['{', ' ']);
        text.lines().filter(of).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    fn resident_mib(&self) -> f64 {
        let pid = self.process.as_ref().unwrap().id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    fn stacks(&self) -> Api<CommerceStack> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn apply(&self, name: &str, spec: Value) {
        let stack = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
            "metadata": {"name": name}, "spec": spec});
        self.stacks().patch(name, &PatchParams::apply("user").force(), &Patch::Apply(&stack)).await.unwrap();
    }

    async fn written(&self, name: &str) {
        let start = Instant::now();
        loop {
            let stack = self.stacks().get(name).await.unwrap();
            let status = stack.status.unwrap_or_default();
            if status.applied_digest.is_some() && status.observed_generation == stack.metadata.generation {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(1800), "{name} is not written: {status:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn children(&self, name: &str) -> Vec<Child> {
        let text = format!(
            "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: {name}}}\nspec: {{}}\n"
        );
        let stack = crds::validate(&crds::load(&text, "measure").unwrap()).unwrap();
        let identity = Identity {
            namespace: self.namespace.clone(),
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

    /// A stack by the operator and by a bare client, in turns.
    async fn one_stack(&self) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for round in 0..7 {
            let name = format!("one-{round}");
            let start = Instant::now();
            self.apply(&name, json!({})).await;
            self.written(&name).await;
            ours.push(start.elapsed());
            let children = self.children(&format!("bare-{round}"));
            let start = Instant::now();
            let applied = stream::iter(&children).for_each_concurrent(16, async |child| {
                let id = child.id();
                let api: Api<kube::core::DynamicObject> =
                    Api::namespaced_with(self.client.clone(), &self.namespace, &id.api_resource());
                let params = PatchParams::apply("bare").force();
                api.patch(&id.name, &params, &Patch::Apply(&child.object)).await.unwrap();
            });
            applied.await;
            bare.push(start.elapsed());
        }
        let (ours, bare) = (middle(&mut ours), middle(&mut bare));
        say("stack_applied_seconds", &json!({"operator": ours, "bare_client": bare, "ratio": ours / bare}));
    }

    async fn many_stacks(&self) {
        let names: Vec<String> = (0..self.arguments.stacks).map(|number| format!("shop-{number}")).collect();
        let objects = self.children("x").len() * names.len();
        let start = Instant::now();
        let mut after_20 = None;
        stream::iter(&names).for_each_concurrent(4, async |name| self.apply(name, json!({})).await).await;
        for (number, name) in names.iter().enumerate() {
            self.written(name).await;
            if number == 19 {
                after_20 = Some(self.resident_mib());
            }
        }
        let took = start.elapsed().as_secs_f64();
        say(
            "objects_per_second",
            &json!({"stacks": names.len(), "objects": objects, "seconds": took, "rate": objects as f64 / took}),
        );
        say("resident_mib", &json!({"early": after_20, "stacks": names.len(), "all": self.resident_mib()}));
    }

    async fn idle(&self) {
        // The cluster's own controllers are at it for a while.
        let mut before = self.metric("api_writes_total").await;
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let now = self.metric("api_writes_total").await;
            if (now - before).abs() < 0.5 {
                break;
            }
            before = now;
        }
        tokio::time::sleep(Duration::from_secs(self.arguments.idle)).await;
        let writes = self.metric("api_writes_total").await - before;
        say(
            "idle_writes",
            &json!({"seconds": self.arguments.idle, "writes": writes, "resident_mib": self.resident_mib()}),
        );
    }

    async fn drift(&self) {
        let services: Api<Service> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut times = Vec::new();
        for number in 0..100 {
            let name = format!("shop-{}-gateway", number % self.arguments.stacks);
            let selector = services.get(&name).await.unwrap().spec.unwrap().selector;
            let change = json!({"spec": {"selector": {"app.kubernetes.io/name": "nobody"}}});
            let params = PatchParams { field_manager: Some("rival".into()), ..PatchParams::default() };
            let start = Instant::now();
            services.patch(&name, &params, &Patch::Merge(&change)).await.unwrap();
            while services.get(&name).await.unwrap().spec.unwrap().selector != selector {
                assert!(start.elapsed() < Duration::from_secs(60), "{name} is not repaired");
            }
            times.push(start.elapsed());
        }
        say("drift_repair_seconds", &json!({"p50": at(&mut times, 50), "p99": at(&mut times, 99)}));
    }

    async fn edits(&self) {
        let mut times = Vec::new();
        for number in 0..100 {
            let name = format!("shop-{}", number % self.arguments.stacks);
            let start = Instant::now();
            self.apply(&name, json!({"services": {"cart": {"replicas": 2}}})).await;
            self.written(&name).await;
            times.push(start.elapsed());
        }
        say("spec_edit_seconds", &json!({"p50": at(&mut times, 50), "p99": at(&mut times, 99)}));
    }

    async fn restart(&mut self) {
        tokio::time::sleep(Duration::from_secs(20)).await;
        drop(self.process.take());
        // The lease of the one that was killed must be over first.
        self.start().await;
        let start = Instant::now();
        let all = (self.arguments.stacks + 7) as f64;
        while self.metric("stacks").await < all || self.metric("queue_depth").await > 0.0 {
            assert!(start.elapsed() < Duration::from_secs(600), "never caught up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let took = start.elapsed().as_secs_f64();
        tokio::time::sleep(Duration::from_secs(20)).await;
        let writes = self.metric("api_writes_total").await;
        say("restart", &json!({"seconds": took, "writes": writes, "resident_mib": self.resident_mib()}));
    }
}

fn middle(times: &mut [Duration]) -> f64 {
    at(times, 50)
}

fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64()
}

//! A namespace of a real API server for each test, and an operator in it whose requests are recorded.

#![allow(dead_code, reason = "each test program uses a part of this")]

pub mod traffic;

use commerce_operator::config::Config;
use commerce_operator::release::{PullPolicy, RENDERER, Release};
use commerce_operator::{RunError, run};
use crds::{CommerceStack, CommerceStackStatus};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use testbed::Kubernetes;
use tokio::sync::{Mutex as Turns, MutexGuard as Turn};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use traffic::{Traffic, TrafficLayer};

/// Stands in for the Gateway API's own definition: only that the kind is known matters here.
pub const HTTP_ROUTES: &str = include_str!("http_routes.yaml");

/// Services that stacks do without here: they add many objects, which take the cluster's time, and no new case.
const LEFT_OUT: [&str; 4] = ["customer", "product", "inventory", "order"];

/// How long anything may take here.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A namespace of a cluster.
pub struct Lab {
    pub cluster: Arc<Kubernetes>,
    pub admin: Client,
    pub namespace: String,
    _turn: Option<Turn<'static, ()>>,
}

/// How often is looked for what is waited for: less and less, as each look takes the cluster's time for itself.
struct Pace(Duration);

impl Default for Pace {
    fn default() -> Self {
        Self(Duration::from_millis(20))
    }
}

impl Pace {
    async fn rest(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_millis(300));
    }
}

/// An operator that runs.
pub struct Running {
    pub traffic: Arc<Traffic>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

async fn shared() -> Arc<Kubernetes> {
    static SHARED: Mutex<Weak<Kubernetes>> = Mutex::new(Weak::new());
    let start = || {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Kubernetes::from_env_or_start().unwrap());
            *shared = Arc::downgrade(&server);
            server
        })
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// The settings of a client.
pub async fn config(kubeconfig: &Value) -> kube::Config {
    let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig.clone()).unwrap();
    let mut config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    config
}

fn admins(cluster: &Kubernetes) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(cluster.kubeconfig_path()).unwrap()).unwrap()
}

/// A release for tests.
pub fn release(version: &str) -> Release {
    Release {
        version: version.into(),
        image: format!("localhost/commerce:{version}"),
        mongodb_image: "localhost/mongodb:1".into(),
        kafka_image: "localhost/kafka:1".into(),
        pull_policy: PullPolicy::IfNotPresent,
        renderer: RENDERER,
    }
}

impl Lab {
    /// A fresh namespace on the cluster that tests share, which knows CommerceStacks.
    pub async fn new(name: &str) -> Self {
        let lab = Self::on(shared().await, name).await;
        lab.define().await;
        lab
    }

    /// A fresh namespace on a cluster that no other test has, for what concerns the cluster itself. One at a
    /// time: they are heavy.
    pub async fn alone(name: &str) -> Self {
        static TURNS: Turns<()> = Turns::const_new(());
        let turn = TURNS.lock().await;
        let cluster = tokio::task::spawn_blocking(|| Arc::new(Kubernetes::start().unwrap())).await.unwrap();
        let mut lab = Self::on(cluster, name).await;
        lab._turn = Some(turn);
        lab
    }

    /// A fresh namespace on this cluster.
    pub async fn on(cluster: Arc<Kubernetes>, name: &str) -> Self {
        // What the operator logs helps to see why a test fails.
        if let Ok(levels) = std::env::var("COMMERCE_LOG") {
            let _ = tracing_subscriber::fmt().with_env_filter(levels).with_test_writer().try_init();
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut settings = config(&admins(&cluster)).await;
        settings.read_timeout = Some(PATIENCE);
        let admin = Client::try_from(settings).unwrap();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{name}-{count}-{:05x}", rand::random::<u32>() & 0xf_ffff);
        let api: Api<Namespace> = Api::all(admin.clone());
        let space: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        api.create(&PostParams::default(), &space).await.unwrap();
        Self { cluster, admin, namespace, _turn: None }
    }

    pub fn definitions(&self) -> Api<CustomResourceDefinition> {
        Api::all(self.admin.clone())
    }

    /// Makes the cluster know CommerceStacks.
    pub async fn define(&self) {
        self.apply_definition(&serde_yaml::from_str(&crds::yaml()).unwrap()).await;
        let stacks: Api<CommerceStack> = Api::all(self.admin.clone());
        until("the definition is served", async || stacks.list(&ListParams::default().limit(1)).await.ok())
            .await;
    }

    /// Makes the cluster take any spec, as a newer release of the definition may, which knows more than this
    /// operator.
    pub async fn define_loosely(&self) {
        let definition: CustomResourceDefinition = serde_yaml::from_str(&crds::yaml()).unwrap();
        let mut newer = serde_json::to_value(definition).unwrap();
        let schema = &mut newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        schema["properties"]["spec"] =
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        schema.as_object_mut().unwrap().remove("x-kubernetes-validations");
        self.apply_definition(&newer).await;
    }

    /// Makes the cluster know HTTPRoutes, by a definition that stands in for the Gateway API's own.
    pub async fn define_routes(&self) {
        self.apply_definition(&serde_yaml::from_str(HTTP_ROUTES).unwrap()).await;
    }

    async fn apply_definition(&self, definition: &Value) {
        let (params, name) = (PatchParams::apply("tests").force(), definition["metadata"]["name"].as_str());
        self.definitions().patch(name.unwrap(), &params, &Patch::Apply(definition)).await.unwrap();
    }

    /// Settings under which a test sees in a moment what takes minutes in earnest.
    pub fn config(&self) -> Config {
        let mut config = Config::new(release("1.0.0"));
        config.watch_namespace = Some(self.namespace.clone());
        config.queue.first_delay = Duration::from_millis(100);
        config.queue.max_delay = Duration::from_secs(1);
        config.listing_patience = Duration::from_secs(5);
        config.discovery_period = Duration::from_secs(1);
        config.deletion_deadline = Duration::from_secs(3);
        config
    }

    /// Starts an operator for this namespace.
    pub async fn operator(&self) -> Running {
        self.operator_with(self.config(), Arc::default()).await
    }

    /// Starts an operator with these settings, whose requests go through `traffic`.
    pub async fn operator_with(&self, settings: Config, traffic: Arc<Traffic>) -> Running {
        self.operator_as(self.kube_config().await, settings, traffic)
    }

    /// Starts an operator that is somebody else to the API server.
    pub fn operator_as(&self, kube_config: kube::Config, settings: Config, traffic: Arc<Traffic>) -> Running {
        let layer = TrafficLayer(Arc::clone(&traffic));
        let client = ClientBuilder::try_from(kube_config).unwrap().with_layer(&layer).build();
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(client, settings, stop.clone()));
        Running { traffic, stop, task }
    }

    /// The settings of an admin's client.
    pub async fn kube_config(&self) -> kube::Config {
        config(&admins(&self.cluster)).await
    }

    /// The kubeconfig of somebody who has this token and lives in this namespace.
    pub fn kubeconfig_of(&self, token: &str) -> Value {
        let mut kubeconfig = admins(&self.cluster);
        for user in kubeconfig["users"].as_array_mut().unwrap() {
            user["user"] = json!({"token": token});
        }
        for context in kubeconfig["contexts"].as_array_mut().unwrap() {
            context["context"]["namespace"] = json!(self.namespace);
        }
        kubeconfig
    }

    pub fn stacks(&self) -> Api<CommerceStack> {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    /// The objects of a kind such as `apps/v1 Deployment deployments`.
    pub fn objects(&self, kind: &str) -> Api<DynamicObject> {
        let [api_version, kind, plural] = kind.split(' ').collect::<Vec<_>>()[..] else { panic!("{kind}") };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource {
            group: group.into(),
            version: version.into(),
            api_version: api_version.into(),
            kind: kind.into(),
            plural: plural.into(),
        };
        Api::namespaced_with(self.admin.clone(), &self.namespace, &resource)
    }

    /// Applies a stack with this spec as a user would, without the services of [`LEFT_OUT`] that the spec does not name.
    pub async fn apply(&self, name: &str, mut spec: Value) -> CommerceStack {
        for service in LEFT_OUT {
            let chosen = &mut spec["services"][service];
            if chosen.is_null() {
                *chosen = json!({"enabled": false});
            }
        }
        self.apply_whole(name, spec).await
    }

    /// Applies a stack with this spec, as it stands, as a user would.
    pub async fn apply_whole(&self, name: &str, spec: Value) -> CommerceStack {
        let stack = json!({
            "apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
            "metadata": {"name": name}, "spec": spec,
        });
        let params = PatchParams::apply("user").force();
        self.stacks().patch(name, &params, &Patch::Apply(&stack)).await.unwrap()
    }

    /// Waits until every object of the stack is written, and gives the stack.
    pub async fn written(&self, name: &str) -> CommerceStack {
        self.stack_where(name, "all objects are written", |stack| {
            let status = stack.status.clone().unwrap_or_default();
            status.applied_digest.is_some()
                && status.observed_generation == stack.metadata.generation
                && ["ServicesNotReady", "AllServicesReady"].contains(&said(&status, "Ready").1.as_str())
        })
        .await
    }

    /// Waits until the stack's condition is there with this reason, and gives its message.
    pub async fn reason(&self, name: &str, kind: &str, reason: &str) -> String {
        let what = format!("{name} says {kind} {reason}");
        let stack = self.stack_where(name, &what, |stack| {
            stack.status.as_ref().is_some_and(|status| said(status, kind).1 == reason)
        });
        said(&stack.await.status.unwrap_or_default(), kind).2
    }

    /// Waits until the stack is so.
    pub async fn stack_where(
        &self,
        name: &str,
        what: &str,
        is: impl Fn(&CommerceStack) -> bool,
    ) -> CommerceStack {
        let (start, mut pace) = (Instant::now(), Pace::default());
        loop {
            let stack = self.stacks().get_opt(name).await.unwrap();
            if let Some(stack) = stack.clone().filter(&is) {
                return stack;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited for: {what}; {:#?}",
                stack.and_then(|stack| stack.status)
            );
            pace.rest().await;
        }
    }

    /// Every object of the stack, by kind and name, as the API server has it.
    pub async fn children(&self, stack: &str) -> BTreeMap<String, Value> {
        self.children_of(stack, |_| true).await
    }

    /// Those of some kinds: each kind is a request.
    pub async fn children_of(&self, stack: &str, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Value> {
        let mut children = BTreeMap::new();
        let labelled = ListParams::default().labels(&format!("commercestack.io/stack={stack}"));
        let kinds = commerce_operator::kinds::KindId::all();
        for kind in kinds.filter(|kind| !kind.get().optional && wanted(kind.get().kind)) {
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.admin.clone(), &self.namespace, &kind.resource());
            for object in api.list(&labelled).await.unwrap() {
                let name = format!("{} {}", kind.get().kind, object.name_any());
                children.insert(name, serde_json::to_value(object).unwrap());
            }
        }
        children
    }

    /// Waits until every object of the stack is written and the cluster's own controllers have done what they
    /// do about it without nodes, so that nothing moves any more.
    pub async fn at_rest(&self, name: &str) -> CommerceStack {
        self.written(name).await;
        until("the controllers have made all pods", async || {
            let workloads =
                self.children_of(name, |kind| ["Deployment", "StatefulSet"].contains(&kind)).await;
            let done = |object: &Value| {
                let (spec, status) = (&object["spec"], &object["status"]);
                let made = |field: &str| {
                    status[field].as_u64().unwrap_or(0) >= spec["replicas"].as_u64().unwrap_or(1)
                };
                // A StatefulSet makes one pod after another.
                status["observedGeneration"] == object["metadata"]["generation"]
                    && (made("updatedReplicas") || status["replicas"] == 1)
            };
            workloads.values().all(done).then_some(())
        })
        .await;
        until("the operator says why no pod runs", async || {
            let stack = self.stacks().get(name).await.unwrap();
            let (_, reason, message) = said(&stack.status.unwrap_or_default(), "Ready");
            let told = message.contains("no node takes");
            (told || reason != "ServicesNotReady").then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        self.stacks().get(name).await.unwrap()
    }

    /// The reasons and notes of the events about a stack so far.
    pub async fn events(&self, stack: &str) -> Vec<(String, String)> {
        let api: Api<Event> = Api::namespaced(self.admin.clone(), &self.namespace);
        let about = |event: &Event| event.regarding.as_ref().and_then(|it| it.name.clone());
        let events = api.list(&ListParams::default()).await.unwrap();
        let events = events.into_iter().filter(|event| about(event).as_deref() == Some(stack));
        events.map(|event| (event.reason.unwrap_or_default(), event.note.unwrap_or_default())).collect()
    }

    /// Waits for an event about a stack and gives its note.
    pub async fn event(&self, stack: &str, reason: &str) -> String {
        until(&format!("an event {reason} about {stack}"), async || {
            self.events(stack).await.into_iter().find(|(said, _)| said == reason).map(|(_, note)| note)
        })
        .await
    }

    /// Deletes a stack and waits until it is gone.
    pub async fn delete(&self, name: &str) {
        self.stacks().delete(name, &DeleteParams::background()).await.unwrap();
        until("the stack is gone", async || {
            self.stacks().get_opt(name).await.unwrap().is_none().then_some(())
        })
        .await;
    }
}

impl Drop for Lab {
    /// Leaves nothing behind on a cluster that is not ours.
    fn drop(&mut self) {
        if self.cluster.is_own() {
            return;
        }
        let (admin, namespace) = (self.admin.clone(), self.namespace.clone());
        let clear = async move {
            let stacks: Api<CommerceStack> = Api::namespaced(admin.clone(), &namespace);
            let free = json!({"metadata": {"finalizers": null}});
            for stack in stacks.list(&ListParams::default()).await.into_iter().flatten() {
                let _ = stacks.patch(&stack.name_any(), &PatchParams::default(), &Patch::Merge(&free)).await;
            }
            let _ = Api::<Namespace>::all(admin).delete(&namespace, &DeleteParams::default()).await;
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(clear));
    }
}

impl Running {
    /// Asks the operator to stop and waits until it has.
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("the operator stops").unwrap().unwrap();
    }

    /// Ends the operator as a kill does: in the middle of whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    /// Waits until the operator has not made a request for a while.
    pub async fn quiet(&self) {
        self.quiet_for(Duration::from_millis(700)).await;
    }

    /// Waits until the operator has not made a request for this long.
    pub async fn quiet_for(&self, silence: Duration) {
        let start = Instant::now();
        loop {
            let before = self.traffic.count();
            tokio::time::sleep(silence).await;
            if self.traffic.count() == before {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "never quiet: {:#?}", self.traffic.last(20));
        }
    }
}

/// An address that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The status and the body of what is at a path; nothing while nobody answers.
pub fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Status, reason and message of a condition; empty if it is not there.
pub fn said(status: &CommerceStackStatus, kind: &str) -> (String, String, String) {
    let found = status.conditions.iter().find(|condition| condition.type_ == kind).cloned();
    let Condition { status, reason, message, .. } = found.unwrap_or_else(|| Condition {
        last_transition_time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
            jiff::Timestamp::UNIX_EPOCH,
        ),
        message: String::new(),
        observed_generation: None,
        reason: String::new(),
        status: String::new(),
        type_: String::new(),
    });
    (status, reason, message)
}

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        let mut pace = Pace::default();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            pace.rest().await;
        }
    };
    let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await else { panic!("waited for: {what}") };
    answer
}

//! A stack as a cluster runs it: every service a process of its own, several of each, on Kafka and a database
//! of the MongoDB protocol, with the same ports on addresses of their own.

use crate::{Client, PATIENCE, binary, token};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use testbed::{KafkaServer, MongoServer};

/// The services that a stack can have, the gateway last.
pub const SERVICES: [&str; 8] =
    ["account", "project", "customer", "product", "inventory", "cart", "order", "gateway"];
const TOPICS: [&str; 10] = [
    "account",
    "project",
    "customer",
    "product",
    "inventory",
    "cart",
    "order",
    "service-ping",
    "service-pong",
    "dead-letter",
];

/// The servers beneath: those that the environment names, or their own.
pub struct Servers {
    /// The broker.
    pub kafka: KafkaServer,
    /// The database.
    pub mongodb: MongoServer,
}

impl Servers {
    /// Those of `testbed run`, or new ones.
    pub fn shared() -> Self {
        Self {
            kafka: KafkaServer::from_env_or_start().unwrap(),
            mongodb: MongoServer::from_env_or_start().unwrap(),
        }
    }

    /// New ones, which the test may stop.
    pub fn own() -> Self {
        Self { kafka: KafkaServer::start().unwrap(), mongodb: MongoServer::start().unwrap() }
    }
}

/// A declared project with the clients `admin` (everything) and `limited` (nothing that any resource wants).
pub fn declared(key: &str) -> Value {
    let all = ["manage_project", "manage_api_clients", "introspect_oauth_tokens", "create_anonymous_token"];
    json!({
        "key": key, "name": key, "currencies": ["EUR", "USD"], "countries": ["DE", "US"], "languages": ["en", "de"],
        "apiClients": [declared_client(key, "admin", &all), declared_client(key, "limited", &["introspect_oauth_tokens"])],
    })
}

/// A declared API client. Its credentials follow from its name.
pub fn declared_client(project: &str, name: &str, scopes: &[&str]) -> Value {
    let (id, secret) = credentials(project, name);
    json!({
        "name": name, "id": id, "secret": secret, "scopes": scopes,
        "accessTokenValiditySeconds": 172_800, "refreshTokenValiditySeconds": 17_280_000,
    })
}

fn credentials(project: &str, client: &str) -> (String, String) {
    (format!("{project}-{client}-0123456789"), format!("{project}-{client}-s3cret-0123456789"))
}

/// What the stack is made of.
pub struct Plan<'a> {
    /// What the manifest declares.
    pub projects: Vec<Value>,
    /// The services that are on.
    pub services: &'a [&'a str],
    /// Processes of each.
    pub replicas: usize,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self { projects: vec![declared("shop")], services: &SERVICES, replicas: 2 }
    }
}

/// A running stack; its processes end with it.
pub struct Processes {
    dir: tempfile::TempDir,
    name: String,
    hosts: BTreeMap<&'static str, Vec<String>>,
    running: BTreeMap<(&'static str, usize), Child>,
    broker: String,
    mongodb_uri: String,
}

impl Processes {
    /// Starts all processes at once and waits until each is ready.
    pub async fn start(servers: &Servers, plan: &Plan<'_>) -> Self {
        let mut stack = Self::prepare(servers, plan).await;
        stack.start_all();
        stack.ready().await;
        stack
    }

    /// Everything but the processes.
    pub async fn prepare(servers: &Servers, plan: &Plan<'_>) -> Self {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let byte = |n: u32| u8::try_from(n % 250).unwrap() + 1;
        let net = [127, byte(pid), byte(pid / 250 + u32::from(count) * 17)];
        let mut hosts = BTreeMap::new();
        let mut next = 0;
        for service in SERVICES.into_iter().filter(|service| plan.services.contains(service)) {
            let of_service = (0..plan.replicas).map(|_| {
                next += 1;
                format!("{}.{}.{}.{next}", net[0], net[1], net[2])
            });
            hosts.insert(service, of_service.collect());
        }
        let stack = Self {
            dir: tempfile::tempdir().unwrap(),
            name: format!("t{pid}-{count}"),
            hosts,
            running: BTreeMap::new(),
            broker: servers.kafka.address().to_owned(),
            mongodb_uri: servers.mongodb.uri().to_owned(),
        };
        stack.write_keys();
        stack.declare(&plan.projects);
        stack.make_topics().await;
        stack
    }

    fn prefix(&self) -> String {
        format!("test.{}.", self.name)
    }

    fn write_keys(&self) {
        std::fs::create_dir(self.dir.path().join("trust")).unwrap();
        for (service, n) in SERVICES.iter().zip(1_u8..) {
            let seed = [n; 32];
            let public = SigningKey::from_bytes(&seed).verifying_key();
            std::fs::write(self.dir.path().join(format!("{service}.key")), STANDARD.encode(seed)).unwrap();
            let file = self.dir.path().join("trust").join(service);
            std::fs::write(file, STANDARD.encode(public.as_bytes())).unwrap();
        }
    }

    /// Writes what the manifest declares, as the operator would.
    pub fn declare(&self, projects: &[Value]) {
        // Renamed into place, as a mounted volume changes.
        let (beside, file) = (self.dir.path().join("declared.new"), self.declared_file());
        std::fs::write(&beside, json!({"projects": projects}).to_string()).unwrap();
        std::fs::rename(beside, file).unwrap();
    }

    fn declared_file(&self) -> PathBuf {
        self.dir.path().join("declared.json")
    }

    async fn make_topics(&self) {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.broker).create().unwrap();
        let names: Vec<String> = TOPICS.iter().map(|topic| format!("{}{topic}", self.prefix())).collect();
        let topics: Vec<NewTopic<'_>> = names
            .iter()
            .map(|name| {
                let topic = NewTopic::new(name, 3, TopicReplication::Fixed(1));
                let compacted = name.ends_with(".account") || name.ends_with(".project");
                if compacted { topic.set("cleanup.policy", "compact") } else { topic }
            })
            .collect();
        for made in admin.create_topics(&topics, &AdminOptions::new()).await.unwrap() {
            made.unwrap();
        }
    }

    /// Starts what does not run.
    pub fn start_all(&mut self) {
        let all: Vec<(&'static str, usize)> =
            self.hosts.iter().flat_map(|(name, hosts)| (0..hosts.len()).map(|n| (*name, n))).collect();
        for (service, replica) in all {
            if !self.running.contains_key(&(service, replica)) {
                self.start_one(service, replica);
            }
        }
    }

    /// Starts one process.
    pub fn start_one(&mut self, service: &str, replica: usize) {
        let (name, hosts) = self.hosts.get_key_value(service).unwrap();
        let (name, host) = (*name, hosts[replica].clone());
        let peers: Vec<String> =
            self.hosts.iter().map(|(service, hosts)| format!("{service}={}", hosts.join("|"))).collect();
        let log =
            std::fs::File::options().create(true).append(true).open(self.log_file(name, replica)).unwrap();
        let child = Command::new(binary())
            .args(["serve", service])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LISTEN_ADDRESS", host)
            .env("MONGODB_URI", &self.mongodb_uri)
            .env("MONGODB_DATABASE", format!("cs_{}_{service}", self.name))
            .env("KAFKA_BROKER", &self.broker)
            .env("KAFKA_TOPIC_PREFIX", self.prefix())
            .env("PEERS", peers.join(","))
            .env("INTERNAL_KEY_FILE", self.dir.path().join(format!("{service}.key")))
            .env("INTERNAL_TRUST_DIR", self.dir.path().join("trust"))
            .env("DECLARED_FILE", self.declared_file())
            .env("DRAIN_DELAY", "1")
            .env("COMMERCE_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.running.insert((name, replica), child);
    }

    fn log_file(&self, service: &str, replica: usize) -> PathBuf {
        self.dir.path().join(format!("{service}-{replica}.log"))
    }

    /// What a process has logged.
    pub fn log(&self, service: &str, replica: usize) -> String {
        std::fs::read_to_string(self.log_file(service, replica)).unwrap_or_default()
    }

    /// Waits until every process is ready and what the manifest declares was taken.
    pub async fn ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let all: Vec<(&'static str, usize)> = self.running.keys().copied().collect();
        for (service, replica) in all {
            loop {
                let said = self.readiness(service, replica).await;
                if said.as_deref() == Ok("ok") {
                    break;
                }
                let child = self.running.get_mut(&(service, replica)).unwrap();
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("{service}-{replica} ended with {status}:\n{}", self.log(service, replica));
                }
                assert!(Instant::now() < deadline, "{service}-{replica} is not ready: {said:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        for service in ["account", "project"] {
            while !self.log(service, 0).contains("what the manifest declares was taken") {
                assert!(Instant::now() < deadline, "{service} has not taken what is declared");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// What `/readyz` of a process says: `ok`, or the body of another answer.
    pub async fn readiness(&self, service: &str, replica: usize) -> Result<String, String> {
        let url = format!("{}/readyz", self.internal_url(service, replica));
        let answer = reqwest::get(url).await.map_err(|error| error.to_string())?;
        let ok = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if ok { Ok(text) } else { Err(text) }
    }

    /// Every process with its pid and its public routes, and the directory that has their keys.
    pub fn told(&self) -> Value {
        let processes = self.running.iter().map(|((service, replica), child)| {
            json!({"service": service, "pid": child.id(), "url": self.url(service, *replica)})
        });
        json!({"keys": self.dir.path(), "processes": processes.collect::<Vec<_>>()})
    }

    /// Where a process has its public routes.
    pub fn url(&self, service: &str, replica: usize) -> String {
        format!("http://{}:8080", self.hosts[service][replica])
    }

    /// Where a process has its internal routes.
    pub fn internal_url(&self, service: &str, replica: usize) -> String {
        format!("http://{}:9090", self.hosts[service][replica])
    }

    /// Ends a process at once.
    pub fn kill(&mut self, service: &'static str, replica: usize) {
        let mut child = self.running.remove(&(service, replica)).expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks a process to end.
    pub fn terminate(&self, service: &'static str, replica: usize) {
        let pid = self.running[&(service, replica)].id();
        assert!(Command::new("kill").arg("-TERM").arg(pid.to_string()).status().unwrap().success());
    }

    /// Waits until a process has ended; gives its exit code.
    pub async fn ended(&mut self, service: &'static str, replica: usize) -> Option<i32> {
        let mut child = self.running.remove(&(service, replica)).expect("it ran");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "{service}-{replica} did not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The `CTP_*` variables of a declared client at one of the gateways.
    pub fn env(&self, project: &str, client: &str, gateway: usize) -> HashMap<String, String> {
        let url = self.url("gateway", gateway);
        let (id, secret) = credentials(project, client);
        [
            ("CTP_PROJECT_KEY", project.to_owned()),
            ("CTP_CLIENT_ID", id),
            ("CTP_CLIENT_SECRET", secret),
            ("CTP_AUTH_URL", url.clone()),
            ("CTP_API_URL", url),
            ("CTP_SCOPES", format!("manage_project:{project} manage_api_clients:{project}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// A client of a project with a fresh token, at one of the gateways.
    pub async fn client(&self, project: &str, client: &str, gateway: usize) -> Client {
        let env = self.env(project, client, gateway);
        let (id, secret) = (&env["CTP_CLIENT_ID"], &env["CTP_CLIENT_SECRET"]);
        let token = token(&env["CTP_AUTH_URL"], id, secret).await;
        Client::new(&env["CTP_API_URL"], project, token)
    }

    /// What went wrong by the logs: the lines of errors, and of calls that were not answered.
    pub fn errors(&self) -> Vec<String> {
        let told = |line: &&str| line.contains(" ERROR ") || line.contains("not answered");
        let all = self.hosts.iter().flat_map(|(name, hosts)| (0..hosts.len()).map(move |n| (*name, n)));
        all.flat_map(|(service, replica)| {
            let log = self.log(service, replica);
            let lines = log.lines().filter(told).map(|line| format!("{service}-{replica}: {line}"));
            lines.collect::<Vec<_>>()
        })
        .collect()
    }

    /// The last lines of every log.
    pub fn tails(&self) -> String {
        let all = self.hosts.iter().flat_map(|(name, hosts)| (0..hosts.len()).map(move |n| (*name, n)));
        let tails = all.map(|(service, replica)| {
            let tail = tail(&self.log_file(service, replica));
            format!("---- the end of {service}-{replica}'s log ----\n{tail}\n")
        });
        tails.collect()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.tails());
        }
    }
}

fn tail(path: &Path) -> String {
    let mut text = Vec::new();
    if let Ok(mut file) = std::fs::File::open(path) {
        let length = file.metadata().map_or(0, |meta| meta.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(1_500)));
        let _ = file.read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

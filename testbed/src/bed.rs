//! Several servers at once, started side by side, and the variables by which programs find them.

use std::env;
use std::fmt;
use std::net::Ipv4Addr;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::kubernetes::NODES;
use crate::nodes::Nodes;
use crate::progress::Step;
use crate::{KafkaOptions, KafkaServer, Kubernetes, MongoServer};

/// A server that a bed can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A Kubernetes control plane; KUBECONFIG.
    Kubernetes,
    /// A Kafka broker; KAFKA_BROKER.
    Kafka,
    /// A MongoDB-protocol server; MONGODB_URI.
    Mongodb,
    /// The nodes of the Kubernetes cluster, which are asked for by their number; TESTBED_NODES.
    #[value(skip)]
    Nodes,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kubernetes => "kubernetes",
            Self::Kafka => "kafka",
            Self::Mongodb => "mongodb",
            Self::Nodes => "nodes",
        })
    }
}

/// The variables that name servers which run already.
pub const VARIABLES: [&str; 5] = ["TESTBED_KUBECONFIG", "KUBECONFIG", NODES, "KAFKA_BROKER", "MONGODB_URI"];

/// How to reach a server of a bed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Which it is.
    pub part: Part,
    /// The variable that names it to programs.
    pub variable: String,
    /// The variable's value.
    pub value: String,
    /// Where it listens: `HOST:PORT`, of each that there is.
    pub addresses: Vec<String>,
}

/// The running servers; those that were started here end when this is dropped.
#[derive(Debug)]
pub struct Bed {
    kubernetes: Option<Kubernetes>,
    kafka: Option<KafkaServer>,
    mongodb: Option<MongoServer>,
}

impl Bed {
    /// Starts `parts` side by side; those that the environment names already are taken from there. With nodes, the
    /// servers listen where pods reach them.
    ///
    /// # Errors
    /// If one of them cannot be built or does not come up. The others are then taken down. If the cluster that is
    /// given has fewer `nodes`.
    pub fn start(parts: &[Part], nodes: u8) -> Result<Self> {
        let wants = |part| parts.contains(&part);
        let given = Self {
            kubernetes: if wants(Part::Kubernetes) { Kubernetes::from_env()? } else { None },
            kafka: wants(Part::Kafka).then(KafkaServer::from_env).flatten(),
            mongodb: wants(Part::Mongodb).then(MongoServer::from_env).flatten(),
        };
        for server in given.servers() {
            eprintln!(
                "testbed: using the {} at {}, as {} is set",
                server.part,
                server.addresses.join(", "),
                server.variable
            );
        }
        if let Some(given) = &given.kubernetes {
            ensure!(
                given.nodes() >= nodes.into(),
                "{nodes} nodes are wanted, but the cluster that KUBECONFIG names has {} as far as is known; \
                 unset it for one of our own, or set {NODES} to how many that one has",
                given.nodes()
            );
        }
        let starts_kubernetes = wants(Part::Kubernetes) && given.kubernetes.is_none();
        let starts_kafka = wants(Part::Kafka) && given.kafka.is_none();
        let starts_mongodb = wants(Part::Mongodb) && given.mongodb.is_none();
        let starts_nodes = starts_kubernetes && nodes > 0;
        if starts_nodes {
            Nodes::check()?; // before the builds, which take minutes
        }

        // One after the other: each build takes all cores, and each shows its progress.
        if starts_kafka {
            KafkaServer::prepare()?;
        }
        if starts_mongodb {
            MongoServer::prepare()?;
        }
        if starts_kubernetes {
            Kubernetes::prepare()?;
        }
        if starts_nodes {
            Nodes::prepare()?;
        }
        let starts = [
            (starts_kubernetes, Part::Kubernetes),
            (starts_kafka, Part::Kafka),
            (starts_mongodb, Part::Mongodb),
        ];
        let names: Vec<_> =
            starts.iter().filter(|(starts, _)| *starts).map(|(_, part)| part.to_string()).collect();
        let step = (!names.is_empty()).then(|| Step::start(format!("starting {}", names.join(", "))));
        let network = if starts_nodes { Some(Nodes::network(nodes)?) } else { None };
        let given_machine = given.kubernetes.as_ref().and_then(Kubernetes::machine);
        let machine = network.as_ref().map(|network| network.subnet().machine()).or(given_machine);
        let ip = machine.unwrap_or(Ipv4Addr::LOCALHOST);
        let options = KafkaOptions::default().listen_on(ip);
        let (kubernetes, kafka, mongodb) = thread::scope(|scope| {
            let kubernetes = starts_kubernetes.then(|| scope.spawn(|| Kubernetes::start_on(network)));
            let kafka = starts_kafka.then(|| scope.spawn(|| KafkaServer::start_with(&options)));
            let mongodb = starts_mongodb.then(|| scope.spawn(move || MongoServer::start_on(ip)));
            (joined(kubernetes), joined(kafka), joined(mongodb))
        });
        let bed = Self {
            kubernetes: given.kubernetes.or(kubernetes?),
            kafka: given.kafka.or(kafka?),
            mongodb: given.mongodb.or(mongodb?),
        };
        if let Some(step) = step {
            step.done();
        }
        Ok(bed)
    }

    /// What runs, and how to reach it.
    pub fn servers(&self) -> Vec<Server> {
        let server = |part, variable: &str, value: String, addresses: Vec<String>| Server {
            part,
            variable: variable.to_owned(),
            value,
            addresses,
        };
        let kubernetes = self.kubernetes.as_ref().map(|kubernetes| {
            let value = kubernetes.kubeconfig_path().display().to_string();
            server(Part::Kubernetes, "KUBECONFIG", value, vec![kubernetes.address()])
        });
        let nodes = self.kubernetes.as_ref().filter(|kubernetes| kubernetes.nodes() > 0).map(|kubernetes| {
            let addresses = kubernetes.node_addresses().iter().map(ToString::to_string).collect();
            server(Part::Nodes, NODES, kubernetes.nodes().to_string(), addresses)
        });
        let kafka = self.kafka.as_ref().map(|kafka| {
            let first = kafka.address().split(',').next().unwrap_or_default().to_owned();
            server(Part::Kafka, "KAFKA_BROKER", kafka.address().to_owned(), vec![first])
        });
        let mongodb = self.mongodb.as_ref().map(|mongodb| {
            server(Part::Mongodb, "MONGODB_URI", mongodb.uri().to_owned(), vec![mongodb.address()])
        });
        [kubernetes, nodes, kafka, mongodb].into_iter().flatten().collect()
    }
}

fn joined<T>(thread: Option<thread::ScopedJoinHandle<'_, Result<T>>>) -> Result<Option<T>> {
    thread.map(|thread| thread.join().map_err(|_| anyhow!("a thread of the testbed panicked"))?).transpose()
}

/// The value of a variable that names a server which runs already.
pub(crate) fn given(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

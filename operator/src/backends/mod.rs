//! What a stack needs outside of Kubernetes: topics on a broker, users on a database server.
//!
//! Values in, findings out: nothing here knows Kubernetes. A pass compares what is there with what the plan
//! says and changes only what differs; one that finds nothing wrong writes nothing. Clients are shared by all
//! stacks with the same server and credentials. Every request has a time limit, a dead server is tried once
//! for all its stacks and then left alone for a while, and no finding, log line or error holds a secret.

mod finding;
mod kafka;
mod mongo;
mod plan;
mod pool;
mod reach;
mod tools;
mod topics;

pub use finding::{BackendFinding, RemovalReport};
pub use plan::{BackendPlan, BrokerPlan, DatabasePlan, Tls, UserPlan};
pub use tools::{Counter, Counts, Limits};
pub use topics::{TopicPlan, topics_of};

use kafka::Kafka;
use mongo::Mongo;
use std::sync::Arc;
use tools::Tools;

/// Reconciles brokers and databases. Cheap to clone; all clones share the same clients.
#[derive(Clone)]
pub struct Backends {
    inner: Arc<Inner>,
}

struct Inner {
    tools: Arc<Tools>,
    kafka: Kafka,
    mongo: Mongo,
}

/// The clients that the backends hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clients {
    /// Kafka clients open now.
    pub kafka_open: usize,
    /// Kafka clients opened since the start.
    pub kafka_opened: u64,
    /// MongoDB clients open now.
    pub mongo_open: usize,
    /// MongoDB clients opened since the start.
    pub mongo_opened: u64,
}

impl Backends {
    /// Backends without any client yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let tools = Arc::new(Tools::new(limits));
        let (kafka, mongo) = (Kafka::new(Arc::clone(&tools)), Mongo::new(Arc::clone(&tools)));
        Self { inner: Arc::new(Inner { tools, kafka, mongo }) }
    }

    /// One pass: creates, grows and repairs what the plan names. Tells what it changed and what is in the way;
    /// nothing at all if everything is as it should be. Must run on a tokio runtime.
    pub async fn reconcile(&self, plan: &BackendPlan) -> Vec<BackendFinding> {
        let broker = async {
            match &plan.broker {
                Some(broker) => self.inner.kafka.reconcile(broker).await,
                None => Vec::new(),
            }
        };
        let database = async {
            match &plan.database {
                Some(database) => self.inner.mongo.reconcile(database).await,
                None => Vec::new(),
            }
        };
        let (mut findings, of_database) = tokio::join!(broker, database);
        findings.extend(of_database);
        for change in findings.iter().filter(|finding| !finding.is_problem()) {
            tracing::info!(stack = plan.stack, reason = change.reason(), "{change}");
        }
        findings
    }

    /// Removes topics, consumer groups, users and databases of a plan whose data goes with the stack; nothing
    /// of one whose data stays. Ends in time also when a server is away, and tells what was left.
    pub async fn remove(&self, plan: &BackendPlan) -> RemovalReport {
        if !plan.delete {
            return RemovalReport::default();
        }
        let broker = async {
            match &plan.broker {
                Some(broker) => self.inner.kafka.remove(broker).await,
                None => RemovalReport::default(),
            }
        };
        let database = async {
            match &plan.database {
                Some(database) => self.inner.mongo.remove(database).await,
                None => RemovalReport::default(),
            }
        };
        let (of_broker, of_database) = tokio::join!(broker, database);
        let report = of_broker.join(of_database);
        for what in &report.removed {
            tracing::info!(stack = plan.stack, "removed {what}");
        }
        for (what, why) in &report.left {
            tracing::warn!(stack = plan.stack, "left {what}: {why}");
        }
        report
    }

    /// What has been asked of brokers and databases so far, for metrics and tests.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.inner.tools.counts
    }

    /// The clients that are and were open, for metrics and tests.
    #[must_use]
    pub fn clients(&self) -> Clients {
        let (kafka_open, kafka_opened) = self.inner.kafka.clients();
        let (mongo_open, mongo_opened) = self.inner.mongo.clients();
        Clients { kafka_open, kafka_opened, mongo_open, mongo_opened }
    }
}

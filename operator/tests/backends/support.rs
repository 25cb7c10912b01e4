//! Servers that tests share, plans, and a second client that plays everybody else.

#![allow(dead_code, reason = "shared by several test programs")]

use commerce_operator::backends::{
    BackendFinding, BackendPlan, Backends, BrokerPlan, DatabasePlan, Limits, TopicPlan, UserPlan,
};
use commerce_operator::inputs::{Credentials, SecretText};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use testbed::KafkaServer;

/// The broker that all tests use which do not need one of their own; it ends with the last of them.
pub async fn shared_kafka() -> Arc<KafkaServer> {
    static SHARED: Mutex<Weak<KafkaServer>> = Mutex::new(Weak::new());
    let start = || {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(KafkaServer::from_env_or_start().unwrap());
            *shared = Arc::downgrade(&server);
            server
        })
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// How long anything may take here: long enough for a busy machine, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Limits under which a test sees in a second what takes minutes in earnest.
pub fn quick() -> Limits {
    Limits {
        picture_age: Duration::ZERO,
        retry_first: Duration::from_millis(200),
        retry_last: Duration::from_millis(400),
        login_check: Duration::ZERO,
        ..Limits::default()
    }
}

pub fn topic(name: &str, partitions: u32, config: &[(&str, &str)]) -> TopicPlan {
    let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    TopicPlan { name: name.into(), partitions, replication_factor: 1, config }
}

pub fn on_broker(address: &str, prefix: &str, topics: Vec<TopicPlan>) -> BackendPlan {
    let broker = BrokerPlan {
        bootstrap: vec![address.to_owned()],
        tls: None,
        sasl: None,
        topic_prefix: prefix.to_owned(),
        topics,
    };
    BackendPlan { stack: prefix.to_owned(), broker: Some(broker), database: None, delete: true }
}

pub fn user(name: &str, password: &str) -> UserPlan {
    let credentials = Credentials { username: name.into(), password: SecretText::new(password) };
    UserPlan { database: name.into(), credentials: Some(credentials) }
}

pub fn on_server(uri: &str, users: Vec<UserPlan>) -> BackendPlan {
    let database = DatabasePlan { admin_uri: SecretText::new(uri), ca_pem: None, users };
    BackendPlan { stack: "test/shop".into(), broker: None, database: Some(database), delete: true }
}

pub fn reasons(findings: &[BackendFinding]) -> Vec<&'static str> {
    findings.iter().map(BackendFinding::reason).collect()
}

/// Passes until one finds nothing to do or to say.
pub async fn settled(backends: &Backends, plan: &BackendPlan) {
    let began = Instant::now();
    loop {
        let findings = backends.reconcile(plan).await;
        if findings.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{findings:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Passes until one finds something.
pub async fn found(backends: &Backends, plan: &BackendPlan) -> Vec<BackendFinding> {
    let began = Instant::now();
    loop {
        let findings = backends.reconcile(plan).await;
        if !findings.is_empty() {
            return findings;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is found");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One pass, and then the broker shows what it made.
pub async fn made(backends: &Backends, plan: &BackendPlan) {
    backends.reconcile(plan).await;
    settled(backends, plan).await;
    let broker = plan.broker.as_ref().unwrap();
    let admin = Admin::of(&broker.bootstrap[0]);
    for topic in &broker.topics {
        admin.appear(&broker.full_name(topic)).await;
    }
}

/// Somebody else with rights on the broker.
pub struct Admin(AdminClient<DefaultClientContext>);

impl Admin {
    pub fn of(address: &str) -> Self {
        Self(ClientConfig::new().set("bootstrap.servers", address).create().unwrap())
    }

    pub async fn appear(&self, topic: &str) {
        let began = Instant::now();
        while self.partitions(topic).is_none() {
            assert!(began.elapsed() < PATIENCE, "{topic} does not appear");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn until_partitions(&self, topic: &str, partitions: usize) {
        let began = Instant::now();
        while self.partitions(topic) != Some(partitions) {
            assert!(began.elapsed() < PATIENCE, "{:?} partitions", self.partitions(topic));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn delete(&self, topic: &str) {
        let results = self.0.delete_topics(&[topic], &options()).await.unwrap();
        assert_eq!(results, [Ok(topic.to_owned())]);
        self.disappear(topic).await;
    }

    /// Waits until the broker shows no topic whose name begins so: it has taken a removal before all of it know.
    pub async fn disappear(&self, prefix: &str) {
        let began = Instant::now();
        while !self.topics(prefix).is_empty() {
            assert!(began.elapsed() < PATIENCE, "{:?} do not go", self.topics(prefix));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Replaces all settings that are made on the topic.
    pub async fn alter(&self, topic: &str, settings: &[(&str, &str)]) {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        let change = settings.iter().fold(change, |change, (name, value)| change.set(name, value));
        self.0.alter_configs(&[change], &options()).await.unwrap();
        for (name, value) in settings {
            self.until(topic, name, value).await;
        }
    }

    /// Waits until the broker shows the setting so.
    pub async fn until(&self, topic: &str, name: &str, value: &str) {
        let began = Instant::now();
        loop {
            let there = self.settings(topic).await.get(name).cloned();
            if there.as_deref() == Some(value) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{topic} has {name}={there:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn settings(&self, topic: &str) -> BTreeMap<String, String> {
        let described =
            self.0.describe_configs(&[ResourceSpecifier::Topic(topic)], &options()).await.unwrap();
        let entries = described.into_iter().flatten().flat_map(|resource| resource.entries);
        entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()
    }

    pub fn partitions(&self, topic: &str) -> Option<usize> {
        let metadata = self.0.inner().fetch_metadata(None, PATIENCE).unwrap();
        metadata.topics().iter().find(|one| one.name() == topic).map(|one| one.partitions().len())
    }

    pub fn topics(&self, prefix: &str) -> Vec<String> {
        let metadata = self.0.inner().fetch_metadata(None, PATIENCE).unwrap();
        let mut names: Vec<String> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        names.retain(|name| name.starts_with(prefix));
        names.sort();
        names
    }

    pub fn groups(&self, prefix: &str) -> Vec<String> {
        let list = self.0.inner().fetch_group_list(None, PATIENCE).unwrap();
        let mut names: Vec<String> = list.groups().iter().map(|group| group.name().to_owned()).collect();
        names.retain(|name| name.starts_with(prefix));
        names.sort();
        names
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

//! One connection to a broker cluster, with a short-lived picture of its topics that all stacks share.
//!
//! librdkafka blocks and has threads of its own: what blocks runs on tokio's blocking threads, a few at a
//! time, and a client is closed on a thread made for that.

use super::diagnose::{self, Diagnosis};
use super::picture::{Picture, Shape, Sight};
use crate::backends::{BackendFinding, BrokerPlan, Tools, reach::reach};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigEntry, NewPartitions, NewTopic, OwnedResourceSpecifier,
    ResourceSpecifier, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, FromClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

/// How long it is remembered that settings did not change.
const STUBBORN: Duration = Duration::from_secs(300);
/// How many topics one request for settings names at most.
const DESCRIBE_BATCH: usize = 200;

/// How many requests to one broker run at the same time, and how many of those that change something: a slow
/// broker takes no more of everybody's turns, and a busy one is not buried in work.
const TURNS: usize = 8;
const WRITE_TURNS: usize = 4;

pub(super) struct Broker {
    /// Always there until it is closed.
    admin: Option<AdminClient<DefaultClientContext>>,
    config: ClientConfig,
    bootstrap: Vec<String>,
    tools: Arc<Tools>,
    picture: Mutex<Picture>,
    turns: Semaphore,
    write_turns: Semaphore,
    /// Why it can no longer be used, once that is so.
    lost: OnceLock<BackendFinding>,
    /// Topics whose settings did not change when they were last written, and when that was.
    stubborn: std::sync::Mutex<HashMap<String, Instant>>,
}

impl Broker {
    /// Connects and reads what topics there are.
    pub(super) async fn open(plan: &BrokerPlan, tools: Arc<Tools>) -> Result<Self, BackendFinding> {
        let config = config(plan, tools.limits.operation);
        reach(&plan.bootstrap, tools.limits.connect)
            .await
            .map_err(|why| diagnose::unreachable(&plan.bootstrap, &why))?;
        let (native, patience) = (config.clone(), tools.limits.connect * 2);
        let opened = tools
            .blocking(move || {
                let admin = AdminClient::from_config(&native)?;
                let picture = look(&admin, patience)?;
                Ok((admin, picture))
            })
            .await;
        match opened {
            Some(Ok((admin, picture))) => {
                tools.counts.kafka_pictures.add();
                Ok(Self {
                    admin: Some(admin),
                    config,
                    bootstrap: plan.bootstrap.clone(),
                    tools,
                    picture: Mutex::new(picture),
                    turns: Semaphore::new(TURNS),
                    write_turns: Semaphore::new(WRITE_TURNS),
                    lost: OnceLock::new(),
                    stubborn: std::sync::Mutex::default(),
                })
            }
            Some(Err(error)) => Err(explain(&config, &plan.bootstrap, &tools, &error).await),
            None => Err(diagnose::broken(&plan.bootstrap)),
        }
    }

    /// Why this client can no longer be used, if so.
    pub(super) fn lost(&self) -> Option<&BackendFinding> {
        self.lost.get()
    }

    /// How many brokers there are, and how each of the named topics looks.
    pub(super) async fn sights(
        self: &Arc<Self>,
        names: &[String],
    ) -> Result<(usize, Vec<Sight>), BackendFinding> {
        let mut picture = self.picture.lock().await;
        if picture.is_older_than(self.tools.limits.picture_age) {
            // Under the lock: who waits here gets this answer, good or bad.
            picture.renew(self.look_again().await);
        }
        picture.of(names)
    }

    /// Changes what is known, after a change of our own.
    pub(super) async fn note<T>(&self, change: impl FnOnce(&mut Picture) -> T) -> T {
        change(&mut *self.picture.lock().await)
    }

    async fn look_again(self: &Arc<Self>) -> Result<Picture, BackendFinding> {
        let (this, patience) = (Arc::clone(self), self.tools.limits.operation);
        self.tools.counts.kafka_pictures.add();
        let problem = match self.tools.blocking(move || look(this.admin()?, patience)).await {
            Some(Ok(picture)) => return Ok(picture),
            Some(Err(error)) => explain(&self.config, &self.bootstrap, &self.tools, &error).await,
            None => diagnose::broken(&self.bootstrap),
        };
        Err(self.lost.get_or_init(|| problem).clone())
    }

    /// Whether the topic's settings did not change before either, a short while ago.
    pub(super) fn is_stubborn(&self, topic: &str) -> bool {
        let mut stubborn = self.stubborn.lock().unwrap_or_else(PoisonError::into_inner);
        stubborn.retain(|_, since| since.elapsed() < STUBBORN);
        stubborn.insert(topic.to_owned(), Instant::now()).is_some()
    }

    /// The settings of each topic, by its name; none where the broker does not show them.
    pub(super) async fn settings(
        &self,
        names: &[&str],
    ) -> Result<HashMap<String, Vec<ConfigEntry>>, BackendFinding> {
        let mut settings = HashMap::new();
        for names in names.chunks(DESCRIBE_BATCH) {
            let topics: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
            let described = self.request("read settings of topics", |admin, options| {
                admin.describe_configs(&topics, options)
            });
            // rdkafka drops the error of a single topic: it has no settings then.
            for resource in described.await?.into_iter().flatten() {
                if let OwnedResourceSpecifier::Topic(name) = resource.specifier {
                    settings.insert(name, resource.entries);
                }
            }
        }
        Ok(settings)
    }

    pub(super) async fn create(&self, topics: &[NewTopic<'_>]) -> Result<Vec<TopicResult>, BackendFinding> {
        self.write("create topics", |admin, options| admin.create_topics(topics, options)).await
    }

    pub(super) async fn grow(
        &self,
        topics: &[NewPartitions<'_>],
    ) -> Result<Vec<TopicResult>, BackendFinding> {
        self.write("add partitions", |admin, options| admin.create_partitions(topics, options)).await
    }

    /// Replaces all settings of the topics. Whether the broker took them, only reading them again tells:
    /// rdkafka drops the errors of single topics.
    pub(super) async fn alter(&self, topics: &[AlterConfig<'_>]) -> Result<(), BackendFinding> {
        self.write("change settings of topics", |admin, options| admin.alter_configs(topics, options))
            .await
            .map(drop)
    }

    pub(super) async fn delete(&self, topics: &[&str]) -> Result<Vec<TopicResult>, BackendFinding> {
        self.write("delete topics", |admin, options| admin.delete_topics(topics, options)).await
    }

    pub(super) async fn delete_groups(&self, groups: &[&str]) -> Result<Vec<TopicResult>, BackendFinding> {
        self.write("delete consumer groups", |admin, options| admin.delete_groups(groups, options)).await
    }

    /// The names of all consumer groups that begin with `prefix`.
    pub(super) async fn groups(self: &Arc<Self>, prefix: &str) -> Result<Vec<String>, BackendFinding> {
        let (this, prefix, patience) = (Arc::clone(self), prefix.to_owned(), self.tools.limits.operation);
        let listed = self.tools.blocking(move || {
            let groups = this.admin()?.inner().fetch_group_list(None, patience)?;
            let names = groups.groups().iter().map(rdkafka::groups::GroupInfo::name);
            Ok(names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect())
        });
        match listed.await {
            Some(Ok(names)) => Ok(names),
            Some(Err(error)) => Err(diagnose::refused(&error, "list consumer groups", &self.bootstrap)),
            None => Err(diagnose::broken(&self.bootstrap)),
        }
    }

    async fn write<'a, F, R, T>(&'a self, doing: &str, call: F) -> Result<T, BackendFinding>
    where
        F: FnOnce(&'a AdminClient<DefaultClientContext>, &AdminOptions) -> R,
        R: Future<Output = KafkaResult<T>>,
    {
        let _turn = self.write_turns.acquire().await;
        self.tools.counts.kafka_writes.add();
        self.request(doing, call).await
    }

    async fn request<'a, F, R, T>(&'a self, doing: &str, call: F) -> Result<T, BackendFinding>
    where
        F: FnOnce(&'a AdminClient<DefaultClientContext>, &AdminOptions) -> R,
        R: Future<Output = KafkaResult<T>>,
    {
        let patience = self.tools.limits.operation;
        let options =
            AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience / 2));
        let _turn = self.turns.acquire().await;
        let _turn_of_all = self.tools.gate.acquire().await;
        if let Some(lost) = self.lost() {
            return Err(lost.clone());
        }
        let answer = match self.admin() {
            // The client keeps its own time; this is for the case that it does not.
            Ok(admin) => timeout(patience + Duration::from_secs(1), call(admin, &options))
                .await
                .unwrap_or(Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))),
            Err(closed) => Err(closed),
        };
        answer.map_err(|error| {
            let problem = diagnose::refused(&error, doing, &self.bootstrap);
            match problem {
                // Whoever waits for a turn need not find out the same.
                BackendFinding::KafkaUnreachable { .. }
                | BackendFinding::KafkaAuthenticationFailed { .. } => {
                    self.lost.get_or_init(|| problem).clone()
                }
                _ => problem,
            }
        })
    }

    fn admin(&self) -> KafkaResult<&AdminClient<DefaultClientContext>> {
        self.admin.as_ref().ok_or(KafkaError::Canceled)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(admin) = self.admin.take() {
            // Waits for the client's threads. If there is no thread to wait on, this one does.
            let _ = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || drop(admin));
        }
    }
}

/// All topics at once and never a single one: asking a producer's client for a topic would create it.
fn look(admin: &AdminClient<DefaultClientContext>, patience: Duration) -> KafkaResult<Picture> {
    let metadata = admin.inner().fetch_metadata(None, patience)?;
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let topics = metadata.topics().iter().map(|topic| {
        let partitions = topic.partitions();
        let copies = partitions.iter().map(|partition| partition.replicas().len()).min().unwrap_or(0);
        (topic.name().to_owned(), Shape { partitions: count(partitions.len()), copies: count(copies) })
    });
    Ok(Picture::new(metadata.brokers().len(), topics.collect()))
}

/// Why a broker gives no answer, after asking it in several ways.
async fn explain(
    config: &ClientConfig,
    bootstrap: &[String],
    tools: &Tools,
    error: &KafkaError,
) -> BackendFinding {
    if let Some(known) = diagnose::known(error, "read topics", bootstrap) {
        return known;
    }
    if let Err(why) = reach(bootstrap, tools.limits.connect).await {
        return diagnose::unreachable(bootstrap, &why);
    }
    let (config, patience) = (config.clone(), tools.limits.connect);
    let diagnosis = tools.blocking(move || Diagnosis::of(&config, patience)).await;
    diagnosis.map_or_else(|| diagnose::broken(bootstrap), |diagnosis| diagnosis.finding(bootstrap))
}

fn config(plan: &BrokerPlan, operation: Duration) -> ClientConfig {
    let mut config = ClientConfig::new();
    // Its log goes nowhere: what matters is in the findings.
    config.set_log_level(RDKafkaLogLevel::Emerg);
    let protocol = match (&plan.tls, &plan.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config
        .set("bootstrap.servers", plan.bootstrap.join(","))
        .set("client.id", "commerce-operator")
        .set("security.protocol", protocol)
        .set("socket.timeout.ms", operation.as_millis().to_string())
        .set("socket.keepalive.enable", "true")
        .set("reconnect.backoff.ms", "250")
        .set("reconnect.backoff.max.ms", "2000")
        .set("log.connection.close", "false")
        // It reads what it needs when it needs it, and reports to nobody.
        .set("topic.metadata.refresh.interval.ms", "-1")
        .set("enable.metrics.push", "false");
    if let Some(ca) = plan.tls.as_ref().and_then(|tls| tls.ca_pem.as_deref()) {
        config.set("ssl.ca.pem", ca);
    }
    if let Some(sasl) = &plan.sasl {
        config
            .set("sasl.mechanism", sasl.mechanism.as_str())
            .set("sasl.username", &sasl.username)
            .set("sasl.password", sasl.password.expose());
    }
    config
}

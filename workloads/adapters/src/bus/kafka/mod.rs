//! The event bus on Apache Kafka.
//!
//! - A topic of the port is the Kafka topic `<prefix><name>`, a group is `<prefix><name>`. Topics are made
//!   by the operator; this driver never creates one, and says so where one is missing.
//! - Events are CloudEvents in binary mode with the event's key as the message's ([`event`]), published by
//!   an idempotent producer with `acks=all` ([`producer`]): `Ok` means that all replicas in sync have them.
//! - Order holds within a key, also when publishing fails in the middle and is repeated. Not across a change
//!   of a topic's number of partitions: then a key's later events stand in another partition, and a consumer
//!   may meet them first. Their numbers tell.
//! - A user with rights by prefix needs, on topics and groups that begin with it, READ, WRITE and DESCRIBE,
//!   and where brokers are older than 2.8, IDEMPOTENT_WRITE on the cluster.
//! - Opening needs no broker. While none answers, `publish`, `join` and `ping` fail after their time limits
//!   with the reason; members and followers that are there wait and go on by themselves.

mod config;
mod consumer;
mod event;
mod follow;
mod membership;
mod producer;
mod queries;
mod trouble;

pub use config::{KafkaConfig, KafkaOpenError, KafkaSasl, KafkaTls, SaslMechanism};

use config::{client_config, millis};
use consumer::KafkaConsumer;
use follow::Followers;
use kit::Boxed;
use kit::bus::{BusError, Consumer, Event, EventBus, Follower};
use kit::service::PING;
use membership::Limits;
use producer::Publisher;
use rdkafka::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::DropGuard;
use trouble::Trouble;

/// A stack's topics on a Kafka cluster.
pub struct KafkaBus {
    publisher: Arc<Publisher>,
    /// What members are made with.
    member: ClientConfig,
    limits: Limits,
    trouble: Arc<Trouble>,
    followers: Followers,
    _stop: DropGuard,
}

impl KafkaBus {
    /// Makes the bus. Only what it is told is checked here; [`EventBus::ping`] tells whether brokers answer.
    ///
    /// # Errors
    /// When an address, a name, a credential or the CA file cannot be used. No message holds the password.
    pub fn open(config: &KafkaConfig) -> Result<Self, KafkaOpenError> {
        let client = client_config(config)?;
        let trouble = Arc::new(Trouble::new(config));
        let publisher = Arc::new(Publisher::start(config, &client, &trouble)?);
        let prefix = &config.topic_prefix;
        let followers = Followers::new(&client, &publisher, &trouble, prefix, config.metadata_refresh);
        let mut member = client;
        member
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", millis(config.session_timeout))
            .set("heartbeat.interval.ms", millis(config.session_timeout / 6))
            .set("max.poll.interval.ms", millis(config.max_poll_interval))
            .set("queued.max.messages.kbytes", "8192")
            .set("fetch.queue.backoff.ms", millis(Duration::from_millis(50)));
        Ok(Self {
            limits: Limits {
                prefix: prefix.clone(),
                patience: config.max_poll_interval / 3,
                commit: config.request_timeout * 4,
            },
            publisher,
            member,
            trouble,
            _stop: followers.stop.clone().drop_guard(),
            followers,
        })
    }
}

impl EventBus for KafkaBus {
    fn publish(&self, events: Vec<Event>) -> Boxed<'_, Result<(), BusError>> {
        Box::pin(self.publisher.publish(events))
    }

    fn join(&self, group: &str, topics: &[&str]) -> Boxed<'_, Result<Box<dyn Consumer>, BusError>> {
        let named = |name: &str| format!("{}{name}", self.limits.prefix);
        let group = named(group);
        let mut topics: Vec<String> = topics.iter().map(|topic| named(topic)).collect();
        topics.sort_unstable();
        topics.dedup();
        Box::pin(async move {
            for topic in &topics {
                self.publisher.partitions(topic).await?;
            }
            let (limits, renewals) = (self.limits.clone(), self.publisher.renewals());
            let consumer =
                KafkaConsumer::join(&self.member, group, &topics, limits, renewals, &self.trouble)?;
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }

    fn follow(&self, topic: &str, follower: Follower) -> Boxed<'_, Result<(), BusError>> {
        let topic = topic.to_owned();
        Box::pin(async move { self.followers.follow(&topic, follower).await })
    }

    fn ping(&self) -> Boxed<'_, Result<(), BusError>> {
        // One small topic: without a name the library asks for all that the brokers have.
        let topic = format!("{}{PING}", self.limits.prefix);
        Box::pin(async move { self.publisher.ping(topic).await })
    }
}

/// Closes a client of the library on a thread of its own, since closing waits for threads and brokers.
fn close<T: Send + 'static>(client: T) {
    drop(std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || drop(client)));
}

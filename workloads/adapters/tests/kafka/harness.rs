//! A broker, topics under a prefix of their own, and events to put in them.

use api::Timestamp;
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig};
use kit::bus::{Consumer, Delivery, Event, EventBus};
use kit::clock::{Clock, SystemClock};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use testbed::KafkaServer;

/// How long something may take that must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The broker that tests share; it ends with the last of them.
pub fn shared() -> Arc<KafkaServer> {
    static SHARED: Mutex<Weak<KafkaServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(KafkaServer::from_env_or_start().unwrap());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// Topics of one test, which go when this does.
pub struct Topics {
    pub prefix: String,
    address: String,
    client: ClientConfig,
    names: Vec<String>,
    /// Kept until the topics are gone.
    _server: Option<Arc<KafkaServer>>,
}

impl Topics {
    pub async fn create(server: &Arc<KafkaServer>, names: &[&str], partitions: i32) -> Self {
        let client = plain(server.address());
        Self::create_by(client, server.address(), names, partitions, &[], Some(Arc::clone(server))).await
    }

    pub async fn create_by(
        client: ClientConfig,
        address: &str,
        names: &[&str],
        partitions: i32,
        settings: &[(&str, &str)],
        server: Option<Arc<KafkaServer>>,
    ) -> Self {
        let prefix = format!("test-{}.", &SystemClock.secret()[..12].replace('/', "-").replace('+', "_"));
        let names: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let new = names.iter().map(|name| {
            let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
            settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        });
        let new: Vec<NewTopic<'_>> = new.collect();
        let created = admin(&client).create_topics(&new, &options()).await.unwrap();
        created.into_iter().for_each(|topic| drop(topic.unwrap()));
        let (asking, wanted) = (client.clone(), names.clone());
        tokio::task::spawn_blocking(move || wait_for(&asking, &wanted)).await.unwrap();
        Self { prefix, address: address.to_owned(), client, names, _server: server }
    }

    pub fn config(&self) -> KafkaConfig {
        KafkaConfig::new(&self.address, &self.prefix)
    }

    pub fn bus(&self) -> Arc<KafkaBus> {
        Arc::new(KafkaBus::open(&self.config()).unwrap())
    }

    /// Adds partitions to a topic.
    pub async fn grow(&self, name: &str, partitions: usize) {
        let name = format!("{}{name}", self.prefix);
        let wanted = [NewPartitions::new(&name, partitions)];
        let grown = admin(&self.client).create_partitions(&wanted, &options()).await.unwrap();
        grown.into_iter().for_each(|topic| drop(topic.unwrap()));
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        let (client, names) = (self.client.clone(), std::mem::take(&mut self.names));
        // On a thread of its own, as this one may be a runtime's, or panicking. A broker that is gone has
        // none of them any more.
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                admin(&client).delete_topics(&names, &options()).await.map(drop)
            })
        });
        drop(deleting.join());
    }
}

/// A broker that is busy takes a while to know of new topics.
fn wait_for(client: &ClientConfig, names: &[String]) {
    let admin = admin(client);
    let began = Instant::now();
    for name in names {
        loop {
            let answer = admin.inner().fetch_metadata(Some(name), Duration::from_secs(10)).unwrap();
            if answer.topics()[0].error().is_none()
                && answer.topics()[0].partitions().iter().all(|p| p.leader() >= 0)
            {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "the topic {name} is not there");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

pub fn plain(address: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", address);
    client
}

fn admin(client: &ClientConfig) -> AdminClient<DefaultClientContext> {
    client.create().unwrap()
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(Duration::from_secs(10)))
}

pub fn event(topic: &str, key: &str, n: i64) -> Event {
    Event {
        id: format!("{key}-{n}"),
        topic: topic.to_owned(),
        kind: format!("{topic}.updated"),
        key: format!("shop/{topic}/{key}"),
        change_seq: n,
        time: Timestamp::from_millis(SystemClock.now().as_millis()),
        data: format!(r#"{{"n":{n}}}"#),
    }
}

pub fn series(topic: &str, key: &str, numbers: std::ops::RangeInclusive<i64>) -> Vec<Event> {
    numbers.map(|n| event(topic, key, n)).collect()
}

/// An event with data of about this many bytes that do not compress.
pub fn sized(topic: &str, key: &str, n: i64, bytes: usize) -> Event {
    let mut text = String::with_capacity(bytes + 64);
    while text.len() < bytes {
        text.push_str(&SystemClock.secret());
    }
    Event { data: format!(r#"{{"text":"{text}"}}"#), ..event(topic, key, n) }
}

pub async fn join(bus: &KafkaBus, group: &str, topics: &[&str]) -> Box<dyn Consumer> {
    bus.join(group, topics).await.unwrap()
}

/// Reads until `enough`.
pub async fn read_until(
    consumer: &mut Box<dyn Consumer>,
    mut enough: impl FnMut(&[Delivery]) -> bool,
) -> Vec<Delivery> {
    let mut read: Vec<Delivery> = Vec::new();
    let reading = async {
        while !enough(&read) {
            read.extend(consumer.next(100).await.unwrap());
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, reading).await.is_ok();
    assert!(in_time, "only {} events came", read.len());
    read
}

pub async fn read(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Delivery> {
    read_until(consumer, |read| read.len() >= count).await
}

pub fn numbers(deliveries: &[Delivery]) -> Vec<i64> {
    deliveries.iter().map(|delivery| delivery.event.change_seq).collect()
}

/// The numbers of each key in the order of delivery, repetitions left out. Panics where a number came
/// before the one below it.
pub fn first_deliveries(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, i64> {
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for event in events {
        let last = last.entry(event.key.clone()).or_insert(0);
        assert!(event.change_seq <= *last + 1, "{} came after {last}: {}", event.change_seq, event.key);
        *last = event.change_seq.max(*last);
    }
    last
}

pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what} never happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stops or resumes a broker without holding up the runtime.
pub async fn with_server<T: Send + 'static>(
    mut server: KafkaServer,
    work: impl FnOnce(&mut KafkaServer) -> T + Send + 'static,
) -> (KafkaServer, T) {
    tokio::task::spawn_blocking(move || {
        let result = work(&mut server);
        (server, result)
    })
    .await
    .unwrap()
}

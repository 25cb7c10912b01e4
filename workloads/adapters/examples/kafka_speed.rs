//! How fast events go from an outbox to Kafka and back on this machine, and where the time goes.
//!
//! `cargo run --release -p commerce-adapters --example kafka_speed [--json] [EVENTS]`, with `KAFKA_BROKER` naming a
//! broker (`testbed run -- …` gives one). It makes topics of its own and deletes them. With `--json` it prints one
//! line of JSON per measure.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "a measurement, not shipped code"
)]

use api::{Id, Kind, Timestamp};
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig};
use commerce_adapters::store::sqlite::SqliteStore;
use kit::bus::{Event, EventBus};
use kit::clock::{Clock, SystemClock};
use kit::relay::Relay;
use kit::store::{DocKey, Document, KindSchema, MAIN, Store, View, Visibility, Write};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const TASKS: u64 = 32;
const TOPIC: &str = "cart";

fn id(n: u64) -> Id {
    SystemClock.new_id(Timestamp::from_millis(i64::try_from(1_700_000_000_000 + n).unwrap()))
}

/// Some 500 bytes with its attributes, as the events of carts are.
fn event(id: &Id, n: i64) -> Event {
    Event {
        id: SystemClock.new_id(SystemClock.now()).to_string(),
        topic: TOPIC.to_owned(),
        kind: "cart.updated".to_owned(),
        key: format!("shop/cart/{id}"),
        change_seq: n,
        time: SystemClock.now(),
        data: format!(r#"{{"resource":{{"typeId":"cart","id":"{id}"}},"text":"{}"}}"#, "y".repeat(250)),
    }
}

async fn write(store: &dyn Store, id: &Id, n: i64) {
    let document = Document {
        key: DocKey { project: "shop".to_owned(), kind: Kind::Cart, id: id.clone() },
        visibility: Visibility::Live,
        rev: n,
        version: n,
        views: vec![View { name: MAIN, served: format!(r#"{{"id":"{id}","version":{n}}}"#) }],
        hidden: None,
        claims: Vec::new(),
        change_seq: n,
        message_seq: 0,
        due_at: None,
    };
    let expected_rev = (n > 1).then_some(n - 1);
    store.write(Write { expected_rev, document, events: vec![event(id, n)] }).await.unwrap();
}

/// Writes `count` documents, or the `n`th revision of those.
async fn write_all(store: &Arc<dyn Store>, ids: &Arc<Vec<Id>>, n: i64, relay: Option<&Relay>) {
    let next = Arc::new(AtomicU64::new(0));
    let tasks = (0..TASKS).map(|_| {
        let (store, ids, next) = (Arc::clone(store), Arc::clone(ids), Arc::clone(&next));
        let relay = relay.cloned();
        tokio::spawn(async move {
            while let Some(id) = ids.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap()) {
                write(store.as_ref(), id, n).await;
                relay.iter().for_each(|relay| relay.wake(Kind::Cart));
            }
        })
    });
    futures::future::join_all(tasks.collect::<Vec<_>>()).await;
}

#[tokio::main]
async fn main() {
    let count: u64 = std::env::args().next_back().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let broker = std::env::var("KAFKA_BROKER").unwrap_or_else(|_| "127.0.0.1:9092".to_owned());
    let prefix = format!("speed-{}.", std::process::id());
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &broker).create().unwrap();
    let name = format!("{prefix}{TOPIC}");
    let topic = [NewTopic::new(&name, 6, TopicReplication::Fixed(1))];
    for made in admin.create_topics(&topic, &AdminOptions::new()).await.unwrap() {
        made.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let bus: Arc<dyn EventBus> = Arc::new(KafkaBus::open(&KafkaConfig::new(&broker, &prefix)).unwrap());
    let dir = tempfile::TempDir::new_in(".").unwrap();
    let kinds = [KindSchema { kind: Kind::Cart, views: &[MAIN], indexes: &[] }];
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&dir.path().join("store.sqlite"), &kinds).unwrap());
    let ids: Arc<Vec<Id>> = Arc::new((0..count).map(id).collect());
    bus.publish(vec![event(&ids[0], 0)]).await.unwrap();

    for batch in [1, 500] {
        let (started, cpu_before) = (Instant::now(), cpu());
        let total = if batch == 1 { 2_000 } else { count };
        for ids in ids[..usize::try_from(total).unwrap()].chunks(batch) {
            bus.publish(ids.iter().map(|id| event(id, 0)).collect()).await.unwrap();
        }
        report(&format!("publish_{batch}_at_a_time"), total, started, cpu_before);
    }

    let (started, cpu_before) = (Instant::now(), cpu());
    write_all(&store, &ids, 1, None).await;
    report("documents_written_with_an_event_each", count, started, cpu_before);
    let stop = CancellationToken::new();
    let (started, cpu_before) = (Instant::now(), cpu());
    let (relay, task) = Relay::start(Arc::clone(&store), Arc::clone(&bus), stop.clone());
    relay.flush().await;
    report("relay_backlog", count, started, cpu_before);
    assert!(store.unpublished(None, 1).await.unwrap().is_empty());

    let (started, cpu_before) = (Instant::now(), cpu());
    write_all(&store, &ids, 2, Some(&relay)).await;
    let written = started.elapsed();
    relay.flush().await;
    report("relay_beside_writers", count, started, cpu_before);
    if !as_json() {
        println!("  (the writers alone took {:.1} s of it)", written.as_secs_f64());
    }
    stop.cancel();
    task.await.unwrap();

    let mut consumer = bus.join("group", &[TOPIC]).await.unwrap();
    let first = consumer.next(500).await.unwrap();
    let (started, cpu_before) = (Instant::now(), cpu());
    let (expected, mut read) = (3 * count + 2_001, u64::try_from(first.len()).unwrap());
    while read < expected {
        let deliveries = consumer.next(500).await.unwrap();
        read += u64::try_from(deliveries.len()).unwrap();
        consumer.commit(&deliveries).await.unwrap();
    }
    report("read_and_committed", read, started, cpu_before);
    consumer.leave().await;
    admin.delete_topics(&[&name], &AdminOptions::new()).await.unwrap();
    if !as_json() {
        println!("{}", memory());
    }
}

/// The processor time of this process so far, in microseconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split(' ').skip(12).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks * 10_000.0
}

fn as_json() -> bool {
    std::env::args().any(|argument| argument == "--json")
}

fn report(what: &str, count: u64, started: Instant, cpu_before: f64) {
    let rate = count as f64 / started.elapsed().as_secs_f64();
    let each = (cpu() - cpu_before) / count as f64;
    if as_json() {
        let value = serde_json::json!({"count": count, "perSecond": rate, "microsEach": each});
        println!("{}", serde_json::json!({"measure": what, "value": value}));
    } else {
        println!("{what:<40} {rate:>10.0}/s {each:>8.1} us of processor time each");
    }
}

/// The process's memory as the system tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
        .collect::<Vec<_>>()
        .join(", ")
}

//! How fast the embedded drivers are on this machine: durable writes, point reads, events.
//!
//! `cargo run --release -p commerce-adapters --example embedded_speed [SECONDS]`

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "a measurement, not shipped code"
)]

use api::{Id, Kind, Timestamp};
use commerce_adapters::bus::local::LocalBus;
use commerce_adapters::store::sqlite::SqliteStore;
use kit::bus::{Event, EventBus};
use kit::clock::{Clock, SystemClock};
use kit::store::{
    Claim, DocKey, Document, KindSchema, MAIN, Published, Selector, Store, View, Visibility, Write,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const TASKS: u64 = 32;

fn id(n: u64) -> Id {
    SystemClock.new_id(Timestamp::from_millis(i64::try_from(1_700_000_000_000 + n).unwrap()))
}

fn served(id: &Id, n: i64) -> String {
    let filling = "x".repeat(1350);
    format!(r#"{{"id":"{id}","version":{n},"customerId":"{id}","lineItems":[],"text":"{filling}"}}"#)
}

fn event(id: &Id, n: i64) -> Event {
    Event {
        id: format!("{id}-{n}"),
        topic: "cart".to_owned(),
        kind: "cart.updated".to_owned(),
        key: format!("shop/cart/{id}"),
        change_seq: n,
        time: SystemClock.now(),
        data: format!(r#"{{"id":"{id}","text":"{}"}}"#, "y".repeat(300)),
    }
}

fn document(id: &Id, n: i64, claims: Vec<Claim>) -> Document {
    Document {
        key: DocKey { project: "shop".to_owned(), kind: Kind::Cart, id: id.clone() },
        visibility: Visibility::Live,
        rev: n,
        version: n,
        views: vec![View { name: MAIN, served: served(id, n) }],
        hidden: None,
        claims,
        change_seq: n,
        message_seq: 0,
        due_at: None,
    }
}

/// Runs `work(task, n)` from 32 tasks for a while and prints the rate.
async fn measure<F>(
    what: &str,
    each: u64,
    time: Duration,
    work: impl Fn(u64, u64) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (work, count) = (Arc::new(work), Arc::new(AtomicU64::new(0)));
    let (started, cpu_before) = (Instant::now(), cpu());
    let tasks = (0..TASKS).map(|task| {
        let (work, count) = (Arc::clone(&work), Arc::clone(&count));
        tokio::spawn(async move {
            let mut n = 0;
            while started.elapsed() < time {
                work(task, n).await;
                n += 1;
                count.fetch_add(each, Ordering::Relaxed);
                if n % 64 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        })
    });
    futures::future::join_all(tasks.collect::<Vec<_>>()).await;
    report(what, count.load(Ordering::Relaxed), started, cpu_before);
}

#[tokio::main]
async fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(3);
    let time = Duration::from_secs(seconds);
    let dir = tempfile::TempDir::new_in(".").unwrap();
    let kinds = [KindSchema { kind: Kind::Cart, views: &[MAIN], indexes: &["customerId"] }];
    let store = Arc::new(SqliteStore::open(&dir.path().join("store.sqlite"), &kinds).unwrap());

    let ids: Arc<Vec<Id>> = Arc::new((0..20_000).map(id).collect());
    let next = Arc::new(AtomicU64::new(0));
    let (writing, all) = (Arc::clone(&store), Arc::clone(&ids));
    let tasks = (0..TASKS).map(|_| {
        let (writing, all, next) = (Arc::clone(&writing), Arc::clone(&all), Arc::clone(&next));
        tokio::spawn(async move {
            while let Some(id) = all.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap()) {
                let document = document(id, 1, vec![Claim::new("key", id.as_str())]);
                writing
                    .write(Write { expected_rev: None, document, events: vec![event(id, 1)] })
                    .await
                    .unwrap();
            }
        })
    });
    let (started, cpu_before) = (Instant::now(), cpu());
    futures::future::join_all(tasks.collect::<Vec<_>>()).await;
    report("inserts: 1.5 KB, one claim, one index, one event", 20_000, started, cpu_before);

    let (writing, all) = (Arc::clone(&store), Arc::clone(&ids));
    measure("updates: 1.5 KB, one claim, one index, one event", 1, time, move |task, n| {
        let (store, all) = (Arc::clone(&writing), Arc::clone(&all));
        async move {
            let id = &all[usize::try_from(task * 600 + n % 600).unwrap()];
            let n = i64::try_from(n / 600 + 2).unwrap();
            let document = document(id, n, vec![Claim::new("key", id.as_str())]);
            let (key, event) = (document.key.clone(), event(id, n));
            let published = Published { key, up_to: n, last: event.id.clone() };
            store.write(Write { expected_rev: Some(n - 1), document, events: vec![event] }).await.unwrap();
            if n % 8 == 0 {
                store.published(vec![published]).await.unwrap();
            }
        }
    })
    .await;
    for (what, by_claim) in [("point reads by id", false), ("point reads by claim", true)] {
        let (reading, all) = (Arc::clone(&store), Arc::clone(&ids));
        measure(what, 1, time, move |task, n| {
            let (store, all) = (Arc::clone(&reading), Arc::clone(&all));
            async move {
                let id = &all[usize::try_from((task * 7919 + n * 613) % 20_000).unwrap()];
                let selector = if by_claim { Selector::key(id.as_str()) } else { Selector::Id(id.clone()) };
                assert!(store.view("shop", Kind::Cart, &selector, MAIN).await.unwrap().is_some());
            }
        })
        .await;
    }
    let (both, all) = (Arc::clone(&store), Arc::clone(&ids));
    measure("updates in half of the tasks, point reads in the other", 1, time, move |task, n| {
        let (store, all) = (Arc::clone(&both), Arc::clone(&all));
        async move {
            let id = &all[usize::try_from(task * 600 + n % 600).unwrap()];
            if task % 2 == 0 {
                let found = store.get("shop", Kind::Cart, &Selector::Id(id.clone())).await.unwrap().unwrap();
                let n = found.rev + 1;
                let document = document(id, n, found.claims);
                let write = Write { expected_rev: Some(n - 1), document, events: Vec::new() };
                store.write(write).await.unwrap();
            } else {
                let selector = Selector::Id(id.clone());
                assert!(store.view("shop", Kind::Cart, &selector, MAIN).await.unwrap().is_some());
            }
        }
    })
    .await;
    let log = std::fs::metadata(dir.path().join("store.sqlite-wal")).unwrap().len();
    println!("write-ahead log: {} KiB", log / 1024);

    let bus = Arc::new(LocalBus::open(&dir.path().join("bus.sqlite"), Arc::new(SystemClock)).unwrap());
    for batch in [1, 10] {
        let publishing = Arc::clone(&bus);
        let what = format!("events of 400 bytes, {batch} at a time");
        measure(&what, batch, time, move |task, n| {
            let bus = Arc::clone(&publishing);
            async move {
                let id = id(task);
                let n = i64::try_from(n).unwrap();
                bus.publish((0..batch).map(|_| event(&id, n)).collect()).await.unwrap();
            }
        })
        .await;
    }
    let (started, cpu_before, mut read) = (Instant::now(), cpu(), 0);
    let mut consumer = bus.join("group", &["cart"]).await.unwrap();
    while started.elapsed() < time {
        let Ok(deliveries) = tokio::time::timeout(Duration::from_millis(100), consumer.next(500)).await
        else {
            break;
        };
        let deliveries = deliveries.unwrap();
        read += u64::try_from(deliveries.len()).unwrap();
        consumer.commit(&deliveries).await.unwrap();
    }
    report("events read and committed by one consumer", read, started, cpu_before);
    println!("{}", memory());
}

/// The processor time of this process so far, in microseconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split(' ').skip(12).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks * 10_000.0
}

fn report(what: &str, count: u64, started: Instant, cpu_before: f64) {
    let rate = count as f64 / started.elapsed().as_secs_f64();
    let each = (cpu() - cpu_before) / count as f64;
    println!("{what:<55} {rate:>10.0}/s {each:>8.1} us of processor time each");
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

//! Outboxes relayed to Kafka.

use crate::harness::*;
use api::{Id, Kind};
use commerce_adapters::store::sqlite::SqliteStore;
use kit::bus::{Event, EventBus};
use kit::relay::Relay;
use kit::store::{DocKey, Document, KindSchema, MAIN, Store, View, Visibility, Write};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

fn store(dir: &TempDir) -> Arc<dyn Store> {
    let kinds = [KindSchema { kind: Kind::Order, views: &[MAIN], indexes: &[] }];
    Arc::new(SqliteStore::open(&dir.path().join("store.db"), &kinds).unwrap())
}

/// Writes the next revision of an order, which tells `event`.
async fn write(store: &dyn Store, event: Event) {
    let id = event.key.rsplit('/').next().unwrap();
    let rev = event.change_seq;
    let document = Document {
        key: DocKey { project: "shop".to_owned(), kind: Kind::Order, id: Id::parse(id).unwrap() },
        visibility: Visibility::Live,
        rev,
        version: rev,
        views: vec![View { name: MAIN, served: "{}".to_owned() }],
        hidden: None,
        claims: Vec::new(),
        change_seq: rev,
        message_seq: 0,
        due_at: None,
    };
    let expected_rev = (rev > 1).then_some(rev - 1);
    store.write(Write { expected_rev, document, events: vec![event] }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_too_large_goes_out_as_its_reference_in_its_place() {
    let server = shared();
    // The first is refused by the driver, the second by the broker, which takes less than it should.
    for (limit, size) in [("1048588", 1_500_000), ("60000", 80_000)] {
        let (client, limit) = (plain(server.address()), [("max.message.bytes", limit)]);
        let topics =
            Topics::create_by(client, server.address(), &["order"], 1, &limit, Some(server.clone())).await;
        let (bus, dir) = (topics.bus(), TempDir::new().unwrap());
        let store = store(&dir);
        for n in 1..=40 {
            let event = if n == 21 { sized("order", "a", n, size) } else { sized("order", "a", n, 4_000) };
            write(store.as_ref(), event).await;
        }
        let stop = CancellationToken::new();
        let (relay, task) = Relay::start(Arc::clone(&store), bus.clone(), stop.clone());
        relay.flush().await;
        assert!(store.unpublished(None, 10).await.unwrap().is_empty());

        let mut consumer = join(&bus, "group", &["order"]).await;
        let read = read_until(&mut consumer, |read| read.iter().any(|d| d.event.change_seq == 40)).await;
        let mut firsts: BTreeMap<i64, Event> = BTreeMap::new();
        for delivery in &read {
            firsts.entry(delivery.event.change_seq).or_insert_with(|| delivery.event.clone());
        }
        let last = first_deliveries(read.into_iter().map(|delivery| delivery.event));
        assert_eq!(last["shop/order/a"], 40);
        let data: serde_json::Value = serde_json::from_str(&firsts[&21].data).unwrap();
        assert_eq!(data["resource"], serde_json::json!({"typeId": "order", "id": "a"}));
        assert!(data["payloadNotIncluded"].is_object() && data.get("text").is_none());
        let whole = firsts.values().filter(|event| event.data.len() > 4_000).count();
        assert_eq!(whole, 39, "the others keep their data");
        stop.cancel();
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relays_that_share_a_store_keep_the_order_of_first_deliveries() {
    let topics = Topics::create(&shared(), &["order"], 3).await;
    let dir = TempDir::new().unwrap();
    let (store, stop) = (store(&dir), CancellationToken::new());
    let relays: Vec<_> =
        (0..3).map(|_| Relay::start(Arc::clone(&store), topics.bus(), stop.clone())).collect();
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        let wake: Vec<Relay> = relays.iter().map(|(relay, _)| relay.clone()).collect();
        tokio::spawn(async move {
            for n in 1..=60 {
                write(store.as_ref(), event("order", &format!("doc-{writer}"), n)).await;
                wake.iter().for_each(|relay| relay.wake(Kind::Order));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    stop.cancel();
    for (_, task) in relays {
        task.await.unwrap();
    }
    assert!(store.unpublished(None, 10).await.unwrap().is_empty());
    let bus = topics.bus();
    bus.publish((0..60).map(|n| event("order", &format!("end-{n}"), 1)).collect()).await.unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    let ends = |d: &&kit::bus::Delivery| d.event.key.contains("/end-");
    let read = read_until(&mut consumer, |read| read.iter().filter(ends).count() == 60).await;
    let last = first_deliveries(read.into_iter().map(|delivery| delivery.event));
    for writer in 0..8 {
        assert_eq!(last[&format!("shop/order/doc-{writer}")], 60);
    }
}

//! The outbox beside other writes, what the server is asked to hold, and what opening does.

use crate::harness::*;
use api::Kind;
use bson::doc;
use commerce_adapters::bus::local::LocalBus;
use commerce_adapters::store::mongodb::{MongoOptions, MongoStore, OpenError};
use futures::TryStreamExt;
use kit::bus::{Event, EventBus};
use kit::clock::{Clock, SystemClock};
use kit::relay::Relay;
use kit::store::{KindSchema, MAIN, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn waiting(store: &MongoStore) -> Vec<i64> {
    let all = store.unpublished(None, 10).await.unwrap();
    all.iter().flat_map(|u| u.events.iter().map(|e| e.change_seq)).collect()
}

#[tokio::test]
async fn a_replace_keeps_events_that_are_not_yet_published() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let first = document("a", 1, &[]);
    write(&store, first.clone(), vec![event(&first, 1), event(&first, 2)]).await.unwrap();
    let second = document("a", 2, &[]);
    write(&store, second.clone(), vec![event(&second, 3)]).await.unwrap();
    write(&store, document("a", 3, &[]), vec![]).await.unwrap();
    assert_eq!(waiting(&store).await, [1, 2, 3]);
    assert_eq!(store.unpublished(None, 10).await.unwrap()[0].events[2], event(&second, 3));

    store.published(vec![out(&first, 1), out(&first, 2)]).await.unwrap();
    assert_eq!(waiting(&store).await, [3]);
    assert_eq!(by_id(&store, "a").await.unwrap().rev, 3);
    store.published(vec![out(&first, 3)]).await.unwrap();
    assert!(waiting(&store).await.is_empty());
    store.published(vec![out(&first, 3)]).await.unwrap();
}

#[tokio::test]
async fn a_deleted_document_goes_with_its_last_event() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let first = document("a", 1, &[("key", "tea")]);
    write(&store, first.clone(), vec![event(&first, 1)]).await.unwrap();
    let last = deleted("a", 2);
    write(&store, last.clone(), vec![event(&last, 2)]).await.unwrap();

    assert!(by_id(&store, "a").await.is_none());
    assert_eq!(waiting(&store).await, [1, 2]);
    assert_eq!(claims(&store).count_documents(doc! {}).await.unwrap(), 0);
    store.published(vec![out(&last, 1)]).await.unwrap();
    assert_eq!(waiting(&store).await, [2]);
    store.published(vec![out(&last, 2)]).await.unwrap();
    assert_eq!(stored(&store).count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn a_deletion_without_events_leaves_nothing() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let first = document("a", 1, &[("key", "tea")]);
    write(&store, first.clone(), vec![]).await.unwrap();
    write(&store, deleted("a", 2), vec![]).await.unwrap();
    assert_eq!(stored(&store).count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(claims(&store).count_documents(doc! {}).await.unwrap(), 0);

    let second = document("b", 1, &[]);
    write(&store, second.clone(), vec![event(&second, 1)]).await.unwrap();
    write(&store, deleted("b", 2), vec![]).await.unwrap();
    assert_eq!(waiting(&store).await, [1], "what was told before must still go out");
    store.published(vec![out(&second, 1)]).await.unwrap();
    assert_eq!(stored(&store).count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_beside_writes_loses_no_event() {
    let Some(db) = TestDb::fresh() else { return };
    let store = std::sync::Arc::new(db.open(impatient()).await);
    write(&store, document("a", 1, &[]), vec![]).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for rev in 2..=60 {
                let next = document("a", rev, &[]);
                write(&store, next.clone(), vec![event(&next, rev)]).await.unwrap();
            }
        }
    });
    let mut seen = Vec::new();
    let relay = async {
        while seen.last() != Some(&60) {
            for unpublished in store.unpublished(None, 10).await.unwrap() {
                let new = unpublished.events.iter().map(|e| e.change_seq);
                seen.extend(new);
                store.published(unpublished.published().into_iter().collect()).await.unwrap();
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(120), relay).await.is_ok();
    // First what became of the writer: when it fails, the last event never comes.
    if in_time || writer.is_finished() {
        writer.await.unwrap();
    }
    assert!(in_time, "the last event never came: {seen:?}");
    assert_eq!(seen, (2..=60).collect::<Vec<_>>());
    assert!(waiting(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outboxes_are_looked_at_by_kind_and_by_a_relay_that_starts_all_of_them() {
    const OTHER: Kind = Kind::Category;
    let Some(db) = TestDb::fresh() else { return };
    let dir = tempfile::TempDir::new().unwrap();
    let bus: Arc<dyn EventBus> =
        Arc::new(LocalBus::open(&dir.path().join("bus.db"), Arc::new(SystemClock)).unwrap());
    let kinds = [KIND, OTHER].map(|kind| KindSchema { kind, views: &[MAIN], indexes: &[] });
    let store = Arc::new(db.open_with(&kinds, impatient()).await);
    let waiting = async |kinds: Option<Vec<Kind>>| {
        let found = store.unpublished(kinds, 10).await.unwrap();
        found.into_iter().map(|one| one.key.kind).collect::<Vec<_>>()
    };
    // As a process leaves them that ends between its writes and their events.
    for kind in [KIND, OTHER] {
        let mut first = document("a", 1, &[]);
        first.key.kind = kind;
        let told = Event { time: SystemClock.now(), ..event(&first, 1) };
        write(&store, first, vec![told]).await.unwrap();
    }
    assert_eq!(waiting(Some(vec![OTHER])).await, [OTHER]);
    assert_eq!(waiting(Some(vec![])).await, []);
    assert_eq!(waiting(None).await.len(), 2);

    let stop = CancellationToken::new();
    let (_relay, task) = Relay::start(Arc::clone(&store) as _, bus, stop.clone());
    let until_gone = async {
        while !waiting(None).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), until_gone).await.is_ok(), "they did not go out");
    stop.cancel();
    task.await.unwrap();
}

/// As two replicas of a service do, each with its own connection and relay.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relays_of_two_replicas_keep_the_order_of_first_deliveries() {
    const EVENTS: i64 = 30;
    let Some(db) = TestDb::fresh() else { return };
    let dir = tempfile::TempDir::new().unwrap();
    let bus: Arc<dyn EventBus> =
        Arc::new(LocalBus::open(&dir.path().join("bus.db"), Arc::new(SystemClock)).unwrap());
    let stop = CancellationToken::new();
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let store = Arc::new(db.open(impatient()).await);
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let (relay, task) = Relay::start(shared, Arc::clone(&bus), stop.clone());
        replicas.push((store, relay, task));
    }
    let documents = (0..4).map(|n| {
        let replicas: Vec<_> =
            replicas.iter().map(|(store, relay, _)| (store.clone(), relay.clone())).collect();
        tokio::spawn(async move {
            for rev in 1..=EVENTS {
                // A load balancer sends each request to another replica.
                let (store, relay) = &replicas[usize::try_from(rev).unwrap() % 2];
                let next = document(&format!("doc-{n}"), rev, &[]);
                // Of now, as the bus lets go of old ones.
                let told = Event { time: SystemClock.now(), ..event(&next, rev) };
                write(store, next, vec![told]).await.unwrap();
                relay.wake(KIND);
            }
        })
    });
    for writer in documents.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    stop.cancel();
    let store = replicas[0].0.clone();
    for (_, _, task) in replicas {
        task.await.unwrap();
    }
    assert!(store.unpublished(None, 10).await.unwrap().is_empty());

    let mut consumer = bus.join("group", &["product"]).await.unwrap();
    let mut numbers: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    while let Ok(found) = tokio::time::timeout(Duration::from_millis(500), consumer.next(100)).await {
        for delivery in found.unwrap() {
            numbers.entry(delivery.event.key).or_default().push(delivery.event.change_seq);
        }
    }
    assert_eq!(numbers.len(), 4);
    for (key, numbers) in numbers {
        let mut last = 0;
        for number in &numbers {
            assert!(*number <= last + 1, "{key}: {number} came too early: {numbers:?}");
            last = last.max(*number);
        }
        assert_eq!(last, EVENTS, "{key}");
    }
}

#[tokio::test]
async fn a_document_over_the_servers_limit_is_refused_before_it_is_sent() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let mut large = document("a", 1, &[("key", "tea")]);
    large.hidden = Some(format!("\"{}\"", "x".repeat(17_000_000)));
    assert!(matches!(write(&store, large, vec![]).await, Err(StoreError::TooLarge)));
    assert_eq!(claims(&store).count_documents(doc! {}).await.unwrap(), 0);

    let mut fits = document("a", 1, &[("key", "tea")]);
    fits.hidden = Some(format!("\"{}\"", "x".repeat(10_000_000)));
    write(&store, fits.clone(), vec![]).await.unwrap();
    assert_eq!(by_id(&store, "a").await, Some(fits));
}

#[tokio::test]
async fn opening_makes_the_indexes_and_refuses_a_later_format() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let indexes: Vec<_> = stored(&store).list_indexes().await.unwrap().try_collect().await.unwrap();
    let keys: Vec<String> =
        indexes.iter().map(|i| i.keys.keys().cloned().collect::<Vec<_>>().join(" ")).collect();
    for wanted in ["project views.main.query.key _id", "dueAt", "outbox.0.seq"] {
        assert!(keys.iter().any(|k| k == wanted), "{wanted} is not among {keys:?}");
    }
    db.open(impatient()).await;

    let meta = store.database().collection::<bson::Document>("meta");
    meta.update_one(doc! {"_id": "format"}, doc! {"$set": {"version": 99_i64}}).await.unwrap();
    let error = MongoStore::open(&db.uri, &db.name, &[], MongoOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_write_half_done() {
    let Some(db) = TestDb::fresh() else { return };
    let patient = std::time::Duration::from_secs(600);
    let store = db.open(MongoOptions { takeover_after: patient, ..impatient() }).await;
    for n in 0..20_u64 {
        let id = format!("d{n}");
        let writing = write(&store, document(&id, 1, &[("key", &id), ("sku", &id)]), vec![]);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(400 * n), writing).await;
    }
    // The writes go on by themselves, however long they take.
    let began = std::time::Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let written = stored(&store).count_documents(doc! {}).await.unwrap();
        let claimed = claims(&store).count_documents(doc! {}).await.unwrap();
        if claimed == 2 * written {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{claimed} claims of {written} documents");
    }
}

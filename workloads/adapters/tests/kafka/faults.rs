//! Brokers that are killed and come back, partitions that are added.

use crate::harness::*;
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig};
use kit::bus::{Event, EventBus};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testbed::KafkaServer;

/// A broker of the test's own, with topics.
async fn own(names: &[&str], partitions: i32) -> (KafkaServer, Topics) {
    let server = tokio::task::spawn_blocking(|| KafkaServer::start().unwrap()).await.unwrap();
    let client = plain(server.address());
    let topics = Topics::create_by(client, server.address(), names, partitions, &[], None).await;
    (server, topics)
}

async fn restart(server: KafkaServer, away: Duration) -> KafkaServer {
    let restart = move |server: &mut KafkaServer| {
        server.stop().unwrap();
        std::thread::sleep(away);
        server.resume().unwrap();
    };
    with_server(server, restart).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_killed_in_the_middle_loses_nothing_that_was_answered_and_no_order() {
    let (mut server, topics) = own(&["order"], 4).await;
    // So short that some publishes give up while the broker is away.
    let config = KafkaConfig { publish_timeout: Duration::from_secs(2), ..topics.config() };
    let bus = Arc::new(KafkaBus::open(&config).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let (answered, refused) = (Arc::new(Mutex::new(HashSet::new())), Arc::new(Mutex::new(0)));
    let publishers = (0..6).map(|publisher| {
        let (bus, over) = (Arc::clone(&bus), Arc::clone(&over));
        let (answered, refused) = (Arc::clone(&answered), Arc::clone(&refused));
        tokio::spawn(async move {
            let keys = [format!("{publisher}-x"), format!("{publisher}-y")];
            let mut next = 1;
            while !over.load(Ordering::Relaxed) {
                let batch: Vec<Event> = (next..next + 5)
                    .flat_map(|n| keys.each_ref().map(|key| event("order", key, n)))
                    .collect();
                // As a relay does: the same again until it is answered.
                while let Err(error) = bus.publish(batch.clone()).await {
                    assert!(!error.to_string().contains("too large"), "{error}");
                    *refused.lock().unwrap() += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                answered.lock().unwrap().extend(batch.into_iter().map(|event| event.id));
                next += 5;
            }
            (keys, next - 1)
        })
    });
    let publishers: Vec<_> = publishers.collect();
    for away in [0, 3_500] {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        server = restart(server, Duration::from_millis(away)).await;
    }
    let before = answered.lock().unwrap().len();
    until("publishing again", || answered.lock().unwrap().len() > before + 500).await;
    over.store(true, Ordering::Relaxed);
    let mut ends = Vec::new();
    for publisher in publishers {
        let (keys, last) = publisher.await.unwrap();
        ends.extend(keys.map(|key| (format!("shop/order/{key}"), last)));
    }
    assert!(*refused.lock().unwrap() > 0, "the second absence was longer than a publish may take");

    let mut consumer = join(&bus, "group", &["order"]).await;
    let mut missing = answered.lock().unwrap().clone();
    let mut looked_at = 0;
    let read = read_until(&mut consumer, |read| {
        for delivery in &read[looked_at..] {
            missing.remove(&delivery.event.id);
        }
        looked_at = read.len();
        missing.is_empty()
    })
    .await;
    let last = first_deliveries(read.into_iter().map(|delivery| delivery.event));
    assert_eq!(last, ends.into_iter().collect());
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_followers_survive_a_broker_that_restarts() {
    let (server, topics) = own(&["order"], 3).await;
    let bus = topics.bus();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&kept);
    bus.publish(series("order", "a", 1..=10)).await.unwrap();
    bus.follow("order", Arc::new(move |event: &Event| into.lock().unwrap().push(event.change_seq)))
        .await
        .unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    let first = read(&mut consumer, 10).await;
    consumer.commit(&first).await.unwrap();

    let waiting = tokio::spawn(async move {
        let found = consumer.next(100).await;
        (consumer, found)
    });
    let server = restart(server, Duration::from_millis(1_500)).await;
    bus.publish(series("order", "a", 11..=20)).await.unwrap();
    let (mut consumer, found) = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
    let mut found = found.unwrap();
    while found.len() < 10 {
        found.extend(tokio::time::timeout(PATIENCE, consumer.next(100)).await.unwrap().unwrap());
    }
    assert_eq!(numbers(&found), (11..=20).collect::<Vec<_>>());
    consumer.commit(&found).await.unwrap();
    until("following on", || kept.lock().unwrap().len() >= 20).await;
    assert_eq!(*kept.lock().unwrap(), (1..=20).collect::<Vec<_>>());
    drop(server);
}

#[tokio::test]
async fn partitions_that_are_added_are_read() {
    let topics = Topics::create(&shared(), &["order"], 1).await;
    let config = KafkaConfig { metadata_refresh: Duration::from_millis(500), ..topics.config() };
    let bus = KafkaBus::open(&config).unwrap();
    let kept = Arc::new(Mutex::new(HashSet::new()));
    let into = Arc::clone(&kept);
    let follower = Arc::new(move |event: &Event| {
        into.lock().unwrap().insert(event.id.clone());
    });
    bus.follow("order", follower).await.unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    bus.publish(vec![event("order", "before", 1)]).await.unwrap();
    read(&mut consumer, 1).await;

    topics.grow("order", 4).await;
    let mut published = 1;
    let mut partitions = HashSet::new();
    while partitions.len() < 4 {
        let keys = (0..20).map(|n| format!("round-{published}-{n}"));
        bus.publish(keys.map(|key| event("order", &key, 1)).collect()).await.unwrap();
        published += 20;
        partitions.extend(read(&mut consumer, 20).await.iter().map(|delivery| delivery.partition));
        assert!(published < 20_000, "only {partitions:?} are read");
    }
    until("following all of them", || kept.lock().unwrap().len() == published).await;
}

#[tokio::test]
async fn a_follower_ends_with_its_bus() {
    let topics = Topics::create(&shared(), &["order"], 1).await;
    let bus = topics.bus();
    let held = Arc::new(());
    let into = Arc::clone(&held);
    bus.follow("order", Arc::new(move |_: &Event| drop(Arc::clone(&into)))).await.unwrap();
    assert_eq!(Arc::strong_count(&held), 2);
    drop(bus);
    until("the end", || Arc::strong_count(&held) == 1).await;
}

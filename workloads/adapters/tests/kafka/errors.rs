//! What is said where something is wrong, and how soon.

use crate::harness::*;
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig};
use kit::bus::{BusError, EventBus};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_missing_topic_is_named_and_never_created() {
    let topics = Topics::create(&shared(), &["order"], 1).await;
    let bus = topics.bus();
    for _ in 0..2 {
        let published = bus.publish(vec![event("cart", "a", 1)]).await.unwrap_err();
        let joined = bus.join("group", &["order", "cart"]).await.err().unwrap();
        let followed = bus.follow("cart", Arc::new(|_: &_| {})).await.unwrap_err();
        for error in [published, joined, followed] {
            let error = error.to_string();
            assert!(error.contains(&format!("{}cart", topics.prefix)), "{error}");
            assert!(error.contains("does not exist"), "{error}");
        }
    }
    bus.publish(vec![event("order", "a", 1)]).await.unwrap();
    bus.ping().await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_told_in_time() {
    let config = KafkaConfig {
        publish_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(1),
        ..KafkaConfig::new("127.0.0.1:9", "test.")
    };
    let bus = KafkaBus::open(&config).unwrap();
    let published = bus.publish(vec![event("order", "a", 1)]).await.unwrap_err();
    let joined = bus.join("group", &["order"]).await.err().unwrap();
    let followed = bus.follow("order", Arc::new(|_: &_| {})).await.unwrap_err();
    let pinged = bus.ping().await.unwrap_err();
    for error in [published, joined, followed, pinged] {
        let error = error.to_string();
        assert!(error.contains("no broker can be reached") && error.contains("127.0.0.1:9"), "{error}");
    }
}

#[tokio::test]
async fn an_event_that_only_the_broker_finds_too_large_is_named() {
    let server = shared();
    let limit = [("max.message.bytes", "100000")];
    let client = plain(server.address());
    let topics =
        Topics::create_by(client, server.address(), &["order"], 1, &limit, Some(server.clone())).await;
    let bus = topics.bus();
    let events = vec![event("order", "a", 1), sized("order", "a", 2, 200_000), event("order", "a", 3)];
    let error = bus.publish(events.clone()).await.unwrap_err();
    assert!(matches!(&error, BusError::TooLarge(id) if *id == events[1].id), "{error:?}");
    bus.publish(vec![event("order", "b", 1)]).await.unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    let read = read_until(&mut consumer, |read| read.iter().any(|d| d.event.id == "b-1")).await;
    let of_a: Vec<i64> =
        read.iter().filter(|d| d.event.key.ends_with("/a")).map(|d| d.event.change_seq).collect();
    assert!(of_a.is_empty() || of_a == [1], "nothing may come before the event that is missing: {of_a:?}");
}

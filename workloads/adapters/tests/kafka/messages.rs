//! What stands in the topics, and what is made of messages of others.

use crate::harness::*;
use kit::bus::EventBus;
use rdkafka::Message;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test]
async fn events_are_cloud_events_in_binary_mode() {
    let server = shared();
    let topics = Topics::create(&server, &["order"], 1).await;
    let event = event("order", "a", 7);
    topics.bus().publish(vec![event.clone()]).await.unwrap();

    let mut client = plain(server.address());
    client.set("group.id", format!("{}raw", topics.prefix)).set("auto.offset.reset", "earliest");
    let reader: StreamConsumer = client.create().unwrap();
    reader.subscribe(&[&format!("{}order", topics.prefix)]).unwrap();
    let message = tokio::time::timeout(PATIENCE, reader.recv()).await.unwrap().unwrap();
    let headers: BTreeMap<String, String> = message
        .headers()
        .unwrap()
        .iter()
        .map(|header| (header.key.to_owned(), String::from_utf8(header.value.unwrap().to_vec()).unwrap()))
        .collect();
    let expected = [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", "a-7".to_owned()),
        ("ce_source", format!("/{}order", topics.prefix)),
        ("ce_type", "order.updated".to_owned()),
        ("ce_time", event.time.to_string()),
        ("ce_subject", "shop/order/a".to_owned()),
        ("ce_changeseq", "7".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    assert_eq!(headers, expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    assert_eq!(message.key(), Some(b"shop/order/a".as_slice()));
    assert_eq!(message.payload(), Some(event.data.as_bytes()));
}

#[tokio::test]
async fn messages_of_others_are_passed_over() {
    let server = shared();
    let topics = Topics::create(&server, &["order"], 1).await;
    let topic = format!("{}order", topics.prefix);
    let stranger: FutureProducer = plain(server.address()).create().unwrap();
    let header = |key, value| Header { key, value: Some(value) };
    let whole = || {
        OwnedHeaders::new()
            .insert(header("ce_id", "x"))
            .insert(header("ce_type", "order.updated"))
            .insert(header("ce_time", "2026-01-02T03:04:05.678Z"))
    };
    let wait = Duration::from_secs(10);
    let bare = FutureRecord::<str, [u8]>::to(&topic).key("k").payload(b"hello");
    stranger.send(bare, wait).await.unwrap();
    let tombstone = FutureRecord::<str, [u8]>::to(&topic).key("k").headers(whole());
    stranger.send(tombstone, wait).await.unwrap();
    let binary = FutureRecord::<str, [u8]>::to(&topic).key("k").payload(b"\xff\xfe").headers(whole());
    stranger.send(binary, wait).await.unwrap();
    let keyless = FutureRecord::<str, [u8]>::to(&topic).payload(b"{}").headers(whole());
    stranger.send(keyless, wait).await.unwrap();
    let numbered = whole().insert(header("ce_changeseq", "many"));
    let numbered = FutureRecord::<str, [u8]>::to(&topic).key("k").payload(b"{}").headers(numbered);
    stranger.send(numbered, wait).await.unwrap();
    let minimal = FutureRecord::<str, [u8]>::to(&topic).key("k").payload(b"{}").headers(whole());
    stranger.send(minimal, wait).await.unwrap();

    let bus = topics.bus();
    bus.publish(vec![event("order", "a", 1)]).await.unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    let read = read(&mut consumer, 2).await;
    assert_eq!(read[0].event.id, "x", "another's event that has all it needs");
    assert_eq!((read[0].event.change_seq, read[0].event.key.as_str()), (0, "k"));
    assert_eq!(read[1].event.id, "a-1");
}

//! Events as Kafka messages: CloudEvents 1.0 in binary mode.
//!
//! The attributes are headers (`ce_id`, `ce_source`, `ce_type`, `ce_time`, `ce_specversion`, `ce_subject`,
//! and the extension `ce_changeseq`), the data is the value, and the message's key is the event's. A message
//! that is none of ours is told apart, never guessed at.

use api::Timestamp;
use kit::bus::{Delivery, Event};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use std::panic::AssertUnwindSafe;

const ID: &str = "ce_id";
const SOURCE: &str = "ce_source";
const KIND: &str = "ce_type";
const TIME: &str = "ce_time";
const VERSION: &str = "ce_specversion";
const SUBJECT: &str = "ce_subject";
const CHANGE_SEQ: &str = "ce_changeseq";
const CONTENT_TYPE: &str = "content-type";

/// What the names of the headers and the values that never change take.
const FIXED: usize = 200;

/// About what an event takes as a message.
pub(super) fn size(event: &Event) -> usize {
    event.data.len() + 2 * event.key.len() + event.kind.len() + event.id.len() + event.topic.len() + FIXED
}

/// The attributes of an event.
pub(super) fn headers(event: &Event, prefix: &str) -> OwnedHeaders {
    let with = |headers: OwnedHeaders, key, value: &str| headers.insert(Header { key, value: Some(value) });
    let mut headers = OwnedHeaders::new_with_capacity(8);
    headers = with(headers, VERSION, "1.0");
    headers = with(headers, ID, &event.id);
    headers = with(headers, SOURCE, &format!("/{prefix}{}", event.topic));
    headers = with(headers, KIND, &event.kind);
    headers = with(headers, TIME, &event.time.to_string());
    headers = with(headers, SUBJECT, &event.key);
    if event.change_seq != 0 {
        headers = with(headers, CHANGE_SEQ, &event.change_seq.to_string());
    }
    with(headers, CONTENT_TYPE, "application/json")
}

/// The id of the event in a message, if it is one.
pub(super) fn id_of(message: &BorrowedMessage<'_>) -> Option<String> {
    let header = message.headers()?.iter().find(|header| header.key == ID)?;
    std::str::from_utf8(header.value?).ok().map(str::to_owned)
}

/// The event in a message of a topic with this prefix; `None`, after a warning, if there is none in it.
pub(super) fn delivery(message: &BorrowedMessage<'_>, prefix: &str) -> Option<Delivery> {
    // The client library panics over header names that are not UTF-8.
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| read(message, prefix)));
    let read = read.unwrap_or(Err("a header's name is not UTF-8"));
    let (partition, offset) = (message.partition(), message.offset());
    match read {
        Ok(event) => Some(Delivery { event, partition, offset }),
        Err(reason) => {
            let topic = message.topic();
            tracing::warn!(topic, partition, offset, reason, "a message that is no event is passed over");
            None
        }
    }
}

fn read(message: &BorrowedMessage<'_>, prefix: &str) -> Result<Event, &'static str> {
    let topic = message.topic().strip_prefix(prefix).ok_or("it stands in a topic of others")?;
    let data = message.payload().ok_or("it has no value")?;
    let headers = message.headers().ok_or("it has no headers")?;
    let (mut id, mut kind, mut time, mut subject, mut change_seq) = (None, None, None, None, Some(0));
    for Header { key, value } in headers.iter() {
        let value = value.and_then(|value| std::str::from_utf8(value).ok());
        match key {
            ID => id = value.map(str::to_owned),
            KIND => kind = value.map(str::to_owned),
            TIME => time = value.and_then(Timestamp::parse),
            SUBJECT => subject = value.map(str::to_owned),
            CHANGE_SEQ => change_seq = value.and_then(|value| value.parse().ok()),
            _ => {}
        }
    }
    let key = match (message.key(), subject) {
        (Some(key), _) => std::str::from_utf8(key).map_err(|_| "its key is not UTF-8")?.to_owned(),
        (None, subject) => subject.ok_or("it has no key")?,
    };
    Ok(Event {
        id: id.ok_or("it has no ce_id")?,
        topic: topic.to_owned(),
        kind: kind.ok_or("it has no ce_type")?,
        key,
        change_seq: change_seq.ok_or("its ce_changeseq is not a number")?,
        time: time.ok_or("its ce_time is missing or not a time")?,
        data: std::str::from_utf8(data).map_err(|_| "its value is not UTF-8")?.to_owned(),
    })
}

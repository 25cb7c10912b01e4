//! The local bus.

use api::{Id, Timestamp};
use commerce_adapters::bus::local::LocalBus;
use kit::bus::{Event, EventBus};
use kit::clock::{Clock, SystemClock};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub fn open(dir: &Path) -> LocalBus {
    LocalBus::open(&dir.join("bus.sqlite"), Arc::new(SystemClock)).unwrap()
}

async fn make_bus() -> (Arc<dyn EventBus>, TempDir) {
    let dir = TempDir::new().unwrap();
    (Arc::new(open(dir.path())), dir)
}

conformance::bus_conformance!(make_bus);

const DAY: i64 = 86_400_000;
/// A day that no clock here reaches: its events are never old.
const YOUNG: i64 = 1_000_000;

/// A clock that the test sets.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
    fn new_id(&self, _: Timestamp) -> Id {
        Id::parse("id").unwrap()
    }
    fn secret(&self) -> String {
        String::new()
    }
}

fn event(topic: &str, key: &str, n: i64, day: i64) -> Event {
    Event {
        id: format!("{key}-{n}"),
        topic: topic.to_owned(),
        kind: "order.updated".to_owned(),
        key: key.to_owned(),
        change_seq: n,
        time: Timestamp::from_millis(day * DAY),
        data: "{}".to_owned(),
    }
}

/// A bus whose clock stands at day 100.
fn timed(dir: &Path) -> (LocalBus, Arc<Hands>) {
    let hands = Arc::new(Hands(AtomicI64::new(100 * DAY)));
    let clock: Arc<dyn Clock> = Arc::clone(&hands) as _;
    (LocalBus::open(&dir.join("bus.sqlite"), clock).unwrap(), hands)
}

/// Publishes enough for old events to be looked at, and says which `n` of `key` are left in the file.
async fn left(bus: &LocalBus, dir: &Path, key: &str) -> Vec<i64> {
    for _ in 0..3 {
        let filler = (0..5_001).map(|n| event("filler", "f", n, YOUNG)).collect();
        bus.publish(filler).await.unwrap();
    }
    // What is done between transactions is over when the next one was answered.
    bus.publish(vec![event("filler", "f", 1, YOUNG)]).await.unwrap();
    let db = rusqlite::Connection::open(dir.join("bus.sqlite")).unwrap();
    let mut rows = db.prepare("SELECT change_seq FROM event WHERE key = ?1 ORDER BY place").unwrap();
    let rows = rows.query_map([key], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn old_events_go_when_every_group_has_committed_them() {
    let dir = TempDir::new().unwrap();
    let (bus, _hands) = timed(dir.path());
    let mut quick = bus.join("quick", &["order"]).await.unwrap();
    let mut slow = bus.join("slow", &["order"]).await.unwrap();
    bus.publish((1..=5).map(|n| event("order", "a", n, 90)).collect()).await.unwrap();
    bus.publish((6..=7).map(|n| event("order", "a", n, 99)).collect()).await.unwrap();
    let all = quick.next(100).await.unwrap();
    quick.commit(&all).await.unwrap();
    let some = slow.next(3).await.unwrap();
    slow.commit(&some).await.unwrap();
    assert_eq!(left(&bus, dir.path(), "a").await, [4, 5, 6, 7], "the slow one still needs 4 and 5");
    let rest = slow.next(100).await.unwrap();
    assert_eq!(rest.iter().map(|delivery| delivery.event.change_seq).collect::<Vec<_>>(), [4, 5, 6, 7]);
    slow.commit(&rest).await.unwrap();
    assert_eq!(left(&bus, dir.path(), "a").await, [6, 7], "young ones stay");
}

#[tokio::test]
async fn a_group_that_was_long_away_keeps_nothing() {
    let dir = TempDir::new().unwrap();
    let (bus, hands) = timed(dir.path());
    bus.publish((1..=5).map(|n| event("order", "a", n, 100)).collect()).await.unwrap();
    drop(bus.join("abandoned", &["order"]).await.unwrap());
    hands.0.store(129 * DAY, Ordering::Relaxed);
    assert_eq!(left(&bus, dir.path(), "a").await, [1, 2, 3, 4, 5]);
    hands.0.store(131 * DAY, Ordering::Relaxed);
    assert_eq!(left(&bus, dir.path(), "a").await, [5], "the newest of a topic stays, for its number");
}

#[tokio::test]
async fn the_newest_event_of_each_key_stays_for_followers() {
    let dir = TempDir::new().unwrap();
    let (bus, _hands) = timed(dir.path());
    bus.follow("project", Arc::new(|_: &Event| {})).await.unwrap();
    let events = [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("c", 1)];
    bus.publish(events.map(|(key, n)| event("project", key, n, 1)).to_vec()).await.unwrap();
    assert_eq!(left(&bus, dir.path(), "a").await, [3]);
    bus.publish(vec![event("project", "b", 2, 2)]).await.unwrap();
    assert_eq!(left(&bus, dir.path(), "b").await, [2]);

    drop(bus);
    let (bus, _hands) = timed(dir.path());
    let kept = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&kept);
    let follower = move |event: &Event| into.lock().unwrap().push(event.id.clone());
    bus.follow("project", Arc::new(follower)).await.unwrap();
    assert_eq!(*kept.lock().unwrap(), ["a-3", "c-1", "b-2"]);
}

#[tokio::test]
async fn followers_have_seen_an_event_when_publish_returns() {
    let (bus, _dir) = make_bus().await;
    let seen = Arc::new(AtomicI64::new(0));
    let count = Arc::clone(&seen);
    let follower = move |_: &Event| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    bus.follow("project", Arc::new(follower)).await.unwrap();
    for n in 1..=50 {
        bus.publish(vec![event("project", "a", n, YOUNG)]).await.unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), n);
    }
}

#[tokio::test]
async fn a_follower_that_panics_does_not_stop_the_bus() {
    let (bus, _dir) = make_bus().await;
    bus.follow("project", Arc::new(|_: &Event| panic!("on purpose"))).await.unwrap();
    bus.publish(vec![event("project", "a", 1, YOUNG)]).await.unwrap();
    bus.publish(vec![event("project", "a", 2, YOUNG)]).await.unwrap();
    let mut consumer = bus.join("group", &["project"]).await.unwrap();
    assert_eq!(consumer.next(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn numbers_and_positions_go_on_after_opening_again() {
    let dir = TempDir::new().unwrap();
    let bus = open(dir.path());
    bus.publish((1..=4).map(|n| event("order", "a", n, YOUNG)).collect()).await.unwrap();
    let mut consumer = bus.join("group", &["order"]).await.unwrap();
    let first = consumer.next(3).await.unwrap();
    consumer.commit(&first).await.unwrap();
    drop((consumer, bus));

    let bus = open(dir.path());
    bus.publish(vec![event("order", "a", 5, YOUNG)]).await.unwrap();
    let mut consumer = bus.join("group", &["order"]).await.unwrap();
    let rest = consumer.next(10).await.unwrap();
    assert_eq!(rest.iter().map(|delivery| delivery.event.change_seq).collect::<Vec<_>>(), [4, 5]);
    assert!(rest[0].offset > first[2].offset);
}

#[tokio::test]
async fn a_partition_changes_hands_only_when_its_member_asks_again() {
    let (bus, _dir) = make_bus().await;
    let keys: Vec<String> = (0..32).map(|n| format!("key-{n}")).collect();
    bus.publish(keys.iter().map(|key| event("order", key, 1, YOUNG)).collect()).await.unwrap();
    let mut first = bus.join("group", &["order"]).await.unwrap();
    let working_on = first.next(100).await.unwrap();
    assert_eq!(working_on.len(), 32);
    let mut second = bus.join("group", &["order"]).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(50), second.next(100)).await;
    assert!(waited.is_err(), "the first has not finished");
    first.commit(&working_on).await.unwrap();
    bus.publish(keys.iter().map(|key| event("order", key, 2, YOUNG)).collect()).await.unwrap();
    let (one, other) = tokio::join!(first.next(100), second.next(100));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(!one.is_empty() && !other.is_empty());
    assert_eq!(one.len() + other.len(), 32);
    assert!(one.iter().chain(&other).all(|delivery| delivery.event.change_seq == 2), "nothing is done twice");
}

//! The suite that every driver of the [`EventBus`] port must pass.
//!
//! A driver's test names an async function that gives a bus without events and a guard that keeps its
//! server or directory alive:
//!
//! ```ignore
//! conformance::bus_conformance!(make_bus);
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    missing_docs,
    reason = "this is test code: the cases' names say what they show"
)]

mod consuming;

pub use consuming::*;

use api::Timestamp;
use futures::future::join_all;
use kit::bus::{BusError, Consumer, Delivery, Event, EventBus, Follower};
use kit::clock::{Clock, SystemClock};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// Stamps one `#[tokio::test]` for each case.
#[macro_export]
macro_rules! bus_conformance {
    ($make:path) => {
        $crate::bus_conformance!($make:
            events_of_a_key_come_in_order_and_unchanged
            concurrent_publishers_keep_the_order_of_each_key
            one_publish_may_span_topics
            a_new_group_starts_at_the_oldest_event
            groups_do_not_disturb_each_other
            members_of_a_group_share_the_work_by_key
            a_successor_goes_on_after_what_was_committed
            what_was_not_committed_is_delivered_again
            a_member_gets_each_event_once_while_it_stays
            a_waiting_consumer_is_woken
            giving_up_waiting_loses_nothing
            a_consumer_reads_all_of_its_topics_and_no_other
            a_follower_gets_old_events_then_new_ones
            following_beside_publishers_has_no_gap_and_no_repetition
            events_that_only_followers_read_are_stored
            a_large_event_passes_and_a_huge_one_is_refused_by_name
            a_bus_answers_a_ping
            a_consumer_handles_each_event_and_goes_on_where_it_stopped
            what_cannot_be_handled_is_parked_and_redrive_plays_it_back
            a_large_event_is_parked_as_its_reference
            repeated_events_are_passed_over_and_missing_ones_are_noticed
            redrive_is_bounded_and_goes_on_where_it_ended
        );
    };
    ($make:path: $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (bus, _guard) = $make().await;
            $crate::bus::$case(bus).await;
        }
    )*};
}

type SharedBus = Arc<dyn EventBus>;

/// How long something may take that must happen; a broker's group needs seconds to form.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nothing may come before it is taken that nothing will.
const QUIET: Duration = Duration::from_millis(400);

/// The time of the first events: now, as a bus may let go of old ones.
static BASE: LazyLock<i64> = LazyLock::new(|| SystemClock.now().as_millis());

fn event(topic: &str, key: &str, n: i64) -> Event {
    Event {
        id: format!("{topic}-{key}-{n}"),
        topic: topic.to_owned(),
        kind: format!("{topic}.updated"),
        key: key.to_owned(),
        change_seq: n,
        time: Timestamp::from_millis(*BASE + n),
        data: format!(r#"{{"n":{n},"a.b":{{"$x":[[1.50,-0]]}},"text":"ü 😀 \u0000 \"q\" \\"}}"#),
    }
}

fn series(topic: &str, key: &str, numbers: std::ops::RangeInclusive<i64>) -> Vec<Event> {
    numbers.map(|n| event(topic, key, n)).collect()
}

async fn publish(bus: &SharedBus, events: Vec<Event>) {
    bus.publish(events).await.unwrap();
}

async fn join(bus: &SharedBus, group: &str, topics: &[&str]) -> Box<dyn Consumer> {
    bus.join(group, topics).await.unwrap()
}

/// Reads until `count` events are there.
async fn take(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    let read = async {
        while taken.len() < count {
            taken.extend(consumer.next(count - taken.len()).await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("events of {count} never came"));
    taken
}

/// What comes before it is quiet.
async fn take_rest(consumer: &mut Box<dyn Consumer>) -> Vec<Delivery> {
    let mut taken = Vec::new();
    while let Ok(more) = tokio::time::timeout(QUIET, consumer.next(100)).await {
        taken.extend(more.unwrap());
    }
    taken
}

fn events(deliveries: Vec<Delivery>) -> Vec<Event> {
    deliveries.into_iter().map(|delivery| delivery.event).collect()
}

/// The numbers of each key, in the order of delivery.
fn by_key<'a>(events: impl IntoIterator<Item = &'a Event>) -> BTreeMap<String, Vec<i64>> {
    let mut keys: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for event in events {
        keys.entry(event.key.clone()).or_default().push(event.change_seq);
    }
    keys
}

fn in_order(numbers: &[i64], to: i64) -> bool {
    numbers.iter().copied().eq(1..=to)
}

pub async fn events_of_a_key_come_in_order_and_unchanged(bus: SharedBus) {
    let first = series("order", "shop/order/a", 1..=30);
    let second = series("order", "shop/order/b", 1..=30);
    let mixed: Vec<Event> = first.iter().zip(&second).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    for events in mixed.chunks(7) {
        publish(&bus, events.to_vec()).await;
    }
    publish(&bus, Vec::new()).await;
    let mut consumer = join(&bus, "billing", &["order"]).await;
    let deliveries = take(&mut consumer, 60).await;
    let mut places: BTreeMap<i32, i64> = BTreeMap::new();
    for delivery in &deliveries {
        let before = places.insert(delivery.partition, delivery.offset);
        assert!(before.is_none_or(|before| before < delivery.offset), "offsets rise within a partition");
    }
    let events = events(deliveries);
    let of = |key: &str| events.iter().filter(|event| event.key == key).cloned().collect::<Vec<_>>();
    assert_eq!(of("shop/order/a"), first);
    assert_eq!(of("shop/order/b"), second);
}

pub async fn concurrent_publishers_keep_the_order_of_each_key(bus: SharedBus) {
    let publishers = (0..8).map(|publisher| {
        let bus = Arc::clone(&bus);
        tokio::spawn(async move {
            let events = series("cart", &format!("key-{publisher}"), 1..=100);
            for (n, batch) in events.chunks(5).enumerate() {
                // Alone or several at once.
                if n % 2 == 0 {
                    publish(&bus, batch.to_vec()).await;
                } else {
                    for event in batch {
                        publish(&bus, vec![event.clone()]).await;
                    }
                }
            }
        })
    });
    let mut consumer = join(&bus, "group", &["cart"]).await;
    let publishers: Vec<_> = publishers.collect();
    let events = events(take(&mut consumer, 800).await);
    join_all(publishers).await.into_iter().for_each(Result::unwrap);
    let keys = by_key(&events);
    assert_eq!(keys.len(), 8);
    for (key, numbers) in keys {
        assert!(in_order(&numbers, 100), "{key}: {numbers:?}");
    }
}

pub async fn one_publish_may_span_topics(bus: SharedBus) {
    let events = vec![event("cart", "a", 1), event("order", "b", 1), event("cart", "a", 2)];
    publish(&bus, events.clone()).await;
    let mut carts = join(&bus, "group", &["cart"]).await;
    assert_eq!(self::events(take(&mut carts, 2).await), [events[0].clone(), events[2].clone()]);
    let mut orders = join(&bus, "group", &["order"]).await;
    assert_eq!(self::events(take(&mut orders, 1).await), [events[1].clone()]);
}

pub async fn a_new_group_starts_at_the_oldest_event(bus: SharedBus) {
    publish(&bus, series("order", "a", 1..=3)).await;
    let mut early = join(&bus, "early", &["order"]).await;
    let deliveries = take(&mut early, 3).await;
    early.commit(&deliveries).await.unwrap();
    let mut late = join(&bus, "late", &["order"]).await;
    assert_eq!(events(take(&mut late, 3).await), series("order", "a", 1..=3));
}

pub async fn groups_do_not_disturb_each_other(bus: SharedBus) {
    let mut one = join(&bus, "one", &["order"]).await;
    let mut other = join(&bus, "other", &["order"]).await;
    publish(&bus, series("order", "a", 1..=20)).await;
    let deliveries = take(&mut one, 20).await;
    one.commit(&deliveries).await.unwrap();
    assert_eq!(events(take(&mut other, 20).await), series("order", "a", 1..=20));
}

pub async fn members_of_a_group_share_the_work_by_key(bus: SharedBus) {
    let keys: Vec<String> = (0..64).map(|n| format!("key-{n}")).collect();
    let mut members = [join(&bus, "group", &["order"]).await, join(&bus, "group", &["order"]).await];
    let mut round = 0;
    // Members may need a while to find each other.
    let mut share = async || {
        round += 1;
        publish(&bus, keys.iter().map(|key| event("order", key, round)).collect()).await;
        let mut shares: [Vec<Event>; 2] = [Vec::new(), Vec::new()];
        let (started, mut quiet) = (std::time::Instant::now(), 0);
        while quiet < 2 && started.elapsed() < PATIENCE {
            quiet += 1;
            let [one, other] = &mut members;
            let waits = [one, other].map(|member| async {
                let found =
                    tokio::time::timeout(QUIET, member.next(100)).await.map_or(Vec::new(), Result::unwrap);
                member.commit(&found).await.unwrap();
                found
            });
            for (share, found) in shares.iter_mut().zip(join_all(waits).await) {
                if !found.is_empty() {
                    quiet = 0;
                }
                share.extend(
                    found.into_iter().map(|delivery| delivery.event).filter(|e| e.change_seq == round),
                );
            }
        }
        shares
    };
    let started = std::time::Instant::now();
    while share().await.iter().any(Vec::is_empty) {
        assert!(started.elapsed() < PATIENCE, "one member does all the work");
    }
    let shares = share().await.map(|share| by_key(&share).into_keys().collect::<HashSet<_>>());
    assert!(shares.iter().all(|share| !share.is_empty()), "both work");
    assert!(shares[0].is_disjoint(&shares[1]), "a key belongs to one of them");
    assert_eq!(shares[0].len() + shares[1].len(), keys.len(), "nothing is left undone");
}

pub async fn a_successor_goes_on_after_what_was_committed(bus: SharedBus) {
    publish(&bus, series("order", "a", 1..=10)).await;
    let mut first = join(&bus, "group", &["order"]).await;
    let deliveries = take(&mut first, 4).await;
    assert_eq!(deliveries.len(), 4, "no more than were asked for");
    first.commit(&deliveries).await.unwrap();
    first.commit(&[]).await.unwrap();
    drop(first);
    let mut second = join(&bus, "group", &["order"]).await;
    assert_eq!(events(take(&mut second, 6).await), series("order", "a", 5..=10));
}

pub async fn what_was_not_committed_is_delivered_again(bus: SharedBus) {
    publish(&bus, series("order", "a", 1..=10)).await;
    let mut first = join(&bus, "group", &["order"]).await;
    let deliveries = take(&mut first, 8).await;
    first.commit(&deliveries[..3]).await.unwrap();
    drop(first);
    let mut second = join(&bus, "group", &["order"]).await;
    let again = take(&mut second, 7).await;
    assert_eq!(again.iter().map(|delivery| &delivery.event.id).collect::<HashSet<_>>().len(), 7);
    assert_eq!(events(again), series("order", "a", 4..=10));
}

pub async fn a_member_gets_each_event_once_while_it_stays(bus: SharedBus) {
    let mut consumer = join(&bus, "group", &["order"]).await;
    publish(&bus, series("order", "a", 1..=5)).await;
    let first = take(&mut consumer, 5).await;
    publish(&bus, series("order", "a", 6..=10)).await;
    let second = take(&mut consumer, 5).await;
    assert_eq!(events(second), series("order", "a", 6..=10), "without any commit");
    consumer.commit(&first).await.unwrap();
    assert!(take_rest(&mut consumer).await.is_empty());
    drop(consumer);
    let mut successor = join(&bus, "group", &["order"]).await;
    assert_eq!(events(take(&mut successor, 5).await), series("order", "a", 6..=10));
}

pub async fn a_waiting_consumer_is_woken(bus: SharedBus) {
    let mut consumer = join(&bus, "group", &["order"]).await;
    assert!(take_rest(&mut consumer).await.is_empty());
    for n in 1..=5 {
        let waiting = tokio::spawn(async move {
            let taken = take(&mut consumer, 1).await;
            (consumer, taken)
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        publish(&bus, vec![event("order", "a", n)]).await;
        let (back, taken) = waiting.await.unwrap();
        consumer = back;
        assert_eq!(events(taken), [event("order", "a", n)]);
    }
}

pub async fn giving_up_waiting_loses_nothing(bus: SharedBus) {
    let mut consumer = join(&bus, "group", &["order"]).await;
    let publisher = {
        let bus = Arc::clone(&bus);
        tokio::spawn(async move {
            for n in 1..=50 {
                publish(&bus, vec![event("order", "a", n)]).await;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    let mut taken = Vec::new();
    let started = std::time::Instant::now();
    while taken.len() < 50 && started.elapsed() < PATIENCE {
        if let Ok(found) = tokio::time::timeout(Duration::from_micros(700), consumer.next(3)).await {
            let found = found.unwrap();
            consumer.commit(&found).await.unwrap();
            taken.extend(events(found));
        }
    }
    publisher.await.unwrap();
    assert_eq!(taken, series("order", "a", 1..=50));
}

pub async fn a_consumer_reads_all_of_its_topics_and_no_other(bus: SharedBus) {
    let mut consumer = join(&bus, "group", &["cart", "order"]).await;
    publish(&bus, series("cart", "c", 1..=3)).await;
    publish(&bus, series("product", "p", 1..=3)).await;
    publish(&bus, series("order", "o", 1..=3)).await;
    let mut found = take(&mut consumer, 6).await;
    consumer.commit(&found).await.unwrap();
    assert!(take_rest(&mut consumer).await.is_empty());
    found.sort_by(|a, b| a.event.id.cmp(&b.event.id));
    let expected: Vec<Event> = [series("cart", "c", 1..=3), series("order", "o", 1..=3)].concat();
    assert_eq!(events(found), expected);
}

/// A follower that keeps what it is given.
fn keeper() -> (Follower, Arc<Mutex<Vec<Event>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&kept);
    (Arc::new(move |event: &Event| into.lock().unwrap().push(event.clone())), kept)
}

async fn until_kept(kept: &Mutex<Vec<Event>>, count: usize) -> Vec<Event> {
    let started = std::time::Instant::now();
    while kept.lock().unwrap().len() < count {
        assert!(started.elapsed() < PATIENCE, "events never came: {:?}", kept.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kept.lock().unwrap().clone()
}

pub async fn a_follower_gets_old_events_then_new_ones(bus: SharedBus) {
    publish(&bus, series("project", "a", 1..=700)).await;
    publish(&bus, series("cart", "c", 1..=3)).await;
    let (follower, kept) = keeper();
    bus.follow("project", follower).await.unwrap();
    assert_eq!(*kept.lock().unwrap(), series("project", "a", 1..=700), "when follow returns");
    publish(&bus, series("cart", "c", 4..=5)).await;
    publish(&bus, series("project", "a", 701..=705)).await;
    assert_eq!(until_kept(&kept, 705).await, series("project", "a", 1..=705));
    let (second, kept_by_second) = keeper();
    bus.follow("project", second).await.unwrap();
    assert_eq!(*kept_by_second.lock().unwrap(), series("project", "a", 1..=705));
    publish(&bus, series("project", "a", 706..=706)).await;
    until_kept(&kept, 706).await;
    until_kept(&kept_by_second, 706).await;
}

pub async fn following_beside_publishers_has_no_gap_and_no_repetition(bus: SharedBus) {
    publish(&bus, series("account", "before", 1..=5)).await;
    let publishers = (0..4).map(|publisher| {
        let bus = Arc::clone(&bus);
        tokio::spawn(async move {
            for event in series("account", &format!("key-{publisher}"), 1..=150) {
                publish(&bus, vec![event]).await;
            }
        })
    });
    let publishers: Vec<_> = publishers.collect();
    let mut followers = Vec::new();
    for _ in 0..5 {
        let (follower, kept) = keeper();
        bus.follow("account", follower).await.unwrap();
        assert!(kept.lock().unwrap().len() >= 5);
        followers.push(kept);
    }
    join_all(publishers).await.into_iter().for_each(Result::unwrap);
    for kept in followers {
        let events = until_kept(&kept, 605).await;
        assert_eq!(events.len(), 605);
        for (key, numbers) in by_key(&events) {
            assert!(in_order(&numbers, if key == "before" { 5 } else { 150 }), "{key}: {numbers:?}");
        }
    }
}

pub async fn events_that_only_followers_read_are_stored(bus: SharedBus) {
    let (follower, kept) = keeper();
    bus.follow("project", follower).await.unwrap();
    publish(&bus, series("project", "a", 1..=4)).await;
    until_kept(&kept, 4).await;
    let mut consumer = join(&bus, "late", &["project"]).await;
    assert_eq!(events(take(&mut consumer, 4).await), series("project", "a", 1..=4));
}

pub async fn a_large_event_passes_and_a_huge_one_is_refused_by_name(bus: SharedBus) {
    let filled = |n, bytes: usize| {
        let data = format!(r#"{{"text":"{}"}}"#, "ü".repeat(bytes / 2));
        Event { data, ..event("order", "a", n) }
    };
    let large = filled(1, 900_000);
    publish(&bus, vec![large.clone()]).await;
    let huge = filled(2, 64 << 20);
    let result = bus.publish(vec![event("order", "a", 2), huge.clone()]).await;
    assert!(matches!(&result, Err(BusError::TooLarge(id)) if *id == huge.id), "{:?}", result.err());
    publish(&bus, vec![event("order", "b", 1)]).await;
    let mut consumer = join(&bus, "group", &["order"]).await;
    let mut found = vec![];
    while found.last().is_none_or(|event: &Event| event.key != "b") {
        found.extend(events(take(&mut consumer, 1).await));
    }
    assert_eq!(found.first(), Some(&large));
    assert!(!found.iter().any(|event| event.data == huge.data));
}

pub async fn a_bus_answers_a_ping(bus: SharedBus) {
    bus.ping().await.unwrap();
}

//! What [`kit::consumer`] and [`kit::redrive`] make of a bus.

use super::*;
use kit::consumer::{self, DEAD_LETTER, DeadLetter, Gap, Handlers};
use kit::redrive::{Redriven, redrive};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A consumer at work, and what it handled.
struct Working {
    handled: Arc<Mutex<Vec<Event>>>,
    gaps: Arc<Mutex<Vec<Gap>>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    /// Starts a consumer of `order` that fails on the events which `fails` chooses.
    fn start(bus: &SharedBus, group: &str, fails: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        let handled: Arc<Mutex<Vec<Event>>> = Arc::default();
        let gaps: Arc<Mutex<Vec<Gap>>> = Arc::default();
        let (into, gaps_into) = (Arc::clone(&handled), Arc::clone(&gaps));
        let handlers = Handlers {
            event: Arc::new(move |event: Event| {
                let result = if fails(&event) {
                    Err("it is not my day".to_owned())
                } else {
                    into.lock().unwrap().push(event);
                    Ok(())
                };
                Box::pin(async move { result })
            }),
            gap: Some(Arc::new(move |gap: Gap| {
                gaps_into.lock().unwrap().push(gap);
                Box::pin(async { Ok(()) })
            })),
        };
        let stop = CancellationToken::new();
        let (bus, group, ended) = (Arc::clone(bus), group.to_owned(), stop.clone());
        let task = tokio::spawn(consumer::consume_with(bus, group, vec!["order"], handlers, ended));
        Self { handled, gaps, stop, task }
    }

    async fn until(&self, count: usize) -> Vec<Event> {
        until_kept(&self.handled, count).await
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it does not stop").unwrap();
    }
}

/// Reads the dead letters as a group of its own.
async fn letters(bus: &SharedBus, count: usize) -> Vec<DeadLetter> {
    let mut reader = join(bus, "letters", &[DEAD_LETTER]).await;
    let letters = take(&mut reader, count).await;
    letters.iter().map(|letter| serde_json::from_str(&letter.event.data).unwrap()).collect()
}

pub async fn a_consumer_handles_each_event_and_goes_on_where_it_stopped(bus: SharedBus) {
    publish(&bus, series("order", "a", 1..=20)).await;
    let first = Working::start(&bus, "billing", |_| false);
    assert_eq!(first.until(20).await, series("order", "a", 1..=20));
    first.stop().await;
    publish(&bus, series("order", "a", 21..=30)).await;
    let second = Working::start(&bus, "billing", |_| false);
    assert_eq!(second.until(10).await, series("order", "a", 21..=30), "nothing twice after a clean end");
    second.stop().await;
}

pub async fn what_cannot_be_handled_is_parked_and_redrive_plays_it_back(bus: SharedBus) {
    publish(&bus, series("order", "a", 1..=5)).await;
    let mended = Arc::new(AtomicBool::new(false));
    let better = Arc::clone(&mended);
    let bad = move |event: &Event| event.id == "order-a-3" && !better.load(Ordering::Relaxed);
    let consumer = Working::start(&bus, "billing", bad);
    let others: Vec<Event> = series("order", "a", 1..=5).into_iter().filter(|e| e.change_seq != 3).collect();
    assert_eq!(consumer.until(4).await, others, "the rest is not held up");

    let parked = event("order", "a", 3);
    let letter = letters(&bus, 1).await.remove(0);
    assert_eq!((letter.group.as_str(), letter.reason.as_str()), ("billing", "it is not my day"));
    assert_eq!(letter.event, parked);

    mended.store(true, Ordering::Relaxed);
    assert_eq!(redrive(bus.as_ref(), 10).await.unwrap(), Redriven { published: 1, unreadable: 0 });
    let handled = consumer.until(5).await;
    assert_eq!(handled[4], Event { change_seq: 0, ..parked }, "outside of the series, or it would be old");
    assert!(consumer.gaps.lock().unwrap().is_empty());
    assert_eq!(redrive(bus.as_ref(), 10).await.unwrap(), Redriven::default(), "once");
    consumer.stop().await;
}

pub async fn a_large_event_is_parked_as_its_reference(bus: SharedBus) {
    // Escaped in the letter, it grows over any limit.
    let data = format!(r#"{{"text":"{}"}}"#, r"\".repeat(2 * 499_000));
    let large = Event { key: "shop/order/a".to_owned(), data, ..event("order", "a", 1) };
    publish(&bus, vec![large.clone()]).await;
    let consumer = Working::start(&bus, "billing", |_| true);
    let letter = letters(&bus, 1).await.remove(0);
    assert_eq!((&letter.event.id, &letter.event.kind), (&large.id, &large.kind));
    if letter.event.data != large.data {
        let data: serde_json::Value = serde_json::from_str(&letter.event.data).unwrap();
        assert_eq!(data["resource"], serde_json::json!({"typeId": "order", "id": "a"}));
        assert!(data["payloadNotIncluded"].is_object());
    }
    consumer.stop().await;
}

pub async fn repeated_events_are_passed_over_and_missing_ones_are_noticed(bus: SharedBus) {
    let consumer = Working::start(&bus, "billing", |_| false);
    publish(&bus, series("order", "a", 1..=3)).await;
    consumer.until(3).await;
    // As a second relay of the same store does, then one that lost events.
    publish(&bus, series("order", "a", 1..=4)).await;
    publish(&bus, series("order", "a", 7..=8)).await;
    let handled = consumer.until(6).await;
    assert_eq!(by_key(&handled)["a"], [1, 2, 3, 4, 7, 8]);
    let gaps = consumer.gaps.lock().unwrap().clone();
    assert_eq!(gaps, [Gap { after: 4, event: event("order", "a", 7) }]);
    consumer.stop().await;
}

pub async fn redrive_is_bounded_and_goes_on_where_it_ended(bus: SharedBus) {
    let letter = |n| {
        let event = event("order", &format!("key-{n}"), 1);
        let letter = DeadLetter { group: "billing".to_owned(), reason: "why".to_owned(), event };
        let data = serde_json::json!(letter).to_string();
        Event { topic: DEAD_LETTER.to_owned(), change_seq: 0, data, ..letter.event }
    };
    let strange = Event { data: r#"{"some":"thing"}"#.to_owned(), ..letter(99) };
    publish(&bus, (1..=6).map(letter).chain([strange]).collect()).await;
    assert_eq!(redrive(bus.as_ref(), 2).await.unwrap().published, 2);
    let rest = redrive(bus.as_ref(), 100).await.unwrap();
    let bounded = redrive(bus.as_ref(), 100).await.unwrap();
    assert_eq!((rest.published, bounded), (4, Redriven::default()));
    let mut reader = join(&bus, "reader", &["order"]).await;
    let mut keys: Vec<String> = events(take(&mut reader, 6).await).into_iter().map(|e| e.key).collect();
    keys.sort();
    assert_eq!(keys, (1..=6).map(|n| format!("key-{n}")).collect::<Vec<_>>());
    assert!(take_rest(&mut reader).await.is_empty());
}

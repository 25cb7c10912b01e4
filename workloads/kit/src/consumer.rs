//! Consumers: a loop that reads a group's events, handles each, and moves on only when it is done.
//!
//! - Handlers must be idempotent, since delivery is at least once. What the member knows to be a repetition
//!   is passed over ([`crate::bus::sequence`]).
//! - Where numbers are missing, the gap's handler is called before the event's: it asks the owner for what
//!   the lost events told. Without one the gap is logged.
//! - An event whose handler keeps failing, or does not end in a minute, is parked in the topic
//!   [`DEAD_LETTER`] with the reason, so that it does not stop the rest; [`crate::redrive`] plays it back.
//!   The position moves on only when it is parked.

use crate::Boxed;
use crate::bus::sequence::{Arrival, Sequences};
use crate::bus::{BusError, Consumer, Event, EventBus};
use crate::relay::reference_of;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where events go that could not be handled.
pub const DEAD_LETTER: &str = "dead-letter";

/// Tries before an event is parked.
const TRIES: u32 = 5;
/// Events of one read.
const BATCH: usize = 100;
/// How long one try may take.
const HANDLING: Duration = Duration::from_secs(60);
/// The pauses before the bus is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(10)];
/// How much of a reason is kept, in characters.
const REASON: usize = 1_000;

/// What is called with each event. An error is logged, tried again and finally parked with its text.
pub type Handler = Arc<dyn Fn(Event) -> Boxed<'static, Result<(), String>> + Send + Sync>;

/// Events of one key that never came.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// The number of the last one before it.
    pub after: i64,
    /// The first one behind it.
    pub event: Event,
}

/// What is called with each gap, before the event behind it is handled. Errors are treated as a handler's.
pub type GapHandler = Arc<dyn Fn(Gap) -> Boxed<'static, Result<(), String>> + Send + Sync>;

/// What a consumer does with events.
#[derive(Clone)]
pub struct Handlers {
    /// With each.
    pub event: Handler,
    /// Where some are missing.
    pub gap: Option<GapHandler>,
}

/// The data of an event in [`DEAD_LETTER`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The group that could not handle it.
    pub group: String,
    /// What its handler said last.
    pub reason: String,
    /// The event. One that leaves no room for the reason is parked with a reference for its data.
    pub event: Event,
}

/// Reads `topics` as `group` until `stop` is cancelled. Reconnects by itself.
pub async fn consume(
    bus: Arc<dyn EventBus>,
    group: String,
    topics: Vec<&'static str>,
    handler: Handler,
    stop: CancellationToken,
) {
    consume_with(bus, group, topics, Handlers { event: handler, gap: None }, stop).await;
}

/// The same with a handler for gaps.
pub async fn consume_with(
    bus: Arc<dyn EventBus>,
    group: String,
    topics: Vec<&'static str>,
    handlers: Handlers,
    stop: CancellationToken,
) {
    let [shortest, longest] = PAUSES;
    let mut pause = shortest;
    while !stop.is_cancelled() {
        let joined = tokio::select! {
            joined = bus.join(&group, &topics) => joined,
            () = stop.cancelled() => return,
        };
        match joined {
            Ok(consumer) => {
                let work = Work { bus: bus.as_ref(), group: &group, handlers: &handlers, stop: &stop };
                let mut member = Member {
                    work,
                    sequences: Sequences::default(),
                    assignments: consumer.assignments(),
                    consumer,
                };
                while let Ok(Outcome::Done) = member.step().await {
                    pause = shortest;
                }
                // In time for the other members to take over at once.
                member.consumer.leave().await;
            }
            Err(error) => tracing::warn!(%error, group, "events cannot be consumed yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(longest);
    }
}

/// How a step ended.
enum Outcome {
    Done,
    Stopped,
}

/// A member at work.
struct Member<'a> {
    work: Work<'a>,
    sequences: Sequences,
    /// What the consumer said when `sequences` began.
    assignments: u64,
    consumer: Box<dyn Consumer>,
}

impl Member<'_> {
    /// Reads, handles and commits once.
    async fn step(&mut self) -> Result<Outcome, BusError> {
        let batch = tokio::select! {
            batch = self.consumer.next(BATCH) => batch,
            () = self.work.stop.cancelled() => return Ok(Outcome::Stopped),
        };
        let batch = batch.inspect_err(|error| {
            tracing::warn!(%error, group = self.work.group, "events could not be read");
        })?;
        if self.consumer.assignments() != self.assignments {
            self.assignments = self.consumer.assignments();
            self.sequences.clear();
        }
        let mut done = 0;
        for delivery in &batch {
            if !self.handle(&delivery.event).await {
                break;
            }
            done += 1;
        }
        self.consumer.commit(&batch[..done]).await.inspect_err(|error| {
            tracing::warn!(%error, group = self.work.group, "a position could not be committed");
        })?;
        Ok(if done < batch.len() { Outcome::Stopped } else { Outcome::Done })
    }

    /// Handles an event or parks it; `false` if it was told to stop before.
    async fn handle(&mut self, event: &Event) -> bool {
        let arrival = self.sequences.judge(event);
        if arrival == Arrival::Repeated {
            tracing::debug!(event.id = event.id, group = self.work.group, "a repeated event is passed over");
            return true;
        }
        let mut reason = String::new();
        for attempt in 0..TRIES {
            if self.work.stop.is_cancelled() {
                return false;
            }
            match self.work.try_once(event, arrival).await {
                Ok(()) => {
                    self.sequences.note(event);
                    return true;
                }
                Err(error) => reason = error,
            }
            tokio::time::sleep(Duration::from_millis(50_u64 << attempt)).await;
        }
        reason = reason.chars().take(REASON).collect();
        let (id, kind) = (&event.id, &event.kind);
        tracing::error!(
            event.id = id,
            event.kind = kind,
            group = self.work.group,
            reason,
            "an event is parked"
        );
        let parked = self.work.park(event, reason).await;
        if parked {
            self.sequences.note(event);
        }
        parked
    }
}

/// What it works with.
#[derive(Clone, Copy)]
struct Work<'a> {
    bus: &'a dyn EventBus,
    group: &'a str,
    handlers: &'a Handlers,
    stop: &'a CancellationToken,
}

impl Work<'_> {
    async fn try_once(&self, event: &Event, arrival: Arrival) -> Result<(), String> {
        let work = async {
            if let Arrival::After(after) = arrival {
                self.gap(Gap { after, event: event.clone() }).await?;
            }
            (self.handlers.event)(event.clone()).await
        };
        let late = || Err(format!("it was not handled in {} seconds", HANDLING.as_secs()));
        tokio::time::timeout(HANDLING, work).await.unwrap_or_else(|_| late())
    }

    async fn gap(&self, gap: Gap) -> Result<(), String> {
        let (key, after, next) = (&gap.event.key, gap.after, gap.event.change_seq);
        tracing::warn!(group = self.group, key, after, next, "events are missing");
        match &self.handlers.gap {
            Some(handler) => handler(gap).await,
            None => Ok(()),
        }
    }

    /// Parks an event, however long the bus is away; `false` if it was told to stop before.
    async fn park(&self, event: &Event, reason: String) -> bool {
        let mut letter = DeadLetter { group: self.group.to_owned(), reason, event: event.clone() };
        let [mut pause, longest] = PAUSES;
        loop {
            match self.bus.publish(vec![dead_letter(&letter)]).await {
                Ok(()) => return true,
                Err(BusError::TooLarge(_)) if letter.event.data == event.data => {
                    letter.event.data = reference_of(event);
                    continue;
                }
                Err(error) => tracing::error!(%error, event.id = event.id, "an event cannot be parked yet"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return false,
            }
            pause = (pause * 2).min(longest);
        }
    }
}

/// The event that carries a dead letter. The letters of a key are no series.
fn dead_letter(letter: &DeadLetter) -> Event {
    Event {
        topic: DEAD_LETTER.to_owned(),
        change_seq: 0,
        data: serde_json::json!(letter).to_string(),
        ..letter.event.clone()
    }
}

//! Plays parked events back: `commerce events redrive`.
//!
//! Each event in [`DEAD_LETTER`] is published to its own topic again, and the position in the dead letters
//! moves on (the group [`GROUP`] keeps it), so that the next run goes on where this one ended. Every group
//! of the topic gets the event again, not only the one that failed; its number is 0 then, outside of its
//! key's series, so that nobody takes it for a repetition. Handlers that apply an event's state compare its
//! version, since later events came before.

use crate::bus::{BusError, Consumer, Delivery, EventBus};
use crate::consumer::{DEAD_LETTER, DeadLetter};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// The group that reads the dead letters.
pub const GROUP: &str = "redrive";

/// Events of one read.
const BATCH: usize = 100;
/// How long to wait for something to read: a group takes a while to form, longer where an earlier run died.
const FORMING: Duration = Duration::from_secs(30);
/// How long to wait for another letter before it is taken that there is none.
const QUIET: Duration = Duration::from_secs(3);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Events that were published again.
    pub published: usize,
    /// Letters that hold no event, which were passed over.
    pub unreadable: usize,
}

/// Publishes up to `limit` parked events to their topics again. Ends when there are no more, or when it
/// meets one that was parked again meanwhile.
///
/// # Errors
/// When the bus fails. What was published before stays so; the next run goes on behind it.
pub async fn redrive(bus: &dyn EventBus, limit: usize) -> Result<Redriven, BusError> {
    let mut consumer = bus.join(GROUP, &[DEAD_LETTER]).await?;
    let result = play_back(bus, consumer.as_mut(), limit).await;
    consumer.leave().await;
    result
}

async fn play_back(
    bus: &dyn EventBus,
    consumer: &mut dyn Consumer,
    limit: usize,
) -> Result<Redriven, BusError> {
    let (mut done, mut seen, began) = (Redriven::default(), HashSet::new(), Instant::now());
    while done.published < limit {
        let wanted = BATCH.min(limit - done.published);
        let Ok(letters) = tokio::time::timeout(QUIET, consumer.next(wanted)).await else {
            if consumer.assignments() == 0 && began.elapsed() < FORMING {
                continue;
            }
            break;
        };
        let letters = letters?;
        let (mut handled, mut published) = (0, Ok(()));
        for letter in &letters {
            match event_of(letter) {
                Some(event) => {
                    if !seen.insert((event.topic.clone(), event.id.clone())) {
                        break;
                    }
                    published = bus.publish(vec![event]).await;
                    if published.is_err() {
                        break;
                    }
                    done.published += 1;
                }
                None => done.unreadable += 1,
            }
            handled += 1;
        }
        consumer.commit(&letters[..handled]).await?;
        published?;
        if handled < letters.len() {
            break;
        }
    }
    Ok(done)
}

fn event_of(letter: &Delivery) -> Option<crate::bus::Event> {
    let read = serde_json::from_str::<DeadLetter>(&letter.event.data);
    let DeadLetter { mut event, .. } = read
        .inspect_err(|error| tracing::warn!(%error, id = letter.event.id, "a dead letter cannot be read"))
        .ok()
        .filter(|letter| letter.event.topic != DEAD_LETTER)?;
    event.change_seq = 0;
    Some(event)
}

//! Consumers: a loop that reads a group's events, handles each, and moves on only when it is done.
//!
//! Handlers must be idempotent, since delivery is at least once. An event whose handler keeps failing is
//! parked in the topic [`DEAD_LETTER`] with the reason, so that it does not stop the rest.

use crate::Boxed;
use crate::bus::{Delivery, Event, EventBus};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where events go that could not be handled.
pub const DEAD_LETTER: &str = "dead-letter";

/// Tries before an event is parked.
const TRIES: u32 = 5;
/// Events of one read.
const BATCH: usize = 100;

/// What is called with each event. An error is logged, tried again and finally parked with its text.
pub type Handler = Arc<dyn Fn(Event) -> Boxed<'static, Result<(), String>> + Send + Sync>;

/// Reads `topics` as `group` until `stop` is cancelled. Reconnects by itself.
pub async fn consume(
    bus: Arc<dyn EventBus>,
    group: String,
    topics: Vec<&'static str>,
    handler: Handler,
    stop: CancellationToken,
) {
    let mut pause = Duration::from_millis(100);
    while !stop.is_cancelled() {
        let joined = tokio::select! {
            joined = bus.join(&group, &topics) => joined,
            () = stop.cancelled() => return,
        };
        if let Ok(mut consumer) = joined {
            loop {
                let batch = tokio::select! {
                    batch = consumer.next(BATCH) => batch,
                    () = stop.cancelled() => return,
                };
                let Ok(batch) = batch else { break };
                for delivery in &batch {
                    handle(bus.as_ref(), &handler, delivery).await;
                }
                if let Err(error) = consumer.commit(&batch).await {
                    tracing::warn!(%error, group, "a position could not be committed");
                    break;
                }
                pause = Duration::from_millis(100);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

async fn handle(bus: &dyn EventBus, handler: &Handler, delivery: &Delivery) {
    let mut reason = String::new();
    for attempt in 0..TRIES {
        match handler(delivery.event.clone()).await {
            Ok(()) => return,
            Err(error) => reason = error,
        }
        tokio::time::sleep(Duration::from_millis(50_u64 << attempt)).await;
    }
    tracing::error!(
        event.id = delivery.event.id,
        event.kind = delivery.event.kind,
        reason,
        "an event is parked"
    );
    let parked = Event {
        topic: DEAD_LETTER.to_owned(),
        data: serde_json::json!({"reason": reason, "event": delivery.event}).to_string(),
        ..delivery.event.clone()
    };
    if let Err(error) = bus.publish(vec![parked]).await {
        tracing::error!(%error, "an event could not be parked");
    }
}

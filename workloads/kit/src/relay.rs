//! The outbox relay: publishes what writes left in the outboxes, in order, then removes it there.
//!
//! It is woken after every write and sweeps by itself besides, so that what a crash left goes out too.
//! Delivery is at least once.

use crate::bus::{BusError, Event, EventBus};
use crate::store::{Store, Unpublished};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Documents of one pass.
const BATCH: u32 = 500;
/// How often the relay looks without being woken.
const SWEEP: Duration = Duration::from_secs(15);

/// The handle by which writers wake the relay.
#[derive(Clone)]
pub struct Relay {
    wake: Arc<Notify>,
    flush: mpsc::Sender<oneshot::Sender<()>>,
}

impl Relay {
    /// Starts the relay of one store; it ends when `stop` is cancelled, after a last pass.
    pub fn start(
        store: Arc<dyn Store>,
        bus: Arc<dyn EventBus>,
        stop: CancellationToken,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let wake = Arc::new(Notify::new());
        let (flush, flushes) = mpsc::channel(64);
        let task = tokio::spawn(run(store, bus, Arc::clone(&wake), flushes, stop));
        (Self { wake, flush }, task)
    }

    /// Says that a write left events.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until everything that was written before the call is published, or publishing failed once.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.flush.send(done).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn run(
    store: Arc<dyn Store>,
    bus: Arc<dyn EventBus>,
    wake: Arc<Notify>,
    mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
    stop: CancellationToken,
) {
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    loop {
        tokio::select! {
            () = wake.notified() => {}
            Some(done) = flushes.recv() => waiting.push(done),
            () = tokio::time::sleep(SWEEP) => {}
            () = stop.cancelled() => {
                drain(store.as_ref(), bus.as_ref()).await;
                return;
            }
        }
        while let Ok(done) = flushes.try_recv() {
            waiting.push(done);
        }
        let ok = drain(store.as_ref(), bus.as_ref()).await;
        waiting.drain(..).for_each(|done| {
            let _ = done.send(());
        });
        if !ok {
            // The next wake or sweep tries again; do not spin on a bus that is away.
            tokio::time::sleep(Duration::from_millis(500)).await;
            wake.notify_one();
        }
    }
}

/// Publishes until nothing is left. `false` if the store or bus failed.
async fn drain(store: &dyn Store, bus: &dyn EventBus) -> bool {
    loop {
        let found = match store.unpublished(BATCH).await {
            Ok(found) if found.is_empty() => return true,
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                return false;
            }
        };
        let full = found.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
        if !publish(store, bus, found).await {
            return false;
        }
        if !full {
            return true;
        }
    }
}

async fn publish(store: &dyn Store, bus: &dyn EventBus, found: Vec<Unpublished>) -> bool {
    let mut events: Vec<Event> = Vec::new();
    let mut done = Vec::with_capacity(found.len());
    for document in found {
        if let Some(last) = document.events.last() {
            done.push((document.key, last.change_seq));
        }
        events.extend(document.events);
    }
    match bus.publish(events.clone()).await {
        Ok(()) => {}
        Err(BusError::TooLarge(_)) => {
            for event in events {
                if !publish_one(bus, event).await {
                    return false;
                }
            }
        }
        Err(error) => {
            tracing::warn!(%error, "events could not be published yet");
            return false;
        }
    }
    match store.published(done).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "published events could not be removed from the outbox");
            false
        }
    }
}

/// Publishes an event; one that is over the bus's limit goes out as its reference.
async fn publish_one(bus: &dyn EventBus, event: Event) -> bool {
    let reference = Event { data: reference_of(&event), ..event.clone() };
    let result = match bus.publish(vec![event]).await {
        Err(BusError::TooLarge(_)) => bus.publish(vec![reference]).await,
        other => other,
    };
    if let Err(error) = &result {
        tracing::warn!(%error, "an event could not be published yet");
    }
    result.is_ok()
}

/// What remains of an event whose payload is too large: whose it is, and that it must be asked for.
fn reference_of(event: &Event) -> String {
    let mut parts = event.key.splitn(3, '/');
    let (project, kind, id) = (parts.next(), parts.next(), parts.next());
    serde_json::json!({
        "projectKey": project,
        "resource": {"typeId": kind, "id": id},
        "payloadNotIncluded": {"reason": "The payload exceeds the size limit of the event bus."},
    })
    .to_string()
}

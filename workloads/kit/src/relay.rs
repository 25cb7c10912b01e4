//! The outbox relay: publishes what writes left in the outboxes, in order, then removes it there.
//!
//! It is woken after every write, and then looks at the outboxes of what was written alone. At its start and
//! from time to time it looks at all of them, so that what a crash left goes out too.
//!
//! **What holds**, also for several replicas of a service that share one store, each with its own relay:
//! - Delivery is at least once. An event leaves the outbox only when the bus has it for good.
//! - First deliveries of a document's events come in order: what a relay finds in an outbox begins with the
//!   oldest that may be unpublished, it publishes all of that in order, and everything older was removed
//!   because it was published. So no event is ever stored on the bus before an older one of its document.
//! - Repetitions come behind: relays that publish the same outbox at a time, or again after a crash, may
//!   leave `1 2 3 1 2` on the bus, never `1 3`. Consumers know a repetition by its number, which is not
//!   above the last one's ([`crate::bus::sequence`]).
//! - What one relay removes was published, even when another document has taken the id of a deleted one
//!   meanwhile: the removal names the last event by its id, not only by its number.

use crate::bus::{BusError, Event, EventBus};
use crate::store::{Published, Store, Unpublished};
use api::Kind;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Documents of one look into the outboxes.
const BATCH: u32 = 4_000;
/// A look that finds so many documents or events, or so many bytes of them, may have left some.
const LIKELY_MORE: usize = 2_000;
const LIKELY_MORE_BYTES: usize = 4 << 20;
/// Documents that are published at once.
const PORTION: usize = 500;
/// How often the relay looks at all outboxes, for what another replica left, or a request that ended between its write
/// and its word to the relay.
const SWEEP: Duration = Duration::from_secs(10);
/// The pause after a look that failed.
const AGAIN: Duration = Duration::from_millis(500);
/// How long the pass at the end may take.
const LAST_PASS: Duration = Duration::from_secs(10);

/// What was written since the last look.
#[derive(Default)]
struct Written {
    kinds: Mutex<BTreeSet<Kind>>,
    wake: Notify,
}

impl Written {
    fn add(&self, kind: Kind) {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        self.wake.notify_one();
    }

    fn take(&self) -> Vec<Kind> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kinds).into_iter().collect()
    }
}

/// The handle by which writers wake the relay.
#[derive(Clone)]
pub struct Relay {
    written: Arc<Written>,
    flush: mpsc::Sender<oneshot::Sender<()>>,
}

impl Relay {
    /// Starts the relay of one store; it ends when `stop` is cancelled, after a last pass.
    pub fn start(
        store: Arc<dyn Store>,
        bus: Arc<dyn EventBus>,
        stop: CancellationToken,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let written = Arc::<Written>::default();
        let (flush, flushes) = mpsc::channel(64);
        let task = tokio::spawn(run(store, bus, Arc::clone(&written), flushes, stop));
        (Self { written, flush }, task)
    }

    /// Says that a write of a document of this kind left events.
    pub fn wake(&self, kind: Kind) {
        self.written.add(kind);
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
    written: Arc<Written>,
    mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
    stop: CancellationToken,
) {
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut sweeping = false;
        tokio::select! {
            () = written.wake.notified() => {}
            Some(done) = flushes.recv() => waiting.push(done),
            _ = sweep.tick() => sweeping = true,
            () = stop.cancelled() => {
                let last = drain(store.as_ref(), bus.as_ref(), None);
                if tokio::time::timeout(LAST_PASS, last).await.is_err() {
                    tracing::warn!("events wait in the outbox for the next start: the bus does not answer");
                }
                return;
            }
        }
        while let Ok(done) = flushes.try_recv() {
            waiting.push(done);
        }
        let kinds = written.take();
        let kinds = (!sweeping && waiting.is_empty()).then_some(kinds);
        let ok = drain(store.as_ref(), bus.as_ref(), kinds).await;
        waiting.drain(..).for_each(|done| {
            let _ = done.send(());
        });
        if !ok {
            // Do not spin on a bus that is away.
            tokio::time::sleep(AGAIN).await;
            sweep.reset_immediately();
        }
    }
}

/// Publishes until nothing of these kinds is left, or of all. `false` if the store or bus failed.
async fn drain(store: &dyn Store, bus: &dyn EventBus, kinds: Option<Vec<Kind>>) -> bool {
    loop {
        let found = match store.unpublished(kinds.clone(), BATCH).await {
            Ok(found) if found.is_empty() => return true,
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                return false;
            }
        };
        // Stores give less than what is there when it is much: far more than this, though.
        let (documents, events) = (found.len(), found.iter().flat_map(|one| &one.events));
        let (count, bytes) = events.fold((0, 0), |(n, bytes), event| (n + 1, bytes + event.data.len()));
        let full = documents >= LIKELY_MORE || count >= LIKELY_MORE || bytes >= LIKELY_MORE_BYTES;
        if !publish(store, bus, found).await {
            return false;
        }
        if !full {
            return true;
        }
    }
}

/// Publishes in portions; while one is on its way, the one before it is removed from the outboxes.
async fn publish(store: &dyn Store, bus: &dyn EventBus, found: Vec<Unpublished>) -> bool {
    let mut found = found.into_iter();
    let mut out: Vec<Published> = Vec::new();
    loop {
        let portion: Vec<Unpublished> = found.by_ref().take(PORTION).collect();
        let (last, next) = (portion.is_empty(), portion.iter().filter_map(Unpublished::published).collect());
        let events: Vec<Event> = portion.into_iter().flat_map(|document| document.events).collect();
        let (published, removed) = tokio::join!(publish_all(bus, events), remove(store, out));
        if let Err(error) = published {
            tracing::warn!(%error, "events could not be published yet");
            return false;
        }
        if last || !removed {
            return removed;
        }
        out = next;
    }
}

/// Removes published events from the outboxes.
async fn remove(store: &dyn Store, out: Vec<Published>) -> bool {
    if out.is_empty() {
        return true;
    }
    let removed = store.published(out).await;
    if let Err(error) = &removed {
        tracing::warn!(%error, "published events could not be removed from the outbox");
    }
    removed.is_ok()
}

/// Publishes events in order. One that is over the bus's limit goes out as its reference. Which one that is
/// shows when it is alone, since a bus may have a limit for what it stores together: so halves are tried.
async fn publish_all(bus: &dyn EventBus, events: Vec<Event>) -> Result<(), BusError> {
    // In reverse: the next part to publish is the last.
    let mut parts = vec![events];
    while let Some(mut part) = parts.pop().filter(|part| !part.is_empty()) {
        match bus.publish(part.clone()).await {
            Ok(()) => {}
            Err(BusError::TooLarge(_)) if part.len() > 1 => {
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
            }
            Err(BusError::TooLarge(id)) => {
                let reference = part.into_iter().map(|event| Event { data: reference_of(&event), ..event });
                tracing::warn!(
                    event.id = id,
                    "an event is too large for the bus and goes out as its reference"
                );
                bus.publish(reference.collect()).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What remains of an event whose payload is too large: whose it is, and that it must be asked for.
pub(crate) fn reference_of(event: &Event) -> String {
    let mut parts = event.key.splitn(3, '/');
    let (project, kind, id) = (parts.next(), parts.next(), parts.next());
    serde_json::json!({
        "projectKey": project,
        "resource": {"typeId": kind, "id": id},
        "payloadNotIncluded": {"reason": "The payload exceeds the size limit of the event bus."},
    })
    .to_string()
}

//! The desk: everything that is done to one entry for orders, at most one write at a time.
//!
//! What many orders want of a popular SKU at once would make as many writes fight over one document.
//! So operations queue per entry, one task takes all that wait, applies them in a single
//! compare-and-set, and answers each. Another process may do the same: the write is tried again then.
//!
//! Confirmations may wait for the next write of their entry instead of causing one. They are kept in
//! memory only; what a crash forgets, recovery asks the order service for.

use crate::entries::{Entries, announce_levels};
use crate::marks::{Op, Outcome};
use api::internal::inventory::EntryName;
use api::{ApiError, Id, Result};
use kit::http::RequestInfo;
use kit::resource::{Collection, Edit};
use kit::store::{Claim, Selector};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Operations of one write.
const BATCH: usize = 1_000;
/// Confirmations of one entry that may wait for a write, and those of all entries.
const WAITING: usize = 256;
const WAITING_IN_ALL: usize = 50_000;

/// `None` if there is no such entry.
pub(crate) type Answer = Option<Outcome>;

/// The queues of all entries that something is done to.
pub(crate) struct Desk {
    entries: Arc<Collection<Entries>>,
    queues: Mutex<Queues>,
}

#[derive(Default)]
struct Queues {
    by_entry: HashMap<Place, Queue>,
    /// The sum of the queues' confirmations.
    confirmations: usize,
}

/// Project and claim of an entry.
type Place = (String, String);

#[derive(Default)]
struct Queue {
    waiting: Vec<(Op, oneshot::Sender<Result<Answer>>)>,
    confirmed: Vec<Id>,
    /// A task is at work.
    busy: bool,
}

impl Desk {
    pub(crate) fn new(entries: Arc<Collection<Entries>>) -> Self {
        Self { entries, queues: Mutex::default() }
    }

    /// Applies `op` together with whatever else waits for the entry.
    pub(crate) async fn submit(self: &Arc<Self>, project: &str, entry: &EntryName, op: Op) -> Result<Answer> {
        let (done, answer) = oneshot::channel();
        let place = (project.to_owned(), entry.claim());
        let start = {
            let mut queues = self.lock();
            let queue = queues.by_entry.entry(place.clone()).or_default();
            queue.waiting.push((op, done));
            !std::mem::replace(&mut queue.busy, true)
        };
        if start {
            self.start(place);
        }
        // The task may only vanish with the process.
        answer.await.unwrap_or_else(|_| Err(ApiError::unavailable()))
    }

    /// Drops the mark of `order` with the next write of the entry.
    pub(crate) fn confirm(self: &Arc<Self>, project: &str, entry: &EntryName, order: &Id) {
        let place = (project.to_owned(), entry.claim());
        let start = {
            let mut queues = self.lock();
            queues.confirmations += 1;
            let full = queues.confirmations > WAITING_IN_ALL;
            let queue = queues.by_entry.entry(place.clone()).or_default();
            queue.confirmed.push(order.clone());
            let write = full || queue.confirmed.len() > WAITING;
            write && !std::mem::replace(&mut queue.busy, true)
        };
        if start {
            self.start(place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The work is a task of its own: a client that hangs up must not take the others' answers along.
    fn start(self: &Arc<Self>, place: Place) {
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let mut first = true;
            while let Some((batch, confirmed)) = desk.next(&place, first) {
                first = false;
                desk.write(&place, batch, confirmed).await;
            }
        });
    }

    /// What the next write does; `None` if nothing more waits. The first one may be for confirmations
    /// alone.
    #[allow(clippy::type_complexity, reason = "a queue's two parts")]
    fn next(
        &self,
        place: &Place,
        first: bool,
    ) -> Option<(Vec<(Op, oneshot::Sender<Result<Answer>>)>, Vec<Id>)> {
        let mut queues = self.lock();
        let Entry::Occupied(mut slot) = queues.by_entry.entry(place.clone()) else { return None };
        let queue = slot.get_mut();
        if queue.waiting.is_empty() && (!first || queue.confirmed.is_empty()) {
            queue.busy = false;
            if queue.confirmed.is_empty() {
                slot.remove();
            }
            return None;
        }
        let rest = queue.waiting.split_off(queue.waiting.len().min(BATCH));
        let batch = std::mem::replace(&mut queue.waiting, rest);
        let confirmed = std::mem::take(&mut queue.confirmed);
        queues.confirmations = queues.confirmations.saturating_sub(confirmed.len());
        Some((batch, confirmed))
    }

    async fn write(
        &self,
        (project, claim): &Place,
        batch: Vec<(Op, oneshot::Sender<Result<Answer>>)>,
        confirmed: Vec<Id>,
    ) {
        let request = RequestInfo::system(project, "stock");
        let selector = Selector::Claim(Claim::new(EntryName::CLAIM, claim.as_str()));
        let mut outcomes = Vec::with_capacity(batch.len());
        let written = self
            .entries
            .edit(&request, &selector, &Edit::internal(), |state, cx| {
                outcomes.clear();
                let before = state.body.quantity_on_stock;
                state.hidden.tidy(cx.now);
                for order in &confirmed {
                    state.hidden.apply(&mut state.body, &Op::Confirm(order.clone()));
                }
                outcomes.extend(batch.iter().map(|(op, _)| state.hidden.apply(&mut state.body, op)));
                state.due_at = state.hidden.due();
                announce_levels(&state.body, before, cx);
                Ok(())
            })
            .await;
        let there = written.map(|edited| edited.is_some());
        for (at, (_, answer)) in batch.into_iter().enumerate() {
            let outcome = match &there {
                Ok(true) => Ok(outcomes.get(at).copied()),
                Ok(false) => Ok(None),
                Err(error) => Err(error.clone()),
            };
            // Who asked may have gone.
            let _ = answer.send(outcome);
        }
    }
}

//! Telling the inventory which orders stand, many at once and behind the checkout's back.
//!
//! Nothing depends on it: the inventory asks for orders that it hears nothing of. So what a crash or a
//! full queue loses is only told later.

use api::internal::inventory::{Confirm, ConfirmedOrder, EntryName};
use api::{Id, ServiceName};
use kit::http::RequestInfo;
use kit::peers::{Peers, call};
use kit::service::Task;
use serde::de::IgnoredAny;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Orders that may wait, and orders of one call.
const QUEUE: usize = 10_000;
const BATCH: usize = 500;
/// How long orders gather.
const PAUSE: Duration = Duration::from_millis(25);

type Item = (String, ConfirmedOrder);

/// Where orders that stand are sent.
#[derive(Clone)]
pub(crate) struct Confirmations(mpsc::Sender<Item>);

impl Confirmations {
    /// Tells of an order that took stock.
    pub(crate) fn send(&self, project: &str, order_id: Id, entries: Vec<EntryName>) {
        if !entries.is_empty() {
            // If the queue is full, see the module.
            let _ = self.0.try_send((project.to_owned(), ConfirmedOrder { order_id, entries }));
        }
    }
}

/// The queue and the task that empties it.
pub(crate) fn start(peers: Arc<dyn Peers>) -> (Confirmations, Task) {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    let task: Task = Box::new(move |stop| {
        Box::pin(async move {
            loop {
                let first = tokio::select! {
                    first = queue.recv() => first,
                    () = stop.cancelled() => queue.try_recv().ok(),
                };
                let Some(first) = first else { return };
                if !stop.is_cancelled() {
                    tokio::time::sleep(PAUSE).await;
                }
                let rest = std::iter::from_fn(|| queue.try_recv().ok()).take(BATCH);
                let items: Vec<Item> = std::iter::once(first).chain(rest).collect();
                tell(peers.as_ref(), items).await;
            }
        })
    });
    (Confirmations(sender), task)
}

async fn tell(peers: &dyn Peers, items: Vec<Item>) {
    let mut by_project: HashMap<String, Vec<ConfirmedOrder>> = HashMap::new();
    for (project, order) in items {
        by_project.entry(project).or_default().push(order);
    }
    for (project, orders) in by_project {
        let request = RequestInfo::system(&project, "order-confirmation");
        let confirm = Confirm { orders, at_once: false };
        if let Err(error) =
            call::<IgnoredAny>(peers, ServiceName::Inventory, "/confirm", &request, &confirm).await
        {
            tracing::debug!(%error, "the inventory will ask for these orders");
        }
    }
}

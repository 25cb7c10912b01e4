//! The availability of SKUs as answers show it, asked of inventory and kept for a second.
//!
//! It is a fact with a lag, of at most [`FRESH`] (the contract allows ten seconds); nothing is decided by
//! it, as only inventory's own reservation check does that. Reads that lack something wait for one task,
//! which asks for all of them together: so no SKU is asked for twice at a time, and the more reads come,
//! the more share a call. Where inventory does not answer in [`PATIENCE`], reads are served with what was
//! known last, or without availability.

mod ask;
mod shelf;

use kit::peers::Peers;
use kit::service::Task;
use shelf::Shelf;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The text of an availability; `None` if inventory has no entry of the SKU.
pub(crate) type Fragment = Option<Arc<str>>;

/// How long an answer of inventory is used.
const FRESH: Duration = Duration::from_secs(1);
/// How long a read waits for inventory.
const PATIENCE: Duration = Duration::from_secs(1);
/// The reads that may wait for the task at a time; more of them queue up.
const WAITING: usize = 1_024;
/// Bytes of the longest SKU that an inventory entry can have.
const MAX_SKU: usize = 256;

/// SKUs of one project that a read needs.
struct Wanted {
    project: String,
    skus: Vec<String>,
    /// Gets what is known of them now.
    answer: oneshot::Sender<HashMap<String, Fragment>>,
}

/// Tells the time.
type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What is known of the stock.
pub(crate) struct Stock {
    shelf: Arc<Shelf>,
    now: Now,
    wanted: mpsc::Sender<Wanted>,
}

impl Stock {
    /// Nothing known yet; the task asks inventory.
    pub(crate) fn new(peers: Arc<dyn Peers>) -> (Self, Task) {
        Self::at(Arc::new(Instant::now), peers)
    }

    fn at(now: Now, peers: Arc<dyn Peers>) -> (Self, Task) {
        let shelf = Arc::new(Shelf::default());
        let (wanted, queue) = mpsc::channel(WAITING);
        let asking = ask::Asking { peers, shelf: Arc::clone(&shelf), now: Arc::clone(&now) };
        let task: Task = Box::new(move |stop| Box::pin(asking.run(queue, stop)));
        (Self { shelf, now, wanted }, task)
    }

    /// The availability of each of the SKUs, in their order.
    pub(crate) async fn of(&self, project: &str, skus: &[&str]) -> Vec<Fragment> {
        if skus.is_empty() {
            return Vec::new();
        }
        let mut known = self.shelf.read(project, skus.iter().copied(), (self.now)());
        let missing: Vec<String> = known
            .iter()
            .zip(skus)
            .filter(|(kept, sku)| !kept.fresh && sku.len() <= MAX_SKU)
            .map(|(_, sku)| (*sku).to_owned())
            .collect();
        if !missing.is_empty() {
            let learned = self.ask(project, missing).await.unwrap_or_default();
            for (kept, sku) in known.iter_mut().zip(skus) {
                if let Some(fragment) = learned.get(*sku) {
                    kept.fragment.clone_from(fragment);
                }
            }
        }
        known.into_iter().map(|kept| kept.fragment).collect()
    }

    /// `None` if that took too long, or the service is about to end.
    async fn ask(&self, project: &str, skus: Vec<String>) -> Option<HashMap<String, Fragment>> {
        let (answer, answered) = oneshot::channel();
        let wanted = Wanted { project: project.to_owned(), skus, answer };
        let asked = async {
            self.wanted.send(wanted).await.ok()?;
            answered.await.ok()
        };
        timeout(PATIENCE, asked).await.ok().flatten()
    }
}

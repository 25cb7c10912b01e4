//! The recovery loop: looks at documents whose `due_at` has come and hands each to its kind's handler,
//! which finishes or unwinds what a crash or a stall left half done.

use crate::Boxed;
use crate::store::{DocKey, Store};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is called with a document that is due. It must move or clear `due_at`.
pub type Recover = Arc<dyn Fn(DocKey) -> Boxed<'static, api::Result<()>> + Send + Sync>;

/// How often the loop looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Documents of one look.
const BATCH: u32 = 100;

/// Runs until `stop` is cancelled; the first look is at once.
pub async fn run(
    store: Arc<dyn Store>,
    clock: Arc<dyn crate::clock::Clock>,
    handlers: HashMap<api::Kind, Recover>,
    stop: CancellationToken,
) {
    let kinds: Vec<_> = handlers.keys().copied().collect();
    loop {
        match store.due(kinds.clone(), clock.now(), BATCH).await {
            Ok(due) => {
                for key in due {
                    let Some(handler) = handlers.get(&key.kind) else { continue };
                    if let Err(error) = handler(key.clone()).await {
                        tracing::warn!(kind = %key.kind, id = %key.id, %error, "recovery will be tried again");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "documents that are due could not be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

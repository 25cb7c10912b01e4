//! The watches that feed the world: one task and one backoff each, so that none holds up another.

mod children;
mod discovery;
mod others;
mod stacks;

use crate::failure::Cause;
use crate::metrics::Metrics;
use crate::state::State;
use discovery::Discovery;
use futures::{Stream, StreamExt};
use kube::Client;
use kube::runtime::watcher::{Config, Error, Event};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::warn;

/// What every watch needs.
#[derive(Clone)]
pub struct Watches {
    /// The API server.
    pub client: Client,
    /// The one namespace to look at; none for the whole cluster.
    pub namespace: Option<String>,
    /// What is known.
    pub state: State,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How often optional kinds are looked for.
    pub discovery_period: Duration,
}

/// The API server ends a watch after this many seconds; some load balancers end silent connections a little
/// later.
const WATCH_SECONDS: u32 = 200;
/// Few enough that the pages of all kinds at once stay small in memory.
const PAGE: u32 = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Watches {
    /// Starts all watches. They end with the set.
    pub fn start(self, tasks: &mut JoinSet<()>) {
        tasks.spawn(stacks::watch(self.clone()));
        for kind in crate::kinds::KindId::all().filter(|kind| !kind.get().optional) {
            tasks.spawn(children::watch(self.clone(), kind));
            tasks.spawn(others::watch(self.clone(), kind));
        }
        tasks.spawn(Discovery::new(self).run());
    }
}

fn config() -> Config {
    Config::default().timeout(WATCH_SECONDS).page_size(PAGE)
}

/// Follows a watch for ever. `failed` hears of each failure in a row.
async fn follow<K>(
    what: &'static str,
    metrics: &Metrics,
    stream: impl Stream<Item = Result<Event<K>, Error>> + Send,
    mut hear: impl FnMut(Event<K>) + Send,
    mut failed: impl FnMut() + Send,
) {
    let mut stream = std::pin::pin!(stream);
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                // That a listing begins says nothing about the API server.
                if !matches!(event, Event::Init) {
                    (pause, told) = (FIRST_PAUSE, false);
                }
                hear(event);
            }
            Err(error) => {
                metrics.watch_failed(what);
                failed();
                if !told {
                    warn!(kind = what, "a watch failed and is tried again: {}", explain(&error));
                    told = true;
                }
                let spread = u64::try_from(pause.as_millis() / 2).unwrap_or(0);
                sleep(pause / 2 + Duration::from_millis(rand::random_range(0..=spread))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::InitialListFailed(error) | Error::WatchStartFailed(error) | Error::WatchFailed(error) => {
            Cause::of(error, false).to_string()
        }
        Error::WatchError(status) => crate::failure::short(&status.message),
        Error::NoResourceVersion => "the API server gave no resource version".to_owned(),
    }
}

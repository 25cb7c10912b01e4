//! What the drivers share: limits, turns, and counts of what they did.

use super::pool::PoolLimits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bounds of time, memory and threads.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many requests to brokers and databases run at the same time.
    pub concurrency: usize,
    /// How long one of them may take; at most 10 s.
    pub operation: Duration,
    /// How long a server may take to accept a connection.
    pub connect: Duration,
    /// How long what is known about the topics of a broker is good for all stacks on it.
    pub picture_age: Duration,
    /// How many clients stay open beside those in use.
    pub clients: usize,
    /// After what time without use a client is closed.
    pub idle_after: Duration,
    /// How long a first failure is remembered, so that it costs one attempt and not one per stack.
    pub retry_first: Duration,
    /// How long a repeated failure is remembered at most.
    pub retry_last: Duration,
    /// How often a database user's password is tried, to find that somebody has changed it.
    pub login_check: Duration,
    /// How long a removal may take in all.
    pub removal: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 32,
            operation: Duration::from_secs(5),
            connect: Duration::from_secs(2),
            picture_age: Duration::from_secs(5),
            clients: 16,
            idle_after: Duration::from_secs(180),
            retry_first: Duration::from_secs(2),
            retry_last: Duration::from_secs(30),
            login_check: Duration::from_secs(600),
            removal: Duration::from_secs(25),
        }
    }
}

impl Limits {
    pub(super) fn pool(&self) -> PoolLimits {
        PoolLimits {
            capacity: self.clients,
            idle_after: self.idle_after,
            max_age: Duration::from_secs(60 * 60),
            retry_first: self.retry_first,
            retry_last: self.retry_last,
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What has been asked of brokers and databases since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests to brokers that change something.
    pub kafka_writes: Counter,
    /// How often all topics of a broker were read.
    pub kafka_pictures: Counter,
    /// Commands to databases that change something.
    pub mongo_writes: Counter,
    /// How often a database user's password was tried.
    pub mongo_logins: Counter,
}

pub(super) struct Tools {
    pub(super) limits: Limits,
    pub(super) counts: Counts,
    pub(super) gate: Arc<Semaphore>,
}

impl Tools {
    pub(super) fn new(limits: Limits) -> Self {
        let gate = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        Self { limits, counts: Counts::default(), gate }
    }

    /// Runs what blocks off the async threads, in its turn. Nothing if it panicked.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.gate).acquire_owned().await;
        // The turn ends with the work, also if nobody waits for it any more.
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

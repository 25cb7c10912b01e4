//! The work queue: a [`Schedule`] that tasks can wait on.

mod schedule;

pub use schedule::{Finish, Policy, Schedule, Wake};

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Keys that wait for work. One task takes, any task wakes.
#[derive(Debug)]
pub struct Queue<K> {
    schedule: Mutex<Schedule<K>>,
    changed: Notify,
}

impl<K: Clone + Eq + Ord + Hash> Queue<K> {
    /// An empty queue.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { schedule: Mutex::new(Schedule::new(policy)), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule<K>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key due.
    pub fn wake(&self, key: &K, wake: Wake) {
        self.lock().wake(key, wake, Instant::now());
        self.changed.notify_one();
    }

    /// Ends the work on a key.
    pub fn finish(&self, key: &K, finish: Finish) {
        self.lock().finish(key, finish, Instant::now(), rand::random());
        self.changed.notify_one();
    }

    /// Forgets a key, unless it is being worked on.
    pub fn forget(&self, key: &K) {
        self.lock().forget(key);
    }

    /// Waits for the next key. Cancel-safe: a key is taken only when it is given.
    pub async fn next(&self) -> K {
        loop {
            let due = {
                let mut schedule = self.lock();
                if let Some(key) = schedule.take(Instant::now()) {
                    return key;
                }
                schedule.next_due()
            };
            match due {
                Some(at) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = sleep_until(at) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// How many keys are due now and wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting(Instant::now())
    }
}

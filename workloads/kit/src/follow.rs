//! Followers: topics that a process reads whole and keeps up with, and the gates that say when it has.

use crate::bus::{EventBus, Follower};
use crate::service::Task;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long until a topic that could not be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Something that must have happened before a process may serve; cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    what: &'static str,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// A closed gate. `what` is what is waited for, as a person reads it.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what, open: Arc::default() }
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// What is waited for.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}

/// Background work that reads `topic` whole, opens `gate`, and keeps reading.
#[must_use]
pub fn follow(bus: Arc<dyn EventBus>, topic: &'static str, follower: Follower, gate: Gate) -> Task {
    Box::new(move |stop| {
        Box::pin(async move {
            let mut told = false;
            loop {
                let followed = tokio::select! {
                    followed = bus.follow(topic, Arc::clone(&follower)) => followed,
                    () = stop.cancelled() => return,
                };
                match followed {
                    Ok(()) => break,
                    // Once: it may stay so for long.
                    Err(error) if !told => {
                        tracing::warn!(%error, topic, "a topic cannot be read yet");
                        told = true;
                    }
                    Err(_) => {}
                }
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = stop.cancelled() => return,
                }
            }
            gate.open();
            stop.cancelled().await;
        })
    })
}

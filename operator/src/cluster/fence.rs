//! The right to write. Whoever does not hold it any more must not write, even if nobody told it yet.
//!
//! The leader extends the right with every renewal of its lease, and only for less than the lease lasts,
//! counted from before the renewal was sent. So this one is surely over when another leader begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The right to write, shared by everything that writes.
#[derive(Debug, Clone)]
pub struct Fence {
    start: Instant,
    /// Milliseconds since `start` until which writes are allowed.
    until: Arc<AtomicU64>,
}

impl Fence {
    /// A fence that allows nothing yet.
    #[must_use]
    pub fn closed() -> Self {
        Self { start: Instant::now(), until: Arc::new(AtomicU64::new(0)) }
    }

    /// A fence that always allows writes: for an operator that runs without election.
    #[must_use]
    pub fn open() -> Self {
        let fence = Self::closed();
        fence.until.store(u64::MAX, Ordering::Release);
        fence
    }

    /// Allows writes until then.
    pub fn extend(&self, until: Instant) {
        let millis = until.saturating_duration_since(self.start).as_millis();
        self.until.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Allows nothing any more.
    pub fn close(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// Whether writes are allowed now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.left().is_zero()
    }

    /// For how long writes are still allowed.
    #[must_use]
    pub fn left(&self) -> Duration {
        let until = Duration::from_millis(self.until.load(Ordering::Acquire));
        until.saturating_sub(self.start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_to_write_ends_by_itself() {
        let fence = Fence::closed();
        assert!(!fence.is_open());
        fence.extend(Instant::now() + Duration::from_millis(500));
        let copy = fence.clone();
        assert!(copy.is_open() && copy.left() <= Duration::from_millis(500));
        tokio::time::sleep(Duration::from_millis(510)).await;
        assert!(!copy.is_open());
        fence.extend(Instant::now() + Duration::from_secs(10));
        fence.close();
        assert!(!copy.is_open());
        assert!(Fence::open().is_open());
    }
}

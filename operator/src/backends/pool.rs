//! One client per server and credentials, shared by all stacks that use them.
//!
//! Opening is done once for all who wait; a failure is remembered for a while, so that five hundred stacks on
//! a dead server cost one attempt and not five hundred. Idle clients are closed, and of those not in use only
//! so many stay open.

use super::BackendFinding;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Tells servers with their credentials apart, without holding them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts look alike.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PoolLimits {
    /// How many clients stay open beside those in use.
    pub(super) capacity: usize,
    /// A client that nobody asked for during this time is closed.
    pub(super) idle_after: Duration,
    /// A client of this age is made anew, so that nothing piles up in it.
    pub(super) max_age: Duration,
    /// How long the first failure is remembered; each further one twice as long.
    pub(super) retry_first: Duration,
    /// How long a failure is remembered at most.
    pub(super) retry_last: Duration,
}

pub(super) struct Pool<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    limits: PoolLimits,
    slots: Mutex<HashMap<Fingerprint, Arc<Slot<T>>>>,
    swept: AtomicBool,
    opened: AtomicU64,
}

struct Slot<T> {
    used: Mutex<Instant>,
    state: tokio::sync::Mutex<State<T>>,
}

enum State<T> {
    Empty,
    Open { client: Arc<T>, since: Instant },
    Failed { problem: BackendFinding, until: Instant, pause: Duration },
}

/// Whether a remembered failure will do for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Trusted,
    Ignored,
}

impl<T: Send + Sync + 'static> Pool<T> {
    pub(super) fn new(limits: PoolLimits) -> Self {
        let inner = Inner {
            limits,
            slots: Mutex::default(),
            swept: AtomicBool::new(false),
            opened: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The open client for `key`, or what `open` makes.
    ///
    /// # Errors
    /// What `open` says, now or a short while ago.
    pub(super) async fn get<F>(
        &self,
        key: Fingerprint,
        memory: Memory,
        open: F,
    ) -> Result<Arc<T>, BackendFinding>
    where
        F: Future<Output = Result<T, BackendFinding>>,
    {
        self.start_sweeper();
        let slot = self.slot(key);
        let mut state = slot.state.lock().await;
        let now = Instant::now();
        let pause = match &*state {
            State::Open { client, since } if now - *since < self.inner.limits.max_age => {
                return Ok(Arc::clone(client));
            }
            State::Failed { problem, until, .. } if now < *until && memory == Memory::Trusted => {
                return Err(problem.clone());
            }
            State::Failed { pause, .. } => (*pause * 2).min(self.inner.limits.retry_last),
            _ => self.inner.limits.retry_first,
        };
        match open.await {
            Ok(client) => {
                let client = Arc::new(client);
                self.inner.opened.fetch_add(1, Ordering::Relaxed);
                *state = State::Open { client: Arc::clone(&client), since: Instant::now() };
                drop(state);
                drop(slot);
                self.inner.sweep();
                Ok(client)
            }
            Err(problem) => {
                *state = State::Failed { problem: problem.clone(), until: Instant::now() + pause, pause };
                Err(problem)
            }
        }
    }

    /// Closes a client that turned out not to work, and remembers why.
    pub(super) async fn fail(&self, key: Fingerprint, failed: &Arc<T>, problem: &BackendFinding) {
        let slot = self.slot(key);
        let mut state = slot.state.lock().await;
        if matches!(&*state, State::Open { client, .. } if Arc::ptr_eq(client, failed)) {
            let pause = self.inner.limits.retry_first;
            *state = State::Failed { problem: problem.clone(), until: Instant::now() + pause, pause };
        }
    }

    /// How many clients have been opened so far.
    pub(super) fn opened(&self) -> u64 {
        self.inner.opened.load(Ordering::Relaxed)
    }

    /// How many clients are open.
    pub(super) fn open(&self) -> usize {
        self.inner
            .lock()
            .values()
            .filter(|slot| slot.idle_client().is_none_or(|client| client.is_some()))
            .count()
    }

    fn slot(&self, key: Fingerprint) -> Arc<Slot<T>> {
        let mut slots = self.inner.lock();
        let slot = slots.entry(key).or_insert_with(|| {
            Arc::new(Slot { used: Mutex::new(Instant::now()), state: tokio::sync::Mutex::new(State::Empty) })
        });
        *slot.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Arc::clone(slot)
    }

    /// Closes idle clients also when nobody asks for one any more.
    fn start_sweeper(&self) {
        if self.inner.swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool: Weak<Inner<T>> = Arc::downgrade(&self.inner);
        let pause = self.inner.limits.idle_after / 2;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.sweep();
            }
        });
    }
}

impl<T> Slot<T> {
    fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open client, if any; nothing at all while somebody is at it.
    fn idle_client(&self) -> Option<Option<Arc<T>>> {
        let state = self.state.try_lock().ok()?;
        Some(match &*state {
            State::Open { client, .. } => Some(Arc::clone(client)),
            _ => None,
        })
    }
}

impl<T> Inner<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Arc<Slot<T>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep(&self) {
        let mut closed = Vec::new();
        {
            let mut slots = self.lock();
            let now = Instant::now();
            let mut unused = Vec::new();
            for (key, slot) in slots.iter() {
                // Nobody can take a slot while the map is locked.
                if Arc::strong_count(slot) > 1 {
                    continue;
                }
                match slot.idle_client() {
                    // One is the slot's, the other the one in hand.
                    Some(Some(client)) if Arc::strong_count(&client) > 2 => {}
                    Some(client) => unused.push((slot.used(), *key, client.is_some())),
                    None => {}
                }
            }
            unused.sort_by_key(|(used, ..)| *used);
            let open = unused.iter().filter(|(.., open)| *open).count();
            let mut surplus = open.saturating_sub(self.limits.capacity);
            for (used, key, open) in unused {
                let idle = now - used >= self.limits.idle_after;
                if idle || (open && surplus > 0) {
                    surplus = surplus.saturating_sub(usize::from(open));
                    closed.extend(slots.remove(&key));
                }
            }
        }
        // Outside of the lock: closing may take a moment.
        drop(closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    const LIMITS: PoolLimits = PoolLimits {
        capacity: 2,
        idle_after: Duration::from_millis(200),
        max_age: Duration::from_secs(60),
        retry_first: Duration::from_millis(50),
        retry_last: Duration::from_millis(100),
    };

    fn key(name: &str) -> Fingerprint {
        Fingerprint::of([name])
    }

    fn away() -> BackendFinding {
        BackendFinding::KafkaUnreachable { message: "away".into() }
    }

    #[test]
    fn credentials_are_told_apart_also_where_their_parts_join_alike() {
        assert_ne!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["a", "bc"]));
        assert_ne!(Fingerprint::of(["a"]), Fingerprint::of(["a", ""]));
    }

    #[tokio::test]
    async fn many_who_ask_at_once_share_one_client() {
        let pool = Pool::new(LIMITS);
        let attempts = AtomicUsize::new(0);
        let ask = || {
            pool.get(key("a"), Memory::Trusted, async {
                attempts.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(())
            })
        };
        let all = futures::future::join_all((0..100).map(|_| ask())).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!((attempts.into_inner(), pool.opened(), pool.open()), (1, 1, 1));
    }

    #[tokio::test]
    async fn a_failure_answers_for_a_while_and_then_is_tried_again() {
        let pool = Pool::new(LIMITS);
        assert!(pool.get(key("a"), Memory::Trusted, async { Err::<(), _>(away()) }).await.is_err());
        // Not tried: the answer would be good.
        assert_eq!(pool.get(key("a"), Memory::Trusted, async { Ok(()) }).await, Err(away()));
        assert!(pool.get(key("b"), Memory::Trusted, async { Ok(()) }).await.is_ok());
        tokio::time::sleep(LIMITS.retry_first).await;
        assert!(pool.get(key("a"), Memory::Trusted, async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn who_ignores_a_remembered_failure_tries_at_once() {
        let pool = Pool::new(LIMITS);
        assert!(pool.get(key("a"), Memory::Trusted, async { Err::<(), _>(away()) }).await.is_err());
        assert!(pool.get(key("a"), Memory::Ignored, async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn a_client_that_failed_is_given_to_nobody() {
        let pool = Pool::new(LIMITS);
        let client = pool.get(key("a"), Memory::Trusted, async { Ok(1) }).await.unwrap();
        pool.fail(key("a"), &client, &away()).await;
        assert_eq!(pool.get(key("a"), Memory::Trusted, async { Ok(2) }).await, Err(away()));
        tokio::time::sleep(LIMITS.retry_first).await;
        let second = pool.get(key("a"), Memory::Trusted, async { Ok(2) }).await.unwrap();
        // A late report about the first says nothing about the second.
        pool.fail(key("a"), &client, &away()).await;
        assert_eq!(pool.get(key("a"), Memory::Trusted, async { Ok(3) }).await, Ok(second));
    }

    #[tokio::test]
    async fn idle_clients_are_closed_by_themselves_and_used_ones_are_not() {
        let pool = Pool::new(LIMITS);
        let used = pool.get(key("a"), Memory::Trusted, async { Ok(()) }).await.unwrap();
        drop(pool.get(key("b"), Memory::Trusted, async { Ok(()) }).await.unwrap());
        assert_eq!(pool.open(), 2);
        tokio::time::sleep(LIMITS.idle_after * 3).await;
        assert_eq!(pool.open(), 1);
        drop(used);
        tokio::time::sleep(LIMITS.idle_after * 2).await;
        assert_eq!(pool.open(), 0);
    }

    #[tokio::test]
    async fn of_the_clients_not_in_use_only_the_last_used_stay() {
        let pool = Pool::new(PoolLimits { idle_after: Duration::from_secs(60), ..LIMITS });
        for name in ["a", "b", "c", "d"] {
            drop(pool.get(key(name), Memory::Trusted, async { Ok(()) }).await.unwrap());
        }
        assert!(pool.open() <= LIMITS.capacity + 1);
        let before = pool.opened();
        pool.get(key("d"), Memory::Trusted, async { Ok(()) }).await.unwrap();
        assert_eq!(pool.opened(), before);
        pool.get(key("a"), Memory::Trusted, async { Ok(()) }).await.unwrap();
        assert_eq!(pool.opened(), before + 1);
    }
}

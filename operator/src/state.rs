//! What the tasks of the operator share: the world behind a lock, and the queue that its news go to.

use crate::queue::{Policy, Queue, Wake};
use crate::world::{StackKey, Woken, World};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by watches, passes and the look at backends. Cheap to clone.
#[derive(Debug, Clone)]
pub struct State {
    world: Arc<Mutex<World>>,
    queue: Arc<Queue<StackKey>>,
}

impl State {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { world: Arc::default(), queue: Arc::new(Queue::new(policy)) }
    }

    /// The world. Nobody may hold it while waiting for anything.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stacks to look after.
    #[must_use]
    pub fn queue(&self) -> &Queue<StackKey> {
        &self.queue
    }

    /// Takes in news and wakes whom they concern.
    pub fn heard(&self, news: impl FnOnce(&mut World) -> Vec<Woken>) {
        let woken = news(&mut self.world());
        for (key, wake) in woken {
            self.queue.wake(&key, wake);
        }
    }

    /// Makes a stack due.
    pub fn wake(&self, key: &StackKey, wake: Wake) {
        self.queue.wake(key, wake);
    }
}

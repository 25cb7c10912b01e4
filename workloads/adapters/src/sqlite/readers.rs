//! A few connections for point reads, which take microseconds and so run on the calling thread.

use super::open::{OpenError, open_reader};
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

/// The page cache of one reader in KiB; pages beyond it come from the system's cache.
const CACHE: u32 = 1024;

/// Connections that only read.
pub(crate) struct Readers {
    connections: Box<[Mutex<Connection>]>,
}

/// As many readers as threads could use at once, within reason.
pub(crate) fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize) -> Result<Self, OpenError> {
        let open = |_| open_reader(path, CACHE).map(Mutex::new);
        let connections: rusqlite::Result<_> = (0..count.max(1)).map(open).collect();
        Ok(Self { connections: connections.map_err(|error| OpenError::of_sqlite(path, &error))? })
    }

    /// Lends a connection: the thread's usual one if it is free (its cache is warm), else any other.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> T) -> T {
        let usual = slot() % self.connections.len();
        let (later, first) = self.connections.split_at(usual);
        for connection in first.iter().chain(later) {
            match connection.try_lock() {
                Ok(connection) => return read(&connection),
                Err(TryLockError::Poisoned(connection)) => return read(&connection.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        read(&self.connections[usual].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number of the current thread's own.
fn slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static SLOT: usize = NEXT.fetch_add(1, Ordering::Relaxed); }
    SLOT.with(|slot| *slot)
}

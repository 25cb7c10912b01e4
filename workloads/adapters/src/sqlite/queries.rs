//! Connections for reads that may take long: they run on blocking threads, a few at a time, and end
//! at their time limit.

use super::open::open_reader;
use super::readers::parallelism;
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The page cache of one connection in KiB.
const CACHE: u32 = 1024;
/// How many steps of SQLite's machine pass between two looks at the clock.
const STEPS: i32 = 2000;

/// Why a query gave no result.
pub(crate) enum QueryError {
    /// Its time was over.
    TimedOut,
    /// Anything else.
    Failed(String),
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TimedOut,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// A connection whose statements are interrupted at a deadline.
struct Timed {
    db: Connection,
    /// Milliseconds since `epoch`.
    deadline: Arc<AtomicU64>,
    epoch: Instant,
}

impl Timed {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut db = open_reader(path, CACHE)?;
        let epoch = Instant::now();
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let watched = Arc::clone(&deadline);
        db.progress_handler(STEPS, Some(move || millis(epoch.elapsed()) >= watched.load(Ordering::Relaxed)))?;
        Ok(Self { db, deadline, epoch })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The pool; connections are opened when they are first needed.
pub(crate) struct Queries {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Timed>>>,
    running: Arc<Semaphore>,
}

impl Queries {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default(), running: Arc::new(Semaphore::new(parallelism())) }
    }

    /// Runs `read` within `limit`, the wait for a connection included.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        read: impl FnOnce(&Connection) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let started = Instant::now();
        let permit = tokio::time::timeout(limit, Arc::clone(&self.running).acquire_owned())
            .await
            .map_err(|_| QueryError::TimedOut)?
            .map_err(|error| QueryError::Failed(error.to_string()))?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let work = move || {
            // Held until the connection is idle again, even if the caller has gone away.
            let _permit = permit;
            let free = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let timed = match free {
                Some(timed) => timed,
                None => Timed::open(&path)?,
            };
            let end = started.saturating_duration_since(timed.epoch).saturating_add(limit);
            timed.deadline.store(millis(end), Ordering::Relaxed);
            let result = read(&timed.db);
            timed.deadline.store(u64::MAX, Ordering::Relaxed);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(timed);
            result
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(QueryError::Failed(error.to_string())),
        }
    }
}

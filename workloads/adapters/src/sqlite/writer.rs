//! One writer thread per file, with group commit: it takes all operations that wait, applies them in
//! one transaction, and answers them when that is on disk.

use rusqlite::Connection;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// What a writer thread does: applies operations of one type to one file.
pub(crate) trait Machine: Send + 'static {
    /// An operation.
    type Op: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;
    /// Why it was refused.
    type Error: Send + 'static;

    /// Applies an operation. [`Stop::Refused`] promises that it changed nothing.
    fn apply(&mut self, db: &Connection, op: &Self::Op) -> Result<Self::Answer, Stop<Self::Error>>;

    /// Losing this operation in a power failure does no harm, so that it need not wait for the disk.
    fn lazy(_op: &Self::Op) -> bool {
        false
    }

    /// Called in order for each operation that was applied, after the commit and before the answer.
    fn committed(
        &mut self,
        _db: &Connection,
        _op: Self::Op,
        answer: Self::Answer,
    ) -> Result<Self::Answer, Self::Error> {
        Ok(answer)
    }

    /// Called after a rollback: what was counted in memory since the last commit did not happen.
    fn rolled_back(&mut self, _db: &Connection) {}

    /// Called between transactions, for housekeeping in small portions.
    fn tidy(&mut self, _db: &Connection) {}

    /// The error for trouble in the driver.
    fn failed(reason: String) -> Self::Error;
}

/// Why an operation was not applied.
pub(crate) enum Stop<E> {
    /// For a reason of its own; it has changed nothing, and its neighbours go on.
    Refused(E),
    /// SQLite failed; the transaction must be rolled back.
    Failed(rusqlite::Error),
}

impl<E> From<rusqlite::Error> for Stop<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

struct Request<M: Machine> {
    op: M::Op,
    answer: oneshot::Sender<Result<M::Answer, M::Error>>,
}

/// Operations that may wait before callers are held up.
const WAITING: usize = 1024;
/// Operations in one transaction.
const TOGETHER: usize = 512;

/// The handle to a writer thread, which ends with it.
pub(crate) struct Writer<M: Machine> {
    requests: Option<mpsc::Sender<Request<M>>>,
    thread: Option<JoinHandle<()>>,
}

impl<M: Machine> Writer<M> {
    pub(crate) fn start(name: &str, db: Connection, machine: M) -> std::io::Result<Self> {
        let (requests, waiting) = mpsc::channel(WAITING);
        let work = move || work(&db, machine, waiting);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Applies `op`; returns when it is durable. The operation goes on if the caller goes away.
    pub(crate) async fn run(&self, op: M::Op) -> Result<M::Answer, M::Error> {
        let (answer, answered) = oneshot::channel();
        let gone = || M::failed("the writer has stopped".to_owned());
        let Some(requests) = &self.requests else { return Err(gone()) };
        requests.send(Request { op, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Whether the thread takes operations.
    pub(crate) fn is_running(&self) -> bool {
        self.requests.as_ref().is_some_and(|requests| !requests.is_closed())
    }
}

impl<M: Machine> Drop for Writer<M> {
    fn drop(&mut self) {
        drop(self.requests.take());
        // Waiting for it means that the file is closed and can be opened again.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("a writer thread had panicked");
        }
    }
}

fn work<M: Machine>(db: &Connection, mut machine: M, mut waiting: mpsc::Receiver<Request<M>>) {
    let mut requests = Vec::with_capacity(TOGETHER);
    let mut transaction = Transaction { db, lazy: false };
    while waiting.blocking_recv_many(&mut requests, TOGETHER) > 0 {
        apply_all(&mut transaction, &mut machine, &mut requests);
        machine.tidy(db);
    }
}

/// The transactions of one connection, synchronised with the disk or not.
struct Transaction<'a> {
    db: &'a Connection,
    /// Whether the connection commits without a sync at the moment.
    lazy: bool,
}

impl Transaction<'_> {
    fn begin(&mut self, lazy: bool) -> rusqlite::Result<()> {
        if self.lazy != lazy {
            // Not as a cached statement: this pragma acts when it is prepared.
            self.db.execute_batch(if lazy {
                "PRAGMA synchronous=NORMAL"
            } else {
                "PRAGMA synchronous=FULL"
            })?;
            self.lazy = lazy;
        }
        self.run("BEGIN IMMEDIATE")
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.raw_execute().map(drop)
    }

    fn commit(&self) -> rusqlite::Result<()> {
        let result = self.run("COMMIT");
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    fn roll_back(&self) {
        // SQLite has rolled back by itself after some errors.
        if !self.db.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

/// What made a transaction fail; nothing of it was written.
struct Broken {
    error: rusqlite::Error,
    at_commit: bool,
}

fn apply_all<M: Machine>(transaction: &mut Transaction<'_>, machine: &mut M, requests: &mut Vec<Request<M>>) {
    match attempt(transaction, machine, requests) {
        Ok(()) => {}
        Err(broken) if broken.at_commit || requests.len() == 1 => fail(requests, &broken),
        // One operation failed. The others must not suffer for it: each gets its own transaction.
        Err(_) => {
            for request in requests.drain(..) {
                let mut alone = vec![request];
                if let Err(broken) = attempt(transaction, machine, &mut alone) {
                    fail(&mut alone, &broken);
                }
            }
        }
    }
}

fn fail<M: Machine>(requests: &mut Vec<Request<M>>, broken: &Broken) {
    tracing::error!(error = %broken.error, operations = requests.len(), "a write failed");
    for request in requests.drain(..) {
        drop(request.answer.send(Err(M::failed(broken.error.to_string()))));
    }
}

/// Applies and answers `requests`, or leaves them there and the file as it was.
fn attempt<M: Machine>(
    transaction: &mut Transaction<'_>,
    machine: &mut M,
    requests: &mut Vec<Request<M>>,
) -> Result<(), Broken> {
    let broken = |error| Broken { error, at_commit: false };
    let db = transaction.db;
    transaction.begin(requests.iter().all(|request| M::lazy(&request.op))).map_err(broken)?;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests.iter() {
        match machine.apply(db, &request.op) {
            Ok(answer) => answers.push(Ok(answer)),
            Err(Stop::Refused(error)) => answers.push(Err(error)),
            Err(Stop::Failed(error)) => {
                transaction.roll_back();
                machine.rolled_back(db);
                return Err(broken(error));
            }
        }
    }
    if let Err(error) = transaction.commit() {
        machine.rolled_back(db);
        return Err(Broken { error, at_commit: true });
    }
    for (request, answer) in requests.drain(..).zip(answers) {
        let answer = answer.and_then(|answer| machine.committed(db, request.op, answer));
        // Fails if the caller has gone away, which changes nothing.
        drop(request.answer.send(answer));
    }
    Ok(())
}

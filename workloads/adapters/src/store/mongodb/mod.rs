//! The store driver on MongoDB: one database per service, one collection per kind, and `claims`.
//!
//! It relies on atomic writes of single documents and on the uniqueness of `_id` alone, so it runs on any
//! server that speaks the protocol: no transactions, change streams, `$expr`, `$lookup` nor update
//! pipelines. Writes are acknowledged by a majority and its journals; reads see what a majority has.
//! Query forms and filters are made in [`filter`]; indexes only make things faster.

mod claims;
mod envelope;
pub mod filter;
mod open;
mod query;
mod read;
mod relay;
mod write;

pub use open::{MongoOptions, OpenError};

use api::{Kind, Timestamp};
use bson::{Document as Bdoc, doc};
use kit::Boxed;
use kit::store::{
    DocKey, Document, KindSchema, Page, Published, Query, Selector, Store, StoreError, Unpublished, Write,
};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::{Collection, Database};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

/// The server's code for an `_id` that exists.
const DUPLICATE: i32 = 11_000;

/// A service's database on MongoDB. Cheap to clone.
#[derive(Clone)]
pub struct MongoStore {
    inner: Arc<Inner>,
}

/// What is needed to work on one kind.
struct KindEntry {
    schema: KindSchema,
    docs: Collection<Bdoc>,
    /// Lets through what a [`Document`] is made of.
    whole: Bdoc,
}

struct Inner {
    db: Database,
    claims: Collection<Bdoc>,
    kinds: BTreeMap<Kind, KindEntry>,
    options: MongoOptions,
}

impl MongoStore {
    /// Connects, checks that the server answers and creates what indexes are missing.
    ///
    /// # Errors
    /// When the URI or the database's name cannot be used, the server cannot be reached or refuses, or
    /// the data was written by a newer version. No message holds a credential.
    pub async fn open(
        uri: &str,
        database: &str,
        kinds: &[KindSchema],
        options: MongoOptions,
    ) -> Result<Self, OpenError> {
        open::open(uri, database, kinds, options).await.map(|inner| Self { inner: Arc::new(inner) })
    }

    /// The database, for maintenance and tests.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.inner.db
    }

    /// Runs one operation, which ends with an error when the server does not answer in time.
    fn run<T, F>(&self, operation: impl FnOnce(Arc<Inner>) -> F) -> Boxed<'static, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let limit = self.inner.options.operation_timeout;
        let operation = operation(Arc::clone(&self.inner));
        Box::pin(
            async move { tokio::time::timeout(limit, operation).await.unwrap_or_else(|_| Err(no_answer())) },
        )
    }
}

impl Inner {
    fn entry(&self, kind: Kind) -> Result<&KindEntry, StoreError> {
        self.kinds.get(&kind).ok_or_else(|| StoreError::Failed(format!("this database keeps no {kind}")))
    }
}

impl Store for MongoStore {
    fn get(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
    ) -> Boxed<'_, Result<Option<Document>, StoreError>> {
        let (project, selector) = (project.to_owned(), selector.clone());
        self.run(|inner| async move { inner.get(&project, kind, &selector).await })
    }

    fn view(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
        view: &'static str,
    ) -> Boxed<'_, Result<Option<String>, StoreError>> {
        let (project, selector) = (project.to_owned(), selector.clone());
        self.run(|inner| async move { inner.view(&project, kind, &selector, view).await })
    }

    fn views(
        &self,
        project: &str,
        kind: Kind,
        selectors: Vec<Selector>,
        view: &'static str,
    ) -> Boxed<'_, Result<Vec<Option<String>>, StoreError>> {
        let project = project.to_owned();
        self.run(|inner| async move { inner.views(&project, kind, selectors, view).await })
    }

    fn write(&self, write: Write) -> Boxed<'_, Result<(), StoreError>> {
        // A task of its own, so that a caller who goes away leaves no write half done and no claim behind.
        self.run(|inner| async move {
            match tokio::spawn(async move { inner.write(write).await }).await {
                Ok(done) => done,
                Err(e) => Err(StoreError::Failed(format!("the write did not end: {e}"))),
            }
        })
    }

    fn query(&self, query: Query) -> Boxed<'_, Result<Page, StoreError>> {
        // It has a time limit of its own.
        Box::pin(self.inner.query(query))
    }

    fn due(
        &self,
        kinds: Vec<Kind>,
        now: Timestamp,
        limit: u32,
    ) -> Boxed<'_, Result<Vec<DocKey>, StoreError>> {
        self.run(move |inner| async move { inner.due(&kinds, now, limit).await })
    }

    fn unpublished(
        &self,
        kinds: Option<Vec<Kind>>,
        limit: u32,
    ) -> Boxed<'_, Result<Vec<Unpublished>, StoreError>> {
        self.run(move |inner| async move { inner.unpublished(kinds.as_deref(), limit).await })
    }

    fn published(&self, up_to: Vec<Published>) -> Boxed<'_, Result<(), StoreError>> {
        self.run(|inner| async move { inner.published(up_to).await })
    }

    fn ping(&self) -> Boxed<'_, Result<(), StoreError>> {
        self.run(|inner| async move {
            inner.db.run_command(doc! {"ping": 1}).await.map(drop).map_err(|e| failed(&e))
        })
    }
}

fn no_answer() -> StoreError {
    StoreError::Failed("the database did not answer in time".to_owned())
}

/// The port's error for a driver's.
fn failed(e: &Error) -> StoreError {
    match code(e) {
        // MaxTimeMSExpired, ExceededTimeLimit
        Some(50 | 262) => StoreError::TimedOut,
        _ => refusal(e).unwrap_or_else(|| StoreError::Failed(e.kind.to_string())),
    }
}

/// The port's error if the server said that it wrote nothing because it never would; `None` if unknown.
fn refusal(e: &Error) -> Option<StoreError> {
    match code(e)? {
        // Overflow (nesting), BSONObjectTooLarge, and the same after an update
        15 | 10_334 | 17_419 | 17_420 => Some(StoreError::TooLarge),
        _ => None,
    }
}

fn is_duplicate(e: &Error) -> bool {
    code(e) == Some(DUPLICATE)
}

/// The server's code of an error about the operation itself, not about its acknowledgement.
fn code(e: &Error) -> Option<i32> {
    match e.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        _ => None,
    }
}

//! The `Store` port: documents in an envelope, compare-and-set writes, claims on unique values,
//! an outbox, and queries by predicate.
//!
//! Contract, proven for each driver by one conformance suite (the crate `conformance`):
//! - A [`Store::write`] that returns `Ok` is durable: on disk before the answer.
//! - Every write is one compare-and-set on `rev` and carries views, claims and events together:
//!   all of it happens or nothing.
//! - Reads by [`Store::view`], [`Store::views`] and [`Store::query`] see live documents only and give
//!   back the JSON text that was written, byte for byte.
//! - Events of one document are handed to the relay in the order of `change_seq` and stay until
//!   [`Store::published`] says they are out, also after a crash.

use crate::Boxed;
use crate::bus::Event;
use api::{Id, Kind, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Names a document within a service's database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocKey {
    /// The project.
    pub project: String,
    /// The kind.
    pub kind: Kind,
    /// The id, unique within project and kind.
    pub id: Id,
}

/// What clients may see of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// In the making by a saga; API reads do not see it.
    Pending,
    /// Visible.
    Live,
    /// Gone for clients; its claims are free. The store forgets it when its outbox is empty.
    Deleted,
}

/// One face of a document: the JSON text as clients get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The name; [`MAIN`] for the only or principal one.
    pub name: &'static str,
    /// The JSON object text. Predicates and sorts run on its content.
    pub served: String,
}

/// The name of a document's principal view.
pub const MAIN: &str = "main";

/// A value that no two documents of a project and kind may hold at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Which unique field: `key`, `sku`, `slug.en`, `email`.
    pub name: Cow<'static, str>,
    /// The value, normalised if the rule compares that way.
    pub value: String,
}

impl Claim {
    /// The claim of `value` for the unique field `name`.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A document with its envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its name.
    pub key: DocKey,
    /// What clients see of it.
    pub visibility: Visibility,
    /// Raised by every write. A new document is written with 1.
    pub rev: i64,
    /// What clients compare.
    pub version: i64,
    /// At least the view [`MAIN`].
    pub views: Vec<View>,
    /// What no client may see, filter, sort or expand by: JSON text.
    pub hidden: Option<String>,
    /// The unique values that it holds.
    pub claims: Vec<Claim>,
    /// The number of the last change event.
    pub change_seq: i64,
    /// The number of the last message.
    pub message_seq: i64,
    /// When the recovery loop should look at it.
    pub due_at: Option<Timestamp>,
}

impl Document {
    /// The text of the view of that name.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&str> {
        self.views.iter().find(|v| v.name == name).map(|v| v.served.as_str())
    }
}

/// A write: the document as it shall be and the events that tell of it.
#[derive(Debug, Clone)]
pub struct Write {
    /// `None` to insert (no document of that key may exist, deleted ones aside), else the `rev` that
    /// the stored document must have. `document.rev` is the new one.
    pub expected_rev: Option<i64>,
    /// The whole new document.
    pub document: Document,
    /// Appended to the outbox, in order.
    pub events: Vec<Event>,
}

/// Names one document by id or by a claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Selector {
    /// By id.
    Id(Id),
    /// By a unique value.
    Claim(Claim),
}

impl Selector {
    /// The document whose `key` claim is `key`.
    #[must_use]
    pub fn key(key: &str) -> Self {
        Self::Claim(Claim::new("key", key))
    }
}

/// One sort criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Field names from the root of the view. Missing values come first when ascending.
    pub path: Vec<String>,
    /// Largest first.
    pub descending: bool,
}

/// A query over the live documents of one project and kind.
#[derive(Debug, Clone)]
pub struct Query {
    /// The project.
    pub project: String,
    /// The kind.
    pub kind: Kind,
    /// Documents without this view are passed over.
    pub view: &'static str,
    /// All of these must hold. They were checked against the kind's model.
    pub filters: Vec<predicate::Bound>,
    /// In order; ties, and everything when it is empty, by id.
    pub sort: Vec<Sort>,
    /// At most this many results, 0..=500.
    pub limit: u32,
    /// Results to skip.
    pub offset: u32,
    /// Count the matches up to this number; `None` counts none.
    pub count_to: Option<u64>,
    /// Ends with [`StoreError::TimedOut`] after this time.
    pub time_limit: Duration,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The view's texts.
    pub results: Vec<String>,
    /// The number of matches, if it was asked for.
    pub total: Option<u64>,
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The document's `rev` is not the expected one, or it exists already, or no longer.
    #[error("the document changed meanwhile")]
    Conflict,
    /// Another document holds this unique value.
    #[error("the value '{}' of '{}' is taken", .0.value, .0.name)]
    Claimed(Claim),
    /// The query ran longer than its limit.
    #[error("the query ran into its time limit")]
    TimedOut,
    /// The document is larger than the store takes.
    #[error("the document is too large to store")]
    TooLarge,
    /// Driver trouble; for the log only.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// What a driver must know of a kind before the first write.
#[derive(Debug, Clone)]
pub struct KindSchema {
    /// The kind.
    pub kind: Kind,
    /// Its views, [`MAIN`] first.
    pub views: &'static [&'static str],
    /// Dotted paths of text fields of [`MAIN`] that queries often ask for by equality.
    pub indexes: &'static [&'static str],
}

/// The events of one document that are not yet known to be published.
#[derive(Debug, Clone)]
pub struct Unpublished {
    /// The document.
    pub key: DocKey,
    /// In order of `change_seq`.
    pub events: Vec<Event>,
}

impl Unpublished {
    /// What to tell the store when all of them are out.
    #[must_use]
    pub fn published(&self) -> Option<Published> {
        let last = self.events.last()?;
        Some(Published { key: self.key.clone(), up_to: last.change_seq, last: last.id.clone() })
    }
}

/// How far one document's outbox is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The document.
    pub key: DocKey,
    /// The `change_seq` of the last event that is out.
    pub up_to: i64,
    /// Its id, which tells it from a later event of the same number: a document that took the id of a
    /// deleted one is numbered anew.
    pub last: String,
}

/// A service's database.
pub trait Store: Send + Sync + 'static {
    /// The whole document, whatever its visibility (deleted ones are absent).
    fn get(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
    ) -> Boxed<'_, Result<Option<Document>, StoreError>>;

    /// A live document's view.
    fn view(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
        view: &'static str,
    ) -> Boxed<'_, Result<Option<String>, StoreError>>;

    /// Several live documents' views of one kind at once, in the order of `selectors`.
    fn views(
        &self,
        project: &str,
        kind: Kind,
        selectors: Vec<Selector>,
        view: &'static str,
    ) -> Boxed<'_, Result<Vec<Option<String>>, StoreError>>;

    /// Writes one document. See the module's contract.
    fn write(&self, write: Write) -> Boxed<'_, Result<(), StoreError>>;

    /// Runs a query.
    fn query(&self, query: Query) -> Boxed<'_, Result<Page, StoreError>>;

    /// Up to `limit` documents of these kinds whose `due_at` is not after `now`, earliest first.
    fn due(&self, kinds: Vec<Kind>, now: Timestamp, limit: u32)
    -> Boxed<'_, Result<Vec<DocKey>, StoreError>>;

    /// Up to `limit` documents with unpublished events: those of `kinds`, or of all for `None`. Where one
    /// look tells of all kinds, others may be among them.
    fn unpublished(
        &self,
        kinds: Option<Vec<Kind>>,
        limit: u32,
    ) -> Boxed<'_, Result<Vec<Unpublished>, StoreError>>;

    /// Removes the events up to these from the outboxes. Does not touch `rev`. Where another relay has
    /// done so already, nothing happens.
    fn published(&self, up_to: Vec<Published>) -> Boxed<'_, Result<(), StoreError>>;

    /// Whether the database answers.
    fn ping(&self) -> Boxed<'_, Result<(), StoreError>>;
}

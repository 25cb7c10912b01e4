//! The SQLite store: one file per service, one writer thread with group commit, readers on the calling
//! threads.
//!
//! Each kind has a table with a column per view, so that a read passes on the text as it was written.
//! Claims are rows in the same transaction. A deleted document's row goes at once; its outbox rows stay
//! until they are published.

pub mod filter;
mod query;
mod schema;
mod write;

use crate::sqlite::open::{Format, OpenError, open_writer};
use crate::sqlite::queries::{Queries, QueryError};
use crate::sqlite::readers::{Readers, parallelism};
use crate::sqlite::writer::Writer;
use api::{Id, Kind, Timestamp};
use futures::future::ready;
use kit::Boxed;
use kit::bus::Event;
use kit::store::{
    DocKey, Document, KindSchema, Page, Published, Query, Selector, Store, StoreError, Unpublished, View,
    Visibility, Write,
};
use rusqlite::{Connection, OptionalExtension, Row, Statement};
use schema::KindSql;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use write::{Op, StoreMachine};

const FORMAT: Format = Format { application: 0x0043_5331, version: 1 };
/// The largest document in bytes, all views and hidden parts together; also the most that the events of
/// one write may take.
const LARGEST: usize = 16 << 20;
/// How long the reads of the relay and of the recovery loop may take.
const BACKGROUND: Duration = Duration::from_secs(30);
/// Events that one call of `unpublished` gives at most, so that a backlog does not fill the memory.
const EVENTS: usize = 5_000;
/// Bytes of events after which one call of `unpublished` takes no more.
const EVENT_BYTES: usize = 16 << 20;

/// A service's SQLite file.
pub struct SqliteStore {
    kinds: Arc<[KindSql]>,
    // Before the writer: the last one to close the file works the write-ahead log into it.
    readers: Readers,
    queries: Queries,
    writer: Writer<StoreMachine>,
}

impl SqliteStore {
    /// Opens or creates the file `path` for documents of these kinds. Only one process may have it open:
    /// see [`lock_data_dir`](crate::lock_data_dir).
    pub fn open(path: &Path, kinds: &[KindSchema]) -> Result<Self, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::of_sqlite(path, &error);
        let db = open_writer(path, FORMAT, |db, _version| schema::prepare(db, kinds))?;
        let next = write::next_outbox_row(&db).map_err(failed)?;
        let readers = Readers::open(path, parallelism())?;
        let kinds: Arc<[KindSql]> = kinds.iter().map(KindSql::new).collect();
        let machine = StoreMachine { kinds: Arc::clone(&kinds), next };
        let writer =
            Writer::start("store-writer", db, machine).map_err(|error| OpenError::of_io(path, &error))?;
        Ok(Self { kinds, readers, queries: Queries::new(path), writer })
    }

    fn sql(&self, kind: Kind) -> Result<&KindSql, StoreError> {
        let sql = self.kinds.iter().find(|sql| sql.kind == kind);
        sql.ok_or_else(|| StoreError::Failed(format!("the store knows no kind '{kind}'")))
    }

    fn read_document(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
    ) -> Result<Option<Document>, StoreError> {
        let sql = self.sql(kind)?;
        let read = |row: &Row<'_>| document(row, sql, project);
        let result = self.readers.with(|db| match selector {
            Selector::Id(id) => db.prepare_cached(&sql.by_id)?.query_row((project, id.as_str()), read),
            Selector::Claim(claim) => {
                let name: &str = &claim.name;
                db.prepare_cached(&sql.by_claim)?.query_row((project, name, &claim.value), read)
            }
        });
        result.optional().map_err(|error| failed(&error))
    }

    fn read_views(
        &self,
        project: &str,
        kind: Kind,
        selectors: &[Selector],
        view: &str,
    ) -> Result<Vec<Option<String>>, StoreError> {
        let sql = self.sql(kind)?;
        let Some(sql) = sql.view(view) else {
            return Err(StoreError::Failed(format!("the store knows no view '{view}' of kind '{kind}'")));
        };
        self.readers
            .with(|db| {
                let (mut by_id, mut by_claim): (Option<_>, Option<_>) = (None, None);
                // One transaction for all: they are of one moment, and the file is locked once.
                let transaction = (selectors.len() > 1).then(|| db.unchecked_transaction()).transpose()?;
                let views: rusqlite::Result<Vec<_>> = selectors
                    .iter()
                    .map(|selector| match selector {
                        Selector::Id(id) => {
                            one_view(prepared(&mut by_id, db, &sql.by_id)?, (project, id.as_str()))
                        }
                        Selector::Claim(claim) => {
                            let name: &str = &claim.name;
                            let statement = prepared(&mut by_claim, db, &sql.by_claim)?;
                            one_view(statement, (project, name, claim.value.as_str()))
                        }
                    })
                    .collect();
                drop((by_id, by_claim));
                transaction.map_or(Ok(()), rusqlite::Transaction::finish)?;
                views
            })
            .map_err(|error| failed(&error))
    }
}

fn prepared<'a, 'db>(
    slot: &'a mut Option<rusqlite::CachedStatement<'db>>,
    db: &'db Connection,
    sql: &str,
) -> rusqlite::Result<&'a mut Statement<'db>> {
    Ok(match slot {
        Some(statement) => statement,
        None => slot.insert(db.prepare_cached(sql)?),
    })
}

fn one_view(
    statement: &mut Statement<'_>,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Option<String>> {
    statement.query_row(params, |row| row.get(0)).optional().map(Option::flatten)
}

/// The document in a row of `KindSql::by_id` or `by_claim`.
fn document(row: &Row<'_>, sql: &KindSql, project: &str) -> rusqlite::Result<Document> {
    let claims = match row.get_ref(6)?.as_str_or_null()? {
        Some(text) => write::read_claims(text)?,
        None => Vec::new(),
    };
    let mut views = Vec::with_capacity(sql.views.len());
    for (view, column) in sql.views.iter().zip(9..) {
        if let Some(served) = row.get(column)? {
            views.push(View { name: view.name, served });
        }
    }
    Ok(Document {
        key: DocKey { project: project.to_owned(), kind: sql.kind, id: id_of(row, 8)? },
        visibility: if row.get(0)? { Visibility::Live } else { Visibility::Pending },
        rev: row.get(1)?,
        version: row.get(2)?,
        change_seq: row.get(3)?,
        message_seq: row.get(4)?,
        due_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
        claims,
        hidden: row.get(7)?,
        views,
    })
}

fn id_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Id> {
    let text = row.get_ref(column)?.as_str()?;
    Id::parse(text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, "not an id".into())
    })
}

fn failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

impl From<QueryError> for StoreError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TimedOut => Self::TimedOut,
            QueryError::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl Store for SqliteStore {
    fn get(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
    ) -> Boxed<'_, Result<Option<Document>, StoreError>> {
        Box::pin(ready(self.read_document(project, kind, selector)))
    }

    fn view(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
        view: &'static str,
    ) -> Boxed<'_, Result<Option<String>, StoreError>> {
        let views = self.read_views(project, kind, std::slice::from_ref(selector), view);
        Box::pin(ready(views.map(|mut views| views.pop().flatten())))
    }

    fn views(
        &self,
        project: &str,
        kind: Kind,
        selectors: Vec<Selector>,
        view: &'static str,
    ) -> Boxed<'_, Result<Vec<Option<String>>, StoreError>> {
        Box::pin(ready(self.read_views(project, kind, &selectors, view)))
    }

    fn write(&self, write: Write) -> Boxed<'_, Result<(), StoreError>> {
        let document = &write.document;
        let size = document.views.iter().map(|view| view.served.len()).sum::<usize>()
            + document.hidden.as_ref().map_or(0, String::len);
        let told = write.events.iter().map(|event| event.data.len()).sum::<usize>();
        if size > LARGEST || told > LARGEST {
            return Box::pin(ready(Err(StoreError::TooLarge)));
        }
        Box::pin(self.writer.run(Op::Write(write)))
    }

    fn query(&self, query: Query) -> Boxed<'_, Result<Page, StoreError>> {
        Box::pin(async move {
            let time_limit = query.time_limit;
            let sql = query::Sql::of(self.sql(query.kind)?, query)?;
            Ok(self.queries.run(time_limit, move |db| sql.run(db)).await?)
        })
    }

    fn due(
        &self,
        kinds: Vec<Kind>,
        now: Timestamp,
        limit: u32,
    ) -> Boxed<'_, Result<Vec<DocKey>, StoreError>> {
        let known = Arc::clone(&self.kinds);
        Box::pin(async move {
            let asked = move |db: &Connection| {
                let kinds = known.iter().filter(|sql| kinds.contains(&sql.kind));
                Ok(due(db, kinds, now, limit)?)
            };
            Ok(self.queries.run(BACKGROUND, asked).await?)
        })
    }

    fn unpublished(
        &self,
        // The kinds share a table, which is read in the order of writing.
        _kinds: Option<Vec<Kind>>,
        limit: u32,
    ) -> Boxed<'_, Result<Vec<Unpublished>, StoreError>> {
        Box::pin(
            async move { Ok(self.queries.run(BACKGROUND, move |db| Ok(unpublished(db, limit)?)).await?) },
        )
    }

    fn published(&self, up_to: Vec<Published>) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(self.writer.run(Op::Published(up_to)))
    }

    fn ping(&self) -> Boxed<'_, Result<(), StoreError>> {
        let result = if self.writer.is_running() {
            let one = |db: &Connection| db.prepare_cached("SELECT 1")?.query_row([], |_| Ok(()));
            self.readers.with(one).map_err(|error| failed(&error))
        } else {
            Err(StoreError::Failed("the writer has stopped".to_owned()))
        };
        Box::pin(ready(result))
    }
}

fn due<'a>(
    db: &Connection,
    kinds: impl Iterator<Item = &'a KindSql>,
    now: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<DocKey>> {
    let mut found = Vec::new();
    for sql in kinds {
        let mut statement = db.prepare_cached(&sql.due)?;
        let mut rows = statement.query((now.as_millis(), limit))?;
        while let Some(row) = rows.next()? {
            let key = DocKey { project: row.get(1)?, kind: sql.kind, id: id_of(row, 2)? };
            found.push((row.get::<_, i64>(0)?, key));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(found.into_iter().take(limit).map(|(_, key)| key).collect())
}

/// Oldest first. A document's events end where the numbers fall: what follows belongs to a new document of
/// the same id, whose turn comes when the old one's are out.
fn unpublished(db: &Connection, limit: u32) -> rusqlite::Result<Vec<Unpublished>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut statement = db.prepare_cached(
        "SELECT kind, project, id, change_seq, event, topic, type, key, time, data FROM outbox ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let mut found: Vec<Unpublished> = Vec::new();
    let mut places: HashMap<DocKey, usize> = HashMap::new();
    let (mut looked_at, mut bytes) = (0, 0);
    while looked_at < EVENTS
        && bytes < EVENT_BYTES
        && let Some(row) = rows.next()?
    {
        looked_at += 1;
        let Some(kind) = Kind::from_type_id(row.get_ref(0)?.as_str()?) else { continue };
        let key = DocKey { project: row.get(1)?, kind, id: id_of(row, 2)? };
        let event = Event {
            change_seq: row.get(3)?,
            id: row.get(4)?,
            topic: row.get(5)?,
            kind: row.get(6)?,
            key: row.get(7)?,
            time: Timestamp::from_millis(row.get(8)?),
            data: row.get(9)?,
        };
        bytes += event.data.len();
        if let Some(place) = places.get(&key) {
            let same = &mut found[*place].events;
            if same.last().is_some_and(|last| last.change_seq < event.change_seq) {
                same.push(event);
            }
        } else if found.len() < limit {
            places.insert(key.clone(), found.len());
            found.push(Unpublished { key, events: vec![event] });
        } else {
            // What follows of the documents that were taken comes next time.
            break;
        }
    }
    Ok(found)
}

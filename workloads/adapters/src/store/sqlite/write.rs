//! What the writer thread of a store does: compare-and-set writes with their claims and events.

use super::schema::KindSql;
use crate::sqlite::writer::{Machine, Stop};
use api::Kind;
use kit::bus::Event;
use kit::store::{Claim, DocKey, Document, Published, StoreError, Visibility, Write};
use rusqlite::{Connection, OptionalExtension, Statement};
use std::collections::HashSet;
use std::sync::Arc;

const CLAIM_OWNER: &str =
    "SELECT doc FROM claim WHERE kind = ?1 AND project = ?2 AND name = ?3 AND value = ?4";
const CLAIM: &str =
    "INSERT INTO claim (kind, project, name, value, doc) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const RELEASE: &str =
    "DELETE FROM claim WHERE kind = ?1 AND project = ?2 AND name = ?3 AND value = ?4 AND doc = ?5";
const APPEND: &str =
    "INSERT INTO outbox (kind, project, id, seq, change_seq, event, topic, type, key, time, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const OUTBOX: &str =
    "SELECT seq, change_seq, event FROM outbox WHERE id = ?1 AND project = ?2 AND kind = ?3 ORDER BY seq";
const REMOVE: &str = "DELETE FROM outbox WHERE seq = ?1";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 6] = [CLAIM_OWNER, CLAIM, RELEASE, APPEND, OUTBOX, REMOVE];

/// What is written.
pub(super) enum Op {
    /// A document.
    Write(Write),
    /// Events went out.
    Published(Vec<Published>),
}

/// Applies [`Op`]s.
pub(super) struct StoreMachine {
    pub kinds: Arc<[KindSql]>,
    /// The number of the next outbox row.
    pub next: i64,
}

/// The number that outbox rows go on with.
pub(super) fn next_outbox_row(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT ifnull(max(seq), 0) + 1 FROM outbox", [], |row| row.get(0))
}

type Outcome = Result<(), Stop<StoreError>>;

fn refused(error: StoreError) -> Outcome {
    Err(Stop::Refused(error))
}

impl Machine for StoreMachine {
    type Op = Op;
    type Answer = ();
    type Error = StoreError;

    fn apply(&mut self, db: &Connection, op: &Op) -> Outcome {
        match op {
            Op::Write(write) => self.write(db, write),
            Op::Published(up_to) => {
                up_to.iter().try_for_each(|published| remove(db, published))?;
                Ok(())
            }
        }
    }

    /// Events that are published twice do no harm.
    fn lazy(op: &Op) -> bool {
        matches!(op, Op::Published(_))
    }

    fn failed(reason: String) -> StoreError {
        StoreError::Failed(reason)
    }
}

impl StoreMachine {
    fn write(&mut self, db: &Connection, write: &Write) -> Outcome {
        let kinds = Arc::clone(&self.kinds);
        let key = &write.document.key;
        let Some(sql) = kinds.iter().find(|sql| sql.kind == key.kind) else {
            return refused(StoreError::Failed(format!("the store knows no kind '{}'", key.kind)));
        };
        if let Some(view) = write.document.views.iter().find(|view| sql.view(view.name).is_none()) {
            let reason = format!("the store knows no view '{}' of kind '{}'", view.name, key.kind);
            return refused(StoreError::Failed(reason));
        }
        match write.expected_rev {
            None => insert(db, sql, &write.document)?,
            Some(rev) => replace(db, sql, &write.document, rev)?,
        }
        self.append(db, key, &write.events)
    }

    fn append(&mut self, db: &Connection, key: &DocKey, events: &[Event]) -> Outcome {
        if events.is_empty() {
            return Ok(());
        }
        let mut statement = db.prepare_cached(APPEND)?;
        for event in events {
            statement.execute((
                key.kind.type_id(),
                &key.project,
                key.id.as_str(),
                self.next,
                event.change_seq,
                &event.id,
                &event.topic,
                &event.kind,
                &event.key,
                event.time.as_millis(),
                &event.data,
            ))?;
            // Never set back: a number that a rollback skips is only skipped.
            self.next += 1;
        }
        Ok(())
    }
}

/// Removes a document's events up to a number, but none after the numbers fall: those belong to a new
/// document of the same id.
fn remove(db: &Connection, Published { key, up_to, last }: &Published) -> rusqlite::Result<()> {
    let mut out = Vec::new();
    let mut before = i64::MIN;
    let mut statement = db.prepare_cached(OUTBOX)?;
    let mut rows = statement.query((key.id.as_str(), &key.project, key.kind.type_id()))?;
    loop {
        // Without the last one among them, they are out already, or another document's.
        let Some(row) = rows.next()? else { return Ok(()) };
        let (seq, change_seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        if change_seq <= before || change_seq > *up_to {
            return Ok(());
        }
        before = change_seq;
        out.push(seq);
        if row.get_ref(2)?.as_str()? == last {
            break;
        }
    }
    let mut statement = db.prepare_cached(REMOVE)?;
    out.into_iter().try_for_each(|seq| statement.execute([seq]).map(drop))
}

fn insert(db: &Connection, sql: &KindSql, document: &Document) -> Outcome {
    let exists = || Ok::<_, rusqlite::Error>(find(db, sql, &document.key)?.is_some());
    if document.visibility == Visibility::Deleted {
        return if exists()? { refused(StoreError::Conflict) } else { Ok(()) };
    }
    let mut owner = db.prepare_cached(CLAIM_OWNER)?;
    for claim in &document.claims {
        if owner_of(&mut owner, &document.key, claim)?.is_some() {
            // The document's own claim, if it exists already.
            let error = if exists()? { StoreError::Conflict } else { StoreError::Claimed(claim.clone()) };
            return refused(error);
        }
    }
    let mut statement = db.prepare_cached(&sql.insert)?;
    statement.raw_bind_parameter(1, &document.key.project)?;
    statement.raw_bind_parameter(2, document.key.id.as_str())?;
    bind_body(&mut statement, 3, sql, document, claims_text(&document.claims).as_deref())?;
    if statement.raw_execute()? == 0 {
        return refused(StoreError::Conflict);
    }
    let doc = db.last_insert_rowid();
    hold(db, &document.key, document.claims.iter(), doc)?;
    Ok(())
}

fn replace(db: &Connection, sql: &KindSql, document: &Document, expected: i64) -> Outcome {
    let Some((doc, rev, held)) = find(db, sql, &document.key)? else {
        return refused(StoreError::Conflict);
    };
    if rev != expected {
        return refused(StoreError::Conflict);
    }
    let gone = document.visibility == Visibility::Deleted;
    let claims = if gone { None } else { claims_text(&document.claims) };
    if claims != held {
        let held = held.as_deref().map_or(Ok(Vec::new()), read_claims)?;
        let wanted = if gone { &[][..] } else { &document.claims };
        let before: HashSet<&Claim> = held.iter().collect();
        let after: HashSet<&Claim> = wanted.iter().collect();
        let mut owner = db.prepare_cached(CLAIM_OWNER)?;
        for claim in wanted.iter().filter(|claim| !before.contains(claim)) {
            if owner_of(&mut owner, &document.key, claim)?.is_some() {
                return refused(StoreError::Claimed(claim.clone()));
            }
        }
        release(db, &document.key, held.iter().filter(|claim| !after.contains(claim)), doc)?;
        hold(db, &document.key, wanted.iter().filter(|claim| !before.contains(claim)), doc)?;
    }
    if gone {
        db.prepare_cached(&sql.delete)?.execute([doc])?;
        return Ok(());
    }
    let mut statement = db.prepare_cached(&sql.update)?;
    statement.raw_bind_parameter(1, doc)?;
    bind_body(&mut statement, 2, sql, document, claims.as_deref())?;
    statement.raw_execute()?;
    Ok(())
}

fn bind_body(
    statement: &mut Statement<'_>,
    first: usize,
    sql: &KindSql,
    document: &Document,
    claims: Option<&str>,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(first, document.visibility == Visibility::Live)?;
    statement.raw_bind_parameter(first + 1, document.rev)?;
    statement.raw_bind_parameter(first + 2, document.version)?;
    statement.raw_bind_parameter(first + 3, document.change_seq)?;
    statement.raw_bind_parameter(first + 4, document.message_seq)?;
    statement.raw_bind_parameter(first + 5, document.due_at.map(api::Timestamp::as_millis))?;
    statement.raw_bind_parameter(first + 6, claims)?;
    statement.raw_bind_parameter(first + 7, document.hidden.as_deref())?;
    for (view, n) in sql.views.iter().zip(first + 8..) {
        statement.raw_bind_parameter(n, document.view(view.name))?;
    }
    Ok(())
}

/// The row, `rev` and claims of a document.
fn find(
    db: &Connection,
    sql: &KindSql,
    key: &DocKey,
) -> rusqlite::Result<Option<(i64, i64, Option<String>)>> {
    db.prepare_cached(&sql.find)?
        .query_row((&key.project, key.id.as_str()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()
}

fn owner_of(statement: &mut Statement<'_>, key: &DocKey, claim: &Claim) -> rusqlite::Result<Option<i64>> {
    let name: &str = &claim.name;
    statement.query_row((key.kind.type_id(), &key.project, name, &claim.value), |row| row.get(0)).optional()
}

fn hold<'a>(
    db: &Connection,
    key: &DocKey,
    claims: impl Iterator<Item = &'a Claim>,
    doc: i64,
) -> rusqlite::Result<()> {
    change(db, CLAIM, key, claims, doc)
}

fn release<'a>(
    db: &Connection,
    key: &DocKey,
    claims: impl Iterator<Item = &'a Claim>,
    doc: i64,
) -> rusqlite::Result<()> {
    change(db, RELEASE, key, claims, doc)
}

fn change<'a>(
    db: &Connection,
    sql: &str,
    key: &DocKey,
    claims: impl Iterator<Item = &'a Claim>,
    doc: i64,
) -> rusqlite::Result<()> {
    let kind: Kind = key.kind;
    let mut statement = db.prepare_cached(sql)?;
    for claim in claims {
        let name: &str = &claim.name;
        statement.execute((kind.type_id(), &key.project, name, &claim.value, doc))?;
    }
    Ok(())
}

/// Claims as they stand in the document's row: one text, so that unchanged ones are seen at a glance.
fn claims_text(claims: &[Claim]) -> Option<String> {
    if claims.is_empty() {
        return None;
    }
    // Strings always serialise.
    serde_json::to_string(claims).ok()
}

/// Reads what [`claims_text`] wrote.
pub(super) fn read_claims(text: &str) -> rusqlite::Result<Vec<Claim>> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

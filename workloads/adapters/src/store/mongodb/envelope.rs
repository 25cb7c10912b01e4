//! The stored envelope: a document of the port as one BSON document, and back.
//!
//! `{_id: "<project>/<id>", project, id, life, state, rev, version, views: {name: {served, query}}, hidden,
//! claims: [{name, value, nonce}], changeSeq, messageSeq, dueAt, outbox: [event]}`. `served` and `hidden`
//! are JSON texts, given back byte for byte; `query` is what filters and sorts run on. `hidden`, `dueAt`
//! are absent without a value. `life` is a nonce of the insert, in the outbox's entries too: it tells a
//! document from an earlier one of the same id, whose `rev` and events had the same numbers. A tombstone
//! (see [`super::claims`]) is a deleted document that never was.

use super::filter::to_query_form;
use api::{Id, Kind, Timestamp};
use bson::{Bson, Document as Bdoc, doc};
use kit::bus::Event;
use kit::store::{Claim, DocKey, Document, KindSchema, StoreError, View, Visibility};
use std::fmt::Display;

/// What a BSON document may take on the server, less what the server adds to an update.
const LIMIT: usize = 16 * 1024 * 1024 - 64 * 1024;
/// Below this much text no envelope comes near [`LIMIT`], however its query form swells.
const SURELY_SMALL: usize = 128 * 1024;

/// A claim as the owner's document stores it; it counts when the claim's own document has the same nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) claim: Claim,
    pub(super) nonce: String,
}

/// `<project>/<id>`; unambiguous, as project keys have no slash.
pub(super) fn doc_id(project: &str, id: &str) -> String {
    format!("{project}/{id}")
}

/// What a write sets and what it takes away, the outbox aside.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) set: Bdoc,
    pub(super) unset: Bdoc,
}

impl Image {
    /// Encodes all but the claims, which only the writer knows, and `_id`.
    pub(super) fn of(document: &Document) -> Result<Self, StoreError> {
        let mut set = doc! {
            "project": &document.key.project,
            "id": document.key.id.as_str(),
            "state": state(document.visibility),
            "rev": document.rev,
            "version": document.version,
            "changeSeq": document.change_seq,
            "messageSeq": document.message_seq,
        };
        let mut unset = Bdoc::new();
        let gone = document.visibility == Visibility::Deleted;
        if gone {
            unset.insert("views", "");
        } else {
            let mut views = Bdoc::new();
            for view in &document.views {
                let value = serde_json::from_str(&view.served)
                    .map_err(|e| broken(format_args!("the view '{}' is not JSON: {e}", view.name)))?;
                views.insert(view.name, doc! {"served": &view.served, "query": to_query_form(&value)});
            }
            set.insert("views", views);
        }
        match &document.hidden {
            Some(hidden) if !gone => drop(set.insert("hidden", hidden)),
            _ => drop(unset.insert("hidden", "")),
        }
        match document.due_at {
            Some(due_at) if !gone => drop(set.insert("dueAt", due_at.as_millis())),
            _ => drop(unset.insert("dueAt", "")),
        }
        Ok(Self { set, unset })
    }
}

/// Refuses what the server would not take. `text` is the length of all texts that went in.
pub(super) fn ensure_size(encoded: &Bdoc, text: usize) -> Result<(), StoreError> {
    if text < SURELY_SMALL {
        return Ok(());
    }
    match encoded.to_vec() {
        Ok(bytes) if bytes.len() <= LIMIT => Ok(()),
        Ok(_) => Err(StoreError::TooLarge),
        Err(e) => Err(broken(e)),
    }
}

/// Whether the texts alone, which are stored as they are, are more than the server takes: then nothing of them need be
/// encoded to know it.
pub(super) fn is_surely_too_large(document: &Document, events: &[Event]) -> bool {
    let kept = match document.visibility {
        Visibility::Deleted => 0,
        _ => {
            let views: usize = document.views.iter().map(|view| view.served.len()).sum();
            views + document.hidden.as_ref().map_or(0, String::len)
        }
    };
    kept + events.iter().map(|event| event.data.len()).sum::<usize>() > LIMIT
}

/// The length of the texts that a write brings.
pub(super) fn text_len(document: &Document, events: &[Event]) -> usize {
    let views: usize = document.views.iter().map(|v| v.served.len()).sum();
    let events: usize = events.iter().map(|e| e.data.len() + e.key.len() + 256).sum();
    let claims: usize = document.claims.iter().map(|c| c.name.len() + c.value.len() + 64).sum();
    views + events + claims + document.hidden.as_ref().map_or(0, String::len)
}

/// The claims as an array for the owner's document.
pub(super) fn held_to_bson(held: &[Held]) -> Bson {
    let one = |h: &Held| doc! {"name": h.claim.name.as_ref(), "value": &h.claim.value, "nonce": &h.nonce};
    Bson::Array(held.iter().map(|h| Bson::Document(one(h))).collect())
}

/// The claims that a stored document holds; a tombstone holds none.
pub(super) fn held(stored: &Bdoc) -> Result<Vec<Held>, StoreError> {
    let Some(Bson::Array(claims)) = stored.get("claims") else { return Ok(Vec::new()) };
    claims
        .iter()
        .map(|c| {
            let c = c.as_document().ok_or_else(|| broken("a claim is not a document"))?;
            let claim = Claim::new(text(c, "name")?, text(c, "value")?);
            Ok(Held { claim, nonce: text(c, "nonce")? })
        })
        .collect()
}

/// Events as entries of an outbox.
pub(super) fn events_to_bson(events: &[Event], life: &str) -> Vec<Bson> {
    let one = |e: &Event| {
        doc! {
            "seq": e.change_seq, "id": &e.id, "topic": &e.topic, "type": &e.kind, "key": &e.key,
            "time": e.time.as_millis(), "data": &e.data, "life": life,
        }
    };
    events.iter().map(|e| Bson::Document(one(e))).collect()
}

/// The entries of a stored document's outbox, as they are.
pub(super) fn outbox(stored: &Bdoc) -> &[Bson] {
    stored.get_array("outbox").map_or(&[], Vec::as_slice)
}

/// The first of them that tell of one and the same document: an earlier one's go out before its
/// successor's, which are numbered anew.
pub(super) fn one_life(outbox: &[Bson]) -> impl Iterator<Item = &Bson> {
    let life = |entry: &Bson| entry.as_document().and_then(|e| e.get_str("life").ok().map(ToOwned::to_owned));
    let first = outbox.first().and_then(life);
    outbox.iter().take_while(move |entry| life(entry) == first)
}

/// The number of the event that an outbox entry holds.
pub(super) fn entry_seq(entry: &Bson) -> Result<i64, StoreError> {
    number(entry.as_document().ok_or_else(|| broken("an outbox entry is not a document"))?, "seq")
}

/// The id of the event that an outbox entry holds.
pub(super) fn entry_id(entry: &Bson) -> Result<&str, StoreError> {
    let entry = entry.as_document().ok_or_else(|| broken("an outbox entry is not a document"))?;
    entry.get_str("id").map_err(broken)
}

/// Reads an outbox entry.
pub(super) fn event(entry: &Bson) -> Result<Event, StoreError> {
    let e = entry.as_document().ok_or_else(|| broken("an outbox entry is not a document"))?;
    Ok(Event {
        id: text(e, "id")?,
        topic: text(e, "topic")?,
        kind: text(e, "type")?,
        key: text(e, "key")?,
        change_seq: number(e, "seq")?,
        time: Timestamp::from_millis(number(e, "time")?),
        data: text(e, "data")?,
    })
}

/// The name of a stored document.
pub(super) fn key(kind: Kind, stored: &Bdoc) -> Result<DocKey, StoreError> {
    let id = text(stored, "id")?;
    let id = Id::parse(&id).ok_or_else(|| broken(format_args!("'{id}' is not an id")))?;
    Ok(DocKey { project: text(stored, "project")?, kind, id })
}

/// Reads a whole document. Views that the schema does not name are passed over.
pub(super) fn document(schema: &KindSchema, stored: &Bdoc) -> Result<Document, StoreError> {
    let visibility = match stored.get_str("state") {
        Ok("pending") => Visibility::Pending,
        Ok("live") => Visibility::Live,
        Ok("deleted") => Visibility::Deleted,
        _ => return Err(broken("a stored document has no known state")),
    };
    let views = stored.get_document("views").map_err(broken)?;
    let views = schema.views.iter().filter_map(|&name| {
        let served = views.get_document(name).ok()?.get_str("served").ok()?;
        Some(View { name, served: served.to_owned() })
    });
    Ok(Document {
        key: key(schema.kind, stored)?,
        visibility,
        rev: number(stored, "rev")?,
        version: number(stored, "version")?,
        views: views.collect(),
        hidden: stored.get_str("hidden").ok().map(ToOwned::to_owned),
        claims: held(stored)?.into_iter().map(|h| h.claim).collect(),
        change_seq: number(stored, "changeSeq")?,
        message_seq: number(stored, "messageSeq")?,
        due_at: stored.get_i64("dueAt").ok().map(Timestamp::from_millis),
    })
}

/// How a state is stored.
pub(super) fn state(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Pending => "pending",
        Visibility::Live => "live",
        Visibility::Deleted => "deleted",
    }
}

/// Whether a text field has this value.
pub(super) fn is(stored: &Bdoc, field: &str, value: &str) -> bool {
    stored.get_str(field).is_ok_and(|v| v == value)
}

/// A text field that must be there.
pub(super) fn text(stored: &Bdoc, field: &str) -> Result<String, StoreError> {
    stored.get_str(field).map(ToOwned::to_owned).map_err(broken)
}

/// A whole number that must be there.
pub(super) fn number(stored: &Bdoc, field: &str) -> Result<i64, StoreError> {
    stored.get_i64(field).map_err(broken)
}

/// A stored or handed document that is not what this driver writes.
pub(super) fn broken(reason: impl Display) -> StoreError {
    StoreError::Failed(format!("malformed document: {reason}"))
}

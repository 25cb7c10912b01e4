//! What the background loops ask for: documents that are due, outboxes, and their emptying.

use super::envelope::{self, doc_id};
use super::{Inner, failed};
use api::{Kind, Timestamp};
use bson::{Bson, Document as Bdoc, doc};
use futures::{StreamExt, TryStreamExt};
use kit::bus::Event;
use kit::store::{DocKey, Published, StoreError, Unpublished};
use mongodb::options::{Acknowledgment, WriteConcern};
use std::collections::HashMap;

/// Bytes of events after which one look takes no more, so that a backlog does not fill the memory.
const EVENT_BYTES: usize = 16 << 20;
/// Outboxes emptied at a time.
const AT_ONCE: usize = 8;

impl Inner {
    pub(super) async fn due(
        &self,
        kinds: &[Kind],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DocKey>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut due = Vec::new();
        for (&kind, entry) in self.kinds.iter().filter(|(kind, _)| kinds.contains(kind)) {
            // Deleted documents have no `dueAt`.
            let cursor = entry
                .docs
                .find(doc! {"dueAt": {"$lte": now.as_millis()}})
                .projection(doc! {"project": 1, "id": 1, "dueAt": 1})
                .sort(doc! {"dueAt": 1, "_id": 1})
                .limit(i64::from(limit))
                .await
                .map_err(|e| failed(&e))?;
            let found: Vec<Bdoc> = cursor.try_collect().await.map_err(|e| failed(&e))?;
            for stored in found {
                due.push((envelope::number(&stored, "dueAt")?, envelope::key(kind, &stored)?));
            }
        }
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(due.into_iter().map(|(_, key)| key).collect())
    }

    pub(super) async fn unpublished(
        &self,
        kinds: Option<&[Kind]>,
        limit: u32,
    ) -> Result<Vec<Unpublished>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut all, mut bytes) = (Vec::new(), 0);
        let asked = |kind: &Kind| kinds.is_none_or(|kinds| kinds.contains(kind));
        for (&kind, entry) in self.kinds.iter().filter(|(kind, _)| asked(kind)) {
            let Some(rest) = limit.checked_sub(all.len()).filter(|rest| *rest > 0) else { break };
            // True of every outbox that is not empty, in a form that its index answers.
            let mut cursor = entry
                .docs
                .find(doc! {"outbox.0.seq": {"$gte": i64::MIN}})
                .projection(doc! {"project": 1, "id": 1, "outbox": 1})
                .limit(i64::try_from(rest).unwrap_or(i64::MAX))
                .await
                .map_err(|e| failed(&e))?;
            while bytes < EVENT_BYTES
                && let Some(stored) = cursor.try_next().await.map_err(|e| failed(&e))?
            {
                let events = envelope::one_life(envelope::outbox(&stored)).map(envelope::event);
                let events: Vec<Event> = events.collect::<Result<_, _>>()?;
                bytes += events.iter().map(|event| event.data.len()).sum::<usize>();
                all.push(Unpublished { key: envelope::key(kind, &stored)?, events });
            }
        }
        Ok(all)
    }

    pub(super) async fn published(&self, up_to: Vec<Published>) -> Result<(), StoreError> {
        // Of one document's, the furthest includes the others.
        let mut furthest: HashMap<DocKey, Published> = HashMap::new();
        for one in up_to {
            match furthest.get(&one.key) {
                Some(known) if known.up_to >= one.up_to => {}
                _ => drop(furthest.insert(one.key.clone(), one)),
            }
        }
        let documents: Vec<_> = furthest.into_values().map(|one| self.trim(one)).collect();
        let mut trims = futures::stream::iter(documents).buffer_unordered(AT_ONCE);
        while let Some(trimmed) = trims.next().await {
            trimmed?;
        }
        Ok(())
    }

    /// Removes published events from one outbox, and a deleted document with its last event.
    /// Entries never change, so they can be removed by value, beside any other write.
    async fn trim(&self, Published { key, up_to, last }: Published) -> Result<(), StoreError> {
        let (entry, id) = (self.entry(key.kind)?, doc_id(&key.project, key.id.as_str()));
        let projection = doc! {"state": 1, "life": 1, "outbox": 1};
        let stored = entry.docs.find_one(doc! {"_id": &id}).projection(projection).await;
        let Some(stored) = stored.map_err(|e| failed(&e))? else { return Ok(()) };
        let outbox = envelope::outbox(&stored);
        let mut gone: Vec<Bson> = Vec::with_capacity(outbox.len());
        let mut found = false;
        for event in envelope::one_life(outbox) {
            if found || envelope::entry_seq(event)? > up_to {
                break;
            }
            found = envelope::entry_id(event)? == last;
            gone.push(event.clone());
        }
        // Without the last one among them, another relay was here before, and these are later ones.
        if !found {
            return Ok(());
        }
        // Nothing is added to a deleted document in this life, so it can go in one step.
        if gone.len() == outbox.len() && envelope::is(&stored, "state", "deleted") {
            let deleted = doc! {"_id": &id, "state": "deleted", "life": envelope::text(&stored, "life")?};
            let removed = entry.docs.delete_one(deleted).write_concern(relaxed()).await;
            if removed.map_err(|e| failed(&e))?.deleted_count == 1 {
                return Ok(());
            }
        }
        // By value, because not every server takes a condition in `$pull`.
        let update = doc! {"$pullAll": {"outbox": gone}};
        let updated = entry.docs.update_one(doc! {"_id": &id}, update).write_concern(relaxed()).await;
        updated.map(drop).map_err(|e| failed(&e))
    }
}

/// A removal that is lost with its server only makes the relay publish again, which it may.
fn relaxed() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Nodes(1)).build()
}

//! Writes: claims first, then the document by one compare-and-set, then the claims that it dropped.
//!
//! A write whose outcome the server did not tell (a lost connection, a missed write concern) gives up
//! nothing: the document may hold the new nonces. What it took in vain is taken over later.

use super::claims::{Attempt, Base};
use super::envelope::{self, Held, Image};
use super::{Inner, KindEntry, failed, is_duplicate, refusal};
use bson::{Document as Bdoc, doc};
use kit::store::{Claim, StoreError, Visibility, Write};

/// Times that an insert starts again because a tombstone came in its way.
const INSERT_TRIES: u32 = 4;

impl Inner {
    pub(super) async fn write(&self, write: Write) -> Result<(), StoreError> {
        let entry = self.entry(write.document.key.kind)?;
        let image = Image::of(&write.document)?;
        match write.expected_rev {
            None => self.insert(entry, &write, &image).await,
            Some(rev) => self.replace(entry, &write, &image, rev).await,
        }
    }

    /// Inserts a document, if need be in the place of a tombstone. The tombstone must be seen before the
    /// claims are taken: it is there to stop attempts that began earlier.
    async fn insert(&self, entry: &KindEntry, write: &Write, image: &Image) -> Result<(), StoreError> {
        let id = envelope::doc_id(&write.document.key.project, write.document.key.id.as_str());
        let mut base = Base::Absent;
        for _ in 0..INSERT_TRIES {
            match self.insert_on(entry, write, image, &id, &base).await {
                Err(StoreError::Conflict) => match self.tombstone(entry, &id).await?.map(Base::Tombstone) {
                    Some(tombstone) if tombstone != base => base = tombstone,
                    _ => return Err(StoreError::Conflict),
                },
                done => return done,
            }
        }
        Err(StoreError::Conflict)
    }

    async fn insert_on(
        &self,
        entry: &KindEntry,
        write: &Write,
        image: &Image,
        id: &str,
        base: &Base,
    ) -> Result<(), StoreError> {
        let document = &write.document;
        let attempt = self.attempt(entry, write, id, base);
        let claims = wanted(write);
        let mut set = image.set.clone();
        set.insert("claims", envelope::held_to_bson(&fresh(&attempt, &claims)));
        set.insert("outbox", envelope::events_to_bson(&write.events));
        envelope::ensure_size(&set, envelope::text_len(document, &write.events))?;

        self.take(&attempt, &claims).await?;
        let result = if let Base::Tombstone(fence) = base {
            let update = doc! {"$set": set, "$unset": {"fence": ""}};
            entry.docs.update_one(doc! {"_id": id, "fence": fence}, update).await.map(|r| r.matched_count == 1)
        } else {
            set.insert("_id", id);
            match entry.docs.insert_one(set).await {
                Ok(_) => Ok(true),
                Err(e) if is_duplicate(&e) => Ok(false),
                Err(e) => Err(e),
            }
        };
        self.conclude(&attempt, &claims, result).await
    }

    async fn replace(
        &self,
        entry: &KindEntry,
        write: &Write,
        image: &Image,
        rev: i64,
    ) -> Result<(), StoreError> {
        let key = &write.document.key;
        let id = envelope::doc_id(&key.project, key.id.as_str());
        let projection = doc! {"rev": 1, "state": 1, "claims": 1};
        let stored = entry.docs.find_one(doc! {"_id": &id}).projection(projection).await;
        let stored = stored.map_err(|e| failed(&e))?.ok_or(StoreError::Conflict)?;
        if envelope::number(&stored, "rev")? != rev || stored.get_str("state") == Ok("deleted") {
            return Err(StoreError::Conflict);
        }
        // At this `rev` the claims are these: all that changes them raises it.
        let claims = wanted(write);
        let (mut keep, dropped): (Vec<Held>, Vec<Held>) =
            envelope::held(&stored)?.into_iter().partition(|h| claims.contains(&h.claim));
        let new: Vec<Claim> = claims.into_iter().filter(|c| !keep.iter().any(|h| h.claim == *c)).collect();

        let base = Base::Rev(rev);
        let attempt = self.attempt(entry, write, &id, &base);
        keep.extend(fresh(&attempt, &new));
        let update = update(write, image, &keep)?;

        self.take(&attempt, &new).await?;
        let result = if write.document.visibility == Visibility::Deleted && write.events.is_empty() {
            self.delete(entry, &id, rev, update).await
        } else {
            let updated = entry.docs.update_one(doc! {"_id": &id, "rev": rev}, update).await;
            updated.map(|r| r.matched_count == 1)
        };
        self.conclude(&attempt, &new, result).await?;
        self.release_held(key.kind, &key.project, &dropped).await;
        Ok(())
    }

    /// Deletes without an event: at once if the outbox is empty, else when it is.
    async fn delete(
        &self,
        entry: &KindEntry,
        id: &str,
        rev: i64,
        update: Bdoc,
    ) -> mongodb::error::Result<bool> {
        let empty = doc! {"_id": id, "rev": rev, "outbox.0": {"$exists": false}};
        if entry.docs.delete_one(empty).await?.deleted_count == 1 {
            return Ok(true);
        }
        // An outbox only shrinks while `rev` stays, so this leaves a document with an empty one if the
        // relay is faster still; it is absent for readers, and `published` has nothing more to remove.
        let updated = entry.docs.update_one(doc! {"_id": id, "rev": rev}, update).await?.matched_count == 1;
        if updated {
            let spent = doc! {"_id": id, "state": "deleted", "outbox.0": {"$exists": false}};
            entry.docs.delete_one(spent).await?;
        }
        Ok(updated)
    }

    /// Turns the outcome of the compare-and-set into the write's, and gives the claims back if the server
    /// said that it wrote nothing.
    async fn conclude(
        &self,
        attempt: &Attempt<'_>,
        claims: &[Claim],
        result: mongodb::error::Result<bool>,
    ) -> Result<(), StoreError> {
        let refused = match result {
            Ok(true) => return Ok(()),
            Ok(false) => StoreError::Conflict,
            Err(e) => refusal(&e).ok_or_else(|| failed(&e))?,
        };
        self.release(attempt, claims).await;
        Err(refused)
    }

    fn attempt<'a>(
        &self,
        entry: &'a KindEntry,
        write: &'a Write,
        owner: &'a str,
        base: &'a Base,
    ) -> Attempt<'a> {
        let key = &write.document.key;
        let nonce = self.options.clock.secret();
        Attempt { entry, kind: key.kind, project: &key.project, owner, base, nonce }
    }
}

/// The claims that the document shall hold, in the order in which all writers take them.
fn wanted(write: &Write) -> Vec<Claim> {
    if write.document.visibility == Visibility::Deleted {
        return Vec::new();
    }
    let mut claims = write.document.claims.clone();
    claims.sort();
    claims.dedup();
    claims
}

fn fresh(attempt: &Attempt<'_>, claims: &[Claim]) -> Vec<Held> {
    claims.iter().map(|c| Held { claim: c.clone(), nonce: attempt.nonce.clone() }).collect()
}

/// The update that replaces everything but the outbox, to which it appends.
fn update(write: &Write, image: &Image, held: &[Held]) -> Result<Bdoc, StoreError> {
    let mut set = image.set.clone();
    set.insert("claims", envelope::held_to_bson(held));
    let mut update = doc! {"$set": set};
    if !image.unset.is_empty() {
        update.insert("$unset", image.unset.clone());
    }
    if !write.events.is_empty() {
        update.insert("$push", doc! {"outbox": {"$each": envelope::events_to_bson(&write.events)}});
    }
    envelope::ensure_size(&update, envelope::text_len(&write.document, &write.events))?;
    Ok(update)
}

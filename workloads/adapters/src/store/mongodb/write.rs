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
        if envelope::is_surely_too_large(&write.document, &write.events) {
            return Err(StoreError::TooLarge);
        }
        let image = Image::of(&write.document)?;
        match write.expected_rev {
            None => self.insert(entry, &write, &image).await,
            Some(rev) => self.replace(entry, &write, &image, rev).await,
        }
    }

    /// Inserts a document, if need be over a deleted one or a tombstone. What is there must be seen before
    /// the claims are taken: a tombstone is there to stop attempts that began earlier.
    async fn insert(&self, entry: &KindEntry, write: &Write, image: &Image) -> Result<(), StoreError> {
        let id = envelope::doc_id(&write.document.key.project, write.document.key.id.as_str());
        let mut base = Base::Absent;
        for _ in 0..INSERT_TRIES {
            match self.insert_on(entry, write, image, &id, &base).await {
                Err(StoreError::Conflict) => match self.vacancy(entry, &id).await? {
                    Some(vacancy) if vacancy != base => base = vacancy,
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
        let attempt = self.attempt(entry, write, id, base);
        let claims = wanted(write);
        let mut set = image.set.clone();
        set.insert("life", &attempt.nonce);
        set.insert("claims", envelope::held_to_bson(&held(write, &attempt, &[])));
        let events = envelope::events_to_bson(&write.events, &attempt.nonce);
        let text = envelope::text_len(&write.document, &write.events);
        let result = if *base == Base::Absent {
            set.insert("_id", id);
            set.insert("outbox", events);
            envelope::ensure_size(&set, text)?;
            self.take(&attempt, &claims).await?;
            match entry.docs.insert_one(set).await {
                Ok(_) => Ok(true),
                Err(e) if is_duplicate(&e) => Ok(false),
                Err(e) => Err(e),
            }
        } else {
            let update = doc! {"$set": set, "$push": {"outbox": {"$each": events}}};
            envelope::ensure_size(&update, text)?;
            self.take(&attempt, &claims).await?;
            entry.docs.update_one(base.filter(id), update).await.map(|r| r.matched_count == 1)
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
        let projection = doc! {"rev": 1, "life": 1, "state": 1, "claims": 1};
        let stored = entry.docs.find_one(doc! {"_id": &id}).projection(projection).await;
        let stored = stored.map_err(|e| failed(&e))?.ok_or(StoreError::Conflict)?;
        if envelope::number(&stored, "rev")? != rev || envelope::is(&stored, "state", "deleted") {
            return Err(StoreError::Conflict);
        }
        // At this `rev` the claims are these: all that changes them raises it.
        let claims = wanted(write);
        let (keep, dropped): (Vec<Held>, Vec<Held>) =
            envelope::held(&stored)?.into_iter().partition(|h| claims.contains(&h.claim));
        let new: Vec<Claim> = claims.into_iter().filter(|c| !keep.iter().any(|h| h.claim == *c)).collect();

        let life = envelope::text(&stored, "life")?;
        let events = envelope::events_to_bson(&write.events, &life);
        let base = Base::Rev(rev, life);
        let attempt = self.attempt(entry, write, &id, &base);
        let mut set = image.set.clone();
        set.insert("claims", envelope::held_to_bson(&held(write, &attempt, &keep)));
        let mut update = doc! {"$set": set};
        if !image.unset.is_empty() {
            update.insert("$unset", image.unset.clone());
        }
        if !events.is_empty() {
            update.insert("$push", doc! {"outbox": {"$each": events}});
        }
        envelope::ensure_size(&update, envelope::text_len(&write.document, &write.events))?;

        self.take(&attempt, &new).await?;
        let result = if write.document.visibility == Visibility::Deleted && write.events.is_empty() {
            delete(&attempt, update).await
        } else {
            entry.docs.update_one(base.filter(&id), update).await.map(|r| r.matched_count == 1)
        };
        self.conclude(&attempt, &new, result).await?;
        self.release_held(key.kind, &key.project, &dropped).await;
        Ok(())
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

/// The claims as the document stores them, in the order given: those in `keep` with their nonce, the
/// others with the attempt's.
fn held(write: &Write, attempt: &Attempt<'_>, keep: &[Held]) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    if write.document.visibility == Visibility::Deleted {
        return all;
    }
    for claim in &write.document.claims {
        if all.iter().any(|h| h.claim == *claim) {
            continue;
        }
        let kept = keep.iter().find(|h| h.claim == *claim).cloned();
        all.push(kept.unwrap_or_else(|| Held { claim: claim.clone(), nonce: attempt.nonce.clone() }));
    }
    all
}

/// Deletes without an event: at once if the outbox is empty, else `update` leaves it to the relay.
async fn delete(attempt: &Attempt<'_>, update: Bdoc) -> mongodb::error::Result<bool> {
    let docs = &attempt.entry.docs;
    let mut silent = attempt.base.filter(attempt.owner);
    silent.insert("outbox.0", doc! {"$exists": false});
    if docs.delete_one(silent).await?.deleted_count == 1 {
        return Ok(true);
    }
    let updated = docs.update_one(attempt.base.filter(attempt.owner), update).await?.matched_count == 1;
    if updated {
        // The relay may have emptied the outbox in between. If this fails, what stays is a deleted
        // document that nobody sees.
        if let Base::Rev(_, life) = attempt.base {
            let mut spent = Base::Deleted(life.clone()).filter(attempt.owner);
            spent.insert("outbox.0", doc! {"$exists": false});
            let _ = docs.delete_one(spent).await;
        }
    }
    Ok(updated)
}

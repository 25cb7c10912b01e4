//! Claims on unique values, without transactions.
//!
//! A claim is a document in `claims` whose `_id` is the value, inserted before its owner's document is
//! written: `{_id, owner, nonce, at, expects, fence}`. It counts while the owner's document stores the
//! same nonce for it. `expects` and `fence` say on what state of the owner's document the attempt that
//! took it builds ([`Base`]); once the owner's document is in another state, that attempt can no longer
//! write, and what it left behind is free. While it still could, a claim that the owner does not confirm
//! is waited for, and after [`super::MongoOptions::takeover_after`] the attempt is fenced: the `rev` that
//! it builds on is raised, or a tombstone stands where it would insert. Times only decide when to fence;
//! uniqueness never rests on them. Every take-over is a compare-and-set on the nonce, each attempt has a
//! nonce of its own and releases only what carries it.

use super::envelope::{Held, broken, held, number, text};
use super::{Inner, KindEntry, failed, is_duplicate};
use api::Kind;
use bson::{Bson, Document as Bdoc, doc};
use futures::StreamExt;
use kit::store::{Claim, StoreError};
use mongodb::error::ErrorKind;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;

/// Ids of claims longer than this (bytes) are stored as their hash; index keys are bounded on servers.
const MAX_CLAIM_ID: usize = 512;
/// Rounds against others on one claim before the writer gives up; each means that another got ahead.
const MAX_ROUNDS: u32 = 100;

/// What a write attempt found where it writes, and what it demands to find there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// Nothing.
    Absent,
    /// A tombstone with this fence.
    Tombstone(String),
    /// A document of this `rev`.
    Rev(i64),
}

/// One attempt to write a document.
pub(super) struct Attempt<'a> {
    pub(super) entry: &'a KindEntry,
    pub(super) kind: Kind,
    pub(super) project: &'a str,
    /// The `_id` of the document.
    pub(super) owner: &'a str,
    pub(super) base: &'a Base,
    pub(super) nonce: String,
}

/// What decides about a claim in its owner's document.
struct Owner {
    rev: i64,
    deleted: bool,
    fence: Option<String>,
    held: Vec<Held>,
}

/// A claim's document.
struct Taken {
    owner: String,
    nonce: String,
    at: i64,
    base: Base,
}

impl Base {
    /// Whether an attempt on this base could still write, given the owner's document as it is.
    fn stands(&self, owner: Option<&Owner>) -> bool {
        match (self, owner) {
            (Self::Absent, None) => true,
            (Self::Tombstone(fence), Some(o)) => o.fence.as_ref() == Some(fence),
            (Self::Rev(rev), Some(o)) => o.rev == *rev && !o.deleted,
            _ => false,
        }
    }
}

/// The `_id` of a claim. Names and project keys have no slash, so values need no escaping; the hashed
/// form has none at all, so that it meets no plain one.
pub(super) fn claim_id(kind: Kind, project: &str, claim: &Claim) -> String {
    let plain = format!("{}/{project}/{}/{}", kind.type_id(), claim.name, claim.value);
    if plain.len() <= MAX_CLAIM_ID {
        return plain;
    }
    let digest: String = Sha256::digest(plain.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{digest}")
}

impl Inner {
    /// Takes claims (sorted, without repeats) for an attempt: all or none.
    pub(super) async fn take(&self, attempt: &Attempt<'_>, claims: &[Claim]) -> Result<(), StoreError> {
        let result = self.take_each(attempt, claims).await;
        if result.is_err() {
            self.release(attempt, claims).await;
        }
        result
    }

    async fn take_each(&self, attempt: &Attempt<'_>, claims: &[Claim]) -> Result<(), StoreError> {
        let documents: Vec<Bdoc> = claims.iter().map(|claim| self.claim_document(attempt, claim)).collect();
        let mut next = 0;
        // One round trip takes all that are free up to the first that is not.
        while next < documents.len() {
            match self.claims.insert_many(&documents[next..]).ordered(true).await {
                Ok(_) => return Ok(()),
                Err(e) => {
                    let taken = first_duplicate(&e).map(|index| next + index);
                    let Some(claim) = taken.and_then(|t| claims.get(t)) else { return Err(failed(&e)) };
                    self.contend(attempt, claim).await?;
                    next = taken.map_or(documents.len(), |t| t + 1);
                }
            }
        }
        Ok(())
    }

    /// Takes one claim that another attempt holds or held.
    async fn contend(&self, attempt: &Attempt<'_>, claim: &Claim) -> Result<(), StoreError> {
        let id = claim_id(attempt.kind, attempt.project, claim);
        let give_up = Instant::now() + self.options.claim_wait;
        let mut pause = Duration::from_millis(4);
        for _ in 0..MAX_ROUNDS {
            let Some(taken) = self.taken(&id).await? else {
                match self.claims.insert_one(self.claim_document(attempt, claim)).await {
                    Ok(_) => return Ok(()),
                    Err(e) if is_duplicate(&e) => continue,
                    Err(e) => return Err(failed(&e)),
                }
            };
            let own = taken.owner == attempt.owner;
            let refused = || if own { StoreError::Conflict } else { StoreError::Claimed(claim.clone()) };
            let owner = self.owner(attempt.entry, &taken.owner).await?;
            if owner.as_ref().is_some_and(|o| confirms(o, claim, &taken.nonce)) {
                return Err(refused());
            }
            if !taken.base.stands(owner.as_ref()) {
                if self.take_over(attempt, &id, &taken).await? {
                    return Ok(());
                }
            } else if self.age(&taken) < self.options.takeover_after {
                if Instant::now() >= give_up {
                    return Err(refused());
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(100));
            } else {
                self.fence(attempt.entry, &taken).await?;
                if own {
                    // What this attempt builds on was fenced with it; the next one will pass.
                    return Err(StoreError::Conflict);
                }
            }
        }
        Err(StoreError::Claimed(claim.clone()))
    }

    fn claim_document(&self, attempt: &Attempt<'_>, claim: &Claim) -> Bdoc {
        let mut document = doc! {
            "_id": claim_id(attempt.kind, attempt.project, claim),
            "owner": attempt.owner,
            "nonce": &attempt.nonce,
            "at": self.now(),
            "expects": 0_i64,
        };
        match attempt.base {
            Base::Absent => {}
            Base::Tombstone(fence) => drop(document.insert("fence", fence)),
            Base::Rev(rev) => drop(document.insert("expects", *rev)),
        }
        document
    }

    async fn taken(&self, id: &str) -> Result<Option<Taken>, StoreError> {
        let Some(stored) = self.claims.find_one(doc! {"_id": id}).await.map_err(|e| failed(&e))? else {
            return Ok(None);
        };
        let base = match (stored.get_str("fence"), number(&stored, "expects")?) {
            (Ok(fence), _) => Base::Tombstone(fence.to_owned()),
            (_, 0) => Base::Absent,
            (_, rev) => Base::Rev(rev),
        };
        Ok(Some(Taken {
            owner: text(&stored, "owner")?,
            nonce: text(&stored, "nonce")?,
            at: number(&stored, "at")?,
            base,
        }))
    }

    async fn owner(&self, entry: &KindEntry, id: &str) -> Result<Option<Owner>, StoreError> {
        let found = entry.docs.find_one(doc! {"_id": id}).projection(owner_projection()).await;
        found.map_err(|e| failed(&e))?.map(|stored| Owner::read(&stored)).transpose()
    }

    /// Makes a claim that no attempt can confirm any more this attempt's; `false` if another was faster.
    async fn take_over(&self, attempt: &Attempt<'_>, id: &str, taken: &Taken) -> Result<bool, StoreError> {
        let (expects, fence) = match attempt.base {
            Base::Absent => (0, None),
            Base::Tombstone(fence) => (0, Some(fence)),
            Base::Rev(rev) => (*rev, None),
        };
        let mut set = doc! {
            "owner": attempt.owner, "nonce": &attempt.nonce, "at": self.now(), "expects": expects,
        };
        let mut update = Bdoc::new();
        match fence {
            Some(fence) => drop(set.insert("fence", fence)),
            None => drop(update.insert("$unset", doc! {"fence": ""})),
        }
        update.insert("$set", set);
        let result = self.claims.update_one(doc! {"_id": id, "nonce": &taken.nonce}, update).await;
        Ok(result.map_err(|e| failed(&e))?.matched_count == 1)
    }

    /// Sees to it that the attempt that holds `taken` cannot write any more, unless it just did.
    async fn fence(&self, entry: &KindEntry, taken: &Taken) -> Result<(), StoreError> {
        tracing::warn!(owner = taken.owner, "fencing a write that was left unfinished");
        let fence = self.options.clock.secret();
        match &taken.base {
            Base::Absent => {
                let project = taken.owner.split('/').next().unwrap_or_default();
                let tombstone = doc! {
                    "_id": &taken.owner, "project": project, "state": "deleted", "rev": -1_i64, "fence": fence,
                };
                match entry.docs.insert_one(tombstone).await {
                    Err(e) if !is_duplicate(&e) => Err(failed(&e)),
                    _ => Ok(()),
                }
            }
            Base::Tombstone(old) => {
                let filter = doc! {"_id": &taken.owner, "fence": old};
                let update = doc! {"$set": {"fence": fence}};
                entry.docs.update_one(filter, update).await.map(drop).map_err(|e| failed(&e))
            }
            Base::Rev(rev) => {
                let filter = doc! {"_id": &taken.owner, "rev": *rev};
                let update = doc! {"$inc": {"rev": 1_i64}};
                entry.docs.update_one(filter, update).await.map(drop).map_err(|e| failed(&e))
            }
        }
    }

    /// Gives up what an attempt took. Failures are left to those who want the values next.
    pub(super) async fn release(&self, attempt: &Attempt<'_>, claims: &[Claim]) {
        let held: Vec<Held> =
            claims.iter().map(|c| Held { claim: c.clone(), nonce: attempt.nonce.clone() }).collect();
        self.release_held(attempt.kind, attempt.project, &held).await;
    }

    /// Gives up claims that the document no longer holds.
    pub(super) async fn release_held(&self, kind: Kind, project: &str, held: &[Held]) {
        let deletions = held.iter().map(|h| {
            let filter = doc! {"_id": claim_id(kind, project, &h.claim), "nonce": &h.nonce};
            async move { self.claims.delete_one(filter).await }
        });
        let mut deletions = futures::stream::iter(deletions.collect::<Vec<_>>()).buffer_unordered(8);
        while let Some(deleted) = deletions.next().await {
            if let Err(e) = deleted {
                tracing::debug!(error = %e.kind, "a claim was not released; it is free all the same");
            }
        }
    }

    fn now(&self) -> i64 {
        self.options.clock.now().as_millis()
    }

    /// Clocks of other machines may be ahead; a claim from far in the future counts as old.
    fn age(&self, taken: &Taken) -> Duration {
        Duration::from_millis(self.now().abs_diff(taken.at))
    }

    /// The fence of the tombstone under that `_id`, if there is one.
    pub(super) async fn tombstone(&self, entry: &KindEntry, id: &str) -> Result<Option<String>, StoreError> {
        Ok(self.owner(entry, id).await?.and_then(|o| o.fence))
    }
}

impl Owner {
    fn read(stored: &Bdoc) -> Result<Self, StoreError> {
        Ok(Self {
            rev: number(stored, "rev")?,
            deleted: stored.get_str("state").map_err(broken)? == "deleted",
            fence: stored.get_str("fence").ok().map(ToOwned::to_owned),
            held: held(stored)?,
        })
    }
}

fn owner_projection() -> Bdoc {
    doc! {"rev": 1, "state": 1, "fence": 1, "claims": 1}
}

fn confirms(owner: &Owner, claim: &Claim, nonce: &str) -> bool {
    owner.held.iter().any(|h| h.nonce == nonce && h.claim == *claim)
}

/// The index of the document at which an ordered insert met one that is there already.
fn first_duplicate(e: &mongodb::error::Error) -> Option<usize> {
    match e.kind.as_ref() {
        ErrorKind::InsertMany(many) if many.write_concern_error.is_none() => {
            many.write_errors.as_ref()?.first().filter(|w| w.code == super::DUPLICATE).map(|w| w.index)
        }
        _ => None,
    }
}

/// Whether claims in a stored document confirm one that was read by its value.
pub(super) fn confirmed(stored: &Bdoc, claim: &Claim, nonce: &str) -> bool {
    let Some(Bson::Array(claims)) = stored.get("claims") else { return false };
    claims.iter().filter_map(Bson::as_document).any(|c| {
        c.get_str("nonce") == Ok(nonce)
            && c.get_str("name") == Ok(claim.name.as_ref())
            && c.get_str("value") == Ok(claim.value.as_str())
    })
}

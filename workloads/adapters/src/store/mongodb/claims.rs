//! Claims on unique values, without transactions.
//!
//! A claim is a document in `claims` whose `_id` is the value, inserted before its owner's document is
//! written: `{_id, owner, nonce, at, expects, life}`. It counts while the owner's document stores the
//! same nonce for it. `expects` and `life` say on what state of the owner's document the attempt that
//! took it builds ([`Base`]); once the owner's document is in another state, that attempt can no longer
//! write, and what it left behind is free. While it still could, a claim that the owner does not confirm
//! is waited for, and after [`super::MongoOptions::takeover_after`] the attempt is fenced: the `rev` that
//! it builds on is raised, or a tombstone stands where it would insert. Times only decide when to fence;
//! uniqueness never rests on them. Every take-over is a compare-and-set on the nonce, each attempt has a
//! nonce of its own and releases only what carries it.
//!
//! A tombstone is `{_id, state: "deleted", rev: -1, life}`, the only thing that a crash leaves for good.

use super::envelope::{Held, held, is, number, text};
use super::{Inner, KindEntry, failed, is_duplicate};
use api::Kind;
use bson::{Document as Bdoc, doc};
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
    /// A deleted document or a tombstone of this `life`.
    Deleted(String),
    /// A document of this `rev` and `life`.
    Rev(i64, String),
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
    life: String,
    deleted: bool,
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
            (Self::Deleted(life), Some(o)) => o.deleted && o.life == *life,
            (Self::Rev(rev, life), Some(o)) => !o.deleted && o.rev == *rev && o.life == *life,
            _ => false,
        }
    }

    /// What finds the document `id` in this state.
    pub(super) fn filter(&self, id: &str) -> Bdoc {
        match self {
            Self::Absent => doc! {"_id": id, "life": {"$exists": false}},
            Self::Deleted(life) => doc! {"_id": id, "state": "deleted", "life": life},
            Self::Rev(rev, life) => doc! {"_id": id, "rev": *rev, "life": life},
        }
    }

    /// `expects` and `life` of the claims of an attempt on this base.
    fn stored(&self) -> (i64, &str) {
        match self {
            Self::Absent => (0, ""),
            Self::Deleted(life) => (-1, life),
            Self::Rev(rev, life) => (*rev, life),
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
            if owner.as_ref().is_some_and(|o| confirms(&o.held, claim, &taken.nonce)) {
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
        let (expects, life) = attempt.base.stored();
        doc! {
            "_id": claim_id(attempt.kind, attempt.project, claim),
            "owner": attempt.owner,
            "nonce": &attempt.nonce,
            "at": self.now(),
            "expects": expects,
            "life": life,
        }
    }

    async fn taken(&self, id: &str) -> Result<Option<Taken>, StoreError> {
        let Some(stored) = self.claims.find_one(doc! {"_id": id}).await.map_err(|e| failed(&e))? else {
            return Ok(None);
        };
        let life = text(&stored, "life")?;
        let base = match number(&stored, "expects")? {
            0 => Base::Absent,
            -1 => Base::Deleted(life),
            rev => Base::Rev(rev, life),
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
        let (expects, life) = attempt.base.stored();
        let set = doc! {
            "owner": attempt.owner, "nonce": &attempt.nonce, "at": self.now(), "expects": expects, "life": life,
        };
        let result =
            self.claims.update_one(doc! {"_id": id, "nonce": &taken.nonce}, doc! {"$set": set}).await;
        Ok(result.map_err(|e| failed(&e))?.matched_count == 1)
    }

    /// Sees to it that the attempt that holds `taken` cannot write any more, unless it just did.
    async fn fence(&self, entry: &KindEntry, taken: &Taken) -> Result<(), StoreError> {
        tracing::warn!(owner = taken.owner, "fencing a write that was left unfinished");
        let life = self.options.clock.secret();
        let update = match &taken.base {
            Base::Absent => {
                let project = taken.owner.split('/').next().unwrap_or_default();
                let tombstone = doc! {
                    "_id": &taken.owner, "project": project, "state": "deleted", "rev": -1_i64, "life": life,
                };
                return match entry.docs.insert_one(tombstone).await {
                    Err(e) if !is_duplicate(&e) => Err(failed(&e)),
                    _ => Ok(()),
                };
            }
            Base::Deleted(_) => doc! {"$set": {"life": life}},
            Base::Rev(..) => doc! {"$inc": {"rev": 1_i64}},
        };
        let fenced = entry.docs.update_one(taken.base.filter(&taken.owner), update).await;
        fenced.map(drop).map_err(|e| failed(&e))
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

    /// What an insert under that `_id` can build on; `None` where a document is.
    pub(super) async fn vacancy(&self, entry: &KindEntry, id: &str) -> Result<Option<Base>, StoreError> {
        Ok(match self.owner(entry, id).await? {
            None => Some(Base::Absent),
            Some(owner) => owner.deleted.then_some(Base::Deleted(owner.life)),
        })
    }
}

impl Owner {
    fn read(stored: &Bdoc) -> Result<Self, StoreError> {
        Ok(Self {
            rev: number(stored, "rev")?,
            life: text(stored, "life")?,
            deleted: is(stored, "state", "deleted"),
            held: held(stored)?,
        })
    }
}

fn owner_projection() -> Bdoc {
    doc! {"rev": 1, "life": 1, "state": 1, "claims": 1}
}

fn confirms(held: &[Held], claim: &Claim, nonce: &str) -> bool {
    held.iter().any(|h| h.nonce == nonce && h.claim == *claim)
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
    held(stored).is_ok_and(|held| confirms(&held, claim, nonce))
}

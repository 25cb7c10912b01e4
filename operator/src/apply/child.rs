//! Writing one child.

use super::{Context, Planned, Taken, taken};
use crate::failure::{Cause, Failure};
use crate::world::fields::{is_ours, own_fields};
use crate::world::record::Record;
use crate::world::{ChildKey, Step};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait for an object that is being deleted, if nobody tells of its end.
const AWAIT: Duration = Duration::from_secs(2);

/// How writing a child ended.
pub(super) enum Done {
    /// It is as it is wanted.
    Written,
    /// It is so again, after somebody took fields of it.
    Repaired(Taken),
    /// It cannot be written yet.
    Pending(&'static str, Option<Instant>),
    /// Somebody keeps taking fields of it: who and which.
    Held(Instant, String),
    /// It is not ours.
    Taken,
}

/// A child to write.
pub(super) struct Task<'a> {
    pub(super) cx: Context<'a>,
    pub(super) one: &'a Planned,
}

impl Task<'_> {
    fn key(&self) -> &ChildKey {
        &self.one.wanted.key
    }

    pub(super) async fn run(&self) -> Result<Done, Failure> {
        match self.one.step {
            Step::Keep => Ok(Done::Written),
            Step::Foreign => Ok(Done::Taken),
            // The watch tells of its end.
            Step::Await => Ok(Done::Pending("is being deleted", None)),
            Step::Hold(until) => Ok(Done::Held(until, self.told())),
            Step::Create => self.create().await,
            Step::New => self.make().await,
            Step::Apply => self.apply(true, false).await,
            Step::Repair => self.apply(true, true).await,
        }
    }

    /// Makes an object whose name nobody has, as far as the watches have told. Should somebody have made one
    /// this very moment, it is left as it was.
    async fn make(&self) -> Result<Done, Failure> {
        let Context { cluster, state, key, .. } = self.cx;
        let answer = {
            let _turn = self.cx.turns.acquire().await;
            cluster.apply(&key.namespace, self.key(), &self.one.text, false).await
        };
        match answer {
            Ok(metadata) if has_other_writers(&metadata) => {
                cluster.withdraw(&key.namespace, self.key()).await?;
                Ok(Done::Taken)
            }
            Ok(metadata) => Ok(self.answered(&metadata, false)),
            Err(Failure { cause: Cause::Conflict(_), .. }) => self.create().await,
            Err(failure) => {
                if failure.ends_pass() {
                    state.world().unanswered(key, self.key());
                }
                Err(failure)
            }
        }
    }

    /// Looks for the object before it is made, so that one of somebody else is left alone.
    async fn create(&self) -> Result<Done, Failure> {
        for _ in 0..2 {
            match self.look().await? {
                Some(done) => return Ok(done),
                // Nobody is there, so nobody's fields are taken. If somebody was faster, look again.
                None => match self.apply(false, false).await {
                    Err(Failure { cause: Cause::Conflict(_), .. }) => {}
                    outcome => return outcome,
                },
            }
        }
        Ok(Done::Taken)
    }

    /// What is to be done with an object that no watch has told of; nothing if there is none.
    async fn look(&self) -> Result<Option<Done>, Failure> {
        let found = {
            let _turn = self.cx.turns.acquire().await;
            self.cx.cluster.metadata(&self.cx.key.namespace, self.key()).await?
        };
        let Some(metadata) = found else { return Ok(None) };
        let deleting = metadata.deletion_timestamp.is_some();
        let mut record = Record::default();
        record.observe(metadata, None, 0);
        match () {
            () if !record.is_ours(self.cx.uid) => Ok(Some(Done::Taken)),
            () if deleting => Ok(Some(Done::Pending("is being deleted", Some(Instant::now() + AWAIT)))),
            () => self.apply(true, false).await.map(Some),
        }
    }

    async fn apply(&self, force: bool, repair: bool) -> Result<Done, Failure> {
        let Context { cluster, state, key, .. } = self.cx;
        self.leave_replicas().await?;
        let answer = {
            let _turn = self.cx.turns.acquire().await;
            cluster.apply(&key.namespace, self.key(), &self.one.text, force).await
        };
        match answer {
            Ok(metadata) => Ok(self.answered(&metadata, repair)),
            Err(failure) if self.is_replaceable(&failure) => self.replace(failure).await,
            Err(failure) => {
                if failure.ends_pass() {
                    // It may have been written all the same.
                    state.world().unanswered(key, self.key());
                }
                Err(failure)
            }
        }
    }

    fn answered(&self, metadata: &ObjectMeta, repair: bool) -> Done {
        let mut world = self.cx.state.world();
        // The watch may have told of the repair already, so the record may look as if nothing had been.
        let record = world.record_mut(self.cx.key, self.key());
        let seen =
            record.and_then(|record| record.drift.as_mut()).map(|drift| std::mem::take(&mut drift.seen));
        world.answered(self.cx.key, &self.one.wanted, metadata);
        let taken = seen.filter(|_| repair).and_then(|seen| taken(&seen, own_fields(metadata)?.as_ref()));
        let Some(taken) = taken else { return Done::Written };
        if let Some(record) = world.record_mut(self.cx.key, self.key()) {
            record.drift.get_or_insert_default().repaired(taken.tell(), Instant::now());
        }
        Done::Repaired(taken)
    }

    /// Before an autoscaler takes over, the number of replicas must have another owner than us.
    async fn leave_replicas(&self) -> Result<(), Failure> {
        if !self.one.is_scaled {
            return Ok(());
        }
        let Context { cluster, state, key, .. } = self.cx;
        let replicas = state
            .world()
            .record(key, self.key())
            .filter(|record| record.scales)
            .and_then(|record| record.readiness.as_ref().map(|readiness| readiness.wanted));
        match replicas {
            Some(replicas) => cluster.leave_replicas(&key.namespace, self.key(), replicas).await,
            None => Ok(()),
        }
    }

    /// The template of a Job can never change.
    fn is_replaceable(&self, failure: &Failure) -> bool {
        matches!(failure.cause, Cause::Refused(_)) && self.key().kind.get().kind == "Job"
    }

    async fn replace(&self, refused: Failure) -> Result<Done, Failure> {
        let Context { cluster, state, key, .. } = self.cx;
        let uid = state.world().record(key, self.key()).map(|record| record.uid.clone());
        let Some(uid) = uid else { return Err(refused) };
        cluster.delete(&key.namespace, self.key(), &uid).await?;
        if let Some(record) = state.world().record_mut(key, self.key()) {
            (record.deleting, record.replacing) = (true, true);
        }
        Ok(Done::Pending("is being replaced", None))
    }

    fn told(&self) -> String {
        let world = self.cx.state.world();
        let record = world.record(self.cx.key, self.key());
        record.and_then(|record| record.drift.as_ref()).map_or_else(String::new, |drift| drift.told.clone())
    }
}

/// Whether somebody else has written the object, other than its status.
fn has_other_writers(metadata: &ObjectMeta) -> bool {
    let entries = metadata.managed_fields.iter().flatten();
    entries
        .filter(|entry| entry.subresource.as_deref().unwrap_or_default().is_empty())
        .any(|entry| !is_ours(entry))
}

//! What the operator remembers of one stack.

use super::fields::{Hash, truncate};
use super::key::ChildKey;
use super::record::{Applied, Record};
use crate::inputs::Capabilities;
use crate::names::hex;
use crds::{CommerceStack, CommerceStackStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::Instant;

/// Annotations of this prefix are for the operator.
pub const ANNOTATIONS: &str = "commercestack.io/";

/// A stack as it was heard of.
#[derive(Debug, Clone)]
pub enum Manifest {
    /// One that could be read; without what nobody here needs.
    Read(Arc<CommerceStack>),
    /// One that could not, with the reason.
    Unreadable(Arc<ObjectMeta>, Arc<str>),
}

impl Manifest {
    /// Its metadata.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Read(stack) => &stack.metadata,
            Self::Unreadable(metadata, _) => metadata,
        }
    }

    /// Its status, if it could be read.
    #[must_use]
    pub fn status(&self) -> Option<&CommerceStackStatus> {
        match self {
            Self::Read(stack) => stack.status.as_ref(),
            Self::Unreadable(..) => None,
        }
    }

    /// Whether the user or the cluster asks for something else than before.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        let asked = |metadata: &ObjectMeta| {
            let annotations = metadata.annotations.iter().flatten();
            let ours = annotations.filter(|(name, _)| name.starts_with(ANNOTATIONS));
            (
                metadata.uid.clone(),
                metadata.generation,
                metadata.deletion_timestamp.is_some(),
                metadata.finalizers.clone(),
                ours.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>(),
            )
        };
        matches!(self, Self::Read(_)) == matches!(other, Self::Read(_))
            && asked(self.metadata()) == asked(other.metadata())
    }
}

/// Everything on which the objects of a stack depend, by versions: equal situations want equal objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// The generation of the spec.
    pub generation: Option<i64>,
    /// Its annotations for the operator and its finalizers.
    pub marks: Vec<String>,
    /// Uid and version of the root Secret.
    pub root: (Box<str>, u64),
    /// The referenced Secrets and their versions.
    pub references: Vec<(String, u64)>,
    /// Which optional kinds there are.
    pub available: Capabilities,
}

impl Situation {
    /// The circumstances of a stack with this metadata.
    #[must_use]
    pub fn of(
        metadata: &ObjectMeta,
        root: (Box<str>, u64),
        references: &BTreeMap<String, u64>,
        available: Capabilities,
    ) -> Self {
        let annotations =
            metadata.annotations.iter().flatten().filter(|(name, _)| name.starts_with(ANNOTATIONS));
        let annotations = annotations.map(|(name, value)| format!("{name}={value}"));
        Self {
            generation: metadata.generation,
            marks: annotations.chain(metadata.finalizers.iter().flatten().cloned()).collect(),
            root,
            references: references.iter().map(|(name, version)| (name.clone(), *version)).collect(),
            available,
        }
    }
}

/// A child that the stack wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub key: ChildKey,
    /// The hash of the object.
    pub desired: Hash,
}

/// What a pass has to do with a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is as we left it.
    Keep,
    /// Nothing known of it: look first, then apply.
    Create,
    /// Known not to be there: make it.
    New,
    /// Apply it.
    Apply,
    /// Apply it; somebody took fields of it.
    Repair,
    /// Wait: it is being deleted.
    Await,
    /// Wait until then: somebody keeps taking fields of it.
    Hold(Instant),
    /// Leave it alone: it is not ours.
    Foreign,
}

/// What is remembered of one stack.
#[derive(Debug, Default)]
pub struct Stack {
    /// The stack itself; none while only children of it are known.
    pub manifest: Option<Manifest>,
    pub(super) version: u64,
    pub(super) epoch: u8,
    pub(super) records: BTreeMap<ChildKey, Record>,
    /// Under what circumstances its objects were last seen to be complete.
    pub(super) settled: Option<Situation>,
    /// The status that was last written by this process, and the version that it got.
    pub(super) written: Option<(u64, CommerceStackStatus)>,
    /// The Secrets that the spec refers to.
    pub(super) references: BTreeSet<String>,
    /// Children that were deleted since the last pass, and the uids that they had.
    pub(super) lost: BTreeSet<ChildKey>,
    pub(super) gone: BTreeSet<Box<str>>,
}

impl Stack {
    /// Takes over what an earlier process applied, if its digest says that the objects are the same still.
    pub(super) fn recognize(&mut self, wanted: &[Wanted], digest: Option<&str>) {
        if self.records.values().any(|record| record.applied.is_some()) {
            return;
        }
        let own = |one: &Wanted| self.records.get(&one.key).and_then(|record| record.own);
        let pairs: Option<Vec<(&Wanted, Hash)>> = wanted.iter().map(|one| Some((one, own(one)?))).collect();
        let Some(pairs) = pairs else { return };
        if digest != Some(digest_of(pairs.iter().map(|(one, own)| (&one.key, one.desired, *own))).as_str()) {
            return;
        }
        let applied: Vec<Applied> =
            pairs.iter().map(|(one, own)| Applied { desired: one.desired, own: *own }).collect();
        for (one, applied) in wanted.iter().zip(applied) {
            if let Some(record) = self.records.get_mut(&one.key) {
                record.applied = Some(applied);
            }
        }
    }

    /// What to do with a wanted child.
    pub(super) fn step(&self, one: &Wanted, stack_uid: &str, now: Instant) -> Step {
        let Some(record) = self.records.get(&one.key) else { return Step::Create };
        match () {
            () if !record.is_ours(stack_uid) => Step::Foreign,
            () if record.deleting => Step::Await,
            () if record.is_current(one.desired) => Step::Keep,
            () if !record.is_drifted() => Step::Apply,
            () => match record.drift.as_ref().and_then(|drift| drift.hold()).filter(|until| *until > now) {
                Some(until) => Step::Hold(until),
                None => Step::Repair,
            },
        }
    }

    /// One hash over what is applied, for the status; none while not all of it is.
    pub(super) fn digest(&self, wanted: &[Wanted]) -> Option<String> {
        let applied = |one: &Wanted| self.records.get(&one.key).and_then(|record| record.applied);
        let current: Option<Vec<_>> = wanted
            .iter()
            .map(|one| {
                applied(one).filter(|a| a.desired == one.desired).map(|a| (&one.key, a.desired, a.own))
            })
            .collect();
        current.map(|all| digest_of(all.into_iter()))
    }
}

fn digest_of<'a>(children: impl Iterator<Item = (&'a ChildKey, Hash, Hash)>) -> String {
    let mut children: Vec<_> = children.collect();
    children.sort_unstable();
    let mut hasher = Sha256::new();
    for (key, desired, own) in children {
        hasher.update(format!("{} {} {}\n", key.kind.api_version(), key.kind.get().kind, key.name));
        hasher.update(desired);
        hasher.update(own);
    }
    hex(&truncate(&hasher.finalize()))
}

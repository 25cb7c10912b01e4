//! The side of the world that a pass over one stack works with.

use super::stack::{Situation, Stack, Step, Wanted};
use super::{
    ChildKey, CommerceStackStatus, Hash, Instant, Manifest, ObjectMeta, Readiness, Record, StackKey, World,
};
use crate::kinds::KindId;
use crate::names;
use std::collections::{BTreeMap, BTreeSet};

/// An object that nothing wants any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Which.
    pub key: ChildKey,
    /// Its uid.
    pub uid: Box<str>,
}

/// What a pass has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// A step for each wanted child, in the same order.
    pub steps: Vec<Step>,
    /// What to delete.
    pub orphans: Vec<Orphan>,
    /// Wanted children that somebody deleted.
    pub lost: Vec<ChildKey>,
}

impl World {
    /// The stack as it was last seen.
    #[must_use]
    pub fn manifest(&self, key: &StackKey) -> Option<Manifest> {
        self.stacks.get(key)?.manifest.clone()
    }

    /// The status that we gave the stack: what this process last wrote or found right, or else what was seen.
    #[must_use]
    pub fn status(&self, key: &StackKey) -> Option<CommerceStackStatus> {
        let stack = self.stacks.get(key)?;
        match &stack.written {
            Some((_, status)) => Some(status.clone()),
            None => stack.manifest.as_ref()?.status().cloned(),
        }
    }

    /// Whether the stack has this status, as far as is known.
    #[must_use]
    pub fn has_status(&self, key: &StackKey, status: &CommerceStackStatus) -> bool {
        let Some(stack) = self.stacks.get(key) else { return false };
        match &stack.written {
            Some((at, written)) if *at >= stack.version => written == status,
            _ => stack.manifest.as_ref().and_then(|manifest| manifest.status()) == Some(status),
        }
    }

    /// Notes that the stack has the status that it is to have.
    pub fn status_found(&mut self, key: &StackKey, status: CommerceStackStatus) {
        if let Some(stack) = self.stacks.get_mut(key) {
            let at = stack.written.as_ref().map_or(0, |(at, _)| *at).max(stack.version);
            stack.written = Some((at, status));
        }
    }

    /// Notes a status that was written.
    pub fn status_written(&mut self, key: &StackKey, version: u64, status: CommerceStackStatus) {
        if let Some(stack) = self.stacks.get_mut(key) {
            stack.written = Some((version, status));
        }
    }

    /// The circumstances now; none when some of them cannot be known from watches.
    #[must_use]
    pub fn situation(&self, key: &StackKey) -> Option<Situation> {
        let stack = self.stacks.get(key)?;
        let metadata = stack.manifest.as_ref()?.metadata();
        let heard = |listing: super::Listing| listing.complete && !listing.failing;
        if !heard(self.listings[KindId::secret().index()])
            || !(stack.references.is_empty() || heard(self.others.listing(KindId::secret())))
        {
            return None;
        }
        let root = stack.records.get(&ChildKey::new(KindId::secret(), &names::root(&key.name)))?;
        let version = |name: &String| {
            let place = (key.namespace.as_ref().into(), name.as_str().into());
            self.references.get(&place).map_or(0, |reference| reference.version)
        };
        let references = stack.references.iter().map(|name| (name.clone(), version(name))).collect();
        Some(Situation::of(metadata, (root.uid.clone(), root.version), &references, self.available()))
    }

    /// Whether the objects of the stack were complete under these very circumstances and nothing has
    /// happened to them since.
    #[must_use]
    pub fn is_settled(&self, key: &StackKey, situation: Option<&Situation>) -> bool {
        self.stacks.get(key).is_some_and(|stack| {
            situation.is_some()
                && stack.settled.as_ref() == situation
                && !stack.records.values().any(Record::wants_attention)
        })
    }

    /// Notes that all objects were complete under these circumstances, unless one of them went or changed
    /// since it was written.
    pub fn settle(&mut self, key: &StackKey, wanted: &[Wanted], situation: Situation) {
        if let Some(stack) = self.stacks.get_mut(key) {
            let current = |one: &Wanted| {
                stack.records.get(&one.key).is_some_and(|record| record.is_current(one.desired))
            };
            let complete = wanted.iter().all(current);
            stack.settled = complete.then_some(situation);
        }
    }

    /// Notes that a whole pass is needed.
    pub fn unsettle(&mut self, key: &StackKey) {
        if let Some(stack) = self.stacks.get_mut(key) {
            stack.settled = None;
        }
    }

    /// What to do so that the stack has what is wanted. `digest` is what an earlier process left in the
    /// status.
    pub fn plan(
        &mut self,
        key: &StackKey,
        uid: &str,
        wanted: &[Wanted],
        digest: Option<&str>,
        now: Instant,
    ) -> Plan {
        let Some(stack) = self.stacks.get_mut(key) else { return Plan::default() };
        stack.recognize(wanted, digest);
        let listings = self.listings;
        let others = &self.others;
        // What was there a moment ago may be there still, without our labels.
        let is_free = |one: &Wanted| {
            listings[one.key.kind.index()].complete
                && !stack.lost.contains(&one.key)
                && others.is_free(one.key.kind, &key.namespace, &one.key.name)
        };
        let step = |one: &Wanted| match stack.step(one, uid, now) {
            Step::Create if is_free(one) => Step::New,
            step => step,
        };
        let steps = wanted.iter().map(step).collect();
        let names: BTreeSet<&ChildKey> = wanted.iter().map(|one| &one.key).collect();
        let mut orphans = Vec::new();
        for (child, record) in &mut stack.records {
            let listing = listings[child.kind.index()];
            if names.contains(child) || !listing.complete {
                continue;
            }
            // Data goes with its stack or not at all, and never because a spec does not ask for it any more.
            if record.is_disposable(uid) && child.kind != KindId::volume_claim() {
                orphans.push(Orphan { key: child.clone(), uid: record.uid.clone() });
            }
            record.ignored = true;
        }
        stack.gone.clear();
        let lost = std::mem::take(&mut stack.lost);
        let lost = lost.into_iter().filter(|child| names.contains(child)).collect();
        Plan { steps, orphans, lost }
    }

    /// Takes in the answer to an apply. Returns who owned what before, if it repaired drift.
    pub fn answered(&mut self, key: &StackKey, one: &Wanted, metadata: &ObjectMeta) {
        let epoch = self.listings[one.key.kind.index()].epoch;
        let Some(stack) = self.stacks.get_mut(key) else { return };
        // The watch may have told of its end already.
        if !metadata.uid.as_ref().is_some_and(|uid| stack.gone.contains(uid.as_str())) {
            stack.records.entry(one.key.clone()).or_default().answered(one.desired, metadata, epoch);
        }
    }

    /// An apply has no answer: whether it was done is not known.
    pub fn unanswered(&mut self, key: &StackKey, child: &ChildKey) {
        if let Some(record) = self.record_mut(key, child) {
            record.applied = None;
        }
    }

    /// Takes in what was read of an object that no watch has told of.
    pub fn read(&mut self, key: &StackKey, child: &ChildKey, metadata: ObjectMeta) {
        let epoch = self.listings[child.kind.index()].epoch;
        if let Some(stack) = self.stacks.get_mut(key) {
            stack.records.entry(child.clone()).or_default().observe(metadata, None, epoch);
        }
    }

    /// An orphan was deleted.
    pub fn deleted(&mut self, key: &StackKey, orphan: &Orphan) {
        if let Some(stack) = self.stacks.get_mut(key)
            && stack.records.get(&orphan.key).is_some_and(|record| record.uid == orphan.uid)
        {
            stack.records.remove(&orphan.key);
        }
    }

    /// What is known of a child.
    #[must_use]
    pub fn record(&self, key: &StackKey, child: &ChildKey) -> Option<&Record> {
        self.stacks.get(key)?.records.get(child)
    }

    /// What is known of a child, to note more.
    pub fn record_mut(&mut self, key: &StackKey, child: &ChildKey) -> Option<&mut Record> {
        self.stacks.get_mut(key)?.records.get_mut(child)
    }

    /// Whether the stack with this uid has volumes, or Secrets that derive from its root; none while they are
    /// not listed. Those that go with an earlier stack of its name do not count.
    #[must_use]
    pub fn is_guarded(&self, key: &StackKey, uid: &str) -> Option<bool> {
        let root = names::root(&key.name);
        let kinds = [KindId::secret(), KindId::volume_claim()];
        let guards = |child: &ChildKey, record: &Record| {
            let stays = record.controller.as_deref().is_none_or(|controller| controller == uid);
            kinds.contains(&child.kind) && *child.name != *root && stays && !record.deleting
        };
        let listed = kinds.iter().all(|kind| self.listings[kind.index()].complete);
        let mut records = self.stacks.get(key)?.records.iter();
        listed.then(|| records.any(|(child, record)| guards(child, record)))
    }

    /// Whether the objects of the stack were complete at the end of the last whole pass.
    #[must_use]
    pub fn is_settled_at_all(&self, key: &StackKey) -> bool {
        self.stacks.get(key).is_some_and(|stack| stack.settled.is_some())
    }

    /// One hash over what is applied; none while not all of it is.
    #[must_use]
    pub fn digest(&self, key: &StackKey, wanted: &[Wanted]) -> Option<String> {
        self.stacks.get(key)?.digest(wanted)
    }

    /// How far the workloads of a stack are.
    #[must_use]
    pub fn readiness(&self, key: &StackKey) -> BTreeMap<ChildKey, Readiness> {
        let records = self.stacks.get(key).into_iter().flat_map(|stack: &Stack| &stack.records);
        records
            .filter_map(|(child, record)| Some((child.clone(), record.readiness.as_deref()?.clone())))
            .collect()
    }

    /// The hash of an object as records keep it.
    #[must_use]
    pub fn hash(digest: &str) -> Hash {
        let mut hash = Hash::default();
        let digits =
            digest.as_bytes().chunks_exact(2).map(|two| std::str::from_utf8(two).unwrap_or_default());
        for (to, two) in hash.iter_mut().zip(digits) {
            *to = u8::from_str_radix(two, 16).unwrap_or_default();
        }
        hash
    }
}

//! All that the operator knows of the cluster, fed by watches and by the answers to its own writes.
//!
//! Everything here is synchronous and pure: events go in, and out comes which stacks to look after. So any
//! order of events can be tried without a server.

pub mod fields;
mod key;
mod others;
pub mod pass;
pub mod readiness;
pub mod record;
#[cfg(test)]
mod record_tests;
pub mod seen;
mod stack;
#[cfg(test)]
mod tests;

pub use key::{ChildKey, StackKey};
pub use stack::{ANNOTATIONS, Manifest, Situation, Step, Wanted};

use crate::inputs::Capabilities;
use crate::kinds::{KINDS, KindId};
use crate::names;
use crate::queue::Wake;
use crds::CommerceStackStatus;
use fields::Hash;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use readiness::Readiness;
use record::{Record, stack_of, version};
use stack::Stack;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::time::Instant;

/// A stack to look after, and why.
pub type Woken = (StackKey, Wake);

/// How far the watch of a kind is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listing {
    /// Whether all objects have been listed once.
    pub complete: bool,
    /// Whether listing has failed.
    pub failing: bool,
    epoch: u8,
}

/// A referenced Secret: its version (0: absent), and who refers to it.
#[derive(Debug, Default)]
struct Reference {
    version: u64,
    epoch: u8,
    users: BTreeSet<StackKey>,
}

/// What is known.
#[derive(Debug, Default)]
pub struct World {
    stacks: HashMap<StackKey, Stack>,
    listings: [Listing; KINDS.len()],
    stack_listing: Listing,
    others: others::Others,
    references: HashMap<(Box<str>, Box<str>), Reference>,
    available: Option<Capabilities>,
}

impl World {
    /// A listing of stacks begins.
    pub fn stacks_listed_anew(&mut self) {
        self.stack_listing.epoch = self.stack_listing.epoch.wrapping_add(1);
    }

    /// A listing of stacks is complete: those that it did not have are gone.
    pub fn stacks_listed(&mut self) -> Vec<Woken> {
        let epoch = self.stack_listing.epoch;
        (self.stack_listing.complete, self.stack_listing.failing) = (true, false);
        let there = self.stacks.iter().filter(|(_, stack)| stack.manifest.is_some());
        let gone: Vec<StackKey> =
            there.filter(|(_, stack)| stack.epoch != epoch).map(|(key, _)| key.clone()).collect();
        gone.iter().filter_map(|key| self.stack_gone(key)).collect()
    }

    /// A stack was seen.
    pub fn stack_seen(&mut self, key: &StackKey, manifest: Manifest) -> Option<Woken> {
        let epoch = self.stack_listing.epoch;
        let stack = self.stacks.entry(key.clone()).or_default();
        stack.epoch = epoch;
        let version = version(manifest.metadata());
        let wake = match &stack.manifest {
            None => Some(Wake::Bulk),
            Some(_) if version != 0 && version < stack.version => return None,
            Some(before) if !before.asks_the_same(&manifest) => Some(Wake::Changed),
            // Nobody but us writes a status. What another wrote is written over.
            Some(before) => {
                let expected = match &stack.written {
                    Some((at, status)) if *at <= version => Some(status),
                    Some(_) => None,
                    None => before.status(),
                };
                expected.is_some_and(|status| Some(status) != manifest.status()).then_some(Wake::Noticed)
            }
        };
        if stack.manifest.as_ref().is_some_and(|before| before.metadata().uid != manifest.metadata().uid) {
            (stack.settled, stack.written) = (None, None);
            stack.records.values_mut().for_each(|record| record.applied = None);
        }
        stack.version = version;
        stack.manifest = Some(manifest);
        wake.map(|wake| (key.clone(), wake))
    }

    /// A stack is gone. Its children are remembered until they are, too.
    pub fn stack_gone(&mut self, key: &StackKey) -> Option<Woken> {
        let stack = self.stacks.get_mut(key)?;
        let was = stack.manifest.take().is_some();
        (stack.settled, stack.written) = (None, None);
        let references = std::mem::take(&mut stack.references);
        if stack.records.is_empty() {
            self.stacks.remove(key);
        }
        self.refer(key, &references, &BTreeSet::new());
        was.then(|| (key.clone(), Wake::Changed))
    }

    /// A listing of children of a kind begins.
    pub fn children_listed_anew(&mut self, kind: KindId) {
        let listing = &mut self.listings[kind.index()];
        listing.epoch = listing.epoch.wrapping_add(1);
    }

    /// A listing of children of a kind is complete: those that it did not have are gone.
    pub fn children_listed(&mut self, kind: KindId) -> Vec<Woken> {
        let listing = &mut self.listings[kind.index()];
        let (first, epoch) = (!listing.complete, listing.epoch);
        (listing.complete, listing.failing) = (true, false);
        let mut woken = Vec::new();
        for (key, stack) in &mut self.stacks {
            let gone = |child: &ChildKey, record: &Record| child.kind == kind && record.epoch != epoch;
            let lost: Vec<ChildKey> = stack
                .records
                .iter()
                .filter(|(child, record)| gone(child, record))
                .map(|(c, _)| c.clone())
                .collect();
            for child in lost {
                stack.records.remove(&child);
                stack.lost.insert(child);
                stack.settled = None;
            }
            let look = stack.settled.is_none() || stack.records.values().any(Record::wants_attention);
            if stack.manifest.is_some() && look {
                woken.push((key.clone(), if first { Wake::Bulk } else { Wake::Noticed }));
            }
        }
        woken
    }

    /// A child was seen.
    pub fn child_seen(
        &mut self,
        kind: KindId,
        metadata: ObjectMeta,
        readiness: Option<Readiness>,
    ) -> Option<Woken> {
        let listing = self.listings[kind.index()];
        let key = StackKey::new(metadata.namespace.as_deref()?, stack_of(&metadata)?);
        let child = ChildKey::new(kind, metadata.name.as_deref()?);
        let is_root = kind == KindId::secret() && *child.name == *names::root(&key.name);
        let stack = self.stacks.entry(key.clone()).or_default();
        let record = stack.records.entry(child).or_default();
        let told = record.readiness.as_deref() != readiness.as_ref();
        let before = (record.uid.clone(), record.version);
        let news = record.observe(metadata, readiness, listing.epoch);
        // Everything derives from what is in the root, which no managed field tells.
        let root = is_root && before != (record.uid.clone(), record.version);
        let look = root || (news && (told || record.wants_attention()));
        let wake = if root || record.wants_attention() { Wake::Noticed } else { Wake::Progressed };
        (stack.manifest.is_some() && listing.complete && look).then_some((key, wake))
    }

    /// A child is gone.
    pub fn child_gone(&mut self, kind: KindId, metadata: &ObjectMeta) -> Option<Woken> {
        let key = StackKey::new(metadata.namespace.as_deref()?, stack_of(metadata)?);
        let child = ChildKey::new(kind, metadata.name.as_deref()?);
        let stack = self.stacks.get_mut(&key)?;
        let uid = metadata.uid.as_deref().unwrap_or_default();
        stack.gone.insert(uid.into());
        // One made anew meanwhile is another.
        let replaced = stack.records.get(&child).filter(|record| *record.uid == *uid)?.replacing;
        stack.records.remove(&child);
        if stack.manifest.is_none() {
            if stack.records.is_empty() {
                self.stacks.remove(&key);
            }
            return None;
        }
        if !replaced {
            stack.lost.insert(child);
        }
        stack.settled = None;
        Some((key, Wake::Noticed))
    }

    /// Listing or watching a kind failed.
    pub fn children_unheard(&mut self, kind: KindId) {
        self.listings[kind.index()].failing = true;
    }

    /// A kind is no longer served: nothing is known of its objects.
    pub fn kind_removed(&mut self, kind: KindId) {
        self.listings[kind.index()] = Listing::default();
        self.others.forget(kind);
        for stack in self.stacks.values_mut() {
            stack.records.retain(|child, _| child.kind != kind);
        }
    }

    /// Which optional kinds the cluster serves. All stacks depend on that.
    pub fn set_available(&mut self, available: Capabilities) -> Vec<Woken> {
        if self.available.replace(available) == Some(available) {
            return Vec::new();
        }
        self.keys().into_iter().map(|key| (key, Wake::Bulk)).collect()
    }

    /// Which optional kinds the cluster serves.
    #[must_use]
    pub fn available(&self) -> Capabilities {
        self.available.unwrap_or_default()
    }

    /// A listing of objects of a kind that are not ours begins.
    pub fn others_listed_anew(&mut self, kind: KindId) {
        self.others.listed_anew(kind);
    }

    /// A listing of objects of a kind that are not ours is complete.
    pub fn others_listed(&mut self, kind: KindId) -> Vec<Woken> {
        let epoch = self.others.listed(kind);
        let mut woken = Vec::new();
        if kind == KindId::secret() {
            for reference in self.references.values_mut().filter(|r| r.epoch != epoch && r.version != 0) {
                reference.version = 0;
                woken.extend(reference.users.iter().map(|key| (key.clone(), Wake::Changed)));
            }
        }
        woken
    }

    /// An object that is not ours was seen (its version) or is gone (0).
    pub fn other_seen(&mut self, kind: KindId, namespace: &str, name: &str, version: u64) -> Vec<Woken> {
        self.others.seen(kind, namespace, name, version != 0);
        if kind != KindId::secret() {
            return Vec::new();
        }
        let epoch = self.others.listing(kind).epoch;
        let Some(reference) = self.references.get_mut(&(namespace.into(), name.into())) else {
            return Vec::new();
        };
        reference.epoch = epoch;
        if std::mem::replace(&mut reference.version, version) == version {
            return Vec::new();
        }
        reference.users.iter().map(|key| (key.clone(), Wake::Changed)).collect()
    }

    /// Notes which Secrets a stack refers to, with the versions that were just read (0: absent).
    pub fn set_references(&mut self, key: &StackKey, read: &BTreeMap<String, u64>) {
        let Some(stack) = self.stacks.get_mut(key) else { return };
        let after: BTreeSet<String> = read.keys().cloned().collect();
        let before = std::mem::replace(&mut stack.references, after.clone());
        self.refer(key, &before, &after);
        let epoch = self.others.listing(KindId::secret()).epoch;
        for (name, version) in read {
            if let Some(reference) =
                self.references.get_mut(&(key.namespace.as_ref().into(), name.as_str().into()))
            {
                reference.epoch = epoch;
                reference.version = if *version == 0 { 0 } else { reference.version.max(*version) };
            }
        }
    }

    fn refer(&mut self, key: &StackKey, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        let place = |name: &String| (key.namespace.as_ref().into(), name.as_str().into());
        for name in after.difference(before) {
            self.references.entry(place(name)).or_default().users.insert(key.clone());
        }
        for name in before.difference(after) {
            let place = place(name);
            if let Some(reference) = self.references.get_mut(&place) {
                reference.users.remove(key);
                if reference.users.is_empty() {
                    self.references.remove(&place);
                }
            }
        }
    }

    /// Whether everything that must be listed has been, or has failed to be.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let heard = |listing: &Listing| listing.complete || listing.failing;
        let Some(available) = self.available else { return false };
        let needed = KindId::all().filter(|kind| !kind.get().optional || available.http_route);
        self.stack_listing.complete
            && needed
                .flat_map(|kind| [self.listings[kind.index()], self.others.listing(kind)])
                .all(|listing| heard(&listing))
    }

    /// Whether the stacks are listed.
    #[must_use]
    pub fn has_stacks(&self) -> bool {
        self.stack_listing.complete
    }

    /// Listing or watching objects of a kind that are not ours failed.
    pub fn others_unheard(&mut self, kind: KindId) {
        self.others.unheard(kind);
    }

    /// Every stack that exists.
    #[must_use]
    pub fn keys(&self) -> Vec<StackKey> {
        self.stacks.iter().filter(|(_, stack)| stack.manifest.is_some()).map(|(key, _)| key.clone()).collect()
    }
}

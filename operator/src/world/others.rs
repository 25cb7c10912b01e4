//! The names that objects of others have: eight bytes each, so that nobody need ask before making an object.

use super::Listing;
use crate::kinds::{KINDS, KindId};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The names of one kind, by hash. Names with the same hash are one, which costs a question more.
#[derive(Debug, Default)]
struct Names {
    listing: Listing,
    /// In which listing a name was seen last.
    seen: HashMap<u64, u8>,
}

/// The names of all kinds.
#[derive(Debug)]
pub(super) struct Others {
    kinds: Vec<Names>,
}

impl Default for Others {
    fn default() -> Self {
        Self { kinds: KINDS.iter().map(|_| Names::default()).collect() }
    }
}

fn hash(namespace: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, name).hash(&mut hasher);
    hasher.finish()
}

impl Others {
    pub(super) fn listed_anew(&mut self, kind: KindId) {
        let names = &mut self.kinds[kind.index()];
        names.listing.epoch = names.listing.epoch.wrapping_add(1);
    }

    /// A listing is complete. Gives which listing it was.
    pub(super) fn listed(&mut self, kind: KindId) -> u8 {
        let names = &mut self.kinds[kind.index()];
        let epoch = names.listing.epoch;
        (names.listing.complete, names.listing.failing) = (true, false);
        names.seen.retain(|_, seen| *seen == epoch);
        epoch
    }

    pub(super) fn seen(&mut self, kind: KindId, namespace: &str, name: &str, there: bool) {
        let names = &mut self.kinds[kind.index()];
        let hash = hash(namespace, name);
        if there {
            names.seen.insert(hash, names.listing.epoch);
        } else {
            names.seen.remove(&hash);
        }
    }

    pub(super) fn unheard(&mut self, kind: KindId) {
        self.kinds[kind.index()].listing.failing = true;
    }

    pub(super) fn forget(&mut self, kind: KindId) {
        self.kinds[kind.index()] = Names::default();
    }

    pub(super) fn listing(&self, kind: KindId) -> Listing {
        self.kinds[kind.index()].listing
    }

    /// Whether it is known that nobody has this name.
    pub(super) fn is_free(&self, kind: KindId, namespace: &str, name: &str) -> bool {
        let names = &self.kinds[kind.index()];
        names.listing.complete && !names.listing.failing && !names.seen.contains_key(&hash(namespace, name))
    }
}

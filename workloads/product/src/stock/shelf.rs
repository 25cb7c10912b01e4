//! What is known of SKUs, by project; bounded.

use super::{FRESH, Fragment};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

/// The most SKUs of all projects.
const MAX_SKUS: usize = 20_000;
/// The most bytes of their texts.
const MAX_BYTES: usize = 32 << 20;

/// The availabilities of SKUs.
#[derive(Default)]
pub(super) struct Shelf(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    projects: HashMap<String, HashMap<String, (Fragment, Instant)>>,
    skus: usize,
    bytes: usize,
}

/// What is known of a SKU.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What inventory last said.
    pub(super) fragment: Fragment,
    /// Whether that is not too long ago.
    pub(super) fresh: bool,
}

impl Shelf {
    /// What is known of these SKUs, in their order.
    pub(super) fn read<'s>(
        &self,
        project: &str,
        skus: impl Iterator<Item = &'s str>,
        now: Instant,
    ) -> Vec<Known> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.projects.get(project);
        skus.map(|sku| match kept.and_then(|kept| kept.get(sku)) {
            Some((fragment, until)) => Known { fragment: fragment.clone(), fresh: now < *until },
            None => Known::default(),
        })
        .collect()
    }

    /// Keeps what inventory has just said, as far as there is room.
    pub(super) fn put(&self, project: &str, learned: &HashMap<String, Fragment>, now: Instant) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = learned.iter().map(|(sku, fragment)| size(sku, fragment)).sum();
        kept.make_room(learned.len(), bytes, now);
        let Kept { projects, skus: number, bytes } = &mut *kept;
        let project = projects.entry(project.to_owned()).or_default();
        for (sku, fragment) in learned {
            let more = size(sku, fragment);
            if *number >= MAX_SKUS || *bytes + more > MAX_BYTES {
                break;
            }
            let old = project.insert(sku.clone(), (fragment.clone(), now + FRESH));
            *number += usize::from(old.is_none());
            *bytes = *bytes + more - old.map_or(0, |(old, _)| size(sku, &old));
        }
    }
}

impl Kept {
    /// Drops what is no longer fresh if there is no room for more, and all if that does not help.
    fn make_room(&mut self, skus: usize, bytes: usize, now: Instant) {
        for all in [false, true] {
            if self.skus + skus <= MAX_SKUS && self.bytes + bytes <= MAX_BYTES {
                return;
            }
            self.projects.retain(|_, kept| {
                kept.retain(|_, (_, until)| !all && now < *until);
                !kept.is_empty()
            });
            let kept = || self.projects.values().flatten();
            (self.skus, self.bytes) = (kept().count(), kept().map(|(sku, (text, _))| size(sku, text)).sum());
        }
    }
}

/// About what it takes.
fn size(sku: &str, fragment: &Fragment) -> usize {
    sku.len() + fragment.as_ref().map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(skus: std::ops::Range<usize>, text: &str) -> HashMap<String, Fragment> {
        skus.map(|sku| (sku.to_string(), Some(text.into()))).collect()
    }

    fn read(shelf: &Shelf, sku: &str, now: Instant) -> (Option<String>, bool) {
        let known = shelf.read("demo", [sku].into_iter(), now).remove(0);
        (known.fragment.map(|text| text.to_string()), known.fresh)
    }

    #[test]
    fn what_was_said_is_fresh_for_a_second_and_known_until_there_is_no_room() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        assert_eq!(read(&shelf, "0", now), (None, false));
        shelf.put("demo", &learned(0..1, "old"), now);
        assert_eq!(read(&shelf, "0", now), (Some("old".to_owned()), true));
        assert_eq!(read(&shelf, "0", now + FRESH), (Some("old".to_owned()), false));
        shelf.put("demo", &learned(0..1, "new"), now + FRESH);
        assert_eq!(read(&shelf, "0", now + FRESH), (Some("new".to_owned()), true));
        shelf.put("other", &learned(0..MAX_SKUS, ""), now + FRESH);
        assert_eq!(read(&shelf, "0", now + FRESH), (None, false));
    }

    #[test]
    fn skus_and_bytes_stay_within_their_bounds() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let large = "x".repeat(MAX_BYTES / 10);
        for (at, text) in ["", &large].into_iter().cycle().take(6).enumerate() {
            shelf.put(&at.to_string(), &learned(0..if text.is_empty() { 15_000 } else { 20 }, text), now);
            let kept = shelf.0.read().unwrap();
            let all = || kept.projects.values().flatten();
            let bytes: usize = all().map(|(sku, (text, _))| size(sku, text)).sum();
            assert_eq!((kept.skus, kept.bytes), (all().count(), bytes));
            assert!(kept.skus <= MAX_SKUS && kept.bytes <= MAX_BYTES && kept.skus > 0, "{}", kept.bytes);
        }
    }
}

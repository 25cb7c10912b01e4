//! Which events are new, which came before, and where some are missing.
//!
//! A relay may publish events again: after a crash, or beside another replica of its service. First
//! deliveries come in order, so an event whose number is not above the last one's is a repetition; one
//! that skips numbers says that events were lost (retention went over a consumer that was away, say).
//! [`Sequences`] remembers the last number of the keys that were met lately. It begins anew with each
//! process and each change of what a member reads, so it never takes a new event for an old one; repetitions
//! and gaps across such a change are not seen, which is why handlers must be idempotent all the same.

use super::Event;
use api::Timestamp;
use std::collections::HashMap;

/// Keys of one generation. Two are kept; at about 150 bytes a key, 8 MB at most.
const KEYS: usize = 25_000;

/// What an event is to those that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It follows the last one, or nothing is known of its key, or it belongs to no series.
    New,
    /// It was there before.
    Repeated,
    /// Events between this number and its own are missing.
    After(i64),
}

#[derive(Clone, Copy)]
struct Last {
    change_seq: i64,
    /// The latest time among the key's events.
    time: Timestamp,
}

/// The last event of each key that was met lately.
#[derive(Default)]
pub struct Sequences {
    young: HashMap<String, Last>,
    old: HashMap<String, Last>,
}

impl Sequences {
    fn last(&self, key: &str) -> Option<Last> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    /// What `event` is to what was noted so far.
    #[must_use]
    pub fn judge(&self, event: &Event) -> Arrival {
        let Some(last) = self.last(&event.key).filter(|_| event.change_seq > 0) else { return Arrival::New };
        if event.change_seq > last.change_seq + 1 {
            Arrival::After(last.change_seq)
        } else if event.change_seq <= last.change_seq && event.time <= last.time {
            Arrival::Repeated
        } else {
            // The next one; or a later document of the same id, whose numbers begin again.
            Arrival::New
        }
    }

    /// Notes that `event` is done.
    pub fn note(&mut self, event: &Event) {
        if event.change_seq <= 0 {
            return;
        }
        if self.young.len() >= KEYS {
            self.old = std::mem::take(&mut self.young);
        }
        let before = self.last(&event.key).map_or(event.time, |last| last.time);
        let last = Last { change_seq: event.change_seq, time: before.max(event.time) };
        self.young.insert(event.key.clone(), last);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: &str, change_seq: i64, millis: i64) -> Event {
        Event {
            id: format!("{key}-{change_seq}"),
            topic: "order".to_owned(),
            kind: "order.updated".to_owned(),
            key: key.to_owned(),
            change_seq,
            time: Timestamp::from_millis(millis),
            data: "{}".to_owned(),
        }
    }

    fn after(events: &[(&str, i64, i64)]) -> Sequences {
        let mut sequences = Sequences::default();
        events.iter().for_each(|(key, seq, at)| sequences.note(&event(key, *seq, *at)));
        sequences
    }

    #[test]
    fn the_next_number_is_new_and_the_ones_before_are_repetitions() {
        let sequences = after(&[("a", 1, 10), ("a", 2, 20), ("a", 3, 30)]);
        assert_eq!(sequences.judge(&event("a", 4, 40)), Arrival::New);
        for n in 1..=3 {
            assert_eq!(sequences.judge(&event("a", n, n * 10)), Arrival::Repeated);
        }
        assert_eq!(sequences.judge(&event("b", 7, 1)), Arrival::New, "nothing is known of it");
    }

    #[test]
    fn a_number_that_skips_others_is_a_gap() {
        let sequences = after(&[("a", 2, 20)]);
        assert_eq!(sequences.judge(&event("a", 5, 50)), Arrival::After(2));
        assert_eq!(sequences.judge(&event("a", 3, 30)), Arrival::New);
    }

    #[test]
    fn numbers_that_begin_again_later_are_another_document_of_the_same_id() {
        let mut sequences = after(&[("a", 1, 10), ("a", 2, 20)]);
        assert_eq!(sequences.judge(&event("a", 1, 21)), Arrival::New);
        sequences.note(&event("a", 1, 21));
        assert_eq!(sequences.judge(&event("a", 2, 22)), Arrival::New);
    }

    #[test]
    fn writers_whose_clocks_differ_do_not_make_a_repetition_look_new() {
        let sequences = after(&[("a", 5, 100), ("a", 6, 50)]);
        assert_eq!(sequences.judge(&event("a", 5, 100)), Arrival::Repeated);
    }

    #[test]
    fn events_outside_of_a_series_are_always_new() {
        let mut sequences = after(&[("a", 3, 30)]);
        sequences.note(&event("a", 0, 40));
        assert_eq!(sequences.judge(&event("a", 0, 1)), Arrival::New);
        assert_eq!(sequences.judge(&event("a", 3, 30)), Arrival::Repeated, "and do not disturb it");
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_came_lately() {
        let mut sequences = Sequences::default();
        for n in 0..3 * KEYS {
            sequences.note(&event(&format!("key-{n}"), 1, 1));
        }
        assert!(sequences.young.len() + sequences.old.len() <= 2 * KEYS);
        let latest = event(&format!("key-{}", 3 * KEYS - 1), 1, 1);
        assert_eq!(sequences.judge(&latest), Arrival::Repeated);
        assert_eq!(sequences.judge(&event("key-0", 1, 1)), Arrival::New);
        sequences.clear();
        assert_eq!(sequences.judge(&latest), Arrival::New);
    }
}

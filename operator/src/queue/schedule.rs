//! Which key is worked on next, and when: debounce, backoff per key, two lanes. Pure, the time is given.
//!
//! A key is never worked on twice at once: what happens meanwhile makes it due again afterwards. A wake
//! never moves a due key to later, so a busy key is not starved.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;
use tokio::time::Instant;

/// By how much longer than others a wake waits that many of its kind follow.
const SLACK: u32 = 12;

/// How keys are timed.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How long news of the world waits for more of its kind.
    pub debounce: Duration,
    /// The delay after the first failure in a row; it doubles with each.
    pub first_delay: Duration,
    /// The greatest delay after failures.
    pub max_delay: Duration,
    /// How many keys of the bulk lane may be worked on at once.
    pub bulk_limit: usize,
}

/// Why a key is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The user changed what is wanted: due at once, whatever failed before.
    Changed,
    /// The world moved: due in a moment, but not before the delay of a failed key is over.
    Noticed,
    /// Pods came or went, as they do in numbers: due soon, so that many are told together.
    Progressed,
    /// One of many, such as at the start: due when nothing more urgent is.
    Bulk,
}

/// How the work on a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Well. Due again when woken.
    Done,
    /// Well, and due again after this time.
    Again(Duration),
    /// Badly. Due again after the delay of its failures in a row.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Urgent,
    Bulk,
}

#[derive(Debug, Default)]
struct Entry {
    due: Option<(Lane, Instant, u64)>,
    running: Option<Lane>,
    /// Woken while it was being worked on.
    again: Option<Wake>,
    failures: u32,
    not_before: Option<Instant>,
}

/// The keys and when they are due.
#[derive(Debug)]
pub struct Schedule<K> {
    policy: Policy,
    entries: HashMap<K, Entry>,
    urgent: BTreeSet<(Instant, u64, K)>,
    bulk: BTreeSet<(Instant, u64, K)>,
    bulk_running: usize,
    turn: u64,
}

impl<K: Clone + Eq + Ord + Hash> Schedule<K> {
    /// No keys.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            entries: HashMap::new(),
            urgent: BTreeSet::new(),
            bulk: BTreeSet::new(),
            bulk_running: 0,
            turn: 0,
        }
    }

    /// Makes a key due.
    pub fn wake(&mut self, key: &K, wake: Wake, now: Instant) {
        let policy = self.policy;
        let entry = self.entries.entry(key.clone()).or_default();
        if entry.running.is_some() {
            entry.again = Some(match (entry.again, wake) {
                (Some(Wake::Changed), _) | (_, Wake::Changed) => Wake::Changed,
                (None | Some(Wake::Progressed), Wake::Progressed) => Wake::Progressed,
                _ => Wake::Noticed,
            });
            return;
        }
        let (lane, at) = match wake {
            Wake::Changed => (Lane::Urgent, now),
            Wake::Noticed => (Lane::Urgent, (now + policy.debounce).max(entry.not_before.unwrap_or(now))),
            Wake::Progressed => {
                (Lane::Urgent, (now + policy.debounce * SLACK).max(entry.not_before.unwrap_or(now)))
            }
            Wake::Bulk => (Lane::Bulk, entry.not_before.unwrap_or(now)),
        };
        self.put(key, lane, at);
    }

    /// Moves a key to the earlier of two times and the more urgent of two lanes.
    fn put(&mut self, key: &K, lane: Lane, at: Instant) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        self.turn += 1;
        let mut place = (lane, at, self.turn);
        if let Some((old_lane, old_at, old_turn)) = entry.due.take() {
            let set = if old_lane == Lane::Urgent { &mut self.urgent } else { &mut self.bulk };
            set.remove(&(old_at, old_turn, key.clone()));
            let turn = if old_at <= at { old_turn } else { self.turn };
            place = (lane.min(old_lane), at.min(old_at), turn);
        }
        entry.due = Some(place);
        let set = if place.0 == Lane::Urgent { &mut self.urgent } else { &mut self.bulk };
        set.insert((place.1, place.2, key.clone()));
    }

    /// The next key that is due, if any; its work has begun.
    pub fn take(&mut self, now: Instant) -> Option<K> {
        let due = |set: &BTreeSet<(Instant, u64, K)>| set.first().filter(|(at, ..)| *at <= now).cloned();
        let bulk_free = self.bulk_running < self.policy.bulk_limit;
        let (lane, place) = match (due(&self.urgent), bulk_free.then(|| due(&self.bulk)).flatten()) {
            (Some(place), _) => (Lane::Urgent, place),
            (None, Some(place)) => (Lane::Bulk, place),
            (None, None) => return None,
        };
        if lane == Lane::Urgent {
            self.urgent.remove(&place);
        } else {
            self.bulk.remove(&place);
            self.bulk_running += 1;
        }
        let (_, _, key) = place;
        let entry = self.entries.entry(key.clone()).or_default();
        entry.due = None;
        entry.running = Some(lane);
        Some(key)
    }

    /// When `take` may next give a key, if nothing is woken before.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let bulk_free = self.bulk_running < self.policy.bulk_limit;
        let first = |set: &BTreeSet<(Instant, u64, K)>| set.first().map(|(at, ..)| *at);
        let bulk = bulk_free.then(|| first(&self.bulk)).flatten();
        [first(&self.urgent), bulk].into_iter().flatten().min()
    }

    /// Ends the work on a key. `random` spreads the delays.
    pub fn finish(&mut self, key: &K, finish: Finish, now: Instant, random: u64) {
        let policy = self.policy;
        let Some(entry) = self.entries.get_mut(key) else { return };
        if entry.running.take() == Some(Lane::Bulk) {
            self.bulk_running = self.bulk_running.saturating_sub(1);
        }
        let again = entry.again.take();
        if finish == Finish::Failed {
            let delay = delay(policy, entry.failures, random);
            entry.failures = entry.failures.saturating_add(1);
            entry.not_before = Some(now + delay);
            self.put(key, Lane::Urgent, now + delay);
        } else {
            entry.failures = 0;
            entry.not_before = None;
            if let Finish::Again(after) = finish {
                self.put(key, Lane::Urgent, now + after);
            } else if again.is_none() {
                // Nothing to remember: an idle key costs no memory.
                self.entries.remove(key);
            }
        }
        if let Some(wake) = again {
            self.wake(key, wake, now);
        }
    }

    /// Forgets a key, unless it is being worked on.
    pub fn forget(&mut self, key: &K) {
        if self.entries.get(key).is_some_and(|entry| entry.running.is_none())
            && let Some(Entry { due: Some((lane, at, turn)), .. }) = self.entries.remove(key)
        {
            let set = if lane == Lane::Urgent { &mut self.urgent } else { &mut self.bulk };
            set.remove(&(at, turn, key.clone()));
        }
    }

    /// How many keys are due now and wait.
    #[must_use]
    pub fn waiting(&self, now: Instant) -> usize {
        let due = |set: &BTreeSet<(Instant, u64, K)>| set.iter().take_while(|(at, ..)| *at <= now).count();
        due(&self.urgent) + due(&self.bulk)
    }
}

/// `first_delay` doubled per failure up to `max_delay`, then half of it fixed and half at random.
fn delay(policy: Policy, failures: u32, random: u64) -> Duration {
    let whole = policy.first_delay.saturating_mul(1 << failures.min(20)).min(policy.max_delay);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(half + random % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn schedule() -> (Schedule<&'static str>, Instant) {
        let policy =
            Policy { debounce: MS * 20, first_delay: MS * 500, max_delay: MS * 300_000, bulk_limit: 1 };
        (Schedule::new(policy), Instant::now())
    }

    #[test]
    fn many_wakes_are_one_piece_of_work() {
        let (mut schedule, now) = schedule();
        for step in 0..10 {
            schedule.wake(&"a", Wake::Noticed, now + MS * step);
        }
        assert_eq!(schedule.take(now + MS * 19), None);
        assert_eq!(schedule.take(now + MS * 20), Some("a"), "later wakes do not defer it");
        schedule.finish(&"a", Finish::Done, now + MS * 21, 0);
        assert_eq!(schedule.take(now + MS * 100), None);
        assert!(schedule.entries.is_empty());
    }

    #[test]
    fn a_key_woken_during_its_work_is_due_again_afterwards_and_never_twice_at_once() {
        let (mut schedule, now) = schedule();
        schedule.wake(&"a", Wake::Noticed, now);
        assert_eq!(schedule.take(now + MS * 20), Some("a"));
        schedule.wake(&"a", Wake::Noticed, now + MS * 30);
        assert_eq!(schedule.take(now + MS * 100), None);
        schedule.finish(&"a", Finish::Done, now + MS * 100, 0);
        assert_eq!(schedule.take(now + MS * 120), Some("a"));
    }

    #[test]
    fn failures_delay_a_key_longer_and_longer_and_success_resets_that() {
        let (mut schedule, mut now) = schedule();
        schedule.wake(&"a", Wake::Noticed, now);
        now += MS * 20;
        let mut delays = Vec::new();
        for _ in 0..14 {
            assert_eq!(schedule.take(now), Some("a"));
            schedule.finish(&"a", Finish::Failed, now, u64::MAX);
            let due = schedule.next_due().unwrap();
            delays.push(due - now);
            now = due;
        }
        assert!(delays.is_sorted());
        assert!(delays[0] <= MS * 500 && delays[0] >= MS * 250);
        assert!(delays[13] <= MS * 300_000 && delays[13] >= MS * 150_000, "{delays:?}");
        assert_eq!(schedule.take(now), Some("a"));
        schedule.finish(&"a", Finish::Done, now, 0);
        schedule.wake(&"a", Wake::Noticed, now);
        assert_eq!(schedule.next_due(), Some(now + MS * 20));
    }

    #[test]
    fn what_the_user_changes_does_not_wait_for_the_delay_but_what_is_noticed_does() {
        let (mut schedule, now) = schedule();
        schedule.wake(&"a", Wake::Noticed, now);
        schedule.take(now + MS * 20);
        for _ in 0..8 {
            schedule.finish(&"a", Finish::Failed, now, 0);
        }
        let due = schedule.next_due().unwrap();
        schedule.wake(&"a", Wake::Noticed, now);
        assert_eq!(schedule.next_due(), Some(due));
        schedule.wake(&"a", Wake::Changed, now);
        assert_eq!(schedule.next_due(), Some(now));
    }

    #[test]
    fn the_bulk_never_takes_every_hand_and_what_is_urgent_goes_first() {
        let (mut schedule, now) = schedule();
        for key in ["a", "b", "c"] {
            schedule.wake(&key, Wake::Bulk, now);
        }
        schedule.wake(&"z", Wake::Changed, now + MS * 5);
        let now = now + MS * 50;
        assert_eq!(schedule.take(now), Some("z"));
        assert_eq!(schedule.take(now), Some("a"));
        assert_eq!(schedule.take(now), None, "the bulk lane is full");
        schedule.wake(&"c", Wake::Changed, now);
        assert_eq!(schedule.take(now), Some("c"), "a key of the bulk can become urgent");
        schedule.finish(&"a", Finish::Done, now, 0);
        assert_eq!(schedule.take(now), Some("b"));
    }

    #[test]
    fn progress_waits_for_more_of_its_kind_but_holds_up_nothing_else() {
        let (mut schedule, now) = schedule();
        schedule.wake(&"a", Wake::Progressed, now);
        assert_eq!(schedule.next_due(), Some(now + MS * 240));
        schedule.wake(&"a", Wake::Noticed, now);
        assert_eq!(schedule.next_due(), Some(now + MS * 20));
    }

    #[test]
    fn a_forgotten_key_is_not_due() {
        let (mut schedule, now) = schedule();
        schedule.wake(&"a", Wake::Noticed, now);
        schedule.forget(&"a");
        assert_eq!((schedule.next_due(), schedule.waiting(now + MS * 99)), (None, 0));
    }
}

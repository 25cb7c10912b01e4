//! The circuit breaker of one replica: where calls keep failing, none are sent for a while, then one tries.

use std::time::Duration;
use tokio::time::Instant;

/// Calls in a row that may be lost before the replica is left alone.
const LOST_IN_A_ROW: u32 = 5;
/// How long it is left alone at first; twice as long each time, up to the longest.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);
/// How long the one that tries may take before another one may.
const TRIAL: Duration = Duration::from_secs(5);

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is nobody, or one who serves nothing now: one such call is enough.
    Absent,
    /// Not even that is told: a call waits until it has lost its patience. One is enough.
    Silent,
    /// It was sent, and no answer came.
    Lost,
}

/// Whether calls may go to a replica.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    lost: u32,
    /// How often in a row it was opened.
    opened: u32,
    /// What it was opened for said at once that nobody serves.
    absent: bool,
    /// No call before this instant, and then one.
    closed_until: Option<Instant>,
    /// Counts its openings, so that calls which went before do not count against it twice.
    era: u64,
}

/// A call that goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket(u64);

impl Breaker {
    /// Whether a call may go now.
    pub(super) fn admits(&self, now: Instant) -> bool {
        self.closed_until.is_none_or(|until| until <= now)
    }

    /// Whether a call may go that would go nowhere else. To ask somebody who was absent costs next to nothing, and they
    /// may have come back since.
    pub(super) fn admits_in_need(&self) -> bool {
        self.absent
    }

    /// Says that a call goes. Behind an open breaker it is the one that tries; others wait for it.
    pub(super) fn begin(&mut self, now: Instant) -> Ticket {
        if let Some(until) = &mut self.closed_until {
            *until = now + TRIAL;
        }
        Ticket(self.era)
    }

    /// Says that an answer came, whatever it was.
    pub(super) fn answered(&mut self, ticket: Ticket) {
        if ticket.0 == self.era {
            *self = Self { era: self.era, ..Self::default() };
        }
    }

    /// Says that none came.
    pub(super) fn failed(&mut self, ticket: Ticket, trouble: Trouble, now: Instant) {
        if ticket.0 != self.era {
            return;
        }
        self.lost = self.lost.saturating_add(1);
        let trying = self.closed_until.is_some();
        if trouble != Trouble::Lost || trying || self.lost >= LOST_IN_A_ROW {
            let pause = FIRST.saturating_mul(1 << self.opened.min(16)).min(LONGEST);
            self.opened = self.opened.saturating_add(1);
            self.absent = trouble == Trouble::Absent;
            self.era += 1;
            self.closed_until = Some(now + pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn fail(breaker: &mut Breaker, trouble: Trouble, now: Instant) {
        let ticket = breaker.begin(now);
        breaker.failed(ticket, trouble, now);
    }

    #[test]
    fn a_few_lost_calls_are_borne_and_an_answer_forgives_them() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..3 {
            (0..LOST_IN_A_ROW - 1).for_each(|_| fail(&mut breaker, Trouble::Lost, now));
            assert!(breaker.admits(now));
            let ticket = breaker.begin(now);
            breaker.answered(ticket);
        }
        (0..LOST_IN_A_ROW).for_each(|_| fail(&mut breaker, Trouble::Lost, now));
        assert!(!breaker.admits(now));
    }

    #[test]
    fn an_absent_replica_is_left_alone_at_once_and_then_tried_by_one_call() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        fail(&mut breaker, Trouble::Absent, start);
        assert!(!breaker.admits(at(start, 249)));
        assert!(breaker.admits(at(start, 250)));
        let ticket = breaker.begin(at(start, 250));
        assert!(!breaker.admits(at(start, 251)), "one tries, the others wait");
        breaker.answered(ticket);
        assert!(breaker.admits(at(start, 252)));
    }

    #[test]
    fn only_who_is_known_to_be_absent_is_asked_in_need() {
        for (trouble, asked) in [(Trouble::Absent, true), (Trouble::Silent, false), (Trouble::Lost, false)] {
            let (mut breaker, now) = (Breaker::default(), Instant::now());
            (0..LOST_IN_A_ROW).for_each(|_| fail(&mut breaker, trouble, now));
            assert_eq!((breaker.admits(now), breaker.admits_in_need()), (false, asked), "{trouble:?}");
        }
    }

    #[test]
    fn it_is_left_alone_for_longer_each_time_but_never_for_long() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            fail(&mut breaker, Trouble::Absent, now);
            let until = breaker.closed_until.unwrap();
            pauses.push((until - now).as_millis());
            now = until;
        }
        assert_eq!(pauses[..4], [250, 500, 1_000, 2_000]);
        assert_eq!(pauses[39], LONGEST.as_millis());
    }

    #[test]
    fn many_calls_that_fail_together_open_it_once() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        let tickets: Vec<Ticket> = (0..50).map(|_| breaker.begin(now)).collect();
        tickets.into_iter().for_each(|ticket| breaker.failed(ticket, Trouble::Lost, now));
        assert!(breaker.admits(now + FIRST));
    }

    #[test]
    fn a_trial_that_never_ends_blocks_the_next_one_for_seconds_only() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        fail(&mut breaker, Trouble::Absent, start);
        breaker.begin(at(start, 300));
        assert!(!breaker.admits(at(start, 5_299)));
        assert!(breaker.admits(at(start, 5_300)));
    }
}

//! The retry budget of calls to one service: retries stay a small part of all calls, so that they never
//! multiply the load on a service that is in trouble.

use tokio::time::Instant;

/// Hundredths of a retry.
const RETRY: i64 = 100;
/// What each call adds: one retry for five calls.
const OF_A_CALL: i64 = 20;
/// Retries a second that are free however few calls there are.
const FREE: i64 = 10;
/// Retries that can be saved up.
const MOST: i64 = 100 * RETRY;

/// How many retries are left.
#[derive(Debug)]
pub(super) struct Budget {
    saved: i64,
    filled: Instant,
}

impl Budget {
    /// A budget with a second's free retries.
    pub(super) fn new(now: Instant) -> Self {
        Self { saved: FREE * RETRY, filled: now }
    }

    /// Says that a call is made for the first time.
    pub(super) fn call(&mut self) {
        self.saved = (self.saved + OF_A_CALL).min(MOST);
    }

    /// Takes a retry out; `false` if there is none.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let millis = i64::try_from((now - self.filled).as_millis()).unwrap_or(i64::MAX);
        let free = millis.saturating_mul(FREE * RETRY) / 1_000;
        if free > 0 {
            self.saved = self.saved.saturating_add(free).min(MOST);
            self.filled = now;
        }
        if self.saved < RETRY {
            return false;
        }
        self.saved -= RETRY;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn retries(budget: &mut Budget, now: Instant) -> usize {
        (0..1_000).take_while(|_| budget.retry(now)).count()
    }

    #[test]
    fn one_of_five_calls_may_be_repeated() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        assert_eq!(retries(&mut budget, now), 10);
        (0..50).for_each(|_| budget.call());
        assert_eq!(retries(&mut budget, now), 10);
    }

    #[test]
    fn a_few_retries_are_free_where_calls_are_rare() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        retries(&mut budget, start);
        assert_eq!(retries(&mut budget, start + Duration::from_secs(1)), 10);
    }

    #[test]
    fn a_quiet_day_saves_up_no_storm() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        (0..1_000_000).for_each(|_| budget.call());
        assert_eq!(retries(&mut budget, start + Duration::from_secs(86_400)), 100);
    }
}

//! What a run was like, as one JSON line. A run with an error has no rate: it is no result.

use serde_json::{Value, json};
use std::time::Duration;

/// What one client saw, and then what all of them saw.
#[derive(Default)]
pub(crate) struct Tally {
    /// Microseconds of each round that ended well inside the measured time.
    pub(crate) latencies: Vec<u64>,
    /// Rounds that ended well, whenever.
    pub(crate) rounds: usize,
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.rounds += other.rounds;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    /// The line; `elapsed` is the measured time.
    pub(crate) fn line(mut self, scenario: &str, clients: usize, elapsed: Duration) -> Value {
        self.latencies.sort_unstable();
        let count = self.latencies.len();
        let quantile = |per_mille: usize| self.latencies.get(count * per_mille / 1000).copied();
        json!({
            "scenario": scenario, "clients": clients, "count": count, "rounds": self.rounds, "seconds": seconds(elapsed),
            "perSecond": if self.errors == 0 { Some(per_second(count, elapsed)) } else { None },
            "p50Micros": quantile(500), "p90Micros": quantile(900), "p99Micros": quantile(990), "p999Micros": quantile(999),
            "maxMicros": self.latencies.last(),
            "errors": self.errors, "firstError": self.first_error,
        })
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn per_second(count: usize, elapsed: Duration) -> u64 {
    u64::try_from(count).unwrap_or(0).saturating_mul(1_000_000) / micros(elapsed).max(1)
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(latencies: impl IntoIterator<Item = u64>) -> Tally {
        Tally { latencies: latencies.into_iter().collect(), ..Tally::default() }
    }

    #[test]
    fn the_rate_is_what_ended_in_the_measured_time() {
        let line = of(1..=1000).line("Read", 8, Duration::from_millis(500));
        assert_eq!((&line["perSecond"], &line["errors"]), (&json!(2000), &json!(0)));
        assert_eq!(
            (&line["p50Micros"], &line["p99Micros"], &line["maxMicros"]),
            (&json!(501), &json!(991), &json!(1000))
        );
    }

    #[test]
    fn one_error_among_all_clients_takes_the_rate_away() {
        let mut all = of([5, 6]);
        let mut other = of([7]);
        other.error(&anyhow::anyhow!("expected 200, got 500"));
        other.error(&anyhow::anyhow!("later"));
        all.add(other);
        let line = all.line("Read", 2, Duration::from_secs(1));
        assert_eq!(
            (&line["perSecond"], &line["errors"], &line["count"]),
            (&Value::Null, &json!(2), &json!(3))
        );
        assert_eq!(line["firstError"], "expected 200, got 500");
    }
}

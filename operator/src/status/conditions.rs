//! Conditions: a time only moves when the status flips, and what is equal but for its time is equal.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The API server takes 32768 bytes; nobody reads that much.
const LONGEST_MESSAGE: usize = 2000;

/// A condition without its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The type.
    pub kind: &'static str,
    /// Whether it is so.
    pub is: bool,
    /// The reason.
    pub reason: &'static str,
    /// The message.
    pub message: String,
}

/// The conditions that are to be, with times taken over from those that were.
#[must_use]
pub fn merge(
    before: &[Condition],
    said: Vec<Said>,
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    // What the API server keeps has whole seconds.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let with_time = |said: Said| {
        let status = if said.is { "True" } else { "False" };
        let old = before.iter().find(|old| old.type_ == said.kind && old.status == status);
        Condition {
            type_: said.kind.to_owned(),
            status: status.to_owned(),
            reason: said.reason.to_owned(),
            message: bounded(said.message),
            observed_generation: generation,
            last_transition_time: old.map_or(Time(now), |old| old.last_transition_time.clone()),
        }
    };
    said.into_iter().map(with_time).collect()
}

fn bounded(message: String) -> String {
    if message.chars().count() <= LONGEST_MESSAGE {
        return message;
    }
    let cut: String = message.chars().take(LONGEST_MESSAGE).collect();
    format!("{cut}…")
}

/// The condition of a type, if it is there.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether the condition of a type is there and true.
#[must_use]
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is: bool, reason: &'static str) -> Vec<Said> {
        vec![Said { kind: "Ready", is, reason, message: String::new() }]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::new(second, 500_000_000).unwrap()
    }

    #[test]
    fn the_time_moves_only_when_the_status_flips() {
        let first = merge(&[], said(false, "A"), Some(1), at(100));
        assert_eq!(first[0].last_transition_time.0, Timestamp::from_second(100).unwrap());
        let same = merge(&first, said(false, "A"), Some(1), at(200));
        assert_eq!(same, first);
        let other = merge(&first, said(false, "B"), Some(2), at(200));
        assert_eq!((other[0].last_transition_time.0.as_second(), other[0].reason.as_str()), (100, "B"));
        let flipped = merge(&other, said(true, "C"), Some(2), at(300));
        assert_eq!(flipped[0].last_transition_time.0.as_second(), 300);
    }

    #[test]
    fn what_is_no_longer_said_is_gone() {
        let first = merge(&[], said(true, "A"), None, at(1));
        assert!(is_true(&first, "Ready") && !is_true(&first, "Stalled"));
        assert!(merge(&first, Vec::new(), None, at(2)).is_empty());
    }
}

//! What keeps a stack from being as it should be, in the words of its conditions.

use crate::failure::Failure;
use crate::reasons::reason;

/// Something in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A word of [`crate::reasons`].
    pub reason: &'static str,
    /// What is wrong, where, and how to mend it.
    pub message: String,
    /// Whether somebody must act.
    pub stalls: bool,
}

impl Problem {
    /// Something that somebody must mend.
    #[must_use]
    pub fn stalled(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), stalls: true }
    }

    /// Something that passes by itself.
    #[must_use]
    pub fn passing(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), stalls: false }
    }

    /// A request that failed.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        Self { reason: failure.reason(), message: failure.to_string(), stalls: failure.stalls() }
    }

    /// Whether a later attempt may end better although nobody acts, so that it is worth repeating.
    #[must_use]
    pub fn is_worth_repeating(&self) -> bool {
        // A wrong spec stays wrong until it is changed, and a change wakes the stack, as a new kind does. A
        // conflict has a time of its own.
        !matches!(
            self.reason,
            reason::INVALID_SPEC
                | reason::UNDECODABLE
                | reason::HTTP_ROUTE_UNAVAILABLE
                | reason::FIELD_CONFLICT
        )
    }
}

/// The problem that a summary names: what somebody must act on first, then what came first.
#[must_use]
pub fn foremost(problems: &[Problem]) -> Option<&Problem> {
    problems.iter().find(|problem| problem.stalls).or(problems.first())
}

/// The messages of all problems with this reason, up to a few.
#[must_use]
pub fn told(problems: &[Problem], reason: &str) -> String {
    const MOST: usize = 3;
    let mut messages: Vec<&str> = Vec::new();
    let mut more = 0;
    for problem in problems.iter().filter(|problem| problem.reason == reason) {
        if messages.len() < MOST { messages.push(&problem.message) } else { more += 1 }
    }
    let mut text = messages.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

//! The wall clock: the one place that reads it. Deadlines run on the monotonic clock of tokio instead.

use jiff::Timestamp;

/// The time now, for what people and other operators read: condition times, leases.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the operator's single reading of the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

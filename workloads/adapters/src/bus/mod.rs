//! Drivers of the `EventBus` port.

pub mod kafka;
pub mod local;

use kit::bus::{Event, Follower};
use std::panic::AssertUnwindSafe;

/// Calls a follower. One that panics must not take the bus with it.
fn hand_to(follower: &Follower, event: &Event) {
    if std::panic::catch_unwind(AssertUnwindSafe(|| follower(event))).is_err() {
        tracing::error!(event = %event.id, topic = %event.topic, "a follower panicked");
    }
}

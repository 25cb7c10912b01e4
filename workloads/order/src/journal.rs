//! The journal of an order: what no client sees of it. Its events, and where its saga stands.
//!
//! The first event is that the order was made, with the state it had then. As long as nothing else
//! happened that state is the present one and is not kept twice; an order fresh from the checkout has an
//! empty journal.

use crate::change::Change;
use api::order::Order;
use api::{ApiError, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// Events beyond this number are folded into the first state, so that an order that is changed all the
/// time does not grow without end.
const MAX_EVENTS: usize = 2_000;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// While the order is being made or undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) saga: Option<Saga>,
    /// The state that `events` start from, as JSON text; the present one if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<(Timestamp, Change)>,
    /// Events that `origin` holds already.
    #[serde(default, skip_serializing_if = "is_zero")]
    folded: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Where the saga of an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saga {
    pub(crate) phase: Phase,
    /// Until then the order is decided.
    pub(crate) deadline: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Phase {
    /// It may still become visible.
    Making,
    /// It may not any more; what was done for it is undone.
    Unwinding,
}

impl Journal {
    /// The journal of an order that is being made.
    pub(crate) fn making(deadline: Timestamp) -> Self {
        Self { saga: Some(Saga { phase: Phase::Making, deadline }), ..Self::default() }
    }

    /// Notes changes of the order that was `before` them.
    pub(crate) fn record(&mut self, before: &Order, now: Timestamp, changes: Vec<Change>) -> Result<()> {
        if self.origin.is_none() || self.events.len() + changes.len() > MAX_EVENTS {
            self.origin = Some(serde_json::to_string(before).map_err(|e| kit::peers::internal(&e))?);
            self.folded += self.events.len();
            self.events.clear();
        }
        self.events.extend(changes.into_iter().map(|change| (now, change)));
        Ok(())
    }

    /// How many events there were, with the one that made the order.
    pub(crate) fn length(&self) -> usize {
        1 + self.folded + self.events.len()
    }

    /// The state that the events give; `present` is the stored one.
    pub(crate) fn fold(&self, present: &Order) -> Result<Order, ApiError> {
        let Some(origin) = &self.origin else { return Ok(present.clone()) };
        let mut order: Order = serde_json::from_str(origin).map_err(|e| kit::peers::internal(&e))?;
        self.events.iter().for_each(|(_, change)| change.evolve(&mut order));
        Ok(order)
    }
}

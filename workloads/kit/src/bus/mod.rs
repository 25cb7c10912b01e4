//! The `EventBus` port: durable topics of events, read by groups with committed positions.
//!
//! Contract, proven for each driver by one conformance suite (the crate `conformance`):
//! - [`EventBus::publish`] returning `Ok` means that the events are durable. Order within a key holds, also
//!   when a publish fails in the middle and is repeated: nothing of a key is there without what came before
//!   it in the call.
//! - A [`Consumer`] of a group gets every event after the group's committed position, at least once,
//!   in order within a key; members of one group share the work. A new group starts at the oldest.
//! - [`EventBus::follow`] reads a topic from its oldest event, alone, and goes on with new ones.

pub mod sequence;

use crate::Boxed;
use api::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Unique; the same after a repeated delivery.
    pub id: String,
    /// Where it is published: the owning service's name, or `service-ping`, `service-pong`, `dead-letter`.
    pub topic: String,
    /// What happened: `order.created`, `cart.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Orders events and decides which member of a group gets them: `project/kind/id`.
    pub key: String,
    /// Numbers the events of one key from 1 without gaps; 0 where there is no such series.
    pub change_seq: i64,
    /// When it happened.
    pub time: Timestamp,
    /// JSON text.
    pub data: String,
}

/// An event as it was read, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// The part of the topic that it stands in.
    pub partition: i32,
    /// Its place in that part.
    pub offset: i64,
}

/// Why the bus could not do what it was asked. For the log only.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The event is larger than the bus takes.
    #[error("the event {0} is too large for the bus")]
    TooLarge(String),
    /// Driver trouble.
    #[error("the event bus failed: {0}")]
    Failed(String),
}

/// One member of a consumer group.
pub trait Consumer: Send + 'static {
    /// Waits for events that were not yet handed to this member, and gives up to `max` of them.
    fn next(&mut self, max: usize) -> Boxed<'_, Result<Vec<Delivery>, BusError>>;
    /// Says that everything up to and including `deliveries` is done.
    fn commit<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Boxed<'a, Result<(), BusError>>;
    /// A number that changes with what this member reads: where it differs from before, other members may
    /// have handled events in between that this one never sees.
    fn assignments(&self) -> u64;
    /// Leaves the group. What was not committed goes to the other members at once, where merely dropping
    /// the member may leave them waiting for it.
    fn leave(self: Box<Self>) -> Boxed<'static, ()>;
}

/// What is called with each event that [`EventBus::follow`] reads, in order.
pub type Follower = std::sync::Arc<dyn Fn(&Event) + Send + Sync>;

/// The stack's event log.
pub trait EventBus: Send + Sync + 'static {
    /// Publishes events in order.
    fn publish(&self, events: Vec<Event>) -> Boxed<'_, Result<(), BusError>>;

    /// Joins a group that reads these topics.
    fn join(&self, group: &str, topics: &[&str]) -> Boxed<'_, Result<Box<dyn Consumer>, BusError>>;

    /// Calls `follower` with every event of `topic`; returns when all that was there at the time of
    /// the call has been handed over, and goes on in the background. An in-process bus calls it for
    /// later events before `publish` returns, so followers there are never behind.
    fn follow(&self, topic: &str, follower: Follower) -> Boxed<'_, Result<(), BusError>>;

    /// Whether the bus answers.
    fn ping(&self) -> Boxed<'_, Result<(), BusError>>;
}

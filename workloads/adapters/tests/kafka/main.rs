//! The Kafka bus on a real broker: what the port promises, and what only a broker on a network can do.
//!
//! `KAFKA_BROKER` names the broker; without it the tests start one. Those that kill it, or that want users
//! or TLS, start their own in any case.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests, and helpers of tests, may"
)]

mod errors;
mod faults;
mod harness;
mod membership;
mod messages;
mod relaying;
mod security;

/// The port's conformance suite.
mod conformance {
    use crate::harness::{Topics, shared};
    use commerce_adapters::bus::kafka::KafkaBus;
    use kit::bus::EventBus;
    use std::sync::Arc;

    const TOPICS: [&str; 6] = ["account", "cart", "order", "product", "project", "dead-letter"];

    async fn fresh() -> (Arc<dyn EventBus>, Topics) {
        let topics = Topics::create(&shared(), &TOPICS, 4).await;
        (Arc::new(KafkaBus::open(&topics.config()).unwrap()), topics)
    }

    conformance::bus_conformance!(fresh);
}

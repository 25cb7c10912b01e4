//! Topics and database users against a real Kafka and a real server of MongoDB's protocol.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod kafka;
mod kafka_faults;
mod mongo;
mod support;

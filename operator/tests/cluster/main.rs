//! The operator on a real API server: what it writes, what it leaves alone, and what it says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates are for people")]
#![allow(missing_docs, reason = "tests document themselves by their names")]

mod backends;
mod changes;
mod crash;
mod drift;
mod faults;
#[path = "../build/fixture.rs"]
mod fixture;
mod idle;
mod leadership;
mod lifecycle;
mod mutants;
mod ownership;
mod scale;
#[path = "../backends/support.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;

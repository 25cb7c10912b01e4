//! The stack as processes: what holds when each service runs several times, and when some of them, the broker or
//! the database come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod backing;
mod command;
mod declared;
mod load;
mod replicas;
mod security;

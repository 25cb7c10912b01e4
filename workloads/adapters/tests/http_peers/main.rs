//! Peers and upstreams over HTTP/2, against real servers on the loopback interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod faults;
mod upstreams;
mod world;

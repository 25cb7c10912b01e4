//! The drivers of the embedded mode: the SQLite store and the local bus, under the ports' suites and
//! under what only files can suffer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests are tests")]

mod bus;
mod kill;
mod opening;
mod store;

//! The chart, installed by Helm on a real API server: what it refuses, what it leaves behind, and whether the
//! operator gets by with exactly the rights that it gives.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]
#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "build/fixture.rs"]
mod fixture;
#[path = "chart/install.rs"]
mod install;
#[path = "chart/process.rs"]
mod process;
#[path = "chart/rights.rs"]
mod rights;
#[path = "chart/site.rs"]
mod site;
mod support;

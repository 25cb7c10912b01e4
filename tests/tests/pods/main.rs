//! Scenarios on real pods, two of every service: installed by Helm, reached through Services, and mended by the
//! operator. `scripts/pods.sh` makes a cluster with nodes, loads the images, and runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod changes;
mod deletion;
mod load;
mod outage;
mod quickstart;
mod repair;
mod shop;
mod trouble;

//! What holds for the objects of every stack.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "build/changes.rs"]
mod changes;
#[path = "build/fixture.rs"]
mod fixture;
#[path = "build/objects.rs"]
mod objects;
#[path = "build/pods.rs"]
mod pods;
#[path = "build/policies.rs"]
mod policies;
#[path = "build/secrecy.rs"]
mod secrecy;
#[path = "build/strategies.rs"]
mod strategies;

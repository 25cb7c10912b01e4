//! The operator: reconciles CommerceStacks into the objects, topics, users and Secrets of a running stack.
//!
//! The way of a stack is dereference → validate → [`build::build`] → apply → status. `build` and what it
//! stands on ([`inputs`], [`release`], [`names`], [`labels`], [`secrets`]) are pure: no client, no clock, no
//! randomness.

pub mod access;
pub mod apply;
pub mod backend_watch;
pub mod backends;
pub mod build;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod deletion;
pub mod dereference;
pub mod edges;
pub mod events;
pub mod failure;
pub mod inputs;
pub mod kinds;
pub mod labels;
pub mod leader;
pub mod metrics;
pub mod names;
pub mod operator;
pub mod pods;
pub mod probes;
pub mod problem;
pub mod queue;
pub mod reasons;
pub mod release;
pub mod root;
mod root_secret;
pub mod run;
pub mod secrets;
pub mod state;
pub mod status;
mod unreadable;
pub mod validate;
pub mod watch;
pub mod world;

pub use run::{RunError, run};

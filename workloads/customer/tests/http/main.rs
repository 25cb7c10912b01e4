//! The customer service over HTTP, on the real SQLite store and event log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code")]

mod accounts;
mod description;
mod groups;
mod me;
mod passwords;
mod profile;
mod sign_up;
mod world;

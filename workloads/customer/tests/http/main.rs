//! The customer service over HTTP, on the real SQLite store and event log.

mod accounts;
mod groups;
mod me;
mod passwords;
mod profile;
mod sign_up;
mod world;

//! The product service over HTTP, on the real SQLite store and event log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end where something is not as expected")]

mod attributes;
mod categories;
mod product_actions;
mod product_types;
mod products;
mod projections;
mod reviews;
mod shop;

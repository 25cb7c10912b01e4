//! The product service over HTTP, on the real SQLite store and event log.

mod categories;
mod product_actions;
mod product_types;
mod products;
mod projections;
mod shop;

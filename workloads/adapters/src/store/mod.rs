//! Drivers of the `Store` port.

pub mod mongodb;
pub mod sqlite;

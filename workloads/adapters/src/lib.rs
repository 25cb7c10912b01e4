//! The ports' drivers: SQLite and MongoDB stores, the local event log, in-process peers.

pub mod bus;
pub mod peers;
mod sqlite;
pub mod store;
pub mod upstreams;

pub use sqlite::open::{DirLock, OpenError, lock_data_dir};

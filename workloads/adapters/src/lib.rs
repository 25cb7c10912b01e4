//! The ports' drivers: SQLite and MongoDB stores, event logs, peers in process and over HTTP/2.

pub mod bus;
pub mod peers;
mod sqlite;
pub mod store;
pub mod upstreams;

pub use sqlite::open::{DirLock, OpenError, lock_data_dir};

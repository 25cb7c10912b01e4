//! The ports' drivers: SQLite and MongoDB stores, the local event log, in-process peers.

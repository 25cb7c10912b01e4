//! What the SQLite drivers share: opening files, one writer with group commit, a pool of readers.

pub(crate) mod open;
pub(crate) mod queries;
pub(crate) mod readers;
pub(crate) mod writer;

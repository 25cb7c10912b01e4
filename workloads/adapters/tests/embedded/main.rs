//! The drivers of the embedded mode: the SQLite store and the local bus, under the ports' suites and
//! under what only files can suffer.

mod bus;
mod kill;
mod opening;
mod store;

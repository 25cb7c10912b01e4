//! The suites that drivers of the ports must pass. Each states its port's contract once; a driver's tests stamp it on a
//! store or a bus of theirs. Beside them what tests of services share, a [`Listener`].
//!
//! A crate of its own, and not a feature of the kit: a feature that only tests turn on would have everything above the
//! kit built twice.

pub mod bus;
mod listener;
pub mod store;

pub use listener::Listener;

//! Drivers of the `Peers` port.

pub mod local;

//! Drivers of the `EventBus` port.

pub mod local;

//! The project service over its routes, on real SQLite files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]
#![allow(clippy::needless_pass_by_value, reason = "so that JSON can be written where it is passed")]

mod channels;
mod custom_objects;
mod settings;
mod stage;
mod states;
mod stores;
mod types;

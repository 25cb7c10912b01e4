//! The project service over its routes, on real SQLite files.

mod channels;
mod custom_objects;
mod settings;
mod stage;
mod states;
mod stores;
mod types;

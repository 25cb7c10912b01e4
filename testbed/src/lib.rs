//! Real servers for tests, started as child processes and taken down again.
//!
//! One file per server ([`mongo`] for now); a server is a value that lives as long as the process behind it.
//! What a server needs is taken from the machine or built once into a cache outside of the checkout
//! ([`cache`], [`build`]). Every instance has a directory of its own and a recorded process ([`instance`]), so
//! that what a killed testbed left behind is found and removed by the next one.
//!
//! Linux only: processes are told apart by what `/proc` says about them.

pub mod build;
pub mod cache;
mod ferretdb;
pub mod instance;
pub mod mongo;
pub mod progress;

pub use mongo::MongoServer;

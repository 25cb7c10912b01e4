//! Real servers for tests, started as child processes and taken down again.
//!
//! One module per server ([`kubernetes`] with its nodes, [`kafka`], [`mongo`]); a server is a value that lives as long as
//! the processes behind it. What a server needs is taken from the machine or built once into a cache outside of the
//! checkout ([`cache`], [`build`]). Every process has a directory of its own ([`instance`], [`dir`]) and is recorded there, so that what a
//! killed testbed left behind is found and removed by the next one.
//!
//! All calls block. Linux only: processes are told apart by what `/proc` says about them.

mod bed;
mod binaries;
pub mod build;
pub mod cache;
mod certificates;
mod cgroups;
pub mod dir;
mod ferretdb;
pub mod instance;
pub mod kafka;
pub mod kubernetes;
pub mod mongo;
mod nodes;
mod ports;
mod postgres;
pub mod process;
pub mod progress;

pub use bed::{Bed, Part, Server, VARIABLES};
pub use binaries::{helm, kubectl};
pub use ferretdb::binary as ferretdb;
pub use kafka::{KafkaOptions, KafkaServer, Sasl};
pub use kubernetes::Kubernetes;
pub use mongo::MongoServer;
pub use nodes::can_have_nodes;

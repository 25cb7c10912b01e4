//! What every service is made of: the ports, the resource engine, the HTTP shell, the outbox relay,
//! consumers and telemetry.
//!
//! A service depends on this crate and on `api`, never on another service nor on a driver: stores,
//! buses and peers are reached through the ports here ([`store::Store`], [`bus::EventBus`],
//! [`peers::Peers`], [`clock::Clock`]), whose drivers live in the `adapters` crate.

pub mod bus;
pub mod clock;
pub mod consumer;
pub mod follow;
pub mod http;
pub mod identity;
pub mod peers;
pub mod recovery;
pub mod redrive;
pub mod relay;
pub mod resource;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod upstream;

pub use resource::{Context, Decision, Rules, State, Stop};
pub use service::{Deps, Service, ServiceBuilder};

/// A boxed future, the return type of the ports' methods, so that ports can be trait objects.
pub type Boxed<'a, T> = futures::future::BoxFuture<'a, T>;

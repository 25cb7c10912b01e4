//! What services say to each other on internal routes. No client ever sees these.

pub mod account;
pub mod cart;
pub mod customer;
pub mod declared;
pub mod inventory;
pub mod order;
pub mod project;

/// The update actions of a kind that is never updated.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum Never {}

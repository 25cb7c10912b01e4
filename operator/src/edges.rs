//! Which service calls which: the one table from which peers and NetworkPolicies are made.
//!
//! Public routes are called by the gateway alone. Internal routes are called by the gateway (health, keys,
//! descriptions) and among services: those that own resources refer to each other's, by look-ups, by custom
//! fields and by `expand`; account signs customers in, and customer withdraws their tokens at account.

use crds::ServiceName;

/// The port of public routes in a pod; of the gateway: the edge.
pub const PUBLIC_PORT: u16 = 8080;
/// The port of internal routes, metrics and probes in a pod.
pub const INTERNAL_PORT: u16 = 9090;
/// The port of MongoDB.
pub const MONGODB_PORT: u16 = 27017;
/// The port on which Kafka serves clients.
pub const KAFKA_PORT: u16 = 9092;

/// Whether `from` calls internal routes of `to`.
#[must_use]
pub fn calls(from: ServiceName, to: ServiceName) -> bool {
    use ServiceName::{Account, Customer, Gateway};
    match (from, to) {
        (from, to) if from == to => false,
        (_, Gateway) => false,
        (Gateway, _) | (Account, Customer) | (Customer, Account) => true,
        (Account, _) | (_, Account) => false,
        _ => true,
    }
}

/// Whether the service keeps data in a database of its own.
#[must_use]
pub fn has_database(service: ServiceName) -> bool {
    service != ServiceName::Gateway
}

/// Whether the service takes what the manifest declares.
#[must_use]
pub fn is_declared_to(service: ServiceName) -> bool {
    matches!(service, ServiceName::Account | ServiceName::Project)
}

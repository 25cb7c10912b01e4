//! The order service: orders, the checkout that makes one of a cart, and the import of other systems' orders.

mod adopt;
mod change;
mod checkout;
mod confirmations;
mod decisions;
mod import;
mod journal;
mod new_order;
mod orders;
mod routes;

use checkout::Checkout;
use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use orders::Orders;
use std::sync::Arc;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![kind_schema::<Orders>()]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<Orders>();
    let peers = Arc::clone(&deps.peers);
    let builder = ServiceBuilder::new(deps, &schemas);
    let orders = builder.open::<Orders>();
    let (confirmations, task) = confirmations::start(peers);
    let checkout = Arc::new(Checkout::new(Arc::clone(&orders), builder.lookups(), confirmations));
    let builder = builder.collection(&orders).mine(&orders);
    routes::add(builder, &orders, &checkout)
        .recover(api::Kind::Order, checkout::recovery(checkout))
        .task(task)
        .build()
}

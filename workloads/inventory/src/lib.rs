//! The inventory service: inventory entries, and the stock that orders take from them.

mod desk;
mod entries;
mod marks;
mod recovery;
mod stock;

use desk::Desk;
use entries::Entries;
use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use std::sync::Arc;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![kind_schema::<Entries>()]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<Entries>();
    let builder = ServiceBuilder::new(deps, &schemas);
    let entries = builder.open::<Entries>();
    let clock = Arc::clone(&entries.deps.clock);
    let desk = Arc::new(Desk::new(Arc::clone(&entries)));
    stock::routes(builder.collection(&entries), &desk, &clock)
        .recover(api::Kind::InventoryEntry, recovery::handler(entries, desk))
        .build()
}

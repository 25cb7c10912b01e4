//! The inventory service.

use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder};
use kit::store::KindSchema;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    Vec::new()
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    ServiceBuilder::new(deps, &Schemas::default()).build()
}

//! The cart service: carts, and what their prices depend on: tax categories, shipping methods, zones.

mod zones;

pub use zones::Zones;

use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![kind_schema::<Zones>()]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<Zones>();
    let builder = ServiceBuilder::new(deps, &schemas);
    let zones = builder.open::<Zones>();
    builder.collection(&zones).build()
}

//! The customer service: customers and their groups, signing up and in, `me`.

mod argon;
mod carts;
mod custom;
mod customers;
mod desk;
mod follow;
mod groups;
mod limits;
mod passwords;
mod routes;
mod sign_in;
mod sign_up;
mod tokens;

use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![kind_schema::<groups::CustomerGroups>(), kind_schema::<customers::Customers>()]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<groups::CustomerGroups>();
    schemas.add::<customers::Customers>();
    let builder = ServiceBuilder::new(deps.clone(), &schemas);
    let groups = builder.open::<groups::CustomerGroups>();
    let desk = desk::Desk::new(deps, builder.open(), builder.lookups());
    let builder = builder.collection(&groups).collection(&desk.customers);
    let builder = follow::recover(builder, &desk);
    let builder = follow::consume(builder, &desk);
    routes::add(builder, &desk).build()
}

//! The cart service: carts, and what their prices depend on: tax categories, shipping methods, zones.

mod cart_predicate;
mod carts;
mod shipping_methods;
mod tax_categories;
mod zones;

use carts::Carts;
use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use shipping_methods::ShippingMethods;
use std::sync::Arc;
use tax_categories::TaxCategories;
use zones::Zones;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![
        kind_schema::<TaxCategories>(),
        kind_schema::<Zones>(),
        kind_schema::<ShippingMethods>(),
        kind_schema::<Carts>(),
    ]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<TaxCategories>();
    schemas.add::<Zones>();
    schemas.add::<ShippingMethods>();
    schemas.add::<Carts>();
    let builder = ServiceBuilder::new(deps, &schemas);
    let (categories, zones) = (builder.open::<TaxCategories>(), builder.open::<Zones>());
    let (methods, carts) =
        (builder.open::<ShippingMethods>(), builder.open_followed::<Carts>(Arc::new(carts::holds::follow)));
    let builder = builder.collection(&categories).collection(&zones).collection(&methods).collection(&carts);
    let builder = shipping_methods::add_routes(builder.mine(&carts), &methods, &zones, &carts);
    let builder = carts::routes::internal(carts::routes::public(builder, &carts), &carts);
    builder.recover(api::Kind::Cart, carts::retention::recover(&carts)).build()
}

//! The project service: project settings, types of custom fields, workflow states, stores, channels and
//! custom objects.

mod channels;
mod custom_objects;
mod declare;
mod references;
mod settings;
mod states;
mod storefront;
mod stores;
mod types;

use channels::Channels;
use custom_objects::CustomObjects;
use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use settings::Projects;
use states::States;
use stores::Stores;
use types::Types;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![
        kind_schema::<Projects>(),
        kind_schema::<Types>(),
        kind_schema::<States>(),
        kind_schema::<Stores>(),
        kind_schema::<Channels>(),
        kind_schema::<CustomObjects>(),
    ]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<Projects>();
    schemas.add::<Types>();
    schemas.add::<States>();
    schemas.add::<Stores>();
    schemas.add::<Channels>();
    schemas.add::<CustomObjects>();
    let builder = ServiceBuilder::new(deps, &schemas);
    let (projects, types) = (builder.open::<Projects>(), builder.open::<Types>());
    let (states, stores) = (builder.open::<States>(), builder.open::<Stores>());
    let (channels, objects) = (builder.open::<Channels>(), builder.open::<CustomObjects>());
    let builder = builder.collection(&types).collection(&states).collection(&stores).collection(&channels);
    let builder = settings::routes(builder, &projects);
    let builder = custom_objects::routes(builder, &objects);
    let builder = builder.internal("/review-statistics", channels::review_statistics(channels));
    builder.internal("/declare", declare::handler(&projects, &states)).build()
}

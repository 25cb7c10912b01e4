//! The product service: product types, categories, products and their projections, reviews.

mod answers;
mod assets;
mod categories;
mod dimensions;
mod product_types;
mod products;
mod projections;
mod query;
mod reviews;
mod selection;
mod slugs;
mod statistics;
mod stock;
mod unique;
mod workflow;

use answers::Answers;
use api::Kind;
use categories::{Categories, Tree};
use kit::recovery::Recover;
use kit::resource::Schemas;
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use product_types::ProductTypes;
use products::Products;
use reviews::Reviews;
use std::sync::Arc;
use stock::Stock;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![
        kind_schema::<ProductTypes>(),
        kind_schema::<Categories>(),
        kind_schema::<Products>(),
        kind_schema::<Reviews>(),
    ]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<ProductTypes>();
    schemas.add::<Categories>();
    schemas.add::<Products>();
    schemas.add::<Reviews>();
    let (stock, ask_for_stock) = Stock::new(Arc::clone(&deps.peers));
    let answers = Arc::new(Answers::new(Arc::clone(&deps.clock), stock));
    let builder = ServiceBuilder::new(deps, &schemas);
    let types = builder.open::<ProductTypes>();
    let categories = builder.open::<Categories>();
    let products = builder.open_presented::<Products>(answers.presenter());
    let reviews = builder.open_followed::<Reviews>(statistics::follow_up(&products));
    let products_too = Arc::clone(&products);
    let tree = Tree { categories: Arc::clone(&categories), products: Arc::clone(&products) };
    let builder =
        builder.collection(&types).collection(&categories).collection(&products).collection(&reviews);
    let builder = categories::add_routes(builder, &tree);
    let builder = projections::add_routes(builder, &products, &answers).task(ask_for_stock);
    let change_products: Recover = Arc::new(move |key| {
        let (types, products) = (Arc::clone(&types), Arc::clone(&products));
        Box::pin(async move { product_types::recover(&types, &products, key).await })
    });
    let settle_tree: Recover = Arc::new(move |key| {
        let tree = tree.clone();
        Box::pin(async move { tree.recover(key).await })
    });
    let builder = builder.recover(Kind::Review, statistics::recover(&reviews, &products_too));
    builder.recover(Kind::ProductType, change_products).recover(Kind::Category, settle_tree).build()
}

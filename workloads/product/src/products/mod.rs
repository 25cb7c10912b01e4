//! Products: what is sold.
//!
//! A product has a `staged` version for editors and a `current` one for shops. Views: the product
//! itself, and the projections of both versions; `current` is absent while the product is unpublished.

mod actions;
mod attributes;
mod category_of;
mod draft;
mod images;
mod invariants;
mod prices;
mod publication;
mod target;
#[cfg(test)]
mod tests;
mod variants;
mod views;

pub(crate) use category_of::forget as forget_category;
pub(crate) use views::{CURRENT, STAGED};

use crate::selection;
use api::product::{Product, ProductAction, ProductDraft};
use api::{ApiError, Kind, Message, Meta};
use kit::http::Params;
use kit::resource::{Context, Decision, Rules, State};
use kit::store::{Claim, MAIN, View};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The rules of products.
pub(crate) struct Products;

/// What of a product no client sees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProductHidden {
    /// The highest variant id that was ever given; none is given twice.
    pub(crate) last_variant_id: i32,
}

impl Rules for Products {
    type Body = Product;
    type Hidden = ProductHidden;
    type Draft = ProductDraft;
    type Action = ProductAction;

    const KIND: Kind = Kind::Product;
    const VIEWS: &'static [&'static str] = &[MAIN, CURRENT, STAGED];
    const INDEXES: &'static [&'static str] = &["productType.id"];
    const QUERY: &'static [(&'static str, &'static str)] = selection::QUERY;

    fn create(draft: &ProductDraft, cx: &mut Context<'_>) -> Decision<(Product, ProductHidden)> {
        let (product, hidden) = draft::product(draft, cx)?;
        let meta = views::meta_of_new(cx);
        cx.emit(
            Message::new("ProductCreated")
                .with("productProjection", views::projection_value(&meta, &product, STAGED)),
        );
        Ok((product, hidden))
    }

    fn foresee(state: &State<Self>, actions: &[ProductAction], cx: &Context<'_>) {
        actions::foresee(state, actions, cx);
    }

    fn apply(state: &mut State<Self>, action: &ProductAction, cx: &mut Context<'_>) -> Decision<()> {
        actions::apply(state, action, cx)
    }

    fn settle(state: &mut State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        invariants::check(&state.body, cx)?;
        state.master_data.note_changes();
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        if state.master_data.published {
            return Err(ApiError::invalid_operation(
                "A published product cannot be deleted. Unpublish it first.",
            )
            .into());
        }
        let urls = images::urls_of(&state.master_data.staged, &state.master_data.current);
        let projection = views::projection_value(&state.meta, &state.body, CURRENT);
        let message = Message::new("ProductDeleted").with("removedImageUrls", urls);
        cx.emit(message.with("currentProjection", projection));
        Ok(())
    }

    fn claims(product: &Product) -> Vec<Claim> {
        let mut claims: Vec<Claim> = product.key.iter().map(|key| Claim::new("key", key.as_str())).collect();
        for data in [&product.master_data.staged, &product.master_data.current] {
            claims.extend(data.slug.iter().map(|(locale, slug)| Claim::new(format!("slug.{locale}"), slug)));
            claims.extend(data.all_variants().filter_map(|v| Some(Claim::new("sku", v.sku.as_deref()?))));
        }
        claims
    }

    fn user_identifiers(product: &Product) -> Map<String, Value> {
        let data = &product.master_data.current;
        let mut identifiers = Map::new();
        identifiers.extend(product.key.iter().map(|key| ("key".to_owned(), key.into())));
        identifiers.extend(data.master_variant.sku.iter().map(|sku| ("sku".to_owned(), sku.as_str().into())));
        identifiers.extend(serde_json::to_value(&data.slug).ok().map(|slug| ("slug".to_owned(), slug)));
        identifiers
    }

    fn views(meta: &Meta, product: &Product) -> serde_json::Result<Vec<View>> {
        views::all(meta, product)
    }

    fn check_query(params: &Params) -> api::Result<()> {
        selection::Selection::parse(params).map(|_| ())
    }
}

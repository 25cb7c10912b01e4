//! The texts under which a product is stored: itself, and its projections.

use api::product::{Product, ProductPriceMode};
use api::review::ReviewRatingStatistics;
use api::{Key, Meta, Reference};
use kit::resource::Context;
use kit::store::{MAIN, View};
use serde::Serialize;
use serde_json::Value;

/// The projection that shops see.
pub(crate) const CURRENT: &str = "current";
/// The projection that editors see.
pub(crate) const STAGED: &str = "staged";

/// What a projection has beside one version's data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Key>,
    product_type: &'a Reference,
    has_staged_changes: bool,
    published: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_category: Option<&'a Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_mode: Option<ProductPriceMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_rating_statistics: Option<&'a ReviewRatingStatistics>,
}

/// All views of a product.
pub(super) fn all(meta: &Meta, product: &Product) -> serde_json::Result<Vec<View>> {
    let mut views = vec![
        View { name: MAIN, served: api::meta::join(meta, product)? },
        View { name: STAGED, served: projection(meta, product, STAGED)? },
    ];
    if product.master_data.published {
        views.push(View { name: CURRENT, served: projection(meta, product, CURRENT)? });
    }
    Ok(views)
}

/// The text of one projection. The variants stand last.
fn projection(meta: &Meta, product: &Product, version: &str) -> serde_json::Result<String> {
    let meta = Meta { created_by: None, last_modified_by: None, ..meta.clone() };
    let catalog = &product.master_data;
    let head = Head {
        key: product.key.as_ref(),
        product_type: &product.product_type,
        has_staged_changes: catalog.has_staged_changes,
        published: catalog.published,
        tax_category: product.tax_category.as_ref(),
        state: product.state.as_ref(),
        price_mode: product.price_mode,
        review_rating_statistics: product.review_rating_statistics.as_ref(),
    };
    let mut text = api::meta::join(&meta, &head)?;
    let data = if version == CURRENT { &catalog.current } else { &catalog.staged };
    text.pop();
    text.push(',');
    text.push_str(serde_json::to_string(data)?.get(1..).unwrap_or("}"));
    Ok(text)
}

/// A projection for a message.
pub(super) fn projection_value(meta: &Meta, product: &Product, version: &str) -> Value {
    projection(meta, product, version).and_then(|text| serde_json::from_str(&text)).unwrap_or_default()
}

/// The meta that a product will have that is just being made.
pub(super) fn meta_of_new(cx: &Context<'_>) -> Meta {
    Meta {
        id: cx.resource_id.clone(),
        version: 1,
        created_at: cx.now,
        last_modified_at: cx.now,
        created_by: None,
        last_modified_by: None,
    }
}

/// The meta that a product will have after the update that is being decided.
pub(super) fn meta_after(meta: &Meta, cx: &Context<'_>) -> Meta {
    Meta { version: meta.version + 1, last_modified_at: cx.now, ..meta.clone() }
}

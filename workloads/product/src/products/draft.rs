//! A product out of a draft.

use super::{ProductHidden, attributes, category_of, prices, variants};
use crate::slugs;
use api::product::{Product, ProductCatalogData, ProductData, ProductDraft, ProductPriceMode};
use api::product_type::{AttributeLevel, ProductType};
use api::product_variant::{ProductVariant, ProductVariantDraft};
use api::{ApiError, Kind, Reference};
use kit::resource::{Context, Decision};

/// The product, with both versions alike.
pub(super) fn product(draft: &ProductDraft, cx: &Context<'_>) -> Decision<(Product, ProductHidden)> {
    want_all(draft, cx);
    slugs::check(&draft.slug)?;
    if draft.master_variant.is_none() && !draft.variants.is_empty() {
        return Err(ApiError::required_field("masterVariant").into());
    }
    let product_type = cx.resolve::<ProductType>(Kind::ProductType, &draft.product_type)?;
    attributes::want_all(&draft.attributes, &product_type, cx);
    for variant in draft.master_variant.iter().chain(&draft.variants) {
        attributes::want_all(&variant.attributes, &product_type, cx);
    }
    let mut hidden = ProductHidden::default();
    let empty = ProductVariantDraft::default();
    let master = draft.master_variant.as_ref().unwrap_or(&empty);
    let master_variant = variants::from_draft(master, &mut hidden, &product_type, cx)?;
    let variants: Vec<ProductVariant> = draft
        .variants
        .iter()
        .map(|variant| variants::from_draft(variant, &mut hidden, &product_type, cx))
        .collect::<Decision<_>>()?;
    let mut categories: Vec<Reference> = Vec::with_capacity(draft.categories.len());
    for category in &draft.categories {
        let reference = cx.reference(Kind::Category, category)?;
        if !categories.contains(&reference) {
            categories.push(reference);
        }
    }
    for (category, hint) in &draft.category_order_hints {
        category_of::check_hint(&categories, category, hint)?;
    }
    let data = ProductData {
        name: draft.name.clone(),
        description: draft.description.clone(),
        slug: draft.slug.clone(),
        categories,
        category_order_hints: draft.category_order_hints.clone(),
        meta_title: draft.meta_title.clone(),
        meta_description: draft.meta_description.clone(),
        meta_keywords: draft.meta_keywords.clone(),
        search_keywords: draft.search_keywords.clone(),
        attributes: attributes::from_drafts(&draft.attributes, AttributeLevel::Product, &product_type, cx)?,
        master_variant,
        variants,
    };
    let product = Product {
        key: draft.key.clone(),
        product_type: Reference::new(Kind::ProductType, product_type.id().clone()),
        master_data: ProductCatalogData {
            published: draft.publish,
            current: data.clone(),
            staged: data,
            has_staged_changes: false,
        },
        tax_category: cx.reference_opt(Kind::TaxCategory, draft.tax_category.as_ref())?,
        state: super::actions::first_state(draft.state.as_ref(), cx)?,
        price_mode: Some(draft.price_mode.unwrap_or(ProductPriceMode::Embedded)),
        review_rating_statistics: None,
    };
    Ok((product, hidden))
}

/// Asks for everything that the draft refers to at once.
fn want_all(draft: &ProductDraft, cx: &Context<'_>) {
    let single = [
        (Kind::ProductType, Some(&draft.product_type)),
        (Kind::TaxCategory, draft.tax_category.as_ref()),
        (Kind::State, draft.state.as_ref()),
    ];
    for (kind, identifier) in single {
        identifier.into_iter().for_each(|identifier| cx.want(Context::lookup_of(kind, identifier)));
    }
    for category in &draft.categories {
        cx.want(Context::lookup_of(Kind::Category, category));
    }
    for variant in draft.master_variant.iter().chain(&draft.variants) {
        prices::want_all(&variant.prices, cx);
    }
}

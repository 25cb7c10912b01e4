//! What carts ask of other services, and how.

use super::Held;
use api::cart::LineItemDraft;
use api::channel::ChannelRole;
use api::product::ProductProjection;
use api::state::INITIAL;
use api::store::Store;
use api::{ApiError, Id, Kind, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision, Found, Lookup, LookupBy};
use kit::store::Claim;
use serde::de::IgnoredAny;

/// The view of products that shops see.
pub(super) const PUBLISHED: &str = "current";

/// A published product by id.
pub(super) fn product_by_id(id: &Id) -> Lookup {
    Lookup::new(Kind::Product, LookupBy::Id(id.clone())).of_view(PUBLISHED)
}

/// The published product that a draft of a line names.
pub(super) fn product_of(draft: &LineItemDraft) -> Option<Lookup> {
    let by = match (&draft.sku, &draft.product_id) {
        (Some(sku), _) => LookupBy::Claim(Claim::new("sku", sku)),
        (None, Some(id)) => LookupBy::Id(id.clone()),
        (None, None) => return None,
    };
    Some(Lookup::new(Kind::Product, by).of_view(PUBLISHED))
}

/// The built-in state of new lines. A line that is there already knows it.
pub(super) fn initial_state(cart: &api::cart::Cart, cx: &Context<'_>) -> Decision<Reference> {
    let of_lines = cart.line_items.first().and_then(|line| line.state.first());
    let of_custom_lines = || cart.custom_line_items.first().and_then(|line| line.state.first());
    if let Some(held) = of_lines.or_else(of_custom_lines) {
        return Ok(held.state.clone());
    }
    let found = cx.by_claim::<IgnoredAny>(Kind::State, "key", INITIAL)?;
    let found = found.ok_or_else(|| kit::peers::internal(&"the project has no built-in state 'Initial'"))?;
    Ok(Reference::new(Kind::State, found.id().clone()))
}

/// Notes that [`initial_state`] will be needed.
pub(super) fn want_initial_state(cx: &Context<'_>) {
    cx.want(Lookup::new(Kind::State, LookupBy::Claim(Claim::new("key", INITIAL))));
}

/// The store that the cart is in.
pub(super) fn store(cart: &Held, cx: &Context<'_>) -> Decision<Option<Found<Store>>> {
    let Some(store) = &cart.store else { return Ok(None) };
    cx.by_claim::<Store>(Kind::Store, "key", store.key.as_str())
}

/// Notes that [`store`] will be needed, if the cart is in one.
pub(super) fn want_store(cart: &Held, cx: &Context<'_>) {
    if let Some(store) = &cart.store {
        cx.want(Lookup::new(Kind::Store, LookupBy::Claim(Claim::new("key", store.key.as_str()))));
    }
}

/// A channel for a line: it must have the role, and in a store be one of its channels for that, if it has any.
pub(super) fn channel(
    cart: &Held,
    identifier: Option<&ResourceIdentifier>,
    role: ChannelRole,
    cx: &Context<'_>,
) -> Decision<Option<Reference>> {
    let Some(identifier) = identifier else { return Ok(None) };
    let reference = cx.channel(identifier, role)?;
    if let Some(store) = store(cart, cx)? {
        store.check_channel(&reference.id, role)?;
    }
    Ok(Some(reference))
}

/// What a cart takes from a customer.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerPart {
    pub(super) email: String,
    #[serde(default)]
    pub(super) customer_group: Option<Reference>,
    #[serde(default)]
    pub(super) customer_group_assignments: Vec<Assignment>,
    #[serde(default)]
    pub(super) stores: Vec<api::KeyReference>,
}

/// A group of a customer.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub(super) customer_group: Reference,
}

/// The customer of that id, who must exist.
pub(super) fn customer(id: &Id, cx: &Context<'_>) -> Decision<Found<CustomerPart>> {
    let found = cx.by_id::<CustomerPart>(Kind::Customer, id)?;
    Ok(found.ok_or_else(|| ApiError::referenced_not_found(Kind::Customer.type_id(), ("id", id.as_str())))?)
}

/// A product whether published or not, as far as taxes and the existence of variants go.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnyProduct {
    #[serde(default)]
    pub(super) tax_category: Option<Reference>,
    master_data: AnyMasterData,
}

#[derive(serde::Deserialize)]
struct AnyMasterData {
    current: AnyData,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyData {
    master_variant: AnyVariant,
    #[serde(default)]
    variants: Vec<AnyVariant>,
}

#[derive(serde::Deserialize)]
struct AnyVariant {
    id: i32,
}

impl AnyProduct {
    /// Whether the variant is there in what was last published.
    pub(super) fn has(&self, variant: i32) -> bool {
        let data = &self.master_data.current;
        data.master_variant.id == variant || data.variants.iter().any(|held| held.id == variant)
    }
}

/// The product of that id, also while it is not published.
pub(super) fn any_product(id: &Id, cx: &Context<'_>) -> Decision<Option<Found<AnyProduct>>> {
    cx.by_id::<AnyProduct>(Kind::Product, id)
}

/// The product of that id if it is published: what was looked up on the way, or the look-up.
pub(super) fn product(cart: &Held, id: &Id, cx: &Context<'_>) -> Decision<Option<Found<ProductProjection>>> {
    match cart.hidden.work.product(id) {
        Some(product) => Ok(Some(product)),
        None => cx.find::<ProductProjection>(product_by_id(id)),
    }
}

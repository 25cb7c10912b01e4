//! The embedded prices of variants.

use super::Products;
use super::target::{is_staged, on_variant, versions};
use api::product::{ProductData, VariantTarget};
use api::type_definition::{SetCustomField, SetCustomType};
use api::{ApiError, Id, Key, Kind, Message, Price, PriceDraft};
use kit::resource::{Context, Decision, State, set_custom_field, set_custom_type};

/// The resource type id of the custom fields of prices.
const CUSTOM: &str = "product-price";

/// Asks for what prices refer to.
pub(super) fn want_all(drafts: &[PriceDraft], cx: &Context<'_>) {
    for draft in drafts {
        let custom = draft.custom.as_ref().map(|custom| &custom.type_ref);
        for (kind, identifier) in [
            (Kind::CustomerGroup, draft.customer_group.as_ref()),
            (Kind::Channel, draft.channel.as_ref()),
            (Kind::Type, custom),
        ] {
            identifier.into_iter().for_each(|identifier| cx.want(Context::lookup_of(kind, identifier)));
        }
    }
}

/// The prices of a draft; whether they fit together is decided when all is done.
pub(super) fn from_drafts(drafts: &[PriceDraft], cx: &Context<'_>) -> Decision<Vec<Price>> {
    drafts.iter().map(|draft| from_draft(draft, cx.new_id(), cx)).collect()
}

fn from_draft(draft: &PriceDraft, id: Id, cx: &Context<'_>) -> Decision<Price> {
    let customer_group = cx.reference_opt(Kind::CustomerGroup, draft.customer_group.as_ref())?;
    let channel = cx.reference_opt(Kind::Channel, draft.channel.as_ref())?;
    let custom = cx.custom(draft.custom.as_ref(), CUSTOM)?;
    Ok(draft.clone().into_price(id, customer_group, channel, custom)?)
}

/// `addPrice`.
pub(super) fn add(
    state: &mut State<Products>,
    at: &VariantTarget,
    draft: &PriceDraft,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let price = from_draft(draft, cx.new_id(), cx)?;
    let variant = on_variant(state, at, |variant| {
        variant.prices.push(price.clone());
        Ok(())
    })?;
    let message = Message::new("ProductPriceAdded").with("variantId", variant).with("price", &price);
    cx.emit(message.with("staged", is_staged(at.staged)));
    Ok(())
}

/// `setPrices`: the prices get new ids.
pub(super) fn set_all(
    state: &mut State<Products>,
    at: &VariantTarget,
    drafts: &[PriceDraft],
    cx: &mut Context<'_>,
) -> Decision<()> {
    want_all(drafts, cx);
    let prices = from_drafts(drafts, cx)?;
    let variant = on_variant(state, at, |variant| {
        variant.prices.clone_from(&prices);
        Ok(())
    })?;
    let message = Message::new("ProductPricesSet").with("variantId", variant).with("prices", &prices);
    cx.emit(message.with("staged", is_staged(at.staged)));
    Ok(())
}

/// `changePrice`: everything but the id.
pub(super) fn change(
    state: &mut State<Products>,
    id: &Id,
    draft: &PriceDraft,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let price = from_draft(draft, id.clone(), cx)?;
    let before = state.body.master_data.clone();
    let variant = on_price(state, id, staged, |found| {
        found.clone_from(&price);
        Ok(())
    })?;
    if state.body.master_data != before {
        let old_staged = find(&before.staged, id);
        let old = find(&before.current, id).or(old_staged);
        cx.emit(
            Message::new("ProductPriceChanged")
                .with("variantId", variant)
                .with("oldPrice", old)
                .with("newPrice", &price)
                .with("staged", is_staged(staged))
                .with("oldStagedPrice", old_staged),
        );
    }
    Ok(())
}

/// `removePrice`.
pub(super) fn remove(
    state: &mut State<Products>,
    id: &Id,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let mut removed = None;
    for data in versions(&mut state.body.master_data, staged) {
        for variant in data.all_variants_mut() {
            if let Some(place) = variant.prices.iter().position(|price| price.id == *id) {
                removed.get_or_insert((variant.id, variant.prices.remove(place)));
            }
        }
    }
    let (variant, price) = removed.ok_or_else(|| missing(id))?;
    let message = Message::new("ProductPriceRemoved").with("variantId", variant).with("price", &price);
    cx.emit(message.with("staged", is_staged(staged)));
    Ok(())
}

/// `setPriceKey`.
pub(super) fn set_key(
    state: &mut State<Products>,
    id: &Id,
    key: Option<&Key>,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let mut old = None;
    let variant = on_price(state, id, staged, |price| {
        let before = std::mem::replace(&mut price.key, key.cloned());
        old = old.take().or(before);
        Ok(())
    })?;
    if old.as_ref() != key {
        cx.emit(
            Message::new("ProductPriceKeySet")
                .with("variantId", variant)
                .with("priceId", id)
                .with("oldKey", old)
                .with("key", key)
                .with("staged", is_staged(staged)),
        );
    }
    Ok(())
}

/// `setProductPriceCustomType`.
pub(super) fn set_type(
    state: &mut State<Products>,
    id: &Id,
    set: &SetCustomType,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let (mut old, mut new) = (None, None);
    let context = &*cx;
    let variant = on_price(state, id, staged, |price| {
        old.get_or_insert(price.custom.clone());
        set_custom_type(&mut price.custom, set, CUSTOM, context)?;
        new.clone_from(&price.custom);
        Ok(())
    })?;
    let old = old.flatten();
    let message = match &new {
        _ if new == old => return Ok(()),
        Some(custom) => Message::new("ProductPriceCustomFieldsSet")
            .with("customField", custom)
            .with("oldTypeId", old.map(|custom| custom.type_ref.id)),
        None => Message::new("ProductPriceCustomFieldsRemoved"),
    };
    cx.emit(message.with("priceId", id).with("variantId", variant).with("staged", is_staged(staged)));
    Ok(())
}

/// `setProductPriceCustomField`.
pub(super) fn set_field(
    state: &mut State<Products>,
    id: &Id,
    set: &SetCustomField,
    staged: Option<bool>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let (mut old, mut new) = (None, None);
    let context = &*cx;
    let value =
        |price: &Price| price.custom.as_ref().and_then(|custom| custom.fields.get(&set.name).cloned());
    let variant = on_price(state, id, staged, |price| {
        old.get_or_insert(value(price));
        set_custom_field(&mut price.custom, set, context)?;
        new = value(price);
        Ok(())
    })?;
    let message = match (old.flatten(), new) {
        (before, after) if before == after => return Ok(()),
        (None, Some(value)) => Message::new("ProductPriceCustomFieldAdded").with("value", value),
        (Some(_), Some(value)) => Message::new("ProductPriceCustomFieldChanged").with("value", value),
        (_, None) => Message::new("ProductPriceCustomFieldRemoved"),
    };
    let message = message.with("priceId", id).with("variantId", variant).with("name", &set.name);
    cx.emit(message.with("staged", is_staged(staged)));
    Ok(())
}

fn find<'d>(data: &'d ProductData, id: &Id) -> Option<&'d Price> {
    data.all_variants().flat_map(|variant| &variant.prices).find(|price| price.id == *id)
}

/// Changes the price of that id wherever the action writes. Gives the id of its variant.
fn on_price(
    state: &mut State<Products>,
    id: &Id,
    staged: Option<bool>,
    mut change: impl FnMut(&mut Price) -> Decision<()>,
) -> Decision<i32> {
    let mut found = None;
    for data in versions(&mut state.body.master_data, staged) {
        for variant in data.all_variants_mut() {
            if let Some(price) = variant.prices.iter_mut().find(|price| price.id == *id) {
                found.get_or_insert(variant.id);
                change(price)?;
            }
        }
    }
    Ok(found.ok_or_else(|| missing(id))?)
}

fn missing(id: &Id) -> ApiError {
    ApiError::invalid_operation(format!("The product has no price with the id '{id}'."))
}

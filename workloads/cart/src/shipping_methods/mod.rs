//! Shipping methods: what shipping to a zone costs, and which carts may use it.

mod matching;
mod rates;

pub(crate) use matching::add_routes;

use crate::cart_predicate::CartPredicate;
use api::shipping_method::{ShippingMethod, ShippingMethodAction, ShippingMethodDraft};
use api::type_definition::{SetCustomField, SetCustomType};
use api::{KeyReference, Kind, StoreIdentifier};
use kit::resource::{Context, Decision, Rules, State, set_custom_field, set_custom_type};
use kit::store::Claim;

/// The rules of shipping methods.
pub struct ShippingMethods;

impl Rules for ShippingMethods {
    type Body = ShippingMethod;
    type Hidden = ();
    type Draft = ShippingMethodDraft;
    type Action = ShippingMethodAction;

    const KIND: Kind = Kind::ShippingMethod;
    const READ_ALSO: &'static [&'static str] = &["manage_my_orders"];

    fn create(draft: &ShippingMethodDraft, cx: &mut Context<'_>) -> Decision<(ShippingMethod, ())> {
        cx.want(Context::lookup_of(Kind::TaxCategory, &draft.tax_category));
        for rate in &draft.zone_rates {
            cx.want(Context::lookup_of(Kind::Zone, &rate.zone));
        }
        let mut method = ShippingMethod {
            key: draft.key.clone(),
            name: draft.name.clone(),
            localized_name: draft.localized_name.clone(),
            description: draft.description.clone(),
            localized_description: draft.localized_description.clone(),
            tax_category: cx.reference(Kind::TaxCategory, &draft.tax_category)?,
            zone_rates: Vec::new(),
            active: draft.active.unwrap_or(true),
            is_default: draft.is_default,
            predicate: checked_predicate(draft.predicate.as_deref())?,
            stores: stores(&draft.stores, cx)?,
            carrier: draft.carrier.clone(),
            custom: cx.custom(draft.custom.as_ref(), "shipping-method")?,
        };
        for zone in &draft.zone_rates {
            rates::add_zone(&mut method, &zone.zone, cx)?;
            for rate in &zone.shipping_rates {
                rates::add_rate(&mut method, &zone.zone, rate, cx)?;
            }
        }
        Ok((method, ()))
    }

    fn apply(method: &mut State<Self>, action: &ShippingMethodAction, cx: &mut Context<'_>) -> Decision<()> {
        use ShippingMethodAction as A;
        match action {
            A::SetKey { key } => method.key.clone_from(key),
            A::ChangeName { name } => method.name.clone_from(name),
            A::SetLocalizedName { localized_name } => method.localized_name.clone_from(localized_name),
            A::SetDescription { description } => method.description.clone_from(description),
            A::SetLocalizedDescription { localized_description } => {
                method.localized_description.clone_from(localized_description);
            }
            A::ChangeTaxCategory { tax_category } => {
                method.tax_category = cx.reference(Kind::TaxCategory, tax_category)?;
            }
            A::ChangeIsDefault { is_default } => method.is_default = *is_default,
            A::ChangeActive { active } => method.active = *active,
            A::SetPredicate { predicate } => method.predicate = checked_predicate(predicate.as_deref())?,
            A::SetCarrier { carrier } => method.carrier.clone_from(carrier),
            A::AddZone { zone } => rates::add_zone(&mut method.body, zone, cx)?,
            A::RemoveZone { zone } => rates::remove_zone(&mut method.body, zone, cx)?,
            A::AddShippingRate { zone, shipping_rate } => {
                rates::add_rate(&mut method.body, zone, shipping_rate, cx)?;
            }
            A::RemoveShippingRate { zone, shipping_rate } => {
                rates::remove_rate(&mut method.body, zone, shipping_rate, cx)?;
            }
            A::AddStore { store } => {
                let store = cx.store_reference(store)?;
                if !method.stores.contains(&store) {
                    method.stores.push(store);
                }
            }
            A::RemoveStore { store } => {
                let store = cx.store_reference(store)?;
                method.stores.retain(|held| *held != store);
            }
            A::SetStores { stores: wanted } => method.stores = stores(wanted, cx)?,
            A::SetCustomType { type_ref, fields } => {
                let action = SetCustomType { type_ref: type_ref.clone(), fields: fields.clone() };
                set_custom_type(&mut method.custom, &action, "shipping-method", cx)?;
            }
            A::SetCustomField { name, value } => {
                let action = SetCustomField { name: name.clone(), value: value.clone() };
                set_custom_field(&mut method.custom, &action, cx)?;
            }
        }
        Ok(())
    }

    fn claims(method: &ShippingMethod) -> Vec<Claim> {
        method.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }
}

/// A predicate that can be evaluated; kept as it was given.
fn checked_predicate(text: Option<&str>) -> Decision<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    CartPredicate::parse(text).map_err(|error| error.of_field("predicate"))?;
    Ok(Some(text.to_owned()))
}

fn stores(identifiers: &[StoreIdentifier], cx: &Context<'_>) -> Decision<Vec<KeyReference>> {
    for identifier in identifiers {
        cx.want(Context::lookup_of(Kind::Store, identifier));
    }
    let mut stores = Vec::new();
    for identifier in identifiers {
        let store = cx.store_reference(identifier)?;
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    Ok(stores)
}

#[cfg(test)]
mod tests;

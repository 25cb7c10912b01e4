//! Whose a cart is: customer, group, guest, store, country, locale.

use super::Held;
use super::known::{self, CustomerPart};
use api::{ApiError, CountryCode, Id, Kind, Locale, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision};

/// `setCustomerId`: the group follows the customer, the prices the group.
pub(super) fn set_customer(cart: &mut Held, id: Option<&Id>, cx: &Context<'_>) -> Decision<()> {
    match id {
        Some(id) => {
            let customer = known::customer(id, cx)?;
            take(cart, id, &customer.body)?;
        }
        None => {
            cart.body.customer_id = None;
            put_groups(cart, None, Vec::new());
        }
    }
    Ok(())
}

/// Gives a cart to a customer.
pub(super) fn take(cart: &mut Held, id: &Id, customer: &CustomerPart) -> Decision<()> {
    if !customer.stores.is_empty()
        && !cart.store.as_ref().is_some_and(|store| customer.stores.contains(store))
    {
        let message = "The 'store' field must be set to one of the stores the customer is part of.";
        return Err(ApiError::invalid_operation(message).into());
    }
    cart.body.customer_id = Some(id.clone());
    cart.body.anonymous_id = None;
    let assigned = customer.customer_group_assignments.iter().map(|a| a.customer_group.id.clone()).collect();
    put_groups(cart, customer.customer_group.clone(), assigned);
    Ok(())
}

/// Sets group and assigned groups, and has everything priced anew if they changed.
pub(crate) fn put_groups(cart: &mut Held, group: Option<Reference>, assigned: Vec<Id>) {
    // The cart's own group alone needs no list.
    let assigned = match (&group, assigned.as_slice()) {
        (Some(group), [one]) if *one == group.id => Vec::new(),
        (Some(group), some) if !some.is_empty() && !some.contains(&group.id) => {
            std::iter::once(group.id.clone()).chain(assigned).collect()
        }
        _ => assigned,
    };
    if cart.customer_group != group || cart.hidden.groups != assigned {
        cart.body.customer_group = group;
        cart.hidden.groups = assigned;
        cart.hidden.work.prices = true;
    }
}

/// `setCustomerGroup`, only while no customer is set.
pub(super) fn set_group(
    cart: &mut Held,
    group: Option<&ResourceIdentifier>,
    cx: &Context<'_>,
) -> Decision<()> {
    if cart.customer_id.is_some() {
        let message = "The customer group cannot be set while the cart has a customer.";
        return Err(ApiError::invalid_operation(message).into());
    }
    let group = cx.reference_opt(Kind::CustomerGroup, group)?;
    put_groups(cart, group, Vec::new());
    Ok(())
}

/// `setAnonymousId`, only while no customer is set.
pub(super) fn set_anonymous(cart: &mut Held, id: Option<&String>) -> Decision<()> {
    if cart.customer_id.is_some() {
        let message = "The anonymous id cannot be set while the cart has a customer.";
        return Err(ApiError::invalid_operation(message).into());
    }
    if let Some(id) = id {
        check_anonymous_id(id)?;
    }
    cart.body.anonymous_id = id.cloned();
    Ok(())
}

pub(super) fn check_anonymous_id(id: &str) -> Decision<()> {
    if id.is_empty() || id.len() > 256 {
        return Err(ApiError::invalid_field("anonymousId", id).into());
    }
    Ok(())
}

/// Sets the country, which in a store must be one of its countries, if it has any.
pub(super) fn set_country(cart: &mut Held, country: Option<CountryCode>, cx: &Context<'_>) -> Decision<()> {
    if let (Some(country), Some(store)) = (country, known::store(cart, cx)?) {
        store.check_country(country)?;
    }
    if cart.country != country {
        cart.body.country = country;
        cart.hidden.work.prices = true;
    }
    Ok(())
}

/// Sets the locale, which must be one of the project's languages.
pub(super) fn set_locale(cart: &mut Held, locale: Option<&Locale>, cx: &Context<'_>) -> Decision<()> {
    if let Some(locale) = locale
        && !cx.project()?.languages.contains(locale)
    {
        return Err(ApiError::invalid_field("locale", locale.as_str()).into());
    }
    cart.body.locale = locale.cloned();
    Ok(())
}

/// Sets the days after which an untouched cart may go: 1..=365250.
pub(super) fn set_retention(cart: &mut Held, days: Option<i32>, cx: &Context<'_>) -> Decision<()> {
    const FIELD: &str = "deleteDaysAfterLastModification";
    if let Some(days) = days.filter(|days| !(1..=365_250).contains(days)) {
        return Err(ApiError::invalid_field(FIELD, days).into());
    }
    cart.body.delete_days_after_last_modification = match days {
        Some(days) => Some(days),
        None => {
            let days = cx.project()?.carts.delete_days_after_last_modification;
            days.and_then(|days| i32::try_from(days).ok())
        }
    };
    Ok(())
}

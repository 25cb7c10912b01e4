//! A customer out of a draft.

use super::addresses::{self, Role};
use super::membership;
use crate::limits;
use api::customer::{AuthenticationMode, Customer, CustomerDraft, Password};
use api::{ApiError, Kind, Locale};
use kit::resource::{Context, Decision, project_lookup};

/// The customer that a draft describes.
pub(super) fn customer(draft: &CustomerDraft, has_password: bool, cx: &Context<'_>) -> Decision<Customer> {
    limits::email(&draft.email)?;
    limits::at_most("addresses", draft.addresses.len(), limits::ADDRESSES)?;
    want_all(draft, cx);
    let mut customer = Customer {
        key: draft.key.clone(),
        customer_number: draft.customer_number.clone(),
        external_id: draft.external_id.clone(),
        email: draft.email.clone(),
        password: has_password.then(|| Password::MASK.to_owned()),
        first_name: draft.first_name.clone(),
        last_name: draft.last_name.clone(),
        middle_name: draft.middle_name.clone(),
        title: draft.title.clone(),
        salutation: draft.salutation.clone(),
        date_of_birth: draft.date_of_birth.clone(),
        company_name: draft.company_name.clone(),
        vat_id: draft.vat_id.clone(),
        addresses: Vec::with_capacity(draft.addresses.len()),
        default_shipping_address_id: None,
        shipping_address_ids: Vec::new(),
        default_billing_address_id: None,
        billing_address_ids: Vec::new(),
        is_email_verified: draft.is_email_verified,
        customer_group: cx.reference_opt(Kind::CustomerGroup, draft.customer_group.as_ref())?,
        customer_group_assignments: membership::assignments(&draft.customer_group_assignments, cx)?,
        custom: cx.custom(draft.custom.as_ref(), "customer")?,
        locale: draft.locale.clone(),
        stores: membership::stores(&draft.stores, cx)?,
        authentication_mode: draft.authentication_mode,
        password_changed: false,
    };
    if customer.authentication_mode == AuthenticationMode::Password && !has_password {
        return Err(ApiError::required_field("password").into());
    }
    if let Some(locale) = &draft.locale {
        check_locale(locale, cx)?;
    }
    for address in &draft.addresses {
        customer.addresses.push(addresses::made(address, cx.new_id(), cx)?);
    }
    let shipping = (draft.default_shipping_address, draft.shipping_addresses.as_slice());
    addresses::place(&mut customer, Role::Shipping, shipping)?;
    let billing = (draft.default_billing_address, draft.billing_addresses.as_slice());
    addresses::place(&mut customer, Role::Billing, billing)?;
    Ok(customer)
}

/// Notes all that the draft refers to, so that it is fetched at once.
fn want_all(draft: &CustomerDraft, cx: &Context<'_>) {
    let groups =
        draft.customer_group_assignments.iter().map(|a| &a.customer_group).chain(&draft.customer_group);
    groups.for_each(|group| cx.want(Context::lookup_of(Kind::CustomerGroup, group)));
    draft.stores.iter().for_each(|store| cx.want(Context::lookup_of(Kind::Store, store)));
    let customs = draft.addresses.iter().filter_map(|a| a.custom.as_ref()).chain(&draft.custom);
    customs.for_each(|custom| cx.want(Context::lookup_of(Kind::Type, &custom.type_ref)));
    if draft.locale.is_some() {
        cx.want(project_lookup(cx.project_key()));
    }
}

/// Refuses a language that the project does not have.
pub(super) fn check_locale(locale: &Locale, cx: &Context<'_>) -> Decision<()> {
    let project = cx.project()?;
    if project.languages.contains(locale) {
        return Ok(());
    }
    let allowed: Vec<&str> = project.languages.iter().map(Locale::as_str).collect();
    Err(ApiError::invalid_field("locale", locale.as_str()).with("allowedValues", allowed).into())
}

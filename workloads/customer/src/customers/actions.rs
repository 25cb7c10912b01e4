//! What each update action does to a customer.

use super::addresses::{self, Role};
use super::{Customers, Step, create, membership};
use crate::custom::{self, Of};
use crate::limits;
use api::customer::{AuthenticationMode, CustomerAction, Password};
use api::{ApiError, Id, Message};
use kit::resource::{Context, Decision, State};
use serde::Serialize;

const OF: Of<'static> = Of { type_id: "customer", prefix: "Customer", address_id: None };

/// Applies one update action.
pub(super) fn apply(state: &mut State<Customers>, step: &Step, cx: &mut Context<'_>) -> Decision<()> {
    use CustomerAction as A;
    match &step.action {
        A::AddAddress { address } => addresses::add(state, address, cx)?,
        A::ChangeAddress { at, address } => addresses::change(state, at, address, cx)?,
        A::RemoveAddress(at) => addresses::remove(state, at, cx)?,
        A::AddShippingAddressId(at) => addresses::enlist(state, Role::Shipping, at, cx)?,
        A::RemoveShippingAddressId(at) => addresses::delist(state, Role::Shipping, at, cx)?,
        A::AddBillingAddressId(at) => addresses::enlist(state, Role::Billing, at, cx)?,
        A::RemoveBillingAddressId(at) => addresses::delist(state, Role::Billing, at, cx)?,
        A::SetDefaultShippingAddress(at) => addresses::set_default(state, Role::Shipping, at, cx)?,
        A::SetDefaultBillingAddress(at) => addresses::set_default(state, Role::Billing, at, cx)?,
        A::SetAddressCustomType { address_id, set } => {
            let custom = addresses::custom(state, address_id)?;
            custom::set_type(custom, set, of_address(address_id), cx)?;
        }
        A::SetAddressCustomField { address_id, set } => {
            let custom = addresses::custom(state, address_id)?;
            custom::set_field(custom, set, of_address(address_id), cx)?;
        }
        A::ChangeEmail { email } => change_email(state, email, cx)?,
        A::SetAuthenticationMode { auth_mode, .. } => {
            set_mode(state, *auth_mode, step.password_hash.as_deref())?;
        }
        A::SetFirstName { first_name } => told(&mut state.body.first_name, first_name, "FirstName", cx),
        A::SetLastName { last_name } => told(&mut state.body.last_name, last_name, "LastName", cx),
        A::SetTitle { title } => told(&mut state.body.title, title, "Title", cx),
        A::SetDateOfBirth { date_of_birth } => {
            told(&mut state.body.date_of_birth, date_of_birth, "DateOfBirth", cx);
        }
        A::SetCompanyName { company_name } => {
            told(&mut state.body.company_name, company_name, "CompanyName", cx);
        }
        A::SetExternalId { external_id } => told(&mut state.body.external_id, external_id, "ExternalId", cx),
        A::SetMiddleName { middle_name } => state.middle_name.clone_from(middle_name),
        A::SetSalutation { salutation } => state.salutation.clone_from(salutation),
        A::SetVatId { vat_id } => state.vat_id.clone_from(vat_id),
        A::SetKey { key } => state.key.clone_from(key),
        A::SetCustomerNumber { customer_number } => set_number(state, customer_number.as_deref())?,
        A::SetLocale { locale } => {
            if let Some(locale) = locale {
                create::check_locale(locale, cx)?;
            }
            state.locale.clone_from(locale);
        }
        A::SetCustomerGroup { customer_group } => membership::set_group(state, customer_group.as_ref(), cx)?,
        A::SetCustomerGroupAssignments { customer_group_assignments } => {
            membership::set_assignments(state, customer_group_assignments, cx)?;
        }
        A::AddCustomerGroupAssignment { customer_group_assignment } => {
            membership::add_assignment(state, customer_group_assignment, cx)?;
        }
        A::RemoveCustomerGroupAssignment { customer_group } => {
            membership::remove_assignment(state, customer_group, cx)?;
        }
        A::SetStores { stores } => membership::set_stores(state, stores, cx)?,
        A::AddStore { store } => membership::add_store(state, store, cx)?,
        A::RemoveStore { store } => membership::remove_store(state, store, cx)?,
        A::SetCustomType(set) => custom::set_type(&mut state.custom, set, OF, cx)?,
        A::SetCustomField(set) => custom::set_field(&mut state.custom, set, OF, cx)?,
    }
    Ok(())
}

fn of_address(id: &Id) -> Of<'_> {
    Of { type_id: "address", prefix: "CustomerAddress", address_id: Some(id) }
}

/// Sets a field whose changes are told, in `Customer<Name>Set(<name>?)`.
fn told<T: Clone + PartialEq + Serialize>(
    field: &mut Option<T>,
    value: &Option<T>,
    name: &str,
    cx: &mut Context<'_>,
) {
    if field == value {
        return;
    }
    field.clone_from(value);
    let mut property = name.to_owned();
    if let Some(first) = property.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    cx.emit(Message::new(format!("Customer{name}Set")).with(&property, value));
}

/// `changeEmail`: the new address is not verified, and tokens that went to the old one are void.
fn change_email(state: &mut State<Customers>, email: &str, cx: &mut Context<'_>) -> Decision<()> {
    limits::email(email)?;
    if state.email == email {
        return Ok(());
    }
    let old = std::mem::replace(&mut state.body.email, email.to_owned());
    state.is_email_verified = false;
    state.hidden.email_tokens.clear();
    state.hidden.password_tokens.clear();
    cx.emit(Message::new("CustomerEmailChanged").with("email", email).with("oldEmail", old));
    Ok(())
}

/// `setAuthenticationMode`: a password comes with the mode `Password` and goes with the other.
fn set_mode(state: &mut State<Customers>, mode: AuthenticationMode, hash: Option<&str>) -> Decision<()> {
    match (mode, hash) {
        (AuthenticationMode::ExternalAuth, _) => {
            state.body.password = None;
            state.hidden.password_hash = None;
        }
        (AuthenticationMode::Password, Some(hash)) => {
            state.body.password = Some(Password::MASK.to_owned());
            state.body.password_changed = true;
            state.hidden.password_hash = Some(hash.to_owned());
        }
        (AuthenticationMode::Password, None) => return Err(ApiError::required_field("password").into()),
    }
    state.hidden.password_tokens.clear();
    state.authentication_mode = mode;
    Ok(())
}

/// `setCustomerNumber`: once set, it stays.
fn set_number(state: &mut State<Customers>, number: Option<&str>) -> Decision<()> {
    match state.customer_number.as_deref() {
        Some(set) if number != Some(set) => {
            Err(ApiError::invalid_operation("The customerNumber is already set and cannot be changed.")
                .into())
        }
        _ => {
            state.customer_number = number.map(str::to_owned);
            Ok(())
        }
    }
}

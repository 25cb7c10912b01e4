//! A customer's addresses, and which of them goods and bills are sent to.
//!
//! A default address is always one of its list; the lists keep the order of the addresses.

use super::Customers;
use crate::limits;
use api::customer::{AddressAt, Customer};
use api::{Address, AddressDraft, ApiError, Id, Message};
use kit::resource::{Context, Decision, State};

/// What an address is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Shipping,
    Billing,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Shipping => "Shipping",
            Self::Billing => "Billing",
        }
    }

    fn field(self, which: &str) -> String {
        match self {
            Self::Shipping => format!("{which}hippingAddress"),
            Self::Billing => format!("{which}illingAddress"),
        }
    }

    fn ids(self, customer: &mut Customer) -> &mut Vec<Id> {
        match self {
            Self::Shipping => &mut customer.shipping_address_ids,
            Self::Billing => &mut customer.billing_address_ids,
        }
    }

    fn default(self, customer: &mut Customer) -> &mut Option<Id> {
        match self {
            Self::Shipping => &mut customer.default_shipping_address_id,
            Self::Billing => &mut customer.default_billing_address_id,
        }
    }
}

/// The address that a draft describes, under an id of ours.
pub(super) fn made(draft: &AddressDraft, id: Id, cx: &Context<'_>) -> Decision<Address> {
    let custom = cx.custom(draft.custom.as_ref(), "address")?;
    let mut address = draft.clone().into_address(custom);
    address.id = Some(id);
    limits::address(&address)?;
    Ok(address)
}

/// Takes over the addresses of a role from a draft: the default one and all, by their places.
pub(super) fn place(
    customer: &mut Customer,
    role: Role,
    (default, all): (Option<u32>, &[u32]),
) -> Decision<()> {
    let id_at = |customer: &Customer, place: u32, field: String| {
        let address = usize::try_from(place).ok().and_then(|at| customer.addresses.get(at));
        address.and_then(|address| address.id.clone()).ok_or_else(|| ApiError::invalid_field(&field, place))
    };
    limits::at_most("addresses of one use", all.len(), limits::ADDRESSES)?;
    for at in all {
        let field = format!("{}es", role.field(if role == Role::Shipping { "s" } else { "b" }));
        let id = id_at(customer, *at, field)?;
        add_id(customer, role, &id);
    }
    if let Some(at) = default {
        let field = role.field(if role == Role::Shipping { "defaultS" } else { "defaultB" });
        let id = id_at(customer, at, field)?;
        add_id(customer, role, &id);
        *role.default(customer) = Some(id);
    }
    Ok(())
}

/// Adds an id to the list of a role; gives `true` if it was not there.
fn add_id(customer: &mut Customer, role: Role, id: &Id) -> bool {
    if role.ids(customer).contains(id) {
        return false;
    }
    role.ids(customer).push(id.clone());
    let order: Vec<Id> = customer.addresses.iter().filter_map(|address| address.id.clone()).collect();
    role.ids(customer).sort_by_key(|id| order.iter().position(|other| other == id));
    true
}

/// Takes an id off the list of a role, and off its default; gives `true` if it was there.
fn remove_id(customer: &mut Customer, role: Role, id: &Id) -> bool {
    if role.default(customer).as_ref() == Some(id) {
        *role.default(customer) = None;
    }
    let before = role.ids(customer).len();
    role.ids(customer).retain(|other| other != id);
    role.ids(customer).len() < before
}

/// The place of the address that an action names.
fn find(customer: &Customer, at: &AddressAt) -> Decision<usize> {
    let (found, name) = match (&at.address_id, &at.address_key) {
        (Some(id), None) => {
            (customer.addresses.iter().position(|a| a.id.as_ref() == Some(id)), format!("ID '{id}'"))
        }
        (None, Some(key)) => {
            (customer.addresses.iter().position(|a| a.key.as_ref() == Some(key)), format!("key '{key}'"))
        }
        _ => {
            let message = "Exactly one of 'addressId' and 'addressKey' must be given.";
            return Err(ApiError::invalid_operation(message).into());
        }
    };
    found.ok_or_else(|| {
        ApiError::invalid_operation(format!("The customer has no address with the {name}.")).into()
    })
}

/// The address that an action names, with its id.
fn named(customer: &Customer, at: &AddressAt) -> Decision<(Id, Address)> {
    let address = customer.addresses.get(find(customer, at)?).cloned();
    let found = address.and_then(|address| Some((address.id.clone()?, address)));
    // Every stored address has an id.
    found.ok_or_else(|| ApiError::general().into())
}

fn roles(customer: &Customer, id: &Id) -> Vec<&'static str> {
    let mut roles = Vec::new();
    if customer.shipping_address_ids.contains(id) {
        roles.push(Role::Shipping.name());
    }
    if customer.billing_address_ids.contains(id) {
        roles.push(Role::Billing.name());
    }
    roles
}

/// `addAddress`.
pub(super) fn add(state: &mut State<Customers>, draft: &AddressDraft, cx: &mut Context<'_>) -> Decision<()> {
    let address = made(draft, cx.new_id(), cx)?;
    cx.emit(Message::new("CustomerAddressAdded").with("address", &address));
    state.addresses.push(address);
    Ok(())
}

/// `changeAddress`: a new value under the same id.
pub(super) fn change(
    state: &mut State<Customers>,
    at: &AddressAt,
    draft: &AddressDraft,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let (id, old) = named(state, at)?;
    let address = made(draft, id.clone(), cx)?;
    if address == old {
        return Ok(());
    }
    let message = Message::new("CustomerAddressChanged").with("address", &address);
    cx.emit(message.with("addressRoles", roles(state, &id)));
    if let Some(place) = state.addresses.iter_mut().find(|a| a.id.as_ref() == Some(&id)) {
        *place = address;
    }
    Ok(())
}

/// `removeAddress`: also from the lists and defaults.
pub(super) fn remove(state: &mut State<Customers>, at: &AddressAt, cx: &mut Context<'_>) -> Decision<()> {
    let (id, address) = named(state, at)?;
    let message = Message::new("CustomerAddressRemoved").with("address", address);
    cx.emit(message.with("addressRoles", roles(state, &id)));
    state.addresses.retain(|a| a.id.as_ref() != Some(&id));
    remove_id(&mut state.body, Role::Shipping, &id);
    remove_id(&mut state.body, Role::Billing, &id);
    Ok(())
}

/// `addShippingAddressId` and `addBillingAddressId`.
pub(super) fn enlist(
    state: &mut State<Customers>,
    role: Role,
    at: &AddressAt,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let (id, address) = named(state, at)?;
    if add_id(&mut state.body, role, &id) {
        cx.emit(Message::new(format!("Customer{}AddressAdded", role.name())).with("address", address));
    }
    Ok(())
}

/// `removeShippingAddressId` and `removeBillingAddressId`.
pub(super) fn delist(
    state: &mut State<Customers>,
    role: Role,
    at: &AddressAt,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let (id, address) = named(state, at)?;
    if remove_id(&mut state.body, role, &id) {
        cx.emit(Message::new(format!("Customer{}AddressRemoved", role.name())).with("address", address));
    }
    Ok(())
}

/// `setDefaultShippingAddress` and `setDefaultBillingAddress`; naming no address leaves no default.
pub(super) fn set_default(
    state: &mut State<Customers>,
    role: Role,
    at: &AddressAt,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let wanted = match at {
        AddressAt { address_id: None, address_key: None } => None,
        at => Some(named(state, at)?),
    };
    let id = wanted.as_ref().map(|(id, _)| id.clone());
    if let Some(id) = &id {
        add_id(&mut state.body, role, id);
    }
    if *role.default(&mut state.body) != id {
        *role.default(&mut state.body) = id;
        let message = Message::new(format!("CustomerDefault{}AddressSet", role.name()));
        cx.emit(message.with("address", wanted.map(|(_, address)| address)));
    }
    Ok(())
}

/// The custom fields of an address.
pub(super) fn custom<'a>(
    state: &'a mut State<Customers>,
    id: &Id,
) -> Decision<&'a mut Option<api::CustomFields>> {
    let at = find(state, &AddressAt { address_id: Some(id.clone()), address_key: None })?;
    match state.addresses.get_mut(at) {
        Some(address) => Ok(&mut address.custom),
        None => Err(ApiError::general().into()),
    }
}

//! Addresses of an order. Changing them recalculates nothing.

use super::Plan;
use crate::change::Change;
use api::order::Order;
use api::{Address, AddressDraft, ApiError, Message};
use kit::resource::{Context, Decision};

/// The address with its custom fields checked.
pub(super) fn checked(draft: &AddressDraft, cx: &Context<'_>) -> Decision<Address> {
    let custom = cx.custom(draft.custom.as_ref(), "address")?;
    Ok(draft.clone().into_address(custom))
}

pub(super) fn shipping(order: &Order, to: Option<&AddressDraft>, cx: &Context<'_>) -> Decision<Plan> {
    let to = to.map(|draft| checked(draft, cx)).transpose()?.map(Box::new);
    let message = Message::new("OrderShippingAddressSet");
    let message = message.with("address", &to).with("oldAddress", &order.shipping_address);
    Ok(Plan::told(Change::ShippingAddress(to), message))
}

pub(super) fn billing(order: &Order, to: Option<&AddressDraft>, cx: &Context<'_>) -> Decision<Plan> {
    let to = to.map(|draft| checked(draft, cx)).transpose()?.map(Box::new);
    let message = Message::new("OrderBillingAddressSet");
    let message = message.with("address", &to).with("oldAddress", &order.billing_address);
    Ok(Plan::told(Change::BillingAddress(to), message))
}

pub(super) fn add_item(order: &Order, draft: &AddressDraft, cx: &Context<'_>) -> Decision<Plan> {
    if has(order, key_of(draft)?) {
        let key = draft.key.as_deref().unwrap_or_default();
        return Err(ApiError::duplicate_field("address.key", key).into());
    }
    Ok(Plan::silent(Change::ItemShippingAddress(Box::new(checked(draft, cx)?))))
}

pub(super) fn update_item(order: &Order, draft: &AddressDraft, cx: &Context<'_>) -> Decision<Plan> {
    let key = key_of(draft)?;
    if !has(order, key) {
        return Err(unknown(key).into());
    }
    Ok(Plan::silent(Change::ItemShippingAddress(Box::new(checked(draft, cx)?))))
}

/// Refused while units of a line go there.
pub(super) fn remove_item(order: &Order, key: &str) -> Decision<Plan> {
    if !has(order, key) {
        return Err(unknown(key).into());
    }
    let lines = order.line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    let custom = order.custom_line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    if lines.chain(custom).flat_map(|details| &details.targets).any(|target| target.address_key == key) {
        let message = format!("The address with key '{key}' is used by the shipping details of a line.");
        return Err(ApiError::invalid_operation(message).into());
    }
    Ok(Plan::silent(Change::ItemShippingAddressRemoved(key.to_owned())))
}

fn key_of(draft: &AddressDraft) -> Result<&str, ApiError> {
    draft.key.as_deref().ok_or_else(|| ApiError::required_field("address.key"))
}

/// Whether the order has an item shipping address of that key.
pub(super) fn has(order: &Order, key: &str) -> bool {
    order.item_shipping_addresses.iter().any(|held| held.key.as_deref() == Some(key))
}

/// The order has no such item shipping address.
pub(super) fn unknown(key: &str) -> ApiError {
    ApiError::invalid_operation(format!("The order has no item shipping address with key '{key}'."))
}

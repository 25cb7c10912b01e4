//! Where the units of lines go: `itemShippingAddresses` and the lines' `shippingDetails`.

use super::{Held, addresses};
use api::cart::{
    Cart, ItemShippingDetails, ItemShippingDetailsDraft, ItemShippingTarget, ShippingMode, Ships,
};
use api::{AddressDraft, ApiError, Id};
use kit::resource::{Context, Decision};

/// The most addresses of a cart, and targets of a line.
const MAX_ADDRESSES: usize = 500;

/// What details belong to.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Line,
    CustomLine,
}

impl Subject {
    fn as_str(self) -> &'static str {
        match self {
            Self::Line => "LineItem",
            Self::CustomLine => "CustomLineItem",
        }
    }
}

/// Whether targets cover exactly that quantity.
pub(super) fn fits(targets: &[ItemShippingTarget], quantity: i64) -> bool {
    targets.iter().map(|target| i128::from(target.quantity)).sum::<i128>() == i128::from(quantity)
}

/// Details that name addresses of the cart, of several shipping methods one, and no more units than there are.
pub(super) fn checked(
    cart: &Cart,
    subject: Subject,
    item: &Id,
    targets: &[ItemShippingTarget],
    quantity: i64,
) -> Decision<ItemShippingDetails> {
    if targets.len() > MAX_ADDRESSES {
        return Err(ApiError::invalid_operation(format!("At most {MAX_ADDRESSES} targets.")).into());
    }
    for target in targets {
        if find(cart, &target.address_key).is_none() {
            let message =
                format!("The cart has no item shipping address with the key '{}'.", target.address_key);
            return Err(ApiError::invalid_operation(message).into());
        }
        if cart.shipping_mode == ShippingMode::Multiple {
            let Some(key) = target.shipping_method_key.as_deref() else {
                let message = "In the shipping mode 'Multiple' each target needs a 'shippingMethodKey'.";
                return Err(ApiError::invalid_operation(message).into());
            };
            cart.check_key(Some(key))?;
        }
    }
    Ok(pricing::shipping_details(subject.as_str(), item, targets, quantity)?)
}

/// With several shipping methods the tax rates follow the targets.
pub(super) fn rates_later(cart: &mut Held, line: Id) {
    if cart.shipping_mode == ShippingMode::Multiple {
        cart.hidden.work.tax_of.push(line);
    }
}

/// `set…ShippingDetails`.
pub(super) fn set(
    cart: &Cart,
    subject: Subject,
    item: &Id,
    quantity: i64,
    draft: Option<&ItemShippingDetailsDraft>,
) -> Decision<Option<ItemShippingDetails>> {
    draft.map(|draft| checked(cart, subject, item, &draft.targets, quantity)).transpose()
}

/// `applyDeltaTo…ShippingDetailsTargets`.
pub(super) fn apply_delta(
    cart: &Cart,
    subject: Subject,
    item: &Id,
    quantity: i64,
    held: Option<&ItemShippingDetails>,
    delta: &[ItemShippingTarget],
) -> Decision<Option<ItemShippingDetails>> {
    let targets = held.map_or(&[][..], |details| details.targets.as_slice());
    let targets = pricing::identity::apply_delta(targets, delta)?;
    checked(cart, subject, item, &targets, quantity).map(Some)
}

/// The position of the item shipping address of that key.
pub(super) fn find(cart: &Cart, key: &str) -> Option<usize> {
    cart.item_shipping_addresses.iter().position(|address| address.key.as_deref() == Some(key))
}

/// [`find`], refused if there is none.
pub(super) fn position(cart: &Cart, key: &str) -> Decision<usize> {
    find(cart, key).ok_or_else(|| {
        ApiError::invalid_operation(format!("The cart has no item shipping address with the key '{key}'."))
            .into()
    })
}

/// `addItemShippingAddress`.
pub(super) fn add_address(cart: &mut Held, draft: &AddressDraft, cx: &Context<'_>) -> Decision<()> {
    let key = draft.key.as_deref().ok_or_else(|| ApiError::required_field("address.key"))?;
    if find(cart, key).is_some() {
        return Err(ApiError::duplicate_field("itemShippingAddresses.key", key).into());
    }
    if cart.item_shipping_addresses.len() >= MAX_ADDRESSES {
        let message = format!("A cart has at most {MAX_ADDRESSES} item shipping addresses.");
        return Err(ApiError::invalid_operation(message).into());
    }
    let address = addresses::address(draft, cx)?;
    cart.body.item_shipping_addresses.push(address);
    Ok(())
}

/// `updateItemShippingAddress`: the one of the same key.
pub(super) fn update_address(cart: &mut Held, draft: &AddressDraft, cx: &Context<'_>) -> Decision<()> {
    let key = draft.key.as_deref().ok_or_else(|| ApiError::required_field("address.key"))?;
    let at = position(cart, key)?;
    cart.body.item_shipping_addresses[at] = addresses::address(draft, cx)?;
    Ok(())
}

/// `removeItemShippingAddress`, refused while a target uses it.
pub(super) fn remove_address(cart: &mut Held, key: &str) -> Decision<()> {
    let at = position(cart, key)?;
    let lines = cart.line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    let custom_lines = cart.custom_line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    if lines.chain(custom_lines).flat_map(|details| &details.targets).any(|target| target.address_key == key)
    {
        let message = format!("The item shipping address '{key}' is used by the shipping details of a line.");
        return Err(ApiError::invalid_operation(message).into());
    }
    cart.body.item_shipping_addresses.remove(at);
    Ok(())
}

//! Custom fields of a cart and of its parts.

use super::Held;
use api::type_definition::{SetCustomField, SetCustomType};
use api::{ApiError, CustomFields};
use kit::resource::{Context, Decision, set_custom_field, set_custom_type};

/// Which part's custom fields; lines and addresses by their position.
#[derive(Clone, Copy)]
pub(super) enum FieldsOf<'k> {
    Cart,
    Line(usize),
    CustomLine(usize),
    ShippingAddress,
    BillingAddress,
    ItemAddress(usize),
    /// The only shipping method, or of several the one of that key.
    Shipping(Option<&'k str>),
}

impl FieldsOf<'_> {
    /// The resource type id that the Type must be for.
    fn resource_type_id(self) -> &'static str {
        match self {
            Self::Cart => "order",
            Self::Line(_) => "line-item",
            Self::CustomLine(_) => "custom-line-item",
            Self::ShippingAddress | Self::BillingAddress | Self::ItemAddress(_) => "address",
            Self::Shipping(_) => "shipping",
        }
    }

    fn of(self, cart: &mut Held) -> Decision<&mut Option<CustomFields>> {
        let cart = &mut cart.body;
        let found = match self {
            Self::Cart => Some(&mut cart.custom),
            Self::Line(at) => cart.line_items.get_mut(at).map(|line| &mut line.custom),
            Self::CustomLine(at) => cart.custom_line_items.get_mut(at).map(|line| &mut line.custom),
            Self::ShippingAddress => cart.shipping_address.as_mut().map(|address| &mut address.custom),
            Self::BillingAddress => cart.billing_address.as_mut().map(|address| &mut address.custom),
            Self::ItemAddress(at) => {
                cart.item_shipping_addresses.get_mut(at).map(|address| &mut address.custom)
            }
            Self::Shipping(None) => Some(&mut cart.shipping_custom_fields),
            Self::Shipping(Some(key)) => {
                let found = cart.shipping.iter_mut().find(|one| one.shipping_key == key);
                found.map(|one| &mut one.shipping_custom_fields)
            }
        };
        found.ok_or_else(|| ApiError::invalid_operation("The cart does not have this part.").into())
    }
}

pub(super) fn set_type(
    cart: &mut Held,
    of: FieldsOf<'_>,
    action: &SetCustomType,
    cx: &Context<'_>,
) -> Decision<()> {
    set_custom_type(of.of(cart)?, action, of.resource_type_id(), cx)
}

pub(super) fn set_field(
    cart: &mut Held,
    of: FieldsOf<'_>,
    action: &SetCustomField,
    cx: &Context<'_>,
) -> Decision<()> {
    set_custom_field(of.of(cart)?, action, cx)
}

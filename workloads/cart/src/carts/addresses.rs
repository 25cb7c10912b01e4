//! The shipping and the billing address.

use super::{Held, ship, taxes};
use api::cart::ShippingMode;
use api::{Address, AddressDraft};
use kit::resource::{Context, Decision};

/// An address with its custom fields checked.
pub(super) fn address(draft: &AddressDraft, cx: &Context<'_>) -> Decision<Address> {
    let custom = cx.custom(draft.custom.as_ref(), "address")?;
    Ok(draft.clone().into_address(custom))
}

/// `setShippingAddress`: taxes and shipping follow the address, and a delivery is not expected any more when it was
/// for another one. Without one there are neither tax rates nor a shipping method. Several shipping methods have
/// addresses of their own.
pub(super) fn set_shipping(cart: &mut Held, draft: Option<&AddressDraft>, cx: &Context<'_>) -> Decision<()> {
    let address = draft.map(|draft| address(draft, cx)).transpose()?;
    let place =
        |address: &Option<Address>| address.as_ref().map(|a| (a.country, a.state().map(str::to_owned)));
    let moved = place(&address) != place(&cart.shipping_address);
    if cart.shipping_mode == ShippingMode::Multiple {
        cart.body.shipping_address = address;
        return Ok(());
    }
    if address != cart.shipping_address {
        ship::expect(cart, None, None)?;
    }
    cart.body.shipping_address = address;
    if cart.shipping_address.is_none() {
        taxes::drop_all(cart);
        ship::remove(cart);
    } else if moved {
        cart.hidden.work.taxes = true;
        cart.hidden.work.shipping = true;
    }
    Ok(())
}

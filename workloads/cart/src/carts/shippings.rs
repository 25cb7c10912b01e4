//! Several shipping methods of a cart in the mode `Multiple`, each with a key and an address. The targets of lines name
//! them by the key.

use super::taxable::Taxable;
use super::{Held, addresses, ship};
use api::ApiError;
use api::cart::{Cart, NewCustomShipping, NewShipping, Shipping, ShippingMode, Ships};
use kit::resource::{Context, Decision};

/// The most shipping methods of a cart.
pub(super) const MAX_SHIPPINGS: usize = 100;
/// The longest key.
const MAX_KEY: usize = 256;

/// `addShippingMethod`.
pub(super) fn add(cart: &mut Held, key: &str, new: &NewShipping, cx: &Context<'_>) -> Decision<()> {
    check_new_key(cart, key)?;
    let address = addresses::address(&new.shipping_address, cx)?;
    let external = new.external_tax_rate.as_ref();
    let (info, predicate) = ship::of_platform(cart, &new.shipping_method, &address, external, cx)?;
    let shipping = Shipping {
        shipping_key: key.to_owned(),
        shipping_info: info,
        shipping_address: address,
        shipping_rate_input: ship::rate_input(new.shipping_rate_input.as_ref(), cx)?,
        shipping_custom_fields: cx.custom(new.custom.as_ref(), "shipping")?,
    };
    cart.body.shipping.push(shipping);
    cart.hidden.set_predicate(Some(key), predicate);
    cart.hidden.work.must_fit.push(Some(key.to_owned()));
    Ok(())
}

/// `addCustomShippingMethod`.
pub(super) fn add_custom(
    cart: &mut Held,
    key: &str,
    new: &NewCustomShipping,
    cx: &Context<'_>,
) -> Decision<()> {
    check_new_key(cart, key)?;
    let address = addresses::address(&new.shipping_address, cx)?;
    let (name, rate) = (&new.shipping_method_name, &new.shipping_rate);
    let (category, external) = (new.tax_category.as_ref(), new.external_tax_rate.as_ref());
    let shipping = Shipping {
        shipping_key: key.to_owned(),
        shipping_info: ship::of_merchant(cart, name, rate, category, external, cx)?,
        shipping_address: address,
        shipping_rate_input: ship::rate_input(new.shipping_rate_input.as_ref(), cx)?,
        shipping_custom_fields: cx.custom(new.custom.as_ref(), "shipping")?,
    };
    cart.body.shipping.push(shipping);
    Ok(())
}

fn check_new_key(cart: &Cart, key: &str) -> Decision<()> {
    let refused = |message: &str| Err(ApiError::invalid_operation(message).into());
    if cart.shipping_mode == ShippingMode::Single {
        return refused("In the shipping mode 'Single' a cart has a single shipping method.");
    }
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(ApiError::invalid_field("shippingKey", key).into());
    }
    if cart.info(Some(key)).is_some() {
        return Err(ApiError::duplicate_field("shippingKey", key).into());
    }
    if cart.shipping.len() >= MAX_SHIPPINGS {
        return refused(&format!("A cart has at most {MAX_SHIPPINGS} shipping methods."));
    }
    Ok(())
}

/// `removeShippingMethod`, refused while a target of a line names it.
pub(super) fn remove(cart: &mut Held, key: &str) -> Decision<()> {
    cart.check_key(Some(key))?;
    let lines = cart.line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    let custom_lines = cart.custom_line_items.iter().filter_map(|line| line.shipping_details.as_ref());
    let mut targets = lines.chain(custom_lines).flat_map(|details| &details.targets);
    if targets.any(|target| target.shipping_method_key.as_deref() == Some(key)) {
        let message = format!("The shipping method '{key}' is used by the shipping details of a line.");
        return Err(ApiError::invalid_operation(message).into());
    }
    cart.body.shipping.retain(|one| one.shipping_key != key);
    cart.hidden.set_predicate(Some(key), None);
    let others = |held: &str| held != key;
    cart.body.line_items.iter_mut().for_each(|line| line.keep_methods(others, others));
    cart.body.custom_line_items.iter_mut().for_each(|line| line.keep_methods(others, others));
    Ok(())
}

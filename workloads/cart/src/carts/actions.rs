//! What each update action does to a cart. Nothing is worked out here: [`super::settle`] does that once.

use super::details::Subject;
use super::fields::{self, FieldsOf};
use super::lines::{self, Given};
use super::taxable::Taxable;
use super::{
    Held, addresses, custom_lines, details, guard, holds, known, owner, prices, settle, ship, shippings,
    taxes,
};
use api::cart::{
    Cart, CartAction, CartLock, CartState, EstimatedDelivery, FreezeStrategy, InventoryMode, ShippingInfo,
    ShippingMode, Ships,
};
use api::channel::ChannelRole;
use api::type_definition::{SetCustomField, SetCustomType};
use api::{AddressDraft, ApiError, Message, ResourceIdentifier};
use kit::resource::{Context, Decision};
use serde_json::{Map, Value};

/// Applies one action.
#[allow(clippy::too_many_lines, reason = "one short arm for each of the API's actions")]
pub(super) fn apply(cart: &mut Held, action: &CartAction, cx: &mut Context<'_>) -> Decision<()> {
    use CartAction as A;
    guard::check(cart, action, cx)?;
    match action {
        A::Recalculate { update_product_data } => settle::recalculate(cart, *update_product_data),
        A::SetKey { key } => cart.body.key.clone_from(key),
        A::SetCustomerId { customer_id } => owner::set_customer(cart, customer_id.as_ref(), cx)?,
        A::SetCustomerGroup { customer_group } => owner::set_group(cart, customer_group.as_ref(), cx)?,
        A::SetCustomerEmail { email } => cart.body.customer_email.clone_from(email),
        A::SetAnonymousId { anonymous_id } => owner::set_anonymous(cart, anonymous_id.as_ref())?,
        A::SetCountry { country } => owner::set_country(cart, *country, cx)?,
        A::SetLocale { locale } => owner::set_locale(cart, locale.as_ref(), cx)?,
        A::SetDeleteDaysAfterLastModification { delete_days_after_last_modification: days } => {
            owner::set_retention(cart, *days, cx)?;
        }
        A::SetPurchaseOrderNumber { purchase_order_number: number } => set_purchase_order(cart, number, cx),
        A::SetCustomType { type_ref, fields } => set_type(cart, FieldsOf::Cart, type_ref, fields, cx)?,
        A::SetCustomField { name, value } => set_field(cart, FieldsOf::Cart, name, value, cx)?,
        A::FreezeCart { strategy } => freeze(cart, *strategy, cx)?,
        A::UnfreezeCart {} => unfreeze(cart, cx)?,
        A::LockCart {} => lock(cart, cx),
        A::UnlockCart {} => {
            if cart.body.lock.take().is_some() {
                cx.emit(Message::new("CartUnlocked"));
            }
        }

        A::AddLineItem(draft) => lines::add(cart, draft, cx)?,
        A::ChangeLineItemQuantity {
            line_item_id,
            line_item_key,
            quantity,
            external_price,
            external_total_price,
        } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let given = Given { price: *external_price, total: external_total_price.as_ref() };
            lines::change_quantity(cart, at, *quantity, &given, cx)?;
        }
        A::RemoveLineItem {
            line_item_id,
            line_item_key,
            quantity,
            external_price,
            external_total_price,
            shipping_details_to_remove: targets,
        } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let given = Given { price: *external_price, total: external_total_price.as_ref() };
            lines::remove(cart, at, *quantity, &given, targets.as_ref(), cx)?;
        }
        A::SetLineItemPrice { line_item_id, line_item_key, external_price } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            lines::set_price(cart, at, &Given { price: *external_price, total: None }, cx)?;
        }
        A::SetLineItemTotalPrice { line_item_id, line_item_key, external_total_price } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            lines::set_price(cart, at, &Given { price: None, total: external_total_price.as_ref() }, cx)?;
        }
        A::SetLineItemTaxRate { line_item_id, line_item_key, external_tax_rate, shipping_key } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            needs_external(cart)?;
            let key = method_of_line(cart, shipping_key.as_deref())?;
            let rate = taxes::external_rate(cart, external_tax_rate.as_ref())?;
            cart.body.line_items[at].set_rate(key, rate);
        }
        A::SetLineItemTaxAmount { line_item_id, line_item_key, external_tax_amount, shipping_key } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            taxes::needs_external_amounts(cart)?;
            settle::work_out(cart, cx)?;
            let (key, mode) = (method_of_line(cart, shipping_key.as_deref())?, cart.shipping_mode);
            taxes::set_amount(&mut cart.body.line_items[at], mode, key, external_tax_amount.as_ref())?;
        }
        A::SetLineItemCustomType { line_item_id, line_item_key, type_ref, fields } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            set_type(cart, FieldsOf::Line(at), type_ref, fields, cx)?;
        }
        A::SetLineItemCustomField { line_item_id, line_item_key, name, value } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            set_field(cart, FieldsOf::Line(at), name, value, cx)?;
        }
        A::SetLineItemDistributionChannel { line_item_id, line_item_key, distribution_channel: channel } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let channel = known::channel(cart, channel.as_ref(), ChannelRole::ProductDistribution, cx)?;
            if cart.line_items[at].distribution_channel != channel {
                cart.body.line_items[at].distribution_channel = channel;
                lines::price_later(cart, at);
            }
        }
        A::SetLineItemSupplyChannel { line_item_id, line_item_key, supply_channel } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let channel = known::channel(cart, supply_channel.as_ref(), ChannelRole::InventorySupply, cx)?;
            if cart.line_items[at].supply_channel != channel {
                cart.body.line_items[at].supply_channel = channel;
                lines::check_limits_later(cart, at);
            }
        }
        A::SetLineItemInventoryMode { line_item_id, line_item_key, inventory_mode } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            check_inventory_mode(*inventory_mode, cx)?;
            cart.body.line_items[at].inventory_mode = *inventory_mode;
        }
        A::SetReservationExpirationInMinutes { reservation_expiration_in_minutes: minutes } => {
            holds::set_expiration(cart, *minutes)?;
        }
        A::SetLineItemShippingDetails { line_item_id, line_item_key, shipping_details } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let line = &cart.line_items[at];
            let details =
                details::set(cart, Subject::Line, &line.id, line.quantity, shipping_details.as_ref())?;
            cart.body.line_items[at].shipping_details = details;
            details::rates_later(cart, cart.line_items[at].id.clone());
        }
        A::ApplyDeltaToLineItemShippingDetailsTargets { line_item_id, line_item_key, targets_delta } => {
            let at = cart.find_line(line_item_id.as_ref(), line_item_key.as_ref())?;
            let line = &cart.line_items[at];
            let held = line.shipping_details.as_ref();
            let details =
                details::apply_delta(cart, Subject::Line, &line.id, line.quantity, held, targets_delta)?;
            cart.body.line_items[at].shipping_details = details;
            details::rates_later(cart, cart.line_items[at].id.clone());
        }
        A::ChangeLineItemsOrder { line_item_order } => lines::reorder(cart, line_item_order)?,

        A::AddCustomLineItem(draft) => custom_lines::add(cart, draft, cx)?,
        A::RemoveCustomLineItem { custom_line_item_id: id, custom_line_item_key: key } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            cart.body.custom_line_items.remove(at);
        }
        A::ChangeCustomLineItemQuantity { custom_line_item_id: id, custom_line_item_key: key, quantity } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            custom_lines::change_quantity(cart, at, *quantity)?;
        }
        A::ChangeCustomLineItemMoney { custom_line_item_id: id, custom_line_item_key: key, money } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            custom_lines::change_money(cart, at, *money)?;
        }
        A::ChangeCustomLineItemPriceMode { custom_line_item_id: id, custom_line_item_key: key, mode } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            cart.body.custom_line_items[at].price_mode = *mode;
        }
        A::SetCustomLineItemTaxRate {
            custom_line_item_id: id,
            custom_line_item_key: key,
            external_tax_rate,
            shipping_key,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            needs_external(cart)?;
            let key = method_of_line(cart, shipping_key.as_deref())?;
            let rate = taxes::external_rate(cart, external_tax_rate.as_ref())?;
            cart.body.custom_line_items[at].set_rate(key, rate);
        }
        A::SetCustomLineItemTaxAmount {
            custom_line_item_id: id,
            custom_line_item_key: key,
            external_tax_amount,
            shipping_key,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            taxes::needs_external_amounts(cart)?;
            settle::work_out(cart, cx)?;
            let (key, mode) = (method_of_line(cart, shipping_key.as_deref())?, cart.shipping_mode);
            taxes::set_amount(&mut cart.body.custom_line_items[at], mode, key, external_tax_amount.as_ref())?;
        }
        A::SetCustomLineItemCustomType {
            custom_line_item_id: id,
            custom_line_item_key: key,
            type_ref,
            fields,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            set_type(cart, FieldsOf::CustomLine(at), type_ref, fields, cx)?;
        }
        A::SetCustomLineItemCustomField {
            custom_line_item_id: id,
            custom_line_item_key: key,
            name,
            value,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            set_field(cart, FieldsOf::CustomLine(at), name, value, cx)?;
        }
        A::SetCustomLineItemShippingDetails {
            custom_line_item_id: id,
            custom_line_item_key: key,
            shipping_details,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            let line = &cart.custom_line_items[at];
            let draft = shipping_details.as_ref();
            let details = details::set(cart, Subject::CustomLine, &line.id, line.quantity, draft)?;
            cart.body.custom_line_items[at].shipping_details = details;
            details::rates_later(cart, cart.custom_line_items[at].id.clone());
        }
        A::ApplyDeltaToCustomLineItemShippingDetailsTargets {
            custom_line_item_id: id,
            custom_line_item_key: key,
            targets_delta: delta,
        } => {
            let at = cart.find_custom_line(id.as_ref(), key.as_ref())?;
            let line = &cart.custom_line_items[at];
            let held = line.shipping_details.as_ref();
            let details =
                details::apply_delta(cart, Subject::CustomLine, &line.id, line.quantity, held, delta)?;
            cart.body.custom_line_items[at].shipping_details = details;
            details::rates_later(cart, cart.custom_line_items[at].id.clone());
        }

        A::SetShippingAddress { address } => addresses::set_shipping(cart, address.as_deref(), cx)?,
        A::SetShippingAddressCustomType { type_ref, fields } => {
            set_type(cart, FieldsOf::ShippingAddress, type_ref, fields, cx)?;
        }
        A::SetShippingAddressCustomField { name, value } => {
            set_field(cart, FieldsOf::ShippingAddress, name, value, cx)?;
        }
        A::SetBillingAddress { address } => {
            let address: Option<&AddressDraft> = address.as_deref();
            cart.body.billing_address = address.map(|draft| addresses::address(draft, cx)).transpose()?;
        }
        A::SetBillingAddressCustomType { type_ref, fields } => {
            set_type(cart, FieldsOf::BillingAddress, type_ref, fields, cx)?;
        }
        A::SetBillingAddressCustomField { name, value } => {
            set_field(cart, FieldsOf::BillingAddress, name, value, cx)?;
        }
        A::AddItemShippingAddress { address } => details::add_address(cart, address, cx)?,
        A::UpdateItemShippingAddress { address } => details::update_address(cart, address, cx)?,
        A::RemoveItemShippingAddress { address_key } => details::remove_address(cart, address_key)?,
        A::SetItemShippingAddressCustomType { address_key, type_ref, fields } => {
            let at = details::position(cart, address_key)?;
            set_type(cart, FieldsOf::ItemAddress(at), type_ref, fields, cx)?;
        }
        A::SetItemShippingAddressCustomField { address_key, name, value } => {
            let at = details::position(cart, address_key)?;
            set_field(cart, FieldsOf::ItemAddress(at), name, value, cx)?;
        }

        A::SetShippingMethod { shipping_method, external_tax_rate, estimated_delivery } => {
            ship::set_method(cart, shipping_method.as_ref(), external_tax_rate.as_ref(), cx)?;
            ship::expect(cart, None, *estimated_delivery)?;
        }
        A::SetCustomShippingMethod {
            shipping_method_name,
            shipping_rate,
            tax_category,
            external_tax_rate,
            custom,
            estimated_delivery,
        } => {
            let (category, rate) = (tax_category.as_ref(), external_tax_rate.as_ref());
            ship::set_custom_method(
                cart,
                shipping_method_name,
                shipping_rate,
                category,
                rate,
                custom.as_ref(),
                cx,
            )?;
            ship::expect(cart, None, *estimated_delivery)?;
        }
        A::AddShippingMethod(add) => {
            shippings::add(cart, &add.shipping_key, &add.new, cx)?;
            ship::expect(cart, Some(&add.shipping_key), add.estimated_delivery)?;
        }
        A::AddCustomShippingMethod(add) => shippings::add_custom(cart, &add.shipping_key, &add.new, cx)?,
        A::RemoveShippingMethod { shipping_key } => shippings::remove(cart, shipping_key)?,
        A::SetEstimatedDelivery { shipping_key, estimated_delivery } => {
            set_estimated_delivery(cart, shipping_key.as_deref(), *estimated_delivery, cx)?;
        }
        A::SetShippingMethodTaxRate { external_tax_rate, shipping_key } => {
            needs_external(cart)?;
            let rate = taxes::external_rate(cart, external_tax_rate.as_ref())?;
            method(cart, shipping_key.as_deref())?.tax_rate = rate;
        }
        A::SetShippingMethodTaxAmount { external_tax_amount, shipping_key } => {
            taxes::needs_external_amounts(cart)?;
            settle::work_out(cart, cx)?;
            let info = method(cart, shipping_key.as_deref())?;
            let amount = external_tax_amount.as_ref();
            (info.tax_rate, info.taxed_price) =
                amount.map(|a| taxes::external_amount(info.price, a)).transpose()?.unzip();
        }
        A::SetShippingRateInput { shipping_rate_input } => {
            cart.body.shipping_rate_input = ship::rate_input(shipping_rate_input.as_ref(), cx)?;
        }
        A::SetShippingCustomType { shipping_key, type_ref, fields } => {
            cart.check_key(shipping_key.as_deref())?;
            set_type(cart, FieldsOf::Shipping(shipping_key.as_deref()), type_ref, fields, cx)?;
        }
        A::SetShippingCustomField { shipping_key, name, value } => {
            cart.check_key(shipping_key.as_deref())?;
            set_field(cart, FieldsOf::Shipping(shipping_key.as_deref()), name, value, cx)?;
        }

        A::SetCartTotalTax { external_total_gross, external_tax_portions } => {
            prices::in_currency(cart, external_total_gross.currency_code)?;
            settle::work_out(cart, cx)?;
            taxes::set_total(cart, *external_total_gross, external_tax_portions)?;
        }
        A::ChangeTaxMode { tax_mode } => taxes::change_mode(cart, *tax_mode),
        A::ChangeTaxRoundingMode { tax_rounding_mode } => cart.body.tax_rounding_mode = *tax_rounding_mode,
        A::ChangeTaxCalculationMode { tax_calculation_mode } => {
            cart.body.tax_calculation_mode = *tax_calculation_mode;
        }
        A::ChangePriceRoundingMode { price_rounding_mode } => {
            cart.body.price_rounding_mode = *price_rounding_mode;
        }
    }
    Ok(())
}

/// `ReserveOnCart` needs to know how long a reservation lasts.
pub(super) fn check_inventory_mode(mode: Option<InventoryMode>, cx: &Context<'_>) -> Decision<()> {
    if mode == Some(InventoryMode::ReserveOnCart)
        && cx.project()?.inventory.reservation_expiration_in_minutes.is_none()
    {
        return Err(no_expiration().into());
    }
    Ok(())
}

/// The 400 for reservations without a time.
pub(super) fn no_expiration() -> ApiError {
    ApiError::invalid_operation(
        "The inventory mode 'ReserveOnCart' needs the project's 'reservationExpirationInMinutes'.",
    )
}

fn needs_external(cart: &Cart) -> Decision<()> {
    if cart.tax_mode == api::cart::TaxMode::External {
        return Ok(());
    }
    Err(ApiError::invalid_operation("External tax rates need the tax mode 'External'.").into())
}

/// The only shipping method, or of several the one of that key.
fn method<'a>(cart: &'a mut Held, key: Option<&str>) -> Decision<&'a mut ShippingInfo> {
    cart.check_key(key)?;
    let info = cart.body.info_mut(key);
    info.ok_or_else(|| ApiError::invalid_operation("There is no shipping method.").into())
}

/// The shipping method that taxes of a line are for: one of several must be named, the only one is not.
fn method_of_line<'a>(cart: &Cart, key: Option<&'a str>) -> Decision<Option<&'a str>> {
    if key.is_some() || cart.shipping_mode == ShippingMode::Multiple {
        cart.check_key(key)?;
    }
    Ok(key)
}

fn set_purchase_order(cart: &mut Held, number: &Option<String>, cx: &mut Context<'_>) {
    let old = std::mem::replace(&mut cart.body.purchase_order_number, number.clone());
    if old != *number {
        let message = Message::new("CartPurchaseOrderNumberSet");
        cx.emit(message.with("purchaseOrderNumber", number).with("oldPurchaseOrderNumber", old));
    }
}

fn set_estimated_delivery(
    cart: &mut Held,
    key: Option<&str>,
    to: Option<EstimatedDelivery>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let before = method(cart, key)?.estimated_delivery;
    ship::expect(cart, key, to)?;
    let now = method(cart, key)?.estimated_delivery;
    if now != before {
        let message = Message::new("CartEstimatedDeliverySet").with("estimatedDelivery", now);
        cx.emit(message.with("shippingKey", key));
    }
    Ok(())
}

fn freeze(cart: &mut Held, strategy: FreezeStrategy, cx: &mut Context<'_>) -> Decision<()> {
    if cart.line_items.is_empty() && cart.custom_line_items.is_empty() {
        return Err(ApiError::invalid_operation("An empty cart cannot be frozen.").into());
    }
    // What earlier actions changed is priced before the prices are kept.
    settle::work_out(cart, cx)?;
    if cart.cart_state != CartState::Frozen {
        cx.emit(Message::new("CartFrozen"));
    }
    cart.body.cart_state = CartState::Frozen;
    cart.body.freeze_strategy = Some(strategy);
    Ok(())
}

fn unfreeze(cart: &mut Held, cx: &mut Context<'_>) -> Decision<()> {
    if cart.cart_state != CartState::Frozen {
        return Err(ApiError::invalid_operation("The cart is not frozen.").into());
    }
    cart.body.cart_state = CartState::Active;
    cart.body.freeze_strategy = None;
    settle::recalculate(cart, false);
    cx.emit(Message::new("CartUnfrozen"));
    Ok(())
}

fn lock(cart: &mut Held, cx: &mut Context<'_>) {
    if cart.lock.is_none() {
        cart.body.lock = Some(CartLock { created_at: cx.now, client_id: cx.caller().client_id.clone() });
        cx.emit(Message::new("CartLocked"));
    }
}

fn set_type(
    cart: &mut Held,
    of: FieldsOf<'_>,
    type_ref: &Option<ResourceIdentifier>,
    fields: &Map<String, Value>,
    cx: &Context<'_>,
) -> Decision<()> {
    let action = SetCustomType { type_ref: type_ref.clone(), fields: fields.clone() };
    fields::set_type(cart, of, &action, cx)
}

fn set_field(
    cart: &mut Held,
    of: FieldsOf<'_>,
    name: &str,
    value: &Option<Value>,
    cx: &Context<'_>,
) -> Decision<()> {
    fields::set_field(cart, of, &SetCustomField { name: name.to_owned(), value: value.clone() }, cx)
}

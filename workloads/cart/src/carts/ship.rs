//! Shipping of a cart in the mode `Single`: the method, its rate for the address, the price.

use super::{Held, prices, taxes};
use crate::cart_predicate::CartPredicate;
use api::cart::{
    Cart, EstimatedDelivery, FreezeStrategy, ShippingInfo, ShippingMethodState, ShippingMode,
    ShippingRateInput, ShippingRateInputDraft, TaxMode,
};
use api::project::{Project, ShippingRateInputType};
use api::shipping_method::{ShippingMethod, ShippingRate, ShippingRateDraft, ShippingRateTierType};
use api::tax_category::ExternalTaxRateDraft;
use api::zone::Zone;
use api::{ApiError, CustomFieldsDraft, Id, Kind, Reference, ResourceIdentifier, Result};
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Facts, Found, Lookup, LookupBy, Lookups, Stop, project_lookup};
use pricing::{CartForShipping, Place};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The kind of tiers that the project's carts use.
fn tier_type(project: &Project) -> Option<ShippingRateTierType> {
    project.shipping_rate_input_type.as_ref().map(|input| match input {
        ShippingRateInputType::CartValue => ShippingRateTierType::CartValue,
        ShippingRateInputType::CartClassification { .. } => ShippingRateTierType::CartClassification,
        ShippingRateInputType::CartScore => ShippingRateTierType::CartScore,
    })
}

/// [`tier_type`] outside of a decision.
pub(crate) async fn tier_type_of_request(
    lookups: &Lookups,
    request: &RequestInfo,
) -> Result<Option<ShippingRateTierType>> {
    let mut facts = Facts::default();
    lookups.fetch(request, vec![project_lookup(request.project())], &mut facts).await?;
    let clock = kit::clock::SystemClock;
    let now = api::Timestamp::from_millis(0);
    let id = kit::clock::Clock::new_id(&clock, now);
    match Context::new(now, id, request, &clock, &facts).project() {
        Ok(project) => Ok(tier_type(&project)),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Missing) => Err(ApiError::general()),
    }
}

/// What the shipping price of a cart depends on.
pub(crate) fn inputs(cart: &Cart, tier_type: Option<ShippingRateTierType>) -> CartForShipping<'_> {
    let lines = cart.line_items.iter().map(|line| i128::from(line.total_price.cent_amount));
    let custom_lines = cart.custom_line_items.iter().map(|line| i128::from(line.total_price.cent_amount));
    let sum: i128 = lines.chain(custom_lines).sum();
    // A sum that leaves 64 bits is refused when the totals are worked out.
    let item_total = i64::try_from(sum).unwrap_or(i64::MAX);
    CartForShipping { item_total, tier_type, input: cart.shipping_rate_input.as_ref() }
}

/// Whether a method is for the cart's store, or for carts in general.
pub(crate) fn serves_store(method: &ShippingMethod, cart: &Cart) -> bool {
    method.stores.is_empty() || cart.store.as_ref().is_some_and(|store| method.stores.contains(store))
}

/// What setting a method needs beside the method.
fn needs_single_and_address(cart: &Cart) -> Decision<()> {
    if cart.shipping_mode == ShippingMode::Multiple {
        let message = "In the shipping mode 'Multiple' a cart has no single shipping method.";
        return Err(ApiError::invalid_operation(message).into());
    }
    if cart.shipping_address.is_none() {
        let message = "The shipping method cannot be set because the cart has no shipping address.";
        return Err(ApiError::invalid_operation(message).into());
    }
    Ok(())
}

/// `setShippingMethod`.
pub(super) fn set_method(
    cart: &mut Held,
    method: Option<&ResourceIdentifier>,
    external: Option<&ExternalTaxRateDraft>,
    cx: &Context<'_>,
) -> Decision<()> {
    let Some(identifier) = method else {
        remove(cart);
        return Ok(());
    };
    needs_single_and_address(cart)?;
    let tax_rate = taxes::external_rate(cart, external)?;
    let method = cx.resolve::<ShippingMethod>(Kind::ShippingMethod, identifier)?;
    let rate = if method.active && serves_store(&method, cart) { rate_for(cart, &method, cx)? } else { None };
    let rate = rate.ok_or_else(|| does_not_match(method.id()))?;
    cart.body.shipping_info = Some(ShippingInfo {
        shipping_method_name: method.name.clone(),
        price: rate.price,
        shipping_rate: rate,
        taxed_price: None,
        tax_rate,
        tax_category: Some(method.tax_category.clone()),
        shipping_method: Some(Reference::new(Kind::ShippingMethod, method.id().clone())),
        deliveries: Vec::new(),
        shipping_method_state: ShippingMethodState::MatchesCart,
        estimated_delivery: None,
    });
    cart.hidden.shipping_predicate.clone_from(&method.predicate);
    cart.hidden.work.method_must_fit = true;
    Ok(())
}

fn does_not_match(method: &Id) -> ApiError {
    ApiError::invalid_operation(format!("The shipping method with ID '{method}' does not match the cart."))
}

/// Says when the shipment is expected, if there is one.
pub(super) fn expect(cart: &mut Held, delivery: Option<EstimatedDelivery>) -> Decision<()> {
    let delivery = EstimatedDelivery::checked(delivery)?;
    if let Some(info) = &mut cart.body.shipping_info {
        info.estimated_delivery = delivery;
    }
    Ok(())
}

/// Takes the shipping method off.
pub(super) fn remove(cart: &mut Held) {
    cart.body.shipping_info = None;
    cart.body.shipping_custom_fields = None;
    cart.hidden.shipping_predicate = None;
}

/// The rate of a method for the cart's address and currency.
fn rate_for(cart: &Cart, method: &ShippingMethod, cx: &Context<'_>) -> Decision<Option<ShippingRate>> {
    let Some(address) = &cart.shipping_address else { return Ok(None) };
    for rate in &method.zone_rates {
        cx.want(Lookup::new(Kind::Zone, LookupBy::Id(rate.zone.id.clone())));
    }
    let mut zones = HashMap::new();
    for rate in &method.zone_rates {
        if let Some(zone) = cx.by_id::<Zone>(Kind::Zone, &rate.zone.id)? {
            zones.insert(rate.zone.id.clone(), zone);
        }
    }
    let zone = |id: &Id| zones.get(id).map(|zone| &zone.body);
    Ok(pricing::rate_for_place(method, Place::of(address), cart.currency(), zone).cloned())
}

/// `setCustomShippingMethod`.
pub(super) fn set_custom_method(
    cart: &mut Held,
    name: &str,
    rate: &ShippingRateDraft,
    category: Option<&ResourceIdentifier>,
    external: Option<&ExternalTaxRateDraft>,
    custom: Option<&CustomFieldsDraft>,
    cx: &Context<'_>,
) -> Decision<()> {
    needs_single_and_address(cart)?;
    prices::in_currency(cart, rate.price.currency_code)?;
    pricing::check_shipping_rate(rate)?;
    if category.is_none() && cart.tax_mode == TaxMode::Platform {
        return Err(ApiError::required_field("taxCategory").into());
    }
    let rate = ShippingRate::from(rate.clone());
    let info = ShippingInfo {
        shipping_method_name: name.to_owned(),
        price: rate.price,
        shipping_rate: rate,
        taxed_price: None,
        tax_rate: taxes::external_rate(cart, external)?,
        tax_category: cx.reference_opt(Kind::TaxCategory, category)?,
        shipping_method: None,
        deliveries: Vec::new(),
        shipping_method_state: ShippingMethodState::MatchesCart,
        estimated_delivery: None,
    };
    cart.body.shipping_custom_fields = cx.custom(custom, "shipping")?;
    cart.body.shipping_info = Some(info);
    cart.hidden.shipping_predicate = None;
    Ok(())
}

/// `setShippingRateInput`: of the kind that the project uses.
pub(super) fn set_rate_input(
    cart: &mut Held,
    draft: Option<&ShippingRateInputDraft>,
    cx: &Context<'_>,
) -> Decision<()> {
    let Some(draft) = draft else {
        cart.body.shipping_rate_input = None;
        return Ok(());
    };
    let project = cx.project()?;
    let input = match (draft, &project.shipping_rate_input_type) {
        (
            ShippingRateInputDraft::Classification { key },
            Some(ShippingRateInputType::CartClassification { values }),
        ) => {
            let value = values.iter().find(|value| value.key == *key);
            let value =
                value.ok_or_else(|| ApiError::invalid_field("shippingRateInput.key", key.as_str()))?;
            ShippingRateInput::Classification { key: value.key.clone(), label: value.label.clone() }
        }
        (ShippingRateInputDraft::Score { score }, Some(ShippingRateInputType::CartScore)) => {
            if *score < 0 {
                return Err(ApiError::invalid_field("shippingRateInput.score", *score).into());
            }
            ShippingRateInput::Score { score: *score }
        }
        _ => {
            let message = "The shipping rate input does not fit the project's 'shippingRateInputType'.";
            return Err(ApiError::invalid_operation(message).into());
        }
    };
    cart.body.shipping_rate_input = Some(input);
    Ok(())
}

/// The method of the platform that the cart has, if it still exists; `None` also for a custom one.
pub(super) fn chosen(cart: &Held, cx: &Context<'_>) -> Decision<Option<Found<ShippingMethod>>> {
    match cart.shipping_info.as_ref().and_then(|info| info.shipping_method.as_ref()) {
        Some(method) => cx.by_id::<ShippingMethod>(Kind::ShippingMethod, &method.id),
        None => Ok(None),
    }
}

/// Finds the rate of the chosen method anew, after the address or the method may have changed. Without a
/// rate for the address the method goes. One that is not to be had any more stays as it was.
pub(super) fn rate_anew(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let Some(method) = chosen(cart, cx)? else { return Ok(()) };
    let Some(rate) = rate_for(cart, &method, cx)? else {
        remove(cart);
        return Ok(());
    };
    if let Some(info) = &mut cart.body.shipping_info {
        info.shipping_rate = rate;
        info.shipping_method_name.clone_from(&method.name);
        info.tax_category = Some(method.tax_category.clone());
    }
    cart.hidden.shipping_predicate.clone_from(&method.predicate);
    Ok(())
}

/// Works out price and tax of shipping. A hard-frozen cart keeps its price.
pub(super) fn price(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let Some(info) = &cart.shipping_info else { return Ok(()) };
    let tiers = if info.shipping_rate.tiers.is_empty() { None } else { tier_type(&*cx.project()?) };
    let price = match cart.freeze_strategy {
        Some(FreezeStrategy::HardFreeze) => info.price,
        _ => pricing::shipping_price(&info.shipping_rate, inputs(cart, tiers))?,
    };
    let (mode, rounding) = (cart.tax_mode, taxes::rounding(cart));
    if let Some(info) = &mut cart.body.shipping_info {
        info.price = price;
        super::settle::tax(mode, rounding, price, &[(price, 1)], &mut info.tax_rate, &mut info.taxed_price)?;
    }
    Ok(())
}

/// The cart as predicates see it: what clients see, and the categories of the lines' products.
pub(crate) fn seen_by_predicates(cart: &Held) -> Result<Value> {
    let mut seen = serde_json::to_value(&cart.body).map_err(|error| kit::peers::internal(&error))?;
    let lines = seen.get_mut("lineItems").and_then(Value::as_array_mut);
    for (line, held) in lines.into_iter().flatten().zip(&cart.line_items) {
        let categories = cart.hidden.categories.get(&held.product_id);
        line["categories"] = categories.into_iter().flatten().map(|id| json!({"id": id})).collect();
    }
    Ok(seen)
}

/// Says whether the cart, whose totals are worked out by now, meets the predicate of its method. It must for
/// one that was chosen just now; for another the answer only stands in the way of an order.
pub(super) fn check_fit(cart: &mut Held) -> Decision<()> {
    let fits = match &cart.hidden.shipping_predicate {
        None => true,
        Some(text) => CartPredicate::holds(text, &seen_by_predicates(cart)?),
    };
    let must = cart.hidden.work.method_must_fit;
    let Some(info) = &mut cart.body.shipping_info else { return Ok(()) };
    info.shipping_method_state = match (fits, &info.shipping_method) {
        (false, Some(method)) if must => return Err(does_not_match(&method.id).into()),
        (false, _) => ShippingMethodState::DoesNotMatchCart,
        (true, _) => ShippingMethodState::MatchesCart,
    };
    Ok(())
}

//! Shipping of a cart: the method, its rate for the address, the price; or several of them, each with an address of its
//! own ([`super::shippings`]).

use super::{Held, prices, taxes};
use crate::cart_predicate::CartPredicate;
use api::cart::{
    Cart, EstimatedDelivery, FreezeStrategy, ShippingInfo, ShippingMethodState, ShippingMode,
    ShippingRateInput, ShippingRateInputDraft, Ships, TaxMode,
};
use api::project::{Project, ShippingRateInputType};
use api::shipping_method::{ShippingMethod, ShippingRate, ShippingRateDraft, ShippingRateTierType};
use api::tax_category::{ExternalTaxRateDraft, TaxRate};
use api::zone::Zone;
use api::{Address, ApiError, CustomFieldsDraft, Id, Kind, Reference, ResourceIdentifier, Result};
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Facts, Found, Lookup, LookupBy, Lookups, Stop, project_lookup};
use pricing::{CartForShipping, Place};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The predicate of a method without a rate for its address.
const NO_CART: &str = "false";

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
pub(crate) fn inputs<'a>(
    cart: &Cart,
    input: Option<&'a ShippingRateInput>,
    tier_type: Option<ShippingRateTierType>,
) -> CartForShipping<'a> {
    let lines = cart.line_items.iter().map(|line| i128::from(line.total_price.cent_amount));
    let custom_lines = cart.custom_line_items.iter().map(|line| i128::from(line.total_price.cent_amount));
    let sum: i128 = lines.chain(custom_lines).sum();
    // A sum that leaves 64 bits is refused when the totals are worked out.
    let item_total = i64::try_from(sum).unwrap_or(i64::MAX);
    CartForShipping { item_total, tier_type, input }
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
    let Some(address) = &cart.shipping_address else { return Ok(()) };
    let (info, predicate) = of_platform(cart, identifier, address, external, cx)?;
    cart.body.shipping_info = Some(info);
    cart.hidden.set_predicate(None, predicate);
    cart.hidden.work.must_fit.push(None);
    Ok(())
}

/// A method of the platform for an address, and its predicate.
pub(super) fn of_platform(
    cart: &Held,
    identifier: &ResourceIdentifier,
    address: &Address,
    external: Option<&ExternalTaxRateDraft>,
    cx: &Context<'_>,
) -> Decision<(ShippingInfo, Option<String>)> {
    let tax_rate = taxes::external_rate(cart, external)?;
    let method = cx.resolve::<ShippingMethod>(Kind::ShippingMethod, identifier)?;
    let offered = method.active && serves_store(&method, cart);
    let rate = if offered { rate_for(cart, address, &method, cx)? } else { None };
    let rate = rate.ok_or_else(|| does_not_match(method.id()))?;
    let reference = Reference::new(Kind::ShippingMethod, method.id().clone());
    let category = Some(method.tax_category.clone());
    Ok((info(&method.name, rate, category, tax_rate, Some(reference)), method.predicate.clone()))
}

fn info(
    name: &str,
    rate: ShippingRate,
    tax_category: Option<Reference>,
    tax_rate: Option<TaxRate>,
    shipping_method: Option<Reference>,
) -> ShippingInfo {
    ShippingInfo {
        shipping_method_name: name.to_owned(),
        price: rate.price,
        shipping_rate: rate,
        taxed_price: None,
        tax_rate,
        tax_category,
        shipping_method,
        deliveries: Vec::new(),
        shipping_method_state: ShippingMethodState::MatchesCart,
        estimated_delivery: None,
    }
}

fn does_not_match(method: &Id) -> ApiError {
    ApiError::invalid_operation(format!("The shipping method with ID '{method}' does not match the cart."))
}

/// Says when the shipment is expected, if there is one.
pub(super) fn expect(
    cart: &mut Held,
    key: Option<&str>,
    delivery: Option<EstimatedDelivery>,
) -> Decision<()> {
    let delivery = EstimatedDelivery::checked(delivery)?;
    if let Some(info) = cart.body.info_mut(key) {
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

/// The rate of a method for an address and the cart's currency.
fn rate_for(
    cart: &Cart,
    address: &Address,
    method: &ShippingMethod,
    cx: &Context<'_>,
) -> Decision<Option<ShippingRate>> {
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
    let info = of_merchant(cart, name, rate, category, external, cx)?;
    cart.body.shipping_custom_fields = cx.custom(custom, "shipping")?;
    cart.body.shipping_info = Some(info);
    cart.hidden.set_predicate(None, None);
    Ok(())
}

/// A method that the platform does not know.
pub(super) fn of_merchant(
    cart: &Held,
    name: &str,
    rate: &ShippingRateDraft,
    category: Option<&ResourceIdentifier>,
    external: Option<&ExternalTaxRateDraft>,
    cx: &Context<'_>,
) -> Decision<ShippingInfo> {
    prices::in_currency(cart, rate.price.currency_code)?;
    pricing::check_shipping_rate(rate)?;
    if category.is_none() && cart.tax_mode == TaxMode::Platform {
        return Err(ApiError::required_field("taxCategory").into());
    }
    let tax_rate = taxes::external_rate(cart, external)?;
    let category = cx.reference_opt(Kind::TaxCategory, category)?;
    Ok(info(name, ShippingRate::from(rate.clone()), category, tax_rate, None))
}

/// What shall pick a tier of the rate: of the kind that the project uses.
pub(super) fn rate_input(
    draft: Option<&ShippingRateInputDraft>,
    cx: &Context<'_>,
) -> Decision<Option<ShippingRateInput>> {
    let Some(draft) = draft else { return Ok(None) };
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
    Ok(Some(input))
}

/// The keys of the cart's shipping methods; the only one has none.
pub(super) fn keys(cart: &Cart) -> Vec<Option<String>> {
    cart.infos().map(|(key, _)| key.map(str::to_owned)).collect()
}

/// The address of the only shipping method, or of the one of that key.
pub(super) fn address_of<'a>(cart: &'a Cart, key: Option<&str>) -> Option<&'a Address> {
    match key {
        None => cart.shipping_address.as_ref(),
        Some(key) => {
            cart.shipping.iter().find(|one| one.shipping_key == key).map(|one| &one.shipping_address)
        }
    }
}

fn input_of<'a>(cart: &'a Cart, key: Option<&str>) -> Option<&'a ShippingRateInput> {
    match key {
        None => cart.shipping_rate_input.as_ref(),
        Some(key) => cart.shipping.iter().find(|one| one.shipping_key == key)?.shipping_rate_input.as_ref(),
    }
}

/// The method of the platform that the cart has, if it still exists; `None` also for a custom one.
pub(super) fn chosen(
    cart: &Held,
    key: Option<&str>,
    cx: &Context<'_>,
) -> Decision<Option<Found<ShippingMethod>>> {
    match cart.info(key).and_then(|info| info.shipping_method.as_ref()) {
        Some(method) => cx.by_id::<ShippingMethod>(Kind::ShippingMethod, &method.id),
        None => Ok(None),
    }
}

/// Finds the rates of the chosen methods anew, after the address or the methods may have changed. Without a rate for
/// the address the only method goes; one of several, which lines name, stays without matching the cart. One that is not
/// to be had any more stays too.
pub(super) fn rate_anew(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    for key in keys(cart) {
        let key = key.as_deref();
        let Some(method) = chosen(cart, key, cx)? else { continue };
        let rate = match address_of(cart, key) {
            Some(address) => rate_for(cart, address, &method, cx)?,
            None => None,
        };
        match (rate, cart.body.info_mut(key)) {
            (Some(rate), Some(info)) => {
                info.shipping_rate = rate;
                info.shipping_method_name.clone_from(&method.name);
                info.tax_category = Some(method.tax_category.clone());
                cart.hidden.set_predicate(key, method.predicate.clone());
            }
            (None, _) if key.is_none() => remove(cart),
            (None, _) => cart.hidden.set_predicate(key, Some(NO_CART.to_owned())),
            (Some(_), None) => {}
        }
    }
    Ok(())
}

/// Works out price and tax of shipping. A hard-frozen cart keeps its price.
pub(super) fn price(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let tiered = cart.infos().any(|(_, info)| !info.shipping_rate.tiers.is_empty());
    let tiers = if tiered { tier_type(&*cx.project()?) } else { None };
    let (mode, rounding) = (cart.tax_mode, taxes::rounding(cart));
    for key in keys(cart) {
        let key = key.as_deref();
        let Some(info) = cart.info(key) else { continue };
        let price = match cart.freeze_strategy {
            Some(FreezeStrategy::HardFreeze) => info.price,
            _ => pricing::shipping_price(&info.shipping_rate, inputs(cart, input_of(cart, key), tiers))?,
        };
        if let Some(info) = cart.body.info_mut(key) {
            info.price = price;
            super::settle::tax(
                mode,
                rounding,
                price,
                &[(price, 1)],
                &mut info.tax_rate,
                &mut info.taxed_price,
            )?;
        }
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

/// Says whether the cart, whose totals are worked out by now, meets the predicates of its methods. It must for
/// one that was chosen just now; for another the answer only stands in the way of an order.
pub(super) fn check_fit(cart: &mut Held) -> Decision<()> {
    let keys = keys(cart);
    let asked = keys.iter().any(|key| cart.hidden.predicate(key.as_deref()).is_some());
    let seen = if asked { seen_by_predicates(cart)? } else { Value::Null };
    for key in keys {
        let predicate = cart.hidden.predicate(key.as_deref());
        let fits = predicate.is_none_or(|text| CartPredicate::holds(text, &seen));
        let must = cart.hidden.work.must_fit.contains(&key);
        let Some(info) = cart.body.info_mut(key.as_deref()) else { continue };
        info.shipping_method_state = match (fits, &info.shipping_method) {
            (false, Some(method)) if must => return Err(does_not_match(&method.id).into()),
            (false, _) => ShippingMethodState::DoesNotMatchCart,
            (true, _) => ShippingMethodState::MatchesCart,
        };
    }
    Ok(())
}

//! Which shipping rate counts for an address, and what it costs for a cart.

use crate::amounts::cents;
use crate::price_function::Formula;
use api::cart::ShippingRateInput;
use api::shipping_method::{
    ShippingMethod, ShippingRate, ShippingRateDraft, ShippingRatePriceTier, ShippingRateTierType,
};
use api::zone::Zone;
use api::{Address, ApiError, CountryCode, CurrencyCode, Id, Money, Result, TypedMoney};
use std::collections::HashSet;

/// Where something is shipped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The country.
    pub country: CountryCode,
    /// The state; never empty.
    pub state: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// A place where the empty state counts as none.
    #[must_use]
    pub fn new(country: CountryCode, state: Option<&'a str>) -> Self {
        Self { country, state: state.filter(|state| !state.is_empty()) }
    }

    /// The place of an address.
    #[must_use]
    pub fn of(address: &'a Address) -> Self {
        Self::new(address.country, address.state())
    }

    /// How closely a zone fits: 2 by country and state, 1 by a country without state, 0 not at all.
    #[must_use]
    pub fn fit(&self, zone: &Zone) -> u8 {
        let of_country = || zone.locations.iter().filter(|location| location.country == self.country);
        if self.state.is_some() && of_country().any(|location| location.state() == self.state) {
            2
        } else {
            u8::from(of_country().any(|location| location.state().is_none()))
        }
    }
}

/// The rate of a method for a place and a currency.
///
/// Rule (§5): the zone of the address by country and state, else by the country alone; in it the rate of
/// the currency. Of equally close zones the method's first one with such a rate counts. `zone` finds a
/// zone by its id.
#[must_use]
pub fn rate_for_place<'m, 'z>(
    method: &'m ShippingMethod,
    place: Place<'_>,
    currency: CurrencyCode,
    zone: impl Fn(&Id) -> Option<&'z Zone>,
) -> Option<&'m ShippingRate> {
    position(method, place, currency, zone).map(|(zone, rate)| &method.zone_rates[zone].shipping_rates[rate])
}

fn position<'z>(
    method: &ShippingMethod,
    place: Place<'_>,
    currency: CurrencyCode,
    zone: impl Fn(&Id) -> Option<&'z Zone>,
) -> Option<(usize, usize)> {
    let mut best: Option<(u8, (usize, usize))> = None;
    for (at, zone_rate) in method.zone_rates.iter().enumerate() {
        let Some(rate) = zone_rate.shipping_rates.iter().position(|rate| rate.currency() == currency) else {
            continue;
        };
        let fit = zone(&zone_rate.zone.id).map_or(0, |zone| place.fit(zone));
        if fit > best.map_or(0, |(held, _)| held) {
            best = Some((fit, (at, rate)));
        }
    }
    best.map(|(_, found)| found)
}

/// What a shipping price depends on beside the rate.
#[derive(Debug, Clone, Copy)]
pub struct CartForShipping<'a> {
    /// The sum of line items and custom line items, after discounts, in minor units.
    pub item_total: i64,
    /// The project's `shippingRateInputType`; tiers of another kind do not count.
    pub tier_type: Option<ShippingRateTierType>,
    /// The cart's `shippingRateInput`.
    pub input: Option<&'a ShippingRateInput>,
}

/// What shipping costs by a rate.
///
/// Rule (§5): nothing when the sum of the items reaches `freeAbove`; else the matching tier's price: of
/// `CartValue` the highest `minimumCentAmount` that the sum reaches, of `CartClassification` the one of
/// that class, of `CartScore` the highest `score` that the cart's reaches; else the rate's own price. A
/// price function never gives less than nothing.
pub fn shipping_price(rate: &ShippingRate, cart: CartForShipping<'_>) -> Result<TypedMoney> {
    let currency = rate.currency();
    if rate.free_above.is_some_and(|free_above| cart.item_total >= free_above.cent_amount) {
        return cents(currency, 0);
    }
    match (tier_for(rate, cart).map(|at| &rate.tiers[at]), cart.input) {
        (None, _) => Ok(rate.price),
        (
            Some(ShippingRatePriceTier::CartScore { price, price_function: Some(function), .. }),
            Some(ShippingRateInput::Score { score }),
        ) if price.is_none() => {
            let amount = Formula::parse(&function.function)?.at(*score)?;
            cents(currency, amount.max(0).into())
        }
        (Some(tier), _) => Ok(fixed_price(tier).map_or(rate.price, TypedMoney::from)),
    }
}

/// The tier that counts.
fn tier_for(rate: &ShippingRate, cart: CartForShipping<'_>) -> Option<usize> {
    let reached = |tier: &ShippingRatePriceTier| match (tier, cart.input) {
        (ShippingRatePriceTier::CartValue { minimum_cent_amount, .. }, _) => {
            (cart.item_total >= *minimum_cent_amount).then_some(*minimum_cent_amount)
        }
        (
            ShippingRatePriceTier::CartClassification { value, .. },
            Some(ShippingRateInput::Classification { key, .. }),
        ) => (value == key).then_some(0),
        (ShippingRatePriceTier::CartScore { score, .. }, Some(ShippingRateInput::Score { score: given })) => {
            (given >= score).then_some(*score)
        }
        _ => None,
    };
    rate.tiers
        .iter()
        .enumerate()
        .filter(|(_, tier)| Some(tier.tier_type()) == cart.tier_type)
        .filter_map(|(at, tier)| reached(tier).map(|level| (level, at)))
        .max_by_key(|(level, _)| *level)
        .map(|(_, at)| at)
}

fn fixed_price(tier: &ShippingRatePriceTier) -> Option<Money> {
    match tier {
        ShippingRatePriceTier::CartValue { price, .. }
        | ShippingRatePriceTier::CartClassification { price, .. } => Some(*price),
        ShippingRatePriceTier::CartScore { price, .. } => *price,
    }
}

/// Marks the rate, and the tier, that a cart would use (`matching-cart`). `false` if there is none; then
/// the method does not match.
pub fn mark_used_rate<'z>(
    method: &mut ShippingMethod,
    place: Place<'_>,
    currency: CurrencyCode,
    cart: CartForShipping<'_>,
    zone: impl Fn(&Id) -> Option<&'z Zone>,
) -> bool {
    let Some((at, rate)) = position(method, place, currency, zone) else { return false };
    let rate = &mut method.zone_rates[at].shipping_rates[rate];
    rate.is_matching = Some(true);
    if let Some(tier) = tier_for(rate, cart) {
        match &mut rate.tiers[tier] {
            ShippingRatePriceTier::CartValue { is_matching, .. }
            | ShippingRatePriceTier::CartClassification { is_matching, .. }
            | ShippingRatePriceTier::CartScore { is_matching, .. } => *is_matching = Some(true),
        }
    }
    true
}

/// Marks the rates that count for a place, in one currency or all (`matching-location`). `false` if there
/// are none; then the method does not match.
pub fn mark_location<'z>(
    method: &mut ShippingMethod,
    place: Place<'_>,
    currency: Option<CurrencyCode>,
    zone: impl Fn(&Id) -> Option<&'z Zone>,
) -> bool {
    let all =
        method.zone_rates.iter().flat_map(|zone_rate| &zone_rate.shipping_rates).map(ShippingRate::currency);
    let currencies: HashSet<CurrencyCode> =
        all.filter(|c| currency.is_none_or(|wanted| wanted == *c)).collect();
    let mut any = false;
    for currency in currencies {
        if let Some((at, rate)) = position(method, place, currency, &zone) {
            method.zone_rates[at].shipping_rates[rate].is_matching = Some(true);
            any = true;
        }
    }
    any
}

/// Checks a rate as it comes in: one currency throughout, no negative price, tiers of one kind without
/// repetition, a score tier with exactly one of price and price function (`InvalidField`).
pub fn check_shipping_rate(rate: &ShippingRateDraft) -> Result<()> {
    let currency = rate.price.currency_code;
    let check = |field: &str, money: Money| {
        if money.currency_code != currency {
            return Err(ApiError::invalid_field(field, money.currency_code.as_str()));
        }
        if money.cent_amount < 0 { Err(ApiError::invalid_field(field, money.cent_amount)) } else { Ok(()) }
    };
    check("price", rate.price)?;
    rate.free_above.map_or(Ok(()), |money| check("freeAbove", money))?;
    let mut seen = HashSet::new();
    for tier in &rate.tiers {
        if Some(tier.tier_type()) != rate.tiers.first().map(ShippingRatePriceTier::tier_type) {
            return Err(ApiError::invalid_operation("The tiers of a shipping rate must all be of one type."));
        }
        let (field, name, negative) = match tier {
            ShippingRatePriceTier::CartValue { minimum_cent_amount: m, .. } => {
                ("minimumCentAmount", m.to_string(), *m < 0)
            }
            ShippingRatePriceTier::CartClassification { value, .. } => {
                ("value", value.clone(), value.is_empty())
            }
            ShippingRatePriceTier::CartScore { score, .. } => ("score", score.to_string(), *score < 0),
        };
        if negative || !seen.insert(name.clone()) {
            return Err(ApiError::invalid_field(field, name));
        }
        if let Some(price) = fixed_price(tier) {
            check("tiers.price", price)?;
        }
        if let ShippingRatePriceTier::CartScore { score, price, price_function, .. } = tier {
            match (price, price_function) {
                (Some(_), None) => {}
                (None, Some(function)) => {
                    check("tiers.priceFunction", Money::new(0, function.currency_code))?;
                    Formula::parse(&function.function)?.at(*score)?;
                }
                _ => {
                    let message = "A tier of type CartScore has exactly one of price and priceFunction.";
                    return Err(ApiError::invalid_input(message));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The tax of a line, of shipping, of a cart.
//!
//! Rule (§3): of net and gross one is given and the other is what gets rounded; the tax is their
//! difference. Portions always sum to the tax.

use crate::amounts::{cents, sum_of};
use api::cart::{TaxCalculationMode, TaxPortion, TaxPortionDraft, TaxedPrice};
use api::tax_category::{Rate, TaxRate};
use api::{ApiError, CurrencyCode, Money, Result, RoundingMode, TypedMoney};
use std::collections::HashMap;

/// How a cart rounds its taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxRounding {
    /// `taxRoundingMode`.
    pub mode: RoundingMode,
    /// `taxCalculationMode`.
    pub calculation: TaxCalculationMode,
}

/// Net, gross and tax of a line.
///
/// `total` is the line's `totalPrice`; `units` are its unit prices with their quantities, which
/// `UnitPriceLevel` rounds one by one. Where they do not make up the total to the cent (an external
/// total, high precision), the tax is that of the total. Shipping has one unit, or none given.
///
/// Rule (§3): `includedInPrice`: gross = total, net = round(gross / (1 + rate)); else net = total,
/// gross = round(net x (1 + rate)).
pub fn tax_of_line(
    total: TypedMoney,
    units: &[(TypedMoney, i64)],
    rate: &TaxRate,
    rounding: TaxRounding,
) -> Result<TaxedPrice> {
    let currency = total.currency_code;
    let by_unit = rounding.calculation == TaxCalculationMode::UnitPriceLevel && make_up(units, total);
    let other = if by_unit {
        let mut sum = 0_i128;
        for (unit, quantity) in units {
            let one = other_side(unit.cent_amount, rate, rounding.mode)?;
            // Two factors of 64 bits fit; only a million of such sums would not.
            sum = sum
                .checked_add(i128::from(one) * i128::from(*quantity))
                .ok_or_else(ApiError::money_overflow)?;
        }
        cents(currency, sum)?
    } else {
        Money::new(other_side(total.cent_amount, rate, rounding.mode)?, currency).into()
    };
    let (net, gross) = if rate.included_in_price { (other, total) } else { (total, other) };
    taxed(net, gross, rate)
}

/// Net and gross where the gross amount was worked out elsewhere (tax mode `ExternalAmount`).
///
/// Rule (§3): the line's net is its `totalPrice`.
pub fn tax_from_amount(net: TypedMoney, gross: Money, rate: &TaxRate) -> Result<TaxedPrice> {
    same_currency(net.currency_code, gross.currency_code)?;
    taxed(net, gross.into(), rate)
}

/// The taxed price of a whole cart where its gross was worked out elsewhere (`setCartTotalTax`).
/// Portions that are not given are those of the parts.
pub fn tax_of_cart_from_amount(
    net: TypedMoney,
    gross: Money,
    portions: Vec<TaxPortionDraft>,
    parts: &[&TaxedPrice],
) -> Result<TaxedPrice> {
    let currency = net.currency_code;
    same_currency(currency, gross.currency_code)?;
    for portion in &portions {
        same_currency(currency, portion.amount.currency_code)?;
    }
    let tax_portions = if portions.is_empty() {
        add_portions(currency, parts)?
    } else {
        portions
            .into_iter()
            .map(|p| TaxPortion { name: p.name, rate: p.rate, amount: p.amount.into() })
            .collect()
    };
    let total_gross: TypedMoney = gross.into();
    Ok(TaxedPrice { total_net: net, total_gross, tax_portions, total_tax: minus(total_gross, net)? })
}

/// The sum of taxed prices, all of that currency.
///
/// Rule (§3): one portion per rate and name, summed over lines and shipping.
pub fn add_taxed(currency: CurrencyCode, parts: &[&TaxedPrice]) -> Result<TaxedPrice> {
    let total_net = sum_of(currency, parts.iter().map(|part| part.total_net))?;
    let total_gross = sum_of(currency, parts.iter().map(|part| part.total_gross))?;
    Ok(TaxedPrice {
        total_net,
        total_gross,
        tax_portions: add_portions(currency, parts)?,
        total_tax: minus(total_gross, total_net)?,
    })
}

fn add_portions(currency: CurrencyCode, parts: &[&TaxedPrice]) -> Result<Vec<TaxPortion>> {
    let mut places: HashMap<(Rate, Option<&str>), usize> = HashMap::new();
    let mut sums: Vec<(&TaxPortion, i128)> = Vec::new();
    for portion in parts.iter().flat_map(|part| &part.tax_portions) {
        let amount = i128::from(portion.amount.cent_amount);
        let place = *places.entry((portion.rate, portion.name.as_deref())).or_insert(sums.len());
        match sums.get_mut(place) {
            Some((_, sum)) => *sum += amount,
            None => sums.push((portion, amount)),
        }
    }
    sums.into_iter()
        .map(|(first, sum)| Ok(TaxPortion { amount: cents(currency, sum)?, ..first.clone() }))
        .collect()
}

/// Net from gross where the tax is included, else gross from net.
fn other_side(amount: i64, rate: &TaxRate, mode: RoundingMode) -> Result<i64> {
    // At most 2^63 x 2 x 10^18 < 2^125.
    let (part, whole) = rate.amount.ratio();
    let amount = i128::from(amount);
    let rounded = if rate.included_in_price {
        mode.divide(amount * whole, whole + part)
    } else {
        mode.divide(amount * (whole + part), whole)
    };
    rounded.ok_or_else(ApiError::money_overflow)
}

/// `true` if the units are whole minor units and sum to the total.
fn make_up(units: &[(TypedMoney, i64)], total: TypedMoney) -> bool {
    let sum = units.iter().try_fold(0_i128, |sum, (unit, quantity)| {
        let whole = unit.precise_amount.is_none() && unit.currency_code == total.currency_code;
        whole.then(|| sum.checked_add(i128::from(unit.cent_amount) * i128::from(*quantity)))?
    });
    !units.is_empty() && sum == Some(total.cent_amount.into())
}

/// Net and gross with the portions of the rate.
fn taxed(net: TypedMoney, gross: TypedMoney, rate: &TaxRate) -> Result<TaxedPrice> {
    let total_tax = minus(gross, net)?;
    Ok(TaxedPrice { total_net: net, total_gross: gross, tax_portions: portions(total_tax, rate), total_tax })
}

/// The tax as one portion, or shared among the sub-rates: each gets its share towards zero, and the
/// cents that are left go to the largest remainders, the first of equals.
fn portions(tax: TypedMoney, rate: &TaxRate) -> Vec<TaxPortion> {
    if rate.sub_rates.is_empty() {
        return vec![TaxPortion { name: Some(rate.name.clone()), rate: rate.amount, amount: tax }];
    }
    let weights: Vec<i128> = rate.sub_rates.iter().map(|part| weight(part.amount)).collect();
    let shares = shares(tax.cent_amount, &weights);
    rate.sub_rates
        .iter()
        .zip(shares)
        .map(|(part, amount)| TaxPortion {
            name: Some(part.name.clone()),
            rate: part.amount,
            amount: Money::new(amount, tax.currency_code).into(),
        })
        .collect()
}

/// A rate in units of 10^-18.
fn weight(rate: Rate) -> i128 {
    let (part, whole) = rate.ratio();
    part * (1_000_000_000_000_000_000 / whole)
}

/// Shares `amount` by weights that are not negative; the shares sum to it exactly. Without any weight
/// the first takes all.
pub(crate) fn shares(amount: i64, weights: &[i128]) -> Vec<i64> {
    let total: i128 = weights.iter().sum();
    if total == 0 {
        return weights.iter().enumerate().map(|(i, _)| if i == 0 { amount } else { 0 }).collect();
    }
    let exact = |weight: &i128| i128::from(amount) * weight;
    // A share is never larger than the amount, so it fits.
    let mut shares: Vec<i64> = weights.iter().map(|w| i64::try_from(exact(w) / total).unwrap_or(0)).collect();
    let given: i128 = shares.iter().map(|share| i128::from(*share)).sum();
    let left = i128::from(amount) - given;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse((exact(&weights[i]) % total).unsigned_abs()));
    let cent: i64 = if left < 0 { -1 } else { 1 };
    // Fewer cents are left than there are weights.
    let count = usize::try_from(left.unsigned_abs()).unwrap_or(0);
    for &i in order.iter().take(count) {
        shares[i] = shares[i].saturating_add(cent);
    }
    shares
}

fn minus(gross: TypedMoney, net: TypedMoney) -> Result<TypedMoney> {
    cents(gross.currency_code, i128::from(gross.cent_amount) - i128::from(net.cent_amount))
}

fn same_currency(wanted: CurrencyCode, given: CurrencyCode) -> Result<()> {
    if wanted == given { Ok(()) } else { Err(ApiError::invalid_field("currencyCode", given.as_str())) }
}

#[cfg(test)]
mod tests;

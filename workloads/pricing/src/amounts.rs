//! Unit prices, line totals, sums.

use api::cart::LineItemPriceMode;
use api::{ApiError, CurrencyCode, Money, Price, Result, RoundingMode, TypedMoney};

/// The price of one unit at that quantity.
///
/// Rule (§4): the tier with the highest `minimumQuantity <= quantity` counts for the whole quantity of
/// the line; without such a tier the price's own value.
#[must_use]
pub fn unit_price(price: &Price, quantity: i64) -> TypedMoney {
    unit_price_with(price, quantity, None)
}

/// [`unit_price`] with the value that a product discount gives, if one does.
///
/// Rule (§4): if a discounted value is present the tiers are ignored.
#[must_use]
pub fn unit_price_with(price: &Price, quantity: i64, discounted: Option<TypedMoney>) -> TypedMoney {
    let tier =
        || price.tiers.iter().filter(|t| t.minimum_quantity <= quantity).max_by_key(|t| t.minimum_quantity);
    discounted.or_else(|| tier().map(|tier| tier.value)).unwrap_or(price.value)
}

/// Unit price times quantity in whole minor units.
///
/// Rule (§3): multiply first, then round once; half-even for external unit prices, else by the cart's
/// `priceRoundingMode`. With an external total this is not used: the total is what was given.
pub fn line_total(
    unit: TypedMoney,
    quantity: i64,
    mode: LineItemPriceMode,
    price_rounding: RoundingMode,
) -> Result<TypedMoney> {
    let rounding = match mode {
        LineItemPriceMode::ExternalPrice => RoundingMode::HalfEven,
        LineItemPriceMode::Platform | LineItemPriceMode::ExternalTotal => price_rounding,
    };
    Ok(unit.times(quantity, rounding)?.into())
}

/// The sum of amounts, all of that currency. Only the result must fit into 64 bits.
pub fn sum_of(currency: CurrencyCode, amounts: impl IntoIterator<Item = TypedMoney>) -> Result<TypedMoney> {
    cents(currency, amounts.into_iter().map(|amount| i128::from(amount.cent_amount)).sum())
}

/// What of a line's total falls to some of its units, which come after `before` others: all shares of a line sum to
/// its total, to the cent.
pub fn share(total: TypedMoney, quantity: i64, before: i64, units: i64) -> Result<TypedMoney> {
    let up_to = |units: i64| match quantity {
        0 => 0,
        // Two factors of 64 bits fit.
        quantity => i128::from(total.cent_amount) * i128::from(units) / i128::from(quantity),
    };
    cents(total.currency_code, up_to(before.saturating_add(units)) - up_to(before))
}

/// A number of minor units as money.
pub(crate) fn cents(currency: CurrencyCode, amount: i128) -> Result<TypedMoney> {
    let amount = i64::try_from(amount).map_err(|_| ApiError::money_overflow())?;
    Ok(Money::new(amount, currency).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{eur, precise_eur, price};
    use api::PriceTier;

    fn tiered() -> Price {
        Price {
            tiers: [(10, 90), (100, 70)]
                .map(|(minimum_quantity, cents)| PriceTier { minimum_quantity, value: eur(cents) })
                .to_vec(),
            ..price("p", 100)
        }
    }

    #[test]
    fn the_highest_tier_that_the_quantity_reaches_counts() {
        for (quantity, cents) in [(1, 100), (9, 100), (10, 90), (99, 90), (100, 70), (i64::MAX, 70)] {
            assert_eq!(unit_price(&tiered(), quantity), eur(cents), "{quantity}");
        }
    }

    #[test]
    fn a_discounted_value_switches_tiers_off() {
        assert_eq!(unit_price_with(&tiered(), 100, Some(eur(80))), eur(80));
    }

    #[test]
    fn high_precision_is_multiplied_first_and_rounded_once() {
        use LineItemPriceMode::{ExternalPrice, Platform};
        let unit = precise_eur(12_345, 4); // 1.2345
        let total =
            |quantity, mode, rounding| line_total(unit, quantity, mode, rounding).unwrap().cent_amount;
        assert_eq!(total(100, Platform, RoundingMode::HalfEven), 12_345);
        assert_eq!(total(10, Platform, RoundingMode::HalfUp), 1235); // 12.345
        assert_eq!(total(10, Platform, RoundingMode::HalfDown), 1234);
        assert_eq!(total(10, Platform, RoundingMode::HalfEven), 1234);
        assert_eq!(total(10, ExternalPrice, RoundingMode::HalfUp), 1234, "external prices round half-even");
    }

    #[test]
    fn shares_of_a_line_sum_to_its_total() {
        let shares = |total: i64| {
            [(0, 1), (1, 1), (2, 5)].map(|(before, units)| share(eur(total), 7, before, units).unwrap())
        };
        assert_eq!(shares(700), [eur(100), eur(100), eur(500)]);
        let uneven = shares(1000);
        assert_eq!(uneven, [eur(142), eur(143), eur(715)]);
        assert_eq!(shares(-1000).map(|one| one.cent_amount).iter().sum::<i64>(), -1000);
    }

    #[test]
    fn a_total_beyond_64_bits_is_a_money_overflow() {
        let total = line_total(eur(i64::MAX), 2, LineItemPriceMode::Platform, RoundingMode::HalfEven);
        assert_eq!(total.unwrap_err().code(), api::Code::MoneyOverflow);
        let big = eur(i64::MAX);
        assert_eq!(sum_of(big.currency_code, [big, eur(1)]).unwrap_err().code(), api::Code::MoneyOverflow);
        assert_eq!(sum_of(big.currency_code, [big, eur(5), eur(-5)]), Ok(big), "on the way it may be larger");
    }
}

//! What holds for every amount, rate, quantity and mode.

use crate::{
    Formula, PriceSelection, TaxRounding, add_taxed, check_prices, line_total, select_price, sum_of,
    tax_of_line, unit_price,
};
use api::cart::{LineItemPriceMode, TaxCalculationMode};
use api::tax_category::{Rate, SubRate, TaxRate};
use api::{
    CountryCode, CurrencyCode, Id, Money, Price, PriceTier, Reference, RoundingMode, Timestamp, TypedMoney,
};
use proptest::prelude::*;

fn eur(cents: i64) -> TypedMoney {
    Money::new(cents, CurrencyCode::parse("EUR").unwrap()).into()
}

fn mode() -> impl Strategy<Value = RoundingMode> {
    prop_oneof![Just(RoundingMode::HalfEven), Just(RoundingMode::HalfUp), Just(RoundingMode::HalfDown)]
}

fn rounding() -> impl Strategy<Value = TaxRounding> {
    let calculation =
        prop_oneof![Just(TaxCalculationMode::LineItemLevel), Just(TaxCalculationMode::UnitPriceLevel)];
    (mode(), calculation).prop_map(|(mode, calculation)| TaxRounding { mode, calculation })
}

/// A rate of up to four parts that sum to at most 1.
fn tax_rate() -> impl Strategy<Value = TaxRate> {
    let parts = prop::collection::vec(0_u32..=2_500, 0..=4);
    (parts, 0_u32..=10_000, any::<bool>()).prop_map(|(parts, whole, included_in_price)| {
        let rate = |n: u32| Rate::parse(&format!("{}.{:04}", n / 10_000, n % 10_000)).unwrap();
        let sum: u32 = parts.iter().sum();
        TaxRate {
            id: None,
            key: None,
            name: "VAT".to_owned(),
            amount: rate(if parts.is_empty() { whole } else { sum }),
            included_in_price,
            country: CountryCode::parse("DE").unwrap(),
            state: None,
            sub_rates: parts
                .iter()
                .enumerate()
                .map(|(i, part)| SubRate { name: format!("part {i}"), amount: rate(*part) })
                .collect(),
        }
    })
}

/// All of 64 bits, the ends and everyday amounts more often.
fn cents() -> impl Strategy<Value = i64> {
    prop_oneof![-1_000_000_i64..1_000_000, any::<i64>(), Just(i64::MAX), Just(i64::MIN), Just(0)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gross_less_net_is_the_tax_and_the_portions_sum_to_it(
        unit in cents(), quantity in prop_oneof![1_i64..1000, any::<i64>()], rate in tax_rate(), rounding in rounding()
    ) {
        let Ok(total) = line_total(eur(unit), quantity, LineItemPriceMode::Platform, rounding.mode) else { return Ok(()) };
        let Ok(taxed) = tax_of_line(total, &[(eur(unit), quantity)], &rate, rounding) else { return Ok(()) };
        let (net, gross) = (i128::from(taxed.total_net.cent_amount), i128::from(taxed.total_gross.cent_amount));
        let tax = i128::from(taxed.total_tax.cent_amount);
        prop_assert_eq!(gross - net, tax);
        let portions: i128 = taxed.tax_portions.iter().map(|p| i128::from(p.amount.cent_amount)).sum();
        prop_assert_eq!(portions, tax);
        prop_assert_eq!(if rate.included_in_price { taxed.total_gross } else { taxed.total_net }, total);
        prop_assert!(tax == 0 || (tax > 0) == (gross > 0), "the tax has the sign of the price");
    }

    #[test]
    fn the_other_side_is_at_most_half_a_cent_from_the_exact_one(
        cents in -1_000_000_000_i64..1_000_000_000, rate in tax_rate(), mode in mode()
    ) {
        let rounding = TaxRounding { mode, calculation: TaxCalculationMode::LineItemLevel };
        let taxed = tax_of_line(eur(cents), &[], &rate, rounding).unwrap();
        let (part, whole) = rate.amount.ratio();
        let net = i128::from(taxed.total_net.cent_amount);
        let gross = i128::from(taxed.total_gross.cent_amount);
        // |net x (1 + rate) - gross| <= 1/2, where the error of a rounded net is multiplied by (1 + rate).
        let off = (net * (whole + part) - gross * whole).abs();
        let allowed = if rate.included_in_price { whole + part } else { whole };
        prop_assert!(2 * off <= allowed, "{off} of {allowed}");
    }

    #[test]
    fn a_refund_mirrors_the_sale(unit in -1_000_000_i64..1_000_000, quantity in 1_i64..100, rate in tax_rate(), rounding in rounding()) {
        let tax = |unit: i64| {
            let total = eur(unit * quantity);
            tax_of_line(total, &[(eur(unit), quantity)], &rate, rounding).unwrap().total_tax.cent_amount
        };
        prop_assert_eq!(tax(unit), -tax(-unit));
    }

    #[test]
    fn sums_of_taxes_keep_the_invariants_and_no_order_matters(
        lines in prop::collection::vec((-1_000_000_i64..1_000_000, tax_rate()), 0..8), mode in mode()
    ) {
        let rounding = TaxRounding { mode, calculation: TaxCalculationMode::LineItemLevel };
        let taxed: Vec<_> =
            lines.iter().map(|(cents, rate)| tax_of_line(eur(*cents), &[], rate, rounding).unwrap()).collect();
        let sum = add_taxed(eur(0).currency_code, &taxed.iter().collect::<Vec<_>>()).unwrap();
        let backwards = add_taxed(eur(0).currency_code, &taxed.iter().rev().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!((sum.total_net, sum.total_gross), (backwards.total_net, backwards.total_gross));
        prop_assert_eq!(sum.tax_portions.len(), backwards.tax_portions.len());
        let portions: i64 = sum.tax_portions.iter().map(|p| p.amount.cent_amount).sum();
        prop_assert_eq!(portions, sum.total_tax.cent_amount);
        prop_assert_eq!(sum.total_gross.cent_amount - sum.total_net.cent_amount, sum.total_tax.cent_amount);
    }

    #[test]
    fn totals_are_exact_or_a_money_overflow_never_wrong(amounts in prop::collection::vec(cents(), 0..6), quantity in any::<i64>()) {
        let exact: i128 = amounts.iter().map(|cents| i128::from(*cents)).sum();
        match sum_of(eur(0).currency_code, amounts.iter().map(|cents| eur(*cents))) {
            Ok(sum) => prop_assert_eq!(i128::from(sum.cent_amount), exact),
            Err(error) => {
                prop_assert_eq!(error.code(), api::Code::MoneyOverflow);
                prop_assert!(i64::try_from(exact).is_err());
            }
        }
        for cents in amounts {
            let exact = i128::from(cents) * i128::from(quantity);
            let total = line_total(eur(cents), quantity, LineItemPriceMode::Platform, RoundingMode::HalfEven);
            prop_assert_eq!(total.ok().map(|total| i128::from(total.cent_amount)), i64::try_from(exact).ok().map(i128::from));
        }
    }

    #[test]
    fn the_chosen_price_is_the_best_by_a_plain_reading_of_the_levels(
        scopes in prop::collection::vec((any::<[bool; 3]>(), any::<[bool; 3]>(), 0_u8..4), 0..12), asked in any::<[bool; 3]>()
    ) {
        let id = |text: &str| Id::parse(text).unwrap();
        let reference = |kind, other: bool| Reference::new(kind, id(if other { "other" } else { "mine" }));
        let prices: Vec<Price> = scopes.iter().enumerate().map(|(i, (named, other, dates))| Price {
            customer_group: named[0].then(|| reference(api::Kind::CustomerGroup, other[0])),
            channel: named[1].then(|| reference(api::Kind::Channel, other[1])),
            country: named[2].then(|| CountryCode::parse(if other[2] { "FR" } else { "DE" }).unwrap()),
            valid_from: (dates & 1 != 0).then(|| Timestamp::from_millis(0)),
            valid_until: (dates & 2 != 0).then(|| Timestamp::from_millis(100)),
            ..Price::plain(id(&format!("p{i}")), eur(100))
        }).collect();
        let (mine, groups) = (id("mine"), [id("mine")]);
        let want = PriceSelection::new(eur(0).currency_code, Timestamp::from_millis(50))
            .customer_groups(if asked[0] { &groups } else { &[] })
            .channel(asked[1].then_some(&mine))
            .country(asked[2].then(|| CountryCode::parse("DE").unwrap()));
        // The levels as the contract lists them: group, channel, country.
        const LEVELS: [[bool; 3]; 8] = [
            [true, true, true], [true, true, false], [true, false, true], [true, false, false],
            [false, true, true], [false, true, false], [false, false, true], [false, false, false],
        ];
        let candidates = |level: &[bool; 3]| {
            let fits: Vec<usize> = (0..scopes.len())
                .filter(|&i| scopes[i].0 == *level && (0..3).all(|k| !level[k] || (asked[k] && !scopes[i].1[k])))
                .collect();
            fits.iter().copied().find(|&i| scopes[i].2 != 0).or(fits.first().copied())
        };
        let expected = LEVELS.iter().find_map(candidates).map(|i| prices[i].id.clone());
        prop_assert_eq!(select_price(&prices, &want).map(|price| price.id.clone()), expected);
    }

    #[test]
    fn a_larger_quantity_never_leaves_a_tier_for_a_smaller_one(
        tiers in prop::collection::btree_map(2_i64..50, 1_i64..1000, 0..6), a in 1_i64..60, b in 1_i64..60
    ) {
        let price = Price {
            tiers: tiers.iter().map(|(&minimum_quantity, &cents)| PriceTier { minimum_quantity, value: eur(cents) }).collect(),
            ..Price::plain(Id::parse("p").unwrap(), eur(5000))
        };
        prop_assert_eq!(check_prices(std::slice::from_ref(&price)), Ok(()));
        let reached = |quantity: i64| tiers.range(..=quantity).next_back().map_or(5000, |(_, cents)| *cents);
        for quantity in [a, b] {
            prop_assert_eq!(unit_price(&price, quantity), eur(reached(quantity)));
        }
    }

    #[test]
    fn no_text_makes_a_formula_panic(text in "[-+*/()x0-9. ]{0,40}", score in any::<i64>()) {
        if let Ok(formula) = Formula::parse(&text) {
            let _ = formula.at(score);
        }
    }
}

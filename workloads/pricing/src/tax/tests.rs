use super::*;
use crate::testing::{eur, precise_eur, rate, tax, tax_of_parts, usd};
use RoundingMode::{HalfDown, HalfEven, HalfUp};
use TaxCalculationMode::{LineItemLevel, UnitPriceLevel};

fn rounding(mode: RoundingMode, calculation: TaxCalculationMode) -> TaxRounding {
    TaxRounding { mode, calculation }
}

/// (net, gross, tax) of a line of `quantity` at `unit`.
fn line(unit: i64, quantity: i64, rate: &TaxRate, rounding: TaxRounding) -> (i64, i64, i64) {
    let taxed = tax_of_line(eur(unit * quantity), &[(eur(unit), quantity)], rate, rounding).unwrap();
    (taxed.total_net.cent_amount, taxed.total_gross.cent_amount, taxed.total_tax.cent_amount)
}

#[test]
fn three_at_1_08_and_19_percent_are_3_86_by_line_and_3_87_by_unit() {
    assert_eq!(line(108, 3, &tax("0.19", false), rounding(HalfEven, LineItemLevel)), (324, 386, 62));
    assert_eq!(line(108, 3, &tax("0.19", false), rounding(HalfEven, UnitPriceLevel)), (324, 387, 63));
}

#[test]
fn a_net_of_0_25_at_14_percent_bears_3_4_or_3_cents_by_the_mode() {
    for (mode, tax_cents) in [(HalfEven, 3), (HalfUp, 4), (HalfDown, 3)] {
        let (net, gross, cents) = line(25, 1, &tax("0.14", false), rounding(mode, LineItemLevel));
        assert_eq!((net, gross, cents), (25, 25 + tax_cents, tax_cents), "{mode:?}");
    }
}

/// The net is what is rounded, so a larger net is a smaller tax.
#[test]
fn where_the_tax_is_included_half_up_gives_the_smaller_tax() {
    // 0.21 / 1.2 = 0.175
    for (mode, net, tax_cents) in [(HalfEven, 18, 3), (HalfUp, 18, 3), (HalfDown, 17, 4)] {
        assert_eq!(
            line(21, 1, &tax("0.2", true), rounding(mode, LineItemLevel)),
            (net, 21, tax_cents),
            "{mode:?}"
        );
    }
    // 0.15 / 1.2 = 0.125
    assert_eq!(line(15, 1, &tax("0.2", true), rounding(HalfEven, LineItemLevel)), (12, 15, 3));
    assert_eq!(line(15, 1, &tax("0.2", true), rounding(HalfUp, LineItemLevel)), (13, 15, 2));
}

#[test]
fn included_taxes_by_unit_round_the_net_of_each_unit() {
    // 1.00 / 1.19 = 0.8403…
    assert_eq!(line(100, 3, &tax("0.19", true), rounding(HalfEven, LineItemLevel)), (252, 300, 48));
    assert_eq!(line(110, 10, &tax("0.19", true), rounding(HalfEven, LineItemLevel)), (924, 1100, 176));
    assert_eq!(line(110, 10, &tax("0.19", true), rounding(HalfEven, UnitPriceLevel)), (920, 1100, 180));
}

#[test]
fn a_negative_line_bears_the_mirrored_tax() {
    for mode in [HalfEven, HalfUp, HalfDown] {
        for (cents, amount, included) in [(25, "0.14", false), (21, "0.2", true), (9999, "0.077", true)] {
            let (net, gross, tax_cents) =
                line(cents, 1, &tax(amount, included), rounding(mode, LineItemLevel));
            assert_eq!(
                line(-cents, 1, &tax(amount, included), rounding(mode, LineItemLevel)),
                (-net, -gross, -tax_cents)
            );
        }
    }
}

#[test]
fn an_external_total_is_taxed_as_a_whole_in_either_mode() {
    let taxed =
        tax_of_line(eur(300), &[(eur(108), 3)], &tax("0.19", false), rounding(HalfEven, UnitPriceLevel))
            .unwrap();
    assert_eq!(taxed.total_gross, eur(357));
}

#[test]
fn a_high_precision_unit_is_never_rounded_before_it_is_multiplied() {
    let unit = precise_eur(6, 3); // 0.6 cents
    let taxed =
        tax_of_line(eur(6), &[(unit, 10)], &tax("0", true), rounding(HalfEven, UnitPriceLevel)).unwrap();
    assert_eq!((taxed.total_net, taxed.total_tax), (eur(6), eur(0)));
}

#[test]
fn sub_rates_get_the_tax_to_the_last_cent() {
    let parts = tax_of_parts(&[("state", "0.04"), ("county", "0.04"), ("city", "0.02")], false);
    let taxed = tax_of_line(eur(133), &[], &parts, TaxRounding::default()).unwrap();
    assert_eq!(taxed.total_tax, eur(13)); // 13.3
    let portions: Vec<_> =
        taxed.tax_portions.iter().map(|p| (p.name.as_deref(), p.rate, p.amount.cent_amount)).collect();
    assert_eq!(
        portions,
        [
            (Some("state"), rate("0.04"), 5),
            (Some("county"), rate("0.04"), 5),
            (Some("city"), rate("0.02"), 3)
        ]
    );
}

#[test]
fn a_rate_of_nothing_has_a_portion_of_nothing() {
    let taxed = tax_of_line(eur(100), &[], &tax("0", true), TaxRounding::default()).unwrap();
    assert_eq!(
        (taxed.total_net, taxed.total_gross, taxed.tax_portions[0].amount),
        (eur(100), eur(100), eur(0))
    );
}

#[test]
fn portions_of_one_rate_and_name_are_added_and_others_stay_apart() {
    let of = |cents, rate: &TaxRate| tax_of_line(eur(cents), &[], rate, TaxRounding::default()).unwrap();
    let (standard, reduced) = (tax("0.19", false), tax("0.07", false));
    let other_name = TaxRate { name: "Levy".to_owned(), ..standard.clone() };
    let parts = [of(1000, &standard), of(1000, &reduced), of(500, &standard), of(100, &other_name)];
    let sum = add_taxed(eur(0).currency_code, &parts.iter().collect::<Vec<_>>()).unwrap();
    let amounts: Vec<_> = sum.tax_portions.iter().map(|p| p.amount.cent_amount).collect();
    assert_eq!(amounts, [285, 70, 19]);
    assert_eq!((sum.total_net, sum.total_gross, sum.total_tax), (eur(2600), eur(2974), eur(374)));
}

#[test]
fn a_gross_from_outside_makes_the_tax_and_must_be_of_the_carts_currency() {
    let taxed = tax_from_amount(eur(1000), eur(1190).money(), &tax("0.19", false)).unwrap();
    assert_eq!(
        (taxed.total_net, taxed.total_tax, taxed.tax_portions[0].amount),
        (eur(1000), eur(190), eur(190))
    );
    let wrong = tax_from_amount(eur(1000), usd(1190).money(), &tax("0.19", false));
    assert_eq!(wrong.unwrap_err().code(), api::Code::InvalidField);
}

#[test]
fn a_carts_gross_from_outside_takes_the_portions_given_or_those_of_its_lines() {
    let taxed = tax_from_amount(eur(1000), eur(1190).money(), &tax("0.19", false)).unwrap();
    let derived = tax_of_cart_from_amount(eur(1000), eur(1190).money(), vec![], &[&taxed]).unwrap();
    assert_eq!(derived.tax_portions, taxed.tax_portions);
    let given = TaxPortionDraft { name: None, rate: rate("0.1"), amount: eur(100).money() };
    let own = tax_of_cart_from_amount(eur(1000), eur(1100).money(), vec![given], &[&taxed]).unwrap();
    assert_eq!((own.total_tax, own.tax_portions.len(), own.tax_portions[0].amount), (eur(100), 1, eur(100)));
}

#[test]
fn a_tax_beyond_64_bits_is_a_money_overflow() {
    let taxed = tax_of_line(eur(i64::MAX), &[], &tax("0.19", false), TaxRounding::default());
    assert_eq!(taxed.unwrap_err().code(), api::Code::MoneyOverflow);
    let included = tax_of_line(eur(i64::MAX), &[], &tax("0.19", true), TaxRounding::default());
    assert!(included.is_ok());
}

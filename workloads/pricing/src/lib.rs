//! The money rules that several services share: which price counts, what a line costs, what tax it
//! bears, what shipping costs, what a cart sums to.
//!
//! Pure functions: values in, values out; no clock, no store, no float. Every amount is an integer of
//! minor units and every tax rate an exact decimal; what leaves 64 bits is the error `MoneyOverflow`,
//! never a panic and never a wrong number. The rules are those of the contract, §3 (money, rounding,
//! tax), §4 (prices) and §5 (carts); each function names its own.

pub mod amounts;
pub mod identity;
pub mod price_function;
pub mod prices;
pub mod selection;
pub mod shipping;
pub mod tax;
pub mod tax_rates;
pub mod totals;

pub use amounts::{line_total, share, sum_of, unit_price, unit_price_with};
pub use identity::{
    CustomLineIdentity, LineIdentity, add_targets, apply_delta, custom_line_to_grow, line_to_grow,
    shipping_details, units_by_method,
};
pub use price_function::Formula;
pub use prices::check_prices;
pub use selection::{PriceSelection, matching_price_not_found, select_price};
pub use shipping::{
    CartForShipping, Place, check_shipping_rate, mark_location, mark_used_rate, rate_for_place,
    shipping_price,
};
pub use tax::{TaxRounding, add_taxed, tax_from_amount, tax_of_cart_from_amount, tax_of_line};
pub use tax_rates::{check_rates, external_tax_rate, missing_tax_rate, select_tax_rate, tax_rate};
pub use totals::{CartTotals, cart_totals};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

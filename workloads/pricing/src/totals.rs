//! What a cart sums to.

use crate::amounts::sum_of;
use crate::tax::add_taxed;
use api::cart::{Cart, ShippingMode, Ships, TaxMode, TaxedPrice};
use api::{ApiError, Result, TypedMoney};

/// The computed fields of a cart.
#[derive(Debug, Clone, PartialEq)]
pub struct CartTotals {
    /// Lines, custom lines and shipping.
    pub total_price: TypedMoney,
    /// With shipping; see [`cart_totals`] for when there is one.
    pub taxed_price: Option<TaxedPrice>,
    /// Of shipping alone.
    pub taxed_shipping_price: Option<TaxedPrice>,
    /// Of line items; `None` when there are none.
    pub total_line_item_quantity: Option<i64>,
}

impl CartTotals {
    /// Writes the totals into the cart.
    pub fn apply(self, cart: &mut Cart) {
        cart.total_price = self.total_price;
        cart.taxed_price = self.taxed_price;
        cart.taxed_shipping_price = self.taxed_shipping_price;
        cart.total_line_item_quantity = self.total_line_item_quantity;
    }
}

/// The totals of a cart whose lines and shipping are already worked out.
///
/// Rule (§3, §5): `totalPrice` = lines + custom lines + shipping. `taxedPrice` (with shipping) is there when
/// a shipping address is set and every line, custom line and the shipping have theirs; in shipping mode
/// `Multiple`, where each method has an address, when all quantities are distributed. `taxedShippingPrice` is the sum
/// over all methods. In tax mode `ExternalAmount` it is what
/// `setCartTotalTax` set, as long as its net still is the total, and there is no `taxedShippingPrice`.
pub fn cart_totals(cart: &Cart) -> Result<CartTotals> {
    let currency = cart.currency();
    let lines = cart.line_items.iter().map(|line| line.total_price);
    let custom_lines = cart.custom_line_items.iter().map(|line| line.total_price);
    let shipping = cart.infos().map(|(_, info)| info.price);
    let total_price = sum_of(currency, lines.chain(custom_lines).chain(shipping))?;

    let has_address = cart.shipping_mode == ShippingMode::Multiple || cart.shipping_address.is_some();
    let has_rates = matches!(cart.tax_mode, TaxMode::Platform | TaxMode::External) && has_address;
    let taxed_shipping: Option<Vec<&TaxedPrice>> =
        cart.infos().map(|(_, info)| info.taxed_price.as_ref()).collect();
    let taxed_shipping = taxed_shipping.filter(|_| has_rates);
    let taxed_price = if cart.tax_mode == TaxMode::ExternalAmount {
        cart.taxed_price.clone().filter(|taxed| taxed.total_net == total_price)
    } else if has_rates && is_distributed(cart) {
        let lines = cart.line_items.iter().map(|line| line.taxed_price.as_ref());
        let custom_lines = cart.custom_line_items.iter().map(|line| line.taxed_price.as_ref());
        let items: Option<Vec<&TaxedPrice>> = lines.chain(custom_lines).collect();
        let parts = items.zip(taxed_shipping.clone()).map(|(items, shipping)| [items, shipping].concat());
        parts.map(|parts| add_taxed(currency, &parts)).transpose()?
    } else {
        None
    };
    let taxed_shipping = taxed_shipping.filter(|taxed| !taxed.is_empty());
    Ok(CartTotals {
        total_price,
        taxed_price,
        taxed_shipping_price: taxed_shipping.map(|taxed| add_taxed(currency, &taxed)).transpose()?,
        total_line_item_quantity: total_quantity(cart)?,
    })
}

fn is_distributed(cart: &Cart) -> bool {
    let lines = cart.line_items.iter().map(|line| &line.shipping_details);
    let custom_lines = cart.custom_line_items.iter().map(|line| &line.shipping_details);
    cart.shipping_mode == ShippingMode::Single
        || lines.chain(custom_lines).all(|details| details.as_ref().is_some_and(|details| details.valid))
}

fn total_quantity(cart: &Cart) -> Result<Option<i64>> {
    if cart.line_items.is_empty() {
        return Ok(None);
    }
    let sum = cart.line_items.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity));
    sum.map(Some)
        .ok_or_else(|| ApiError::invalid_operation("The quantities of the line items exceed 64 bits."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::{TaxRounding, tax_from_amount, tax_of_line};
    use crate::testing::{eur, id, tax};
    use api::cart::{CustomLineItem, ItemShippingDetails, Shipping, ShippingInfo};
    use serde_json::json;

    fn custom_line(cents: i64, taxed: bool) -> CustomLineItem {
        serde_json::from_value(json!({
            "id": "c", "name": {"en": "c"}, "money": eur(cents), "totalPrice": eur(cents), "slug": "c",
            "quantity": 1, "state": [], "priceMode": "Standard",
            "taxedPrice": taxed.then(|| taxed_price(cents))
        }))
        .unwrap()
    }

    fn taxed_price(cents: i64) -> TaxedPrice {
        tax_of_line(eur(cents), &[], &tax("0.19", false), TaxRounding::default()).unwrap()
    }

    fn shipping(cents: i64, taxed: bool) -> ShippingInfo {
        serde_json::from_value(json!({
            "shippingMethodName": "s", "price": eur(cents), "shippingRate": {"price": eur(cents)},
            "taxedPrice": taxed.then(|| taxed_price(cents)), "shippingMethodState": "MatchesCart"
        }))
        .unwrap()
    }

    fn cart(mode: &str) -> Cart {
        serde_json::from_value(json!({
            "lineItems": [], "customLineItems": [], "totalPrice": eur(0), "taxMode": mode,
            "priceRoundingMode": "HalfEven", "taxRoundingMode": "HalfEven", "taxCalculationMode": "LineItemLevel",
            "inventoryMode": "None", "cartState": "Active", "shippingMode": "Single", "origin": "Customer",
            "shippingAddress": {"country": "DE"}
        }))
        .unwrap()
    }

    #[test]
    fn lines_and_shipping_make_the_total_and_its_taxes() {
        let mut cart = cart("Platform");
        cart.custom_line_items = vec![custom_line(1000, true), custom_line(-100, true)];
        cart.shipping_info = Some(shipping(500, true));
        let totals = cart_totals(&cart).unwrap();
        assert_eq!(totals.total_price, eur(1400));
        let taxed = totals.taxed_price.unwrap();
        assert_eq!((taxed.total_net, taxed.total_gross, taxed.total_tax), (eur(1400), eur(1666), eur(266)));
        assert_eq!(taxed.tax_portions.len(), 1);
        assert_eq!(totals.taxed_shipping_price.unwrap().total_gross, eur(595));
        assert_eq!(totals.total_line_item_quantity, None, "custom line items do not count");
    }

    #[test]
    fn one_part_without_tax_or_no_address_leaves_the_cart_without_taxed_price() {
        let mut full = cart("External");
        full.custom_line_items = vec![custom_line(1000, true)];
        full.shipping_info = Some(shipping(500, true));
        assert!(cart_totals(&full).unwrap().taxed_price.is_some());
        let mut untaxed_line = full.clone();
        untaxed_line.custom_line_items.push(custom_line(1, false));
        let mut untaxed_shipping = full.clone();
        untaxed_shipping.shipping_info = Some(shipping(500, false));
        let mut nowhere = full.clone();
        nowhere.shipping_address = None;
        let mut disabled = full;
        disabled.tax_mode = TaxMode::Disabled;
        for cart in [&nowhere, &disabled] {
            assert_eq!(cart_totals(cart).unwrap().taxed_shipping_price, None);
        }
        for cart in [untaxed_line, untaxed_shipping, nowhere, disabled] {
            assert_eq!(cart_totals(&cart).unwrap().taxed_price, None);
        }
    }

    #[test]
    fn an_empty_cart_with_an_address_is_taxed_with_nothing() {
        let totals = cart_totals(&cart("Platform")).unwrap();
        assert_eq!(
            totals.taxed_price.map(|taxed| (taxed.total_gross, taxed.tax_portions.len())),
            Some((eur(0), 0))
        );
    }

    #[test]
    fn a_total_tax_from_outside_stays_while_its_net_is_the_total() {
        let mut cart = cart("ExternalAmount");
        cart.custom_line_items = vec![custom_line(1000, true)];
        cart.taxed_price = Some(tax_from_amount(eur(1000), eur(1100).money(), &tax("0.1", false)).unwrap());
        assert_eq!(cart_totals(&cart).unwrap().taxed_price, cart.taxed_price);
        cart.custom_line_items.push(custom_line(1, true));
        assert_eq!(cart_totals(&cart).unwrap().taxed_price, None);
    }

    #[test]
    fn with_several_addresses_all_quantities_must_be_distributed() {
        let mut cart = cart("Platform");
        cart.shipping_mode = ShippingMode::Multiple;
        cart.custom_line_items = vec![custom_line(1000, true)];
        assert_eq!(cart_totals(&cart).unwrap().taxed_price, None);
        cart.custom_line_items[0].shipping_details =
            Some(ItemShippingDetails { targets: vec![], valid: true });
        cart.shipping_address = None;
        assert!(cart_totals(&cart).unwrap().taxed_price.is_some(), "each method has its address");
    }

    #[test]
    fn shipping_is_the_sum_over_all_methods() {
        let mut cart = cart("Platform");
        cart.shipping_mode = ShippingMode::Multiple;
        let method = |key: &str, taxed: bool| -> Shipping {
            let info = shipping(500, taxed);
            serde_json::from_value(
                json!({"shippingKey": key, "shippingInfo": info, "shippingAddress": {"country": "DE"}}),
            )
            .unwrap()
        };
        cart.shipping = vec![method("a", true), method("b", true)];
        let totals = cart_totals(&cart).unwrap();
        assert_eq!(totals.total_price, eur(1000));
        assert_eq!(totals.taxed_shipping_price.map(|taxed| taxed.total_gross), Some(eur(1190)));
        assert_eq!(totals.taxed_price.map(|taxed| taxed.total_gross), Some(eur(1190)));
        cart.shipping.push(method("c", false));
        let totals = cart_totals(&cart).unwrap();
        assert_eq!((totals.taxed_price, totals.taxed_shipping_price), (None, None));
    }

    #[test]
    fn a_total_beyond_64_bits_is_a_money_overflow() {
        let mut cart = cart("Platform");
        cart.custom_line_items = vec![custom_line(i64::MAX, false), custom_line(1, false)];
        cart.custom_line_items[1].id = id("d");
        assert_eq!(cart_totals(&cart).unwrap_err().code(), api::Code::MoneyOverflow);
    }
}

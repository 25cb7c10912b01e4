//! Line items and custom line items as taxes see them: the whole of one where there is one shipping method, where there
//! are several what each of them ships.

use api::cart::{
    CustomLineItem, ItemShippingDetails, LineItem, MethodTaxRate, MethodTaxedPrice, ShippingMode, TaxedPrice,
};
use api::tax_category::TaxRate;
use api::{Id, Result, TypedMoney};

/// What bears taxes. The key is that of the shipping method, if there are several.
pub(super) trait Taxable {
    fn id(&self) -> &Id;
    fn quantity(&self) -> i64;
    fn unit(&self) -> TypedMoney;
    fn total(&self) -> TypedMoney;
    fn details(&self) -> Option<&ItemShippingDetails>;
    fn rate(&self, key: Option<&str>) -> Option<&TaxRate>;
    fn set_rate(&mut self, key: Option<&str>, rate: Option<TaxRate>);
    fn taxed(&self, key: Option<&str>) -> Option<&TaxedPrice>;
    fn set_taxed(&mut self, key: Option<&str>, taxed: Option<TaxedPrice>);
    /// Keeps rates and taxes of these of several methods only.
    fn keep_methods(&mut self, rates: impl Fn(&str) -> bool, portions: impl Fn(&str) -> bool);

    /// The shipping methods that ship some of it.
    fn keys(&self, mode: ShippingMode) -> Vec<Option<String>> {
        match mode {
            ShippingMode::Single => vec![None],
            ShippingMode::Multiple => {
                let units = pricing::units_by_method(self.details());
                units.into_iter().map(|(key, _)| Some(key.to_owned())).collect()
            }
        }
    }

    /// What each of them ships, and what of the total falls to it.
    fn portions(&self, mode: ShippingMode) -> Result<Vec<Portion>> {
        let (quantity, total) = (self.quantity(), self.total());
        if mode == ShippingMode::Single {
            return Ok(vec![Portion { key: None, units: quantity, total }]);
        }
        let mut before = 0_i64;
        let mut portions = Vec::new();
        for (key, units) in pricing::units_by_method(self.details()) {
            let total = pricing::share(total, quantity, before, units)?;
            portions.push(Portion { key: Some(key.to_owned()), units, total });
            before = before.saturating_add(units);
        }
        Ok(portions)
    }

    /// Without rates and taxes.
    fn drop_taxes(&mut self) {
        self.set_rate(None, None);
        self.set_taxed(None, None);
        self.keep_methods(|_| false, |_| false);
    }
}

/// Some units of a line that a shipping method ships.
pub(super) struct Portion {
    pub(super) key: Option<String>,
    pub(super) units: i64,
    pub(super) total: TypedMoney,
}

/// Puts `new` in the place of the one that `is_it`, or behind all; nothing takes it out.
fn put<T>(held: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: Option<T>) {
    match (held.iter().position(is_it), new) {
        (Some(at), Some(new)) => held[at] = new,
        (Some(at), None) => drop(held.remove(at)),
        (None, new) => held.extend(new),
    }
}

macro_rules! taxable {
    ($type:ty, $unit:expr) => {
        impl Taxable for $type {
            fn id(&self) -> &Id {
                &self.id
            }
            fn quantity(&self) -> i64 {
                self.quantity
            }
            fn unit(&self) -> TypedMoney {
                let unit: fn(&$type) -> TypedMoney = $unit;
                unit(self)
            }
            fn total(&self) -> TypedMoney {
                self.total_price
            }
            fn details(&self) -> Option<&ItemShippingDetails> {
                self.shipping_details.as_ref()
            }
            fn rate(&self, key: Option<&str>) -> Option<&TaxRate> {
                let Some(key) = key else { return self.tax_rate.as_ref() };
                let held = self.per_method_tax_rate.iter().find(|held| held.shipping_method_key == key);
                held.and_then(|held| held.tax_rate.as_ref())
            }
            fn set_rate(&mut self, key: Option<&str>, rate: Option<TaxRate>) {
                let Some(key) = key else {
                    self.tax_rate = rate;
                    return;
                };
                let of = |held: &MethodTaxRate| held.shipping_method_key == key;
                let rate = rate
                    .map(|rate| MethodTaxRate { shipping_method_key: key.to_owned(), tax_rate: Some(rate) });
                put(&mut self.per_method_tax_rate, of, rate);
            }
            fn taxed(&self, key: Option<&str>) -> Option<&TaxedPrice> {
                let Some(key) = key else { return self.taxed_price.as_ref() };
                let held = self.taxed_price_portions.iter().find(|held| held.shipping_method_key == key);
                held.and_then(|held| held.taxed_price.as_ref())
            }
            fn set_taxed(&mut self, key: Option<&str>, taxed: Option<TaxedPrice>) {
                let Some(key) = key else {
                    self.taxed_price = taxed;
                    return;
                };
                let of = |held: &MethodTaxedPrice| held.shipping_method_key == key;
                let taxed = taxed.map(|taxed| MethodTaxedPrice {
                    shipping_method_key: key.to_owned(),
                    taxed_price: Some(taxed),
                });
                put(&mut self.taxed_price_portions, of, taxed);
            }
            fn keep_methods(&mut self, rates: impl Fn(&str) -> bool, portions: impl Fn(&str) -> bool) {
                self.per_method_tax_rate.retain(|held| rates(&held.shipping_method_key));
                self.taxed_price_portions.retain(|held| portions(&held.shipping_method_key));
            }
        }
    };
}
taxable!(LineItem, |line| pricing::unit_price(&line.price, line.quantity));
taxable!(CustomLineItem, |line| line.money);

//! What no client sees of a cart: the marks of checkouts, the customer's groups, and what a decision still
//! has to work out when it settles.

use super::Held;
use super::holds::Holds;
use api::cart::CartState;
use api::product::ProductProjection;
use api::{Id, Timestamp};
use kit::resource::Found;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The hidden part of a cart.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CartHidden {
    /// The order that has the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderMark>,
    /// Orders that gave the cart up; a late mark of theirs is refused until their deadline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Tombstone>,
    /// All groups that are assigned to the customer, where there is more than the cart's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Id>,
    /// The predicate of the chosen shipping method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_predicate: Option<String>,
    /// Those of several shipping methods, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shipping_predicates: BTreeMap<String, String>,
    /// The categories of the lines' products, by product: predicates ask for them, lines do not show them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub categories: BTreeMap<Id, Vec<Id>>,
    /// What is kept for the lines.
    #[serde(skip_serializing_if = "is_default")]
    pub holds: Holds,
    /// Never stored.
    #[serde(skip)]
    pub work: Work,
}

impl CartHidden {
    /// The predicate of the only shipping method, or of the one of that key.
    pub(super) fn predicate(&self, key: Option<&str>) -> Option<&String> {
        match key {
            None => self.shipping_predicate.as_ref(),
            Some(key) => self.shipping_predicates.get(key),
        }
    }

    /// Sets [`CartHidden::predicate`].
    pub(super) fn set_predicate(&mut self, key: Option<&str>, predicate: Option<String>) {
        match (key, predicate) {
            (None, predicate) => self.shipping_predicate = predicate,
            (Some(key), Some(predicate)) => drop(self.shipping_predicates.insert(key.to_owned(), predicate)),
            (Some(key), None) => drop(self.shipping_predicates.remove(key)),
        }
    }

    /// Remembers what predicates ask of a line's product.
    pub(super) fn remember(&mut self, product: &Found<ProductProjection>) {
        let categories: Vec<Id> = product.categories.iter().map(|category| category.id.clone()).collect();
        if categories.is_empty() {
            self.categories.remove(product.id());
        } else {
            self.categories.insert(product.id().clone(), categories);
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An order's hold on a cart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderMark {
    /// The order.
    pub id: Id,
    /// The state to go back to if the order gives the cart up.
    pub former: CartState,
    /// Until then the order is undecided; absent once it stands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Timestamp>,
}

/// An order that must not have the cart any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone {
    /// The order.
    pub id: Id,
    /// After this instant it would be refused anyway.
    pub until: Timestamp,
}

/// What is still to be worked out when the decision settles. Any two are equal: it is no part of the state.
#[derive(Clone, Default)]
pub struct Work {
    /// Select the prices of all lines.
    pub prices: bool,
    /// Select the tax rates of everything.
    pub taxes: bool,
    /// Find the rates of the shipping methods anew.
    pub shipping: bool,
    /// Copy names and variants from the products anew.
    pub product_data: bool,
    /// Drop lines whose product or variant is gone.
    pub drop_gone: bool,
    /// Shipping methods that were chosen now, so they must fit: the only one, or several by key.
    pub must_fit: Vec<Option<String>>,
    /// Lines whose price is to be selected.
    pub price_of: Vec<Id>,
    /// Lines and custom lines whose tax rate is to be selected.
    pub tax_of: Vec<Id>,
    /// Lines whose quantity must be within its limits.
    pub limits_of: Vec<Id>,
    /// Products that were looked up on the way.
    pub products: Vec<Found<ProductProjection>>,
}

impl PartialEq for Work {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Work {
    /// The product, if it was looked up on the way.
    pub fn product(&self, id: &Id) -> Option<Found<ProductProjection>> {
        self.products.iter().find(|product| product.id() == id).cloned()
    }

    /// Prices, taxes and shipping are worked out; what is still checked at the end stays.
    pub fn is_worked_out(&mut self) {
        let Self { must_fit, limits_of, products, .. } = std::mem::take(self);
        *self = Self { must_fit, limits_of, products, ..Self::default() };
    }

    /// Everything anew.
    pub fn everything(&mut self) {
        self.prices = true;
        self.taxes = true;
        self.shipping = true;
    }
}

/// The groups that prices are selected for.
pub(crate) fn groups(cart: &Held) -> Vec<Id> {
    if !cart.hidden.groups.is_empty() {
        return cart.hidden.groups.clone();
    }
    cart.customer_group.iter().map(|group| group.id.clone()).collect()
}

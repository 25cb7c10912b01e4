//! Which price a line has: selected from the variant's prices for the cart, or given from outside.

use super::hidden::groups;
use super::{Held, known};
use api::cart::{ExternalTotalPrice, LineItem, LineItemPriceMode};
use api::{ApiError, CountryCode, CurrencyCode, Id, Price, Timestamp, TypedMoney, TypedMoneyDraft};
use kit::resource::{Context, Decision};
use pricing::PriceSelection;

/// What all prices of a cart are selected for.
pub(super) struct Scope {
    currency: CurrencyCode,
    country: Option<CountryCode>,
    groups: Vec<Id>,
    /// In a store with distribution channels: these.
    allowed: Option<Vec<Id>>,
    now: Timestamp,
}

impl Scope {
    /// The cart's.
    pub(super) fn of(cart: &Held, cx: &Context<'_>) -> Decision<Self> {
        let store = known::store(cart, cx)?;
        let channels = store.iter().flat_map(|store| &store.distribution_channels);
        let channels: Vec<Id> = channels.map(|channel| channel.id.clone()).collect();
        let allowed = (!channels.is_empty()).then_some(channels);
        Ok(Self {
            currency: cart.currency(),
            country: cart.country,
            groups: groups(cart),
            allowed,
            now: cx.now,
        })
    }

    /// Sets the price of a line from its variant's prices: `prices`, or those of its own copy.
    pub(super) fn price(&self, line: &mut LineItem, prices: Option<&[Price]>) -> Decision<()> {
        let channel = line.distribution_channel.as_ref().map(|channel| &channel.id);
        let want = PriceSelection::new(self.currency, self.now)
            .country(self.country)
            .customer_groups(&self.groups)
            .channel(channel)
            .allowed_channels(self.allowed.as_deref())
            .quantity(line.quantity);
        let prices = prices.unwrap_or(&line.variant.prices);
        let selected = pricing::select_price(prices, &want)
            .ok_or_else(|| pricing::matching_price_not_found(&line.product_id, line.variant.id, &want))?;
        if line.price != *selected {
            line.price = selected.clone();
        }
        Ok(())
    }
}

/// A unit price from outside, in the cart's currency.
pub(super) fn external(cart: &Held, draft: TypedMoneyDraft) -> Decision<TypedMoney> {
    let money = TypedMoney::try_from(draft)?;
    in_currency(cart, money.currency_code)?;
    Ok(money)
}

/// Refuses another currency than the cart's.
pub(super) fn in_currency(cart: &api::cart::Cart, currency: CurrencyCode) -> Decision<()> {
    if currency == cart.currency() {
        return Ok(());
    }
    Err(ApiError::invalid_field("currencyCode", currency.as_str()).into())
}

/// Puts a line's price where the optional values of an action say: a total from outside, a unit price from
/// outside, or back to the product's prices. Gives whether the product's prices are to be asked.
pub(super) fn set_mode(
    cart: &mut Held,
    at: usize,
    price: Option<TypedMoneyDraft>,
    total: Option<&ExternalTotalPrice>,
    cx: &Context<'_>,
) -> Decision<bool> {
    let given = match (price, total) {
        (_, Some(total)) => {
            in_currency(cart, total.total_price.currency_code)?;
            Some((external(cart, total.price)?, LineItemPriceMode::ExternalTotal))
        }
        (Some(price), None) => Some((external(cart, price)?, LineItemPriceMode::ExternalPrice)),
        (None, None) => None,
    };
    let line = &mut cart.body.line_items[at];
    match given {
        Some((unit, mode)) => {
            // The same price from outside again is no change.
            if line.price_mode == LineItemPriceMode::Platform || line.price.value != unit {
                line.price = Price::plain(cx.new_id(), unit);
            }
            line.price_mode = mode;
            if let Some(total) = total {
                line.total_price = total.total_price.into();
            }
        }
        None => line.price_mode = LineItemPriceMode::Platform,
    }
    Ok(given.is_none())
}

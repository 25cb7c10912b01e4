//! Which of a variant's prices counts.

use crate::amounts::unit_price;
use api::{ApiError, Code, CountryCode, CurrencyCode, Id, Kind, Price, Reference, Timestamp, TypedMoney};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// What a price is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct PriceSelection<'a> {
    /// The cart's currency, or `priceCurrency`.
    pub currency: CurrencyCode,
    /// The cart's country, or `priceCountry`.
    pub country: Option<CountryCode>,
    /// The customer's groups: none, one, or all that are assigned.
    pub customer_groups: &'a [Id],
    /// The line's distribution channel, or `priceChannel`.
    pub channel: Option<&'a Id>,
    /// In a store: its distribution channels. A price with another channel does not count.
    pub allowed_channels: Option<&'a [Id]>,
    /// Decides tiers where the lowest of several groups' prices is wanted. Usually 1.
    pub quantity: i64,
    /// Decides validity.
    pub now: Timestamp,
}

impl<'a> PriceSelection<'a> {
    /// A price for everyone in that currency.
    #[must_use]
    pub fn new(currency: CurrencyCode, now: Timestamp) -> Self {
        Self {
            currency,
            country: None,
            customer_groups: &[],
            channel: None,
            allowed_channels: None,
            quantity: 1,
            now,
        }
    }

    /// For a country.
    #[must_use]
    pub fn country(self, country: Option<CountryCode>) -> Self {
        Self { country, ..self }
    }

    /// For members of these groups.
    #[must_use]
    pub fn customer_groups(self, customer_groups: &'a [Id]) -> Self {
        Self { customer_groups, ..self }
    }

    /// For a distribution channel.
    #[must_use]
    pub fn channel(self, channel: Option<&'a Id>) -> Self {
        Self { channel, ..self }
    }

    /// In a store with these distribution channels.
    #[must_use]
    pub fn allowed_channels(self, allowed_channels: Option<&'a [Id]>) -> Self {
        Self { allowed_channels, ..self }
    }

    /// For a line of that quantity.
    #[must_use]
    pub fn quantity(self, quantity: i64) -> Self {
        Self { quantity, ..self }
    }

    /// The level of a price: the higher the better; `None` if it does not count at all.
    ///
    /// Group, channel and country are bits in the order of their priority, so that the list of levels
    /// of the contract is the order of the numbers 7 to 0.
    fn level(&self, price: &Price) -> Option<u8> {
        if price.value.currency_code != self.currency || !price.is_valid_at(self.now) {
            return None;
        }
        let mut level = 0;
        if let Some(group) = &price.customer_group {
            self.customer_groups.contains(&group.id).then_some(())?;
            level |= 4;
        }
        if let Some(channel) = &price.channel {
            (self.channel == Some(&channel.id)).then_some(())?;
            self.allowed_channels.is_none_or(|allowed| allowed.contains(&channel.id)).then_some(())?;
            level |= 2;
        }
        if price.country.is_some() {
            (price.country == self.country).then_some(())?;
            level |= 1;
        }
        Some(level)
    }
}

/// The price that counts.
///
/// Rule (§4): currency and validity are hard filters; a price never matches if it names a scope that the
/// request lacks or has otherwise. Then the first level that has a price: group+channel+country,
/// group+channel, group+country, group, channel+country, channel, country, none. Inside a level a price
/// with dates beats one without; among the prices of several groups the lowest wins; the first of equals.
#[must_use]
pub fn select_price<'p>(prices: &'p [Price], want: &PriceSelection<'_>) -> Option<&'p Price> {
    let mut best: Option<(&Price, Rank)> = None;
    for price in prices {
        let Some(level) = want.level(price) else { continue };
        let cheapness = Reverse(exact_value(unit_price(price, want.quantity)));
        let rank = (level, price.is_dated(), cheapness);
        if best.is_none_or(|(_, held)| rank > held) {
            best = Some((price, rank));
        }
    }
    best.map(|(price, _)| price)
}

/// Level, dated, cheapness.
type Rank = (u8, bool, Reverse<(i128, i128)>);

/// Something that orders amounts of one currency whatever their precision: the whole units and the rest
/// in 10^-20, the finest that money can be.
fn exact_value(money: TypedMoney) -> (i128, i128) {
    let digits = u32::from(money.fraction_digits).min(20);
    let amount = i128::from(money.precise_amount.unwrap_or(money.cent_amount));
    let unit = 10_i128.pow(digits);
    (amount.div_euclid(unit), amount.rem_euclid(unit) * 10_i128.pow(20 - digits))
}

/// 400: no price of the variant counts for the request.
#[must_use]
pub fn matching_price_not_found(product: &Id, variant: i32, want: &PriceSelection<'_>) -> ApiError {
    let reference =
        |kind: Kind, id: &Id| serde_json::to_value(Reference::new(kind, id.clone())).unwrap_or_default();
    let mut message =
        format!("The variant {variant} of the product '{product}' has no price in {}", want.currency);
    if let Some(country) = want.country {
        let _ = write!(message, " for the country {country}");
    }
    message.push_str(" that is valid now and matches the customer group and the channel of the request.");
    ApiError::new(Code::MatchingPriceNotFound, message)
        .with("productId", product)
        .with("variantId", variant)
        .with("currency", want.currency.as_str())
        .with_opt("country", want.country.map(|country| country.to_string()))
        .with_opt("customerGroup", want.customer_groups.first().map(|id| reference(Kind::CustomerGroup, id)))
        .with_opt("channel", want.channel.map(|id| reference(Kind::Channel, id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, country, eur, id, price, usd};

    fn scoped(name: &str, group: &str, channel: &str, land: &str) -> Price {
        let reference = |kind, text: &str| (!text.is_empty()).then(|| Reference::new(kind, id(text)));
        Price {
            customer_group: reference(Kind::CustomerGroup, group),
            channel: reference(Kind::Channel, channel),
            country: (!land.is_empty()).then(|| country(land)),
            ..price(name, 100)
        }
    }

    /// All levels, the worst first.
    fn all_levels() -> Vec<Price> {
        vec![
            scoped("none", "", "", ""),
            scoped("country", "", "", "DE"),
            scoped("channel", "", "ch", ""),
            scoped("channel+country", "", "ch", "DE"),
            scoped("group", "vip", "", ""),
            scoped("group+country", "vip", "", "DE"),
            scoped("group+channel", "vip", "ch", ""),
            scoped("group+channel+country", "vip", "ch", "DE"),
        ]
    }

    fn chosen<'p>(prices: &'p [Price], want: &PriceSelection<'_>) -> Option<&'p str> {
        select_price(prices, want).map(|price| price.id.as_str())
    }

    #[test]
    fn levels_are_tried_in_the_documented_order() {
        let (groups, channel) = ([id("vip")], id("ch"));
        let want = PriceSelection::new(eur(0).currency_code, at(0))
            .country(Some(country("DE")))
            .customer_groups(&groups)
            .channel(Some(&channel));
        let mut prices = all_levels();
        for expected in [
            "group+channel+country",
            "group+channel",
            "group+country",
            "group",
            "channel+country",
            "channel",
            "country",
            "none",
        ] {
            assert_eq!(chosen(&prices, &want), Some(expected));
            prices.pop_if(|last| last.id.as_str() == expected).unwrap();
        }
        assert_eq!(chosen(&prices, &want), None);
    }

    #[test]
    fn a_price_never_matches_a_scope_that_the_request_lacks_or_has_otherwise() {
        let (other_group, other_channel) = ([id("staff")], id("elsewhere"));
        let bare = PriceSelection::new(eur(0).currency_code, at(0));
        let other =
            bare.country(Some(country("FR"))).customer_groups(&other_group).channel(Some(&other_channel));
        for want in [bare, other] {
            assert_eq!(chosen(&all_levels(), &want), Some("none"));
            assert_eq!(chosen(&all_levels()[1..], &want), None);
        }
    }

    #[test]
    fn another_currency_never_matches() {
        let want = PriceSelection::new(usd(0).currency_code, at(0));
        assert_eq!(chosen(&all_levels(), &want), None);
    }

    #[test]
    fn a_dated_price_in_force_beats_an_undated_one_of_its_level_only() {
        let sale = Price { valid_from: Some(at(10)), valid_until: Some(at(20)), ..price("sale", 120) };
        let prices = [price("normal", 100), sale, scoped("country", "", "", "DE")];
        let want = |now| PriceSelection::new(eur(0).currency_code, at(now));
        for (now, expected) in [(9, "normal"), (10, "sale"), (19, "sale"), (20, "normal")] {
            assert_eq!(chosen(&prices, &want(now)), Some(expected), "at {now}");
        }
        assert_eq!(chosen(&prices, &want(15).country(Some(country("DE")))), Some("country"));
    }

    #[test]
    fn the_lowest_price_of_several_groups_wins_at_the_quantity_wanted() {
        let groups = [id("a"), id("b")];
        let mut prices = [scoped("a", "a", "", ""), scoped("b", "b", "", "")];
        prices[0].value = eur(90);
        prices[1].tiers = vec![api::PriceTier { minimum_quantity: 5, value: eur(80) }];
        let want = PriceSelection::new(eur(0).currency_code, at(0)).customer_groups(&groups);
        assert_eq!(chosen(&prices, &want), Some("a"));
        assert_eq!(chosen(&prices, &want.quantity(5)), Some("b"));
        assert_eq!(chosen(&prices, &want.customer_groups(&groups[1..])), Some("b"));
    }

    #[test]
    fn in_a_store_only_its_channels_and_prices_without_one_count() {
        let channel = id("ch");
        let want = PriceSelection::new(eur(0).currency_code, at(0)).channel(Some(&channel));
        let prices = [scoped("none", "", "", ""), scoped("channel", "", "ch", "")];
        assert_eq!(chosen(&prices, &want.allowed_channels(Some(&[id("ch")]))), Some("channel"));
        assert_eq!(chosen(&prices, &want.allowed_channels(Some(&[id("other")]))), Some("none"));
    }

    #[test]
    fn a_missing_price_is_told_with_everything_that_was_asked_for() {
        let (groups, channel) = ([id("vip")], id("ch"));
        let want =
            PriceSelection::new(eur(0).currency_code, at(0)).customer_groups(&groups).channel(Some(&channel));
        let body = matching_price_not_found(&id("p1"), 2, &want).body();
        let error = &body["errors"][0];
        assert_eq!(error["code"], "MatchingPriceNotFound");
        assert_eq!((&error["variantId"], &error["currency"]), (&2.into(), &"EUR".into()));
        assert_eq!(error["customerGroup"], serde_json::json!({"typeId": "customer-group", "id": "vip"}));
        assert!(error.get("country").is_none());
    }
}

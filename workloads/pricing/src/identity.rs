//! When something added to a cart is a new line, and when it makes an existing one grow.

use api::cart::{
    CustomLineItem, ItemShippingDetails, ItemShippingTarget, LineItem, LineItemMode, LineItemPriceMode,
};
use api::{ApiError, Code, CustomFields, Id, LocalizedString, Result, TypedMoney};

/// What makes two line items the same.
///
/// Rule (§5): the same variant, line item mode, custom fields, supply and distribution channel.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names of the line item's own fields")]
pub struct LineIdentity<'a> {
    pub product_id: &'a Id,
    pub variant_id: i32,
    pub line_item_mode: LineItemMode,
    pub custom: Option<&'a CustomFields>,
    pub supply_channel: Option<&'a Id>,
    pub distribution_channel: Option<&'a Id>,
}

impl<'a> LineIdentity<'a> {
    /// The identity of an existing line.
    #[must_use]
    pub fn of(line: &'a LineItem) -> Self {
        Self {
            product_id: &line.product_id,
            variant_id: line.variant.id,
            line_item_mode: line.line_item_mode,
            custom: line.custom.as_ref(),
            supply_channel: line.supply_channel.as_ref().map(|channel| &channel.id),
            distribution_channel: line.distribution_channel.as_ref().map(|channel| &channel.id),
        }
    }
}

/// The line that grows when `wanted` is added with that price mode; `None` makes a new line.
///
/// Rule (§5): an external price always makes a new line, and a line with one never grows by itself,
/// because a change of its quantity needs a new price. Gifts never merge.
#[must_use]
pub fn line_to_grow(lines: &[LineItem], wanted: &LineIdentity<'_>, mode: LineItemPriceMode) -> Option<usize> {
    let platform = LineItemPriceMode::Platform;
    if mode != platform || wanted.line_item_mode == LineItemMode::GiftLineItem {
        return None;
    }
    lines.iter().position(|line| line.price_mode == platform && LineIdentity::of(line) == *wanted)
}

/// What makes two custom line items the same.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names of the custom line item's own fields")]
pub struct CustomLineIdentity<'a> {
    pub slug: &'a str,
    pub name: &'a LocalizedString,
    pub money: TypedMoney,
    pub tax_category: Option<&'a Id>,
    /// The ids of the workflow states; a new one has the initial state alone.
    pub states: Vec<&'a Id>,
    pub custom: Option<&'a CustomFields>,
}

impl<'a> CustomLineIdentity<'a> {
    /// The identity of an existing custom line item.
    #[must_use]
    pub fn of(line: &'a CustomLineItem) -> Self {
        Self {
            slug: &line.slug,
            name: &line.name,
            money: line.money,
            tax_category: line.tax_category.as_ref().map(|category| &category.id),
            states: line.state.iter().map(|part| &part.state.id).collect(),
            custom: line.custom.as_ref(),
        }
    }
}

/// The custom line item that grows when `wanted` is added; `None` makes a new one.
///
/// Rule (§5): they merge when slug, name, money, tax category, state and custom fields agree; the same slug
/// with anything else different -> `InvalidOperation`.
pub fn custom_line_to_grow(
    lines: &[CustomLineItem],
    wanted: &CustomLineIdentity<'_>,
) -> Result<Option<usize>> {
    let Some(at) = lines.iter().position(|line| line.slug == wanted.slug) else { return Ok(None) };
    if lines.get(at).map(CustomLineIdentity::of).as_ref() == Some(wanted) {
        return Ok(Some(at));
    }
    Err(ApiError::invalid_operation(format!(
        "The cart already has a different custom line item with the slug '{}'.",
        wanted.slug
    )))
}

/// Targets of two equal lines put together: quantities summed per address and shipping method.
///
/// Rule (§5): a target of quantity 0 is removed. `MoneyOverflow` never occurs here; a sum beyond 64 bits is
/// an `InvalidOperation`.
pub fn add_targets(
    targets: &[ItemShippingTarget],
    more: &[ItemShippingTarget],
) -> Result<Vec<ItemShippingTarget>> {
    let mut sums: Vec<ItemShippingTarget> = Vec::new();
    for target in targets.iter().chain(more) {
        let same = |held: &&mut ItemShippingTarget| {
            held.address_key == target.address_key && held.shipping_method_key == target.shipping_method_key
        };
        match sums.iter_mut().find(same) {
            Some(held) => {
                held.quantity = held.quantity.checked_add(target.quantity).ok_or_else(|| {
                    ApiError::invalid_operation("The quantities of the targets exceed 64 bits.")
                })?;
            }
            None => sums.push(target.clone()),
        }
    }
    sums.retain(|target| target.quantity != 0);
    Ok(sums)
}

/// Targets after `applyDelta…ShippingDetailsTargets`; a target may not fall below 0 (`InvalidOperation`).
pub fn apply_delta(
    targets: &[ItemShippingTarget],
    delta: &[ItemShippingTarget],
) -> Result<Vec<ItemShippingTarget>> {
    let sums = add_targets(targets, delta)?;
    match sums.iter().find(|target| target.quantity < 0) {
        Some(target) => Err(ApiError::invalid_operation(format!(
            "The quantity for the address '{}' would fall below 0.",
            target.address_key
        ))),
        None => Ok(sums),
    }
}

/// Shipping details of a line of that quantity. `subject` is `LineItem` or `CustomLineItem`.
///
/// Rule (§5): a sum below the quantity is accepted with `valid: false`; above -> `InvalidItemShippingDetails`,
/// and so is a negative quantity of a target.
pub fn shipping_details(
    subject: &str,
    item: &Id,
    targets: &[ItemShippingTarget],
    quantity: i64,
) -> Result<ItemShippingDetails> {
    let targets = add_targets(targets, &[])?;
    let sum: i128 = targets.iter().map(|target| i128::from(target.quantity)).sum();
    if sum > i128::from(quantity) || targets.iter().any(|target| target.quantity < 0) {
        let message =
            format!("The shipping details of the {subject} '{item}' do not fit its quantity of {quantity}.");
        return Err(ApiError::new(Code::InvalidItemShippingDetails, message)
            .with("subject", subject)
            .with("itemId", item));
    }
    Ok(ItemShippingDetails { targets, valid: sum == i128::from(quantity) })
}

/// The units of a line by shipping method, each method once, in the order of the targets.
#[must_use]
pub fn units_by_method(details: Option<&ItemShippingDetails>) -> Vec<(&str, i64)> {
    let mut units: Vec<(&str, i64)> = Vec::new();
    let targets = details.into_iter().flat_map(|details| &details.targets);
    for (key, quantity) in targets.filter_map(|t| Some((t.shipping_method_key.as_deref()?, t.quantity))) {
        match units.iter_mut().find(|(held, _)| *held == key) {
            Some((_, sum)) => *sum = sum.saturating_add(quantity),
            None => units.push((key, quantity)),
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{eur, id, price};
    use serde_json::json;

    fn line(product: &str, variant: i32) -> LineItem {
        serde_json::from_value(json!({
            "id": "l", "productId": product, "name": {"en": "n"}, "productType": {"typeId": "product-type", "id": "t"},
            "variant": {"id": variant}, "price": price("p", 100), "quantity": 1, "totalPrice": eur(100), "state": [],
            "priceMode": "Platform", "lineItemMode": "Standard"
        }))
        .unwrap()
    }

    fn custom(value: i64) -> CustomFields {
        serde_json::from_value(json!({"type": {"typeId": "type", "id": "t"}, "fields": {"a": value}}))
            .unwrap()
    }

    #[test]
    fn the_same_variant_grows_and_anything_else_of_its_identity_makes_a_new_line() {
        let channel = || Some(api::Reference::new(api::Kind::Channel, id("ch")));
        let lines = [line("p", 1)];
        let grows = |other: &LineItem| line_to_grow(&lines, &LineIdentity::of(other), other.price_mode);
        assert_eq!(grows(&line("p", 1)), Some(0));
        for other in [
            line("q", 1),
            line("p", 2),
            LineItem { custom: Some(custom(1)), ..line("p", 1) },
            LineItem { supply_channel: channel(), ..line("p", 1) },
            LineItem { distribution_channel: channel(), ..line("p", 1) },
            LineItem { price_mode: LineItemPriceMode::ExternalPrice, ..line("p", 1) },
            LineItem { price_mode: LineItemPriceMode::ExternalTotal, ..line("p", 1) },
        ] {
            assert_eq!(grows(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_line_with_an_external_price_never_grows_by_itself() {
        let wanted = line("p", 1);
        let lines = [LineItem { price_mode: LineItemPriceMode::ExternalPrice, ..line("p", 1) }];
        assert_eq!(line_to_grow(&lines, &LineIdentity::of(&wanted), LineItemPriceMode::Platform), None);
    }

    fn fee(slug: &str, cents: i64) -> CustomLineItem {
        serde_json::from_value(json!({
            "id": "c", "name": {"en": "Fee"}, "money": eur(cents), "totalPrice": eur(cents), "slug": slug, "quantity": 1,
            "state": [{"quantity": 1, "state": {"typeId": "state", "id": "initial"}}], "priceMode": "Standard"
        }))
        .unwrap()
    }

    #[test]
    fn a_custom_line_item_grows_if_all_agrees_and_a_slug_is_not_used_twice() {
        let lines = [fee("a", 100), fee("b", 100)];
        let grows = |other: &CustomLineItem| {
            custom_line_to_grow(&lines, &CustomLineIdentity::of(other)).map_err(|error| error.code())
        };
        assert_eq!(grows(&fee("b", 100)), Ok(Some(1)));
        assert_eq!(grows(&fee("c", 100)), Ok(None));
        assert_eq!(grows(&fee("b", 101)), Err(Code::InvalidOperation));
        assert_eq!(
            grows(&CustomLineItem { custom: Some(custom(1)), ..fee("b", 100) }),
            Err(Code::InvalidOperation)
        );
        let mut moved = fee("b", 100);
        moved.state[0].state.id = id("packed");
        assert_eq!(grows(&moved), Err(Code::InvalidOperation));
    }

    fn target(address: &str, quantity: i64) -> ItemShippingTarget {
        ItemShippingTarget { address_key: address.to_owned(), quantity, shipping_method_key: None }
    }

    #[test]
    fn targets_are_summed_per_address_and_those_of_nothing_removed() {
        let sums =
            add_targets(&[target("a", 1), target("b", 2)], &[target("b", 3), target("a", -1)]).unwrap();
        assert_eq!(sums, [target("b", 5)]);
        assert!(add_targets(&[target("a", i64::MAX)], &[target("a", 1)]).is_err());
        assert!(apply_delta(&[target("a", 1)], &[target("a", -2)]).is_err());
    }

    #[test]
    fn units_are_counted_by_shipping_method() {
        let by = |key: &str, quantity: i64| ItemShippingTarget {
            shipping_method_key: Some(key.to_owned()),
            ..target("a", quantity)
        };
        let details =
            ItemShippingDetails { targets: vec![by("bike", 1), by("post", 2), by("bike", 3)], valid: true };
        assert_eq!(units_by_method(Some(&details)), [("bike", 4), ("post", 2)]);
        assert_eq!(units_by_method(None), []);
    }

    #[test]
    fn targets_below_the_quantity_are_accepted_as_not_valid_and_above_refused() {
        let details =
            |quantity| shipping_details("LineItem", &id("l"), &[target("a", 2), target("b", 1)], quantity);
        assert!(details(3).unwrap().valid);
        assert!(!details(4).unwrap().valid);
        let error = details(2).unwrap_err();
        assert_eq!(error.code(), Code::InvalidItemShippingDetails);
        assert_eq!(error.body()["errors"][0]["subject"], "LineItem");
        let negative = shipping_details("LineItem", &id("l"), &[target("a", 5), target("b", -4)], 3);
        assert_eq!(negative.unwrap_err().code(), Code::InvalidItemShippingDetails);
    }
}

//! Custom line items: something to pay that is no product.

use super::details::{self, Subject};
use super::{Held, known, prices, taxes};
use api::cart::{CustomLineItem, CustomLineItemDraft, ItemState, ShippingMode, TaxMode};
use api::{ApiError, Kind, Money, TypedMoney, TypedMoneyDraft};
use kit::resource::{Context, Decision};
use pricing::CustomLineIdentity;

/// The most custom line items of a cart (contract §5).
pub(super) const MAX_CUSTOM_LINES: usize = 100;

/// Adds a custom line item, or grows the equal one.
pub(super) fn add(cart: &mut Held, draft: &CustomLineItemDraft, cx: &Context<'_>) -> Decision<()> {
    let quantity = draft.quantity.unwrap_or(1);
    if quantity < 1 {
        return Err(ApiError::invalid_field("quantity", quantity).into());
    }
    let slug = draft.slug.as_str();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !(2..=256).contains(&slug.len()) || !slug.bytes().all(good) {
        return Err(ApiError::invalid_field("slug", slug).into());
    }
    let money = prices::external(cart, draft.money)?;
    if let Some(category) = &draft.tax_category {
        cx.want(Context::lookup_of(Kind::TaxCategory, category));
    } else if cart.tax_mode == TaxMode::Platform {
        return Err(ApiError::required_field("taxCategory").into());
    }
    if cart.line_items.is_empty() && cart.custom_line_items.is_empty() {
        known::want_initial_state(cx);
    }
    let tax_category = cx.reference_opt(Kind::TaxCategory, draft.tax_category.as_ref())?;
    let custom = cx.custom(draft.custom.as_ref(), "custom-line-item")?;
    let initial = known::initial_state(cart, cx)?;
    let tax_rate = taxes::external_rate(cart, draft.external_tax_rate.as_ref())?;
    let identity = CustomLineIdentity {
        slug,
        name: &draft.name,
        money,
        tax_category: tax_category.as_ref().map(|category| &category.id),
        states: vec![&initial.id],
        custom: custom.as_ref(),
    };
    let at = match pricing::custom_line_to_grow(&cart.custom_line_items, &identity)? {
        Some(at) => {
            let line = &mut cart.body.custom_line_items[at];
            let sum = line.quantity.checked_add(quantity);
            let sum = sum.ok_or_else(|| ApiError::invalid_field("quantity", quantity))?;
            put_quantity(line, sum);
            at
        }
        None => {
            if draft.key.is_some() && cart.custom_line_items.iter().any(|line| line.key == draft.key) {
                let key = draft.key.as_ref().map(ToString::to_string);
                return Err(ApiError::duplicate_field("customLineItems.key", key).into());
            }
            let line = CustomLineItem {
                id: cx.new_id(),
                key: draft.key.clone(),
                name: draft.name.clone(),
                money,
                taxed_price: None,
                taxed_price_portions: Vec::new(),
                total_price: Money::new(0, cart.currency()).into(),
                slug: slug.to_owned(),
                quantity,
                state: vec![ItemState { quantity, state: initial }],
                tax_category,
                tax_rate: None,
                per_method_tax_rate: Vec::new(),
                discounted_price_per_quantity: Vec::new(),
                custom,
                shipping_details: None,
                price_mode: draft.price_mode,
            };
            let id = line.id.clone();
            cart.body.custom_line_items.push(line);
            cart.hidden.work.tax_of.push(id);
            cart.custom_line_items.len() - 1
        }
    };
    // Where there are several shipping methods, a rate comes with each of them.
    if tax_rate.is_some() && cart.shipping_mode == ShippingMode::Single {
        cart.body.custom_line_items[at].tax_rate = tax_rate;
    }
    if let Some(wanted) = &draft.shipping_details {
        let line = &cart.custom_line_items[at];
        let held = line.shipping_details.as_ref().map_or(&[][..], |details| details.targets.as_slice());
        let targets = pricing::add_targets(held, &wanted.targets)?;
        let details = details::checked(cart, Subject::CustomLine, &line.id, &targets, line.quantity)?;
        cart.body.custom_line_items[at].shipping_details = Some(details);
        details::rates_later(cart, cart.custom_line_items[at].id.clone());
    }
    Ok(())
}

fn put_quantity(line: &mut CustomLineItem, quantity: i64) {
    line.quantity = quantity;
    line.state.truncate(1);
    if let Some(state) = line.state.first_mut() {
        state.quantity = quantity;
    }
    if let Some(details) = &mut line.shipping_details {
        details.valid = details::fits(&details.targets, quantity);
    }
}

/// `changeCustomLineItemQuantity`; 0 removes the line.
pub(super) fn change_quantity(cart: &mut Held, at: usize, quantity: i64) -> Decision<()> {
    match quantity {
        0 => {
            cart.body.custom_line_items.remove(at);
        }
        1.. => put_quantity(&mut cart.body.custom_line_items[at], quantity),
        _ => return Err(ApiError::invalid_field("quantity", quantity).into()),
    }
    Ok(())
}

/// `changeCustomLineItemMoney`.
pub(super) fn change_money(cart: &mut Held, at: usize, money: TypedMoneyDraft) -> Decision<()> {
    let money: TypedMoney = prices::external(cart, money)?;
    cart.body.custom_line_items[at].money = money;
    Ok(())
}

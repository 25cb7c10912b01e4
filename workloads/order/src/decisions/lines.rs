//! Line items and custom line items of an order: one view on both.

use super::{Plan, addresses, named};
use crate::change::Change;
use api::cart::{ItemShippingDetailsDraft, ItemState, ShippingMode, Ships};
use api::order::{CustomLineRef, LineRef, Order};
use api::{ApiError, Id, Key};
use kit::resource::Decision;

/// What line items and custom line items have in common.
pub(super) struct Line<'a> {
    /// What it is called in fields and messages: `lineItem` or `customLineItem`.
    pub(super) what: &'static str,
    pub(super) id: &'a Id,
    pub(super) key: Option<&'a Key>,
    pub(super) quantity: i64,
    pub(super) states: &'a [ItemState],
}

pub(super) fn line<'a>(order: &'a Order, of: &LineRef) -> Result<Line<'a>, ApiError> {
    let by = (&of.line_item_id, &of.line_item_key);
    let found = named("lineItem", by, &order.line_items, |line| (&line.id, line.key.as_ref()))?;
    Ok(Line {
        what: "lineItem",
        id: &found.id,
        key: found.key.as_ref(),
        quantity: found.quantity,
        states: &found.state,
    })
}

pub(super) fn custom_line<'a>(order: &'a Order, of: &CustomLineRef) -> Result<Line<'a>, ApiError> {
    let by = (&of.custom_line_item_id, &of.custom_line_item_key);
    let found = named("customLineItem", by, &order.custom_line_items, |line| (&line.id, line.key.as_ref()))?;
    Ok(Line {
        what: "customLineItem",
        id: &found.id,
        key: found.key.as_ref(),
        quantity: found.quantity,
        states: &found.state,
    })
}

/// Where the units of a line go.
pub(super) fn shipping(
    order: &Order,
    line: &Line<'_>,
    to: Option<&ItemShippingDetailsDraft>,
) -> Decision<Plan> {
    let details = match to {
        None => None,
        Some(draft) => {
            if let Some(stray) =
                draft.targets.iter().find(|target| !addresses::has(order, &target.address_key))
            {
                return Err(addresses::unknown(&stray.address_key).into());
            }
            if order.shipping_mode == ShippingMode::Multiple {
                let mut keys = draft.targets.iter().map(|target| target.shipping_method_key.as_deref());
                keys.try_for_each(|key| order.check_key(key))?;
            }
            let subject = if line.what == "lineItem" { "LineItem" } else { "CustomLineItem" };
            Some(pricing::identity::shipping_details(subject, line.id, &draft.targets, line.quantity)?)
        }
    };
    Ok(Plan::silent(Change::LineShipping { line: line.id.clone(), details }))
}

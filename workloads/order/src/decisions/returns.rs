//! Returns (contract §7).

use super::deliveries::unused;
use super::{Plan, named};
use crate::change::Change;
use api::order::{
    Order, ReturnInfo, ReturnInfoDraft, ReturnItem, ReturnItemDraft, ReturnItemRef, ReturnItemType,
    ReturnPaymentState, ReturnShipmentState,
};
use api::{ApiError, Message};
use kit::resource::{Context, Decision};

/// The most returns of an order, and items of one return.
const MAX_RETURNS: usize = 500;

pub(super) fn item<'a>(order: &'a Order, of: &ReturnItemRef) -> Result<&'a ReturnItem, ApiError> {
    let by = (&of.return_item_id, &of.return_item_key);
    let items = order.return_info.iter().flat_map(|info| &info.items);
    named("returnItem", by, items, |held| (&held.id, held.key.as_ref()))
}

pub(super) fn add(order: &Order, draft: &ReturnInfoDraft, cx: &Context<'_>) -> Decision<Plan> {
    bounded(order.return_info.len() + 1)?;
    let info = made(order, draft, cx)?;
    let message = Message::new("ReturnInfoAdded").with("returnInfo", &info);
    Ok(Plan::told(Change::ReturnAdded(info), message))
}

/// Replaces all returns.
pub(super) fn set(order: &Order, drafts: &[ReturnInfoDraft], cx: &Context<'_>) -> Decision<Plan> {
    bounded(drafts.len())?;
    let infos = drafts.iter().map(|draft| made(order, draft, cx)).collect::<Decision<Vec<_>>>()?;
    let message = Message::new("ReturnInfoSet").with("returnInfo", &infos);
    Ok(Plan::told(Change::Returns(infos), message))
}

/// What came back goes to the shelf, or away.
pub(super) fn shipment(
    order: &Order,
    of: &ReturnItemRef,
    to: ReturnShipmentState,
    cx: &Context<'_>,
) -> Decision<Plan> {
    use ReturnShipmentState as S;
    let held = item(order, of)?;
    let allowed = matches!((held.shipment_state, to), (S::Returned, S::BackInStock | S::Unusable));
    if !allowed && held.shipment_state != to {
        let message = format!("A return that is {:?} cannot become {to:?}.", held.shipment_state);
        return Err(ApiError::invalid_operation(message).into());
    }
    if held.shipment_state == to {
        return Ok(Plan::default());
    }
    let message = Message::new("OrderReturnShipmentStateChanged");
    let message = message.with("returnItemId", &held.id).with("returnShipmentState", to);
    Ok(Plan::told(Change::ReturnShipment { item: held.id.clone(), state: to, at: cx.now }, message))
}

/// The money of what came back goes back, or does not.
pub(super) fn payment(
    order: &Order,
    of: &ReturnItemRef,
    to: ReturnPaymentState,
    cx: &Context<'_>,
) -> Decision<Plan> {
    use ReturnPaymentState as S;
    let held = item(order, of)?;
    if held.payment_state == to {
        return Ok(Plan::default());
    }
    let settled = matches!(to, S::Refunded | S::NotRefunded);
    if held.payment_state == S::NonRefundable || !settled {
        let message =
            format!("The payment of a return that is {:?} cannot become {to:?}.", held.payment_state);
        return Err(ApiError::invalid_operation(message).into());
    }
    Ok(Plan::silent(Change::ReturnPayment { item: held.id.clone(), state: to, at: cx.now }))
}

fn made(order: &Order, draft: &ReturnInfoDraft, cx: &Context<'_>) -> Decision<ReturnInfo> {
    if draft.items.is_empty() {
        return Err(ApiError::invalid_field("items", serde_json::json!([])).into());
    }
    bounded(draft.items.len())?;
    let mut items: Vec<ReturnItem> = Vec::with_capacity(draft.items.len());
    for item in &draft.items {
        unused(item.key.as_ref(), items.iter().filter_map(|held| held.key.as_ref()))?;
        items.push(made_item(order, item, cx)?);
    }
    Ok(ReturnInfo {
        items,
        return_tracking_id: draft.return_tracking_id.clone(),
        return_date: Some(draft.return_date.unwrap_or(cx.now)),
    })
}

fn made_item(order: &Order, draft: &ReturnItemDraft, cx: &Context<'_>) -> Decision<ReturnItem> {
    let (item_type, known) = match (&draft.line_item_id, &draft.custom_line_item_id) {
        (Some(id), None) => {
            (ReturnItemType::LineItemReturnItem, order.line_items.iter().any(|line| line.id == *id))
        }
        (None, Some(id)) => (
            ReturnItemType::CustomLineItemReturnItem,
            order.custom_line_items.iter().any(|line| line.id == *id),
        ),
        _ => {
            let detail = "items: exactly one of 'lineItemId' and 'customLineItemId' is required";
            return Err(ApiError::invalid_json(detail).into());
        }
    };
    if !known {
        return Err(ApiError::invalid_operation("A returned item names no line of the order.").into());
    }
    if draft.quantity < 1 {
        return Err(ApiError::invalid_field("items.quantity", draft.quantity).into());
    }
    let payment_state = match draft.shipment_state {
        ReturnShipmentState::Advised => ReturnPaymentState::NonRefundable,
        ReturnShipmentState::Returned => ReturnPaymentState::Initial,
        other => return Err(ApiError::invalid_field("items.shipmentState", serde_json::json!(other)).into()),
    };
    Ok(ReturnItem {
        id: cx.new_id(),
        key: draft.key.clone(),
        quantity: draft.quantity,
        item_type,
        line_item_id: draft.line_item_id.clone(),
        custom_line_item_id: draft.custom_line_item_id.clone(),
        comment: draft.comment.clone(),
        shipment_state: draft.shipment_state,
        payment_state,
        custom: cx.custom(draft.custom.as_ref(), "order-return-item")?,
        last_modified_at: cx.now,
        created_at: cx.now,
    })
}

fn bounded(length: usize) -> Result<(), ApiError> {
    if length > MAX_RETURNS {
        return Err(ApiError::invalid_operation(format!(
            "At most {MAX_RETURNS} returns and items of a return."
        )));
    }
    Ok(())
}

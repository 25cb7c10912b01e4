//! Actions on the order as a whole.

use super::Plan;
use crate::change::Change;
use crate::new_order::check_number;
use api::channel::{Channel, ChannelRole};
use api::order::{Order, OrderState, PaymentState, ShipmentState, SyncInfo};
use api::{
    ApiError, Code, Id, Kind, Locale, Message, Reference, ResourceIdentifier, StoreIdentifier, Timestamp,
};
use kit::resource::{Context, Decision, Stop};
use serde::Deserialize;

pub(super) fn order_state(order: &Order, to: OrderState) -> Plan {
    let message =
        Message::new("OrderStateChanged").with("orderState", to).with("oldOrderState", order.order_state);
    Plan::told(Change::OrderState(to), message)
}

pub(super) fn shipment_state(order: &Order, to: ShipmentState) -> Plan {
    let message = Message::new("OrderShipmentStateChanged");
    Plan::told(
        Change::ShipmentState(to),
        message.with("shipmentState", to).with("oldShipmentState", order.shipment_state),
    )
}

pub(super) fn payment_state(order: &Order, to: PaymentState) -> Plan {
    let message = Message::new("OrderPaymentStateChanged");
    Plan::told(
        Change::PaymentState(to),
        message.with("paymentState", to).with("oldPaymentState", order.payment_state),
    )
}

/// Once it is set the order number stays.
pub(super) fn order_number(order: &Order, to: Option<&str>) -> Decision<Plan> {
    if let Some(number) = to {
        check_number(number)?;
    }
    match &order.order_number {
        Some(held) if to != Some(held.as_str()) => {
            Err(ApiError::invalid_operation("The order number is set already and cannot be changed.").into())
        }
        _ => Ok(Plan::silent(Change::OrderNumber(to.map(str::to_owned)))),
    }
}

pub(super) fn purchase_order_number(order: &Order, to: &Option<String>) -> Plan {
    let message = Message::new("OrderPurchaseOrderNumberSet")
        .with("purchaseOrderNumber", to)
        .with("oldPurchaseOrderNumber", &order.purchase_order_number);
    Plan::told(Change::PurchaseOrderNumber(to.clone()), message)
}

pub(super) fn customer_email(order: &Order, to: &Option<String>) -> Plan {
    let message =
        Message::new("OrderCustomerEmailSet").with("email", to).with("oldEmail", &order.customer_email);
    Plan::told(Change::CustomerEmail(to.clone()), message)
}

/// The customer, and with the customer the group.
pub(super) fn customer(order: &Order, to: Option<&Id>, cx: &Context<'_>) -> Decision<Plan> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Grouped {
        customer_group: Option<Reference>,
    }
    let group = match to {
        None => None,
        Some(id) => {
            let customer = cx.by_id::<Grouped>(Kind::Customer, id)?;
            let customer = customer.ok_or_else(|| {
                Stop::Refused(ApiError::referenced_not_found("customer", ("id", id.as_str())))
            })?;
            customer.customer_group.clone()
        }
    };
    Ok(Plan::assigned(order, to, group))
}

/// A language of the project.
pub(super) fn locale(to: Option<&Locale>, cx: &Context<'_>) -> Decision<Plan> {
    if let Some(locale) = to
        && !cx.project()?.languages.contains(locale)
    {
        return Err(ApiError::invalid_field("locale", serde_json::json!(locale)).into());
    }
    Ok(Plan::silent(Change::Locale(to.cloned())))
}

/// Setting the store that is set already, or taking one away where there is none, is refused (contract §7).
pub(super) fn store(order: &Order, to: Option<&StoreIdentifier>, cx: &Context<'_>) -> Decision<Plan> {
    let to = to.map(|store| cx.store_reference(store)).transpose()?;
    if to == order.store {
        let message = match to {
            Some(_) => "The order is in this store already.",
            None => "The order is in no store.",
        };
        return Err(ApiError::invalid_operation(message).into());
    }
    let message = Message::new("OrderStoreSet").with("store", &to);
    Ok(Plan::told(Change::Store(to), message))
}

/// One entry per channel, which must be for exchanging orders.
pub(super) fn synced(
    channel: &ResourceIdentifier,
    external_id: &Option<String>,
    at: Option<Timestamp>,
    cx: &Context<'_>,
) -> Decision<Plan> {
    let found = cx.resolve::<Channel>(Kind::Channel, channel)?;
    let exchanges = |role: &ChannelRole| matches!(role, ChannelRole::OrderExport | ChannelRole::OrderImport);
    if !found.roles.iter().any(exchanges) {
        let message =
            format!("The channel '{}' has neither the role OrderExport nor OrderImport.", found.key);
        return Err(ApiError::new(Code::InvalidInput, message).into());
    }
    Ok(Plan::silent(Change::Synced(SyncInfo {
        channel: Reference::new(Kind::Channel, found.id().clone()),
        external_id: external_id.clone(),
        synced_at: at.unwrap_or(cx.now),
    })))
}

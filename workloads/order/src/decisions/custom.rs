//! Custom fields of an order and its parts. The order's own and those of deliveries are told of.

use super::Plan;
use crate::change::{Change, Part};
use api::order::Order;
use api::type_definition::{SetCustomField, SetCustomType};
use api::{ApiError, CustomFields, Message};
use kit::resource::{Context, Decision, set_custom_field, set_custom_type};

pub(super) fn set_type(order: &Order, of: Part, set: &SetCustomType, cx: &Context<'_>) -> Decision<Plan> {
    let before = held(order, &of)?;
    let mut custom = before.clone();
    set_custom_type(&mut custom, set, of.type_id(), cx)?;
    let message = match &custom {
        Some(now) => message(&of, "CustomTypeSet").map(|m| m.with("customFields", now)),
        None => message(&of, "CustomTypeRemoved"),
    };
    let messages =
        message.map(|m| m.with("previousTypeId", before.map(|b| b.type_ref.id))).into_iter().collect();
    Ok(Plan { changes: vec![Change::Custom { of, custom }], messages })
}

pub(super) fn set_field(order: &Order, of: Part, set: &SetCustomField, cx: &Context<'_>) -> Decision<Plan> {
    let mut custom = held(order, &of)?;
    let value =
        |custom: &Option<CustomFields>| custom.as_ref().and_then(|c| c.fields.get(&set.name).cloned());
    let before = value(&custom);
    set_custom_field(&mut custom, set, cx)?;
    let now = value(&custom);
    let message = match (&before, &now) {
        (None, _) => message(&of, "CustomFieldAdded"),
        (Some(_), Some(_)) => message(&of, "CustomFieldChanged").map(|m| m.with("previousValue", before)),
        (Some(_), None) => message(&of, "CustomFieldRemoved"),
    };
    let messages = message.map(|m| m.with("name", &set.name).with("value", now)).into_iter().collect();
    Ok(Plan { changes: vec![Change::Custom { of, custom }], messages })
}

/// The custom fields of a part, which must be there.
fn held(order: &Order, of: &Part) -> Result<Option<CustomFields>, ApiError> {
    let mut copy = order.clone();
    let held = of.of_mut(&mut copy).map(std::mem::take);
    held.ok_or_else(|| ApiError::invalid_operation(format!("The order has no such part: {of:?}.")))
}

fn message(of: &Part, what: &str) -> Option<Message> {
    match of {
        Part::Order => Some(Message::new(format!("Order{what}"))),
        Part::Delivery(id) => Some(Message::new(format!("Delivery{what}")).with("deliveryId", id)),
        _ => None,
    }
}

//! Decisions: what an update action changes and which messages it sends.
//!
//! Pure. A decision changes nothing itself; a plan whose changes leave the order as it was is dropped
//! together with its messages.

mod addresses;
mod custom;
mod deliveries;
mod lines;
mod returns;
mod whole;
mod workflow;

#[cfg(test)]
mod tests;

use crate::change::{Change, Part};
use api::order::{Order, OrderAction};
use api::{ApiError, Id, Key, Kind, Message, Reference};
use kit::resource::{Context, Decision};

/// What an action comes to.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    pub(crate) messages: Vec<Message>,
}

impl Plan {
    /// A change that nobody is told of.
    fn silent(change: Change) -> Self {
        Self { changes: vec![change], messages: Vec::new() }
    }

    /// A change and its message.
    fn told(change: Change, message: Message) -> Self {
        Self { changes: vec![change], messages: vec![message] }
    }

    /// The order becomes a customer's of this group, or nobody's.
    pub(crate) fn assigned(order: &Order, to: Option<&Id>, group: Option<Reference>) -> Self {
        let reference = |id: Option<&Id>| id.map(|id| Reference::new(Kind::Customer, id.clone()));
        let message = Message::new("OrderCustomerSet")
            .with("customer", reference(to))
            .with("customerGroup", &group)
            .with("oldCustomer", reference(order.customer_id.as_ref()))
            .with("oldCustomerGroup", &order.customer_group);
        Self::told(Change::Customer { id: to.cloned(), group }, message)
    }
}

/// Decides about one action.
pub(crate) fn decide(order: &Order, action: &OrderAction, cx: &Context<'_>) -> Decision<Plan> {
    use OrderAction as A;
    match action {
        A::ChangeOrderState { order_state } => Ok(whole::order_state(order, *order_state)),
        A::ChangeShipmentState { shipment_state } => Ok(whole::shipment_state(order, *shipment_state)),
        A::ChangePaymentState { payment_state } => Ok(whole::payment_state(order, *payment_state)),
        A::TransitionState { state, force } => workflow::order(order, state, *force, cx),
        A::SetOrderNumber { order_number } => whole::order_number(order, order_number.as_deref()),
        A::SetPurchaseOrderNumber { purchase_order_number } => {
            Ok(whole::purchase_order_number(order, purchase_order_number))
        }
        A::SetCustomerEmail { email } => Ok(whole::customer_email(order, email)),
        A::SetCustomerId { customer_id } => whole::customer(order, customer_id.as_ref(), cx),
        A::SetLocale { locale } => whole::locale(locale.as_ref(), cx),
        A::SetStore { store } => whole::store(order, store.as_ref(), cx),
        A::UpdateSyncInfo { channel, external_id, synced_at } => {
            whole::synced(channel, external_id, *synced_at, cx)
        }
        A::SetCustomType(set) => custom::set_type(order, Part::Order, set, cx),
        A::SetCustomField(set) => custom::set_field(order, Part::Order, set, cx),

        A::SetShippingAddress { address } => addresses::shipping(order, address.as_deref(), cx),
        A::SetShippingAddressCustomType(set) => custom::set_type(order, Part::ShippingAddress, set, cx),
        A::SetShippingAddressCustomField(set) => custom::set_field(order, Part::ShippingAddress, set, cx),
        A::SetBillingAddress { address } => addresses::billing(order, address.as_deref(), cx),
        A::SetBillingAddressCustomType(set) => custom::set_type(order, Part::BillingAddress, set, cx),
        A::SetBillingAddressCustomField(set) => custom::set_field(order, Part::BillingAddress, set, cx),
        A::AddItemShippingAddress { address } => addresses::add_item(order, address, cx),
        A::UpdateItemShippingAddress { address } => addresses::update_item(order, address, cx),
        A::RemoveItemShippingAddress { address_key } => addresses::remove_item(order, address_key),
        A::SetItemShippingAddressCustomType { address_key, set } => {
            custom::set_type(order, Part::ItemShippingAddress(address_key.clone()), set, cx)
        }
        A::SetItemShippingAddressCustomField { address_key, set } => {
            custom::set_field(order, Part::ItemShippingAddress(address_key.clone()), set, cx)
        }

        A::TransitionLineItemState { line, transition } => {
            workflow::line(&lines::line(order, line)?, transition, cx)
        }
        A::TransitionCustomLineItemState { line, transition } => {
            workflow::line(&lines::custom_line(order, line)?, transition, cx)
        }
        A::ImportLineItemState { line, state } => workflow::import(&lines::line(order, line)?, state, cx),
        A::ImportCustomLineItemState { line, state } => {
            workflow::import(&lines::custom_line(order, line)?, state, cx)
        }
        A::SetLineItemShippingDetails { line, shipping_details } => {
            lines::shipping(order, &lines::line(order, line)?, shipping_details.as_ref())
        }
        A::SetCustomLineItemShippingDetails { line, shipping_details } => {
            lines::shipping(order, &lines::custom_line(order, line)?, shipping_details.as_ref())
        }
        A::SetLineItemCustomType { line, set } => {
            custom::set_type(order, Part::Line(lines::line(order, line)?.id.clone()), set, cx)
        }
        A::SetLineItemCustomField { line, set } => {
            custom::set_field(order, Part::Line(lines::line(order, line)?.id.clone()), set, cx)
        }
        A::SetCustomLineItemCustomType { line, set } => {
            custom::set_type(order, Part::CustomLine(lines::custom_line(order, line)?.id.clone()), set, cx)
        }
        A::SetCustomLineItemCustomField { line, set } => {
            custom::set_field(order, Part::CustomLine(lines::custom_line(order, line)?.id.clone()), set, cx)
        }
        other => shipping_and_returns(order, other, cx),
    }
}

fn shipping_and_returns(order: &Order, action: &OrderAction, cx: &Context<'_>) -> Decision<Plan> {
    use OrderAction as A;
    let delivery = |named| deliveries::delivery(order, named).map(|(_, found)| found.id.clone());
    let parcel = |named| deliveries::parcel(order, named).map(|found| found.parcel.id.clone());
    match action {
        A::SetShippingCustomType { shipping_key, set } => {
            custom::set_type(order, deliveries::shipping(order, shipping_key.as_deref())?, set, cx)
        }
        A::SetShippingCustomField { shipping_key, set } => {
            custom::set_field(order, deliveries::shipping(order, shipping_key.as_deref())?, set, cx)
        }
        A::SetEstimatedDelivery { shipping_key, estimated_delivery } => {
            deliveries::estimated(order, shipping_key.as_deref(), *estimated_delivery)
        }
        A::AddDelivery(add) => deliveries::add(order, add, cx),
        A::RemoveDelivery { delivery } => deliveries::remove(order, delivery),
        A::SetDeliveryItems { delivery, items } => deliveries::items(order, delivery, items),
        A::SetDeliveryAddress { delivery, address } => {
            deliveries::address(order, delivery, address.as_deref(), cx)
        }
        A::SetDeliveryCustomType { delivery: of, set } => {
            custom::set_type(order, Part::Delivery(delivery(of)?), set, cx)
        }
        A::SetDeliveryCustomField { delivery: of, set } => {
            custom::set_field(order, Part::Delivery(delivery(of)?), set, cx)
        }
        A::SetDeliveryAddressCustomType { delivery: of, set } => {
            custom::set_type(order, Part::DeliveryAddress(delivery(of)?), set, cx)
        }
        A::SetDeliveryAddressCustomField { delivery: of, set } => {
            custom::set_field(order, Part::DeliveryAddress(delivery(of)?), set, cx)
        }
        A::AddParcelToDelivery(add) => deliveries::add_parcel(order, add, cx),
        A::RemoveParcelFromDelivery { parcel } => deliveries::remove_parcel(order, parcel),
        A::SetParcelMeasurements { parcel, measurements } => {
            deliveries::measurements(order, parcel, measurements.as_ref())
        }
        A::SetParcelTrackingData { parcel, tracking_data } => {
            deliveries::tracking(order, parcel, tracking_data.as_ref())
        }
        A::SetParcelItems { parcel, items } => deliveries::parcel_items(order, parcel, items),
        A::SetParcelCustomType { parcel: of, set } => {
            custom::set_type(order, Part::Parcel(parcel(of)?), set, cx)
        }
        A::SetParcelCustomField { parcel: of, set } => {
            custom::set_field(order, Part::Parcel(parcel(of)?), set, cx)
        }
        A::AddReturnInfo(draft) => returns::add(order, draft, cx),
        A::SetReturnInfo { items } => returns::set(order, items, cx),
        A::SetReturnShipmentState { item, shipment_state } => {
            returns::shipment(order, item, *shipment_state, cx)
        }
        A::SetReturnPaymentState { item, payment_state } => returns::payment(order, item, *payment_state, cx),
        A::SetReturnItemCustomType { item, set } => {
            custom::set_type(order, Part::ReturnItem(returns::item(order, item)?.id.clone()), set, cx)
        }
        A::SetReturnItemCustomField { item, set } => {
            custom::set_field(order, Part::ReturnItem(returns::item(order, item)?.id.clone()), set, cx)
        }
        // Every other action is decided about above.
        _ => Err(kit::peers::internal(&"an action without a decision").into()),
    }
}

/// The part of that id or key, of which exactly one is given. `what` is the field without `Id` and `Key`.
fn named<'a, T>(
    what: &str,
    (id, key): (&Option<Id>, &Option<Key>),
    parts: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> (&'a Id, Option<&'a Key>),
) -> Result<T, ApiError> {
    let mut parts = parts.into_iter();
    let (found, text) = match (id, key) {
        (Some(id), None) => (parts.find(|part| name(part).0 == id), format!("ID '{id}'")),
        (None, Some(key)) => (parts.find(|part| name(part).1 == Some(key)), format!("key '{key}'")),
        _ => {
            return Err(ApiError::invalid_json(format!(
                "exactly one of '{what}Id' and '{what}Key' is required"
            )));
        }
    };
    found.ok_or_else(|| ApiError::invalid_operation(format!("The order has no {what} with {text}.")))
}

//! Deliveries and parcels. Quantities are not checked against the order (contract §7).

use super::{Plan, addresses, named};
use crate::change::Change;
use api::cart::EstimatedDelivery;
use api::order::{
    AddDelivery, AddParcel, Delivery, DeliveryItem, DeliveryRef, Order, Parcel, ParcelDraft,
    ParcelMeasurements, ParcelRef, TrackingData,
};
use api::{AddressDraft, ApiError, Key, Message};
use kit::resource::{Context, Decision};

/// The most deliveries of an order and parcels of a delivery.
const MAX_PARTS: usize = 500;

fn all(order: &Order) -> &[Delivery] {
    order.shipping_info.as_ref().map_or(&[], |info| &info.deliveries)
}

pub(super) fn delivery<'a>(order: &'a Order, of: &DeliveryRef) -> Result<&'a Delivery, ApiError> {
    let by = (&of.delivery_id, &of.delivery_key);
    named("delivery", by, all(order), |held| (&held.id, held.key.as_ref()))
}

/// A parcel and the delivery that it belongs to.
pub(super) fn parcel<'a>(order: &'a Order, of: &ParcelRef) -> Result<(&'a Delivery, &'a Parcel), ApiError> {
    let by = (&of.parcel_id, &of.parcel_key);
    let parcels = all(order).iter().flat_map(|held| held.parcels.iter().map(move |parcel| (held, parcel)));
    named("parcel", by, parcels, |(_, parcel)| (&parcel.id, parcel.key.as_ref()))
}

/// When what is shipped is expected.
pub(super) fn estimated(order: &Order, key: Option<&str>, to: Option<EstimatedDelivery>) -> Decision<Plan> {
    order.shipping_mode.check_key(key)?;
    if order.shipping_info.is_none() {
        return Err(ApiError::invalid_operation("The order has no shipping method.").into());
    }
    let to = EstimatedDelivery::checked(to)?;
    let message = Message::new("OrderEstimatedDeliverySet").with("estimatedDelivery", to);
    Ok(Plan::told(Change::EstimatedDelivery(to), message.with("shippingKey", key)))
}

/// Told of without its parcels; each of them is told of on its own.
pub(super) fn add(order: &Order, add: &AddDelivery, cx: &Context<'_>) -> Decision<Plan> {
    if order.shipping_info.is_none() {
        let message = "The order has no shipping method, so it has no deliveries.";
        return Err(ApiError::invalid_operation(message).into());
    }
    bounded("deliveries", all(order).len() + 1)?;
    bounded("parcels", add.parcels.len())?;
    unused(add.delivery_key.as_ref(), all(order).iter().filter_map(|held| held.key.as_ref()))?;
    let mut parcels = Vec::with_capacity(add.parcels.len());
    for draft in &add.parcels {
        unused(draft.key.as_ref(), keys(&parcels))?;
        parcels.push(made(draft, cx)?);
    }
    let mut delivery = Delivery {
        id: cx.new_id(),
        key: add.delivery_key.clone(),
        created_at: cx.now,
        items: add.items.clone(),
        parcels: Vec::new(),
        address: add.address.as_ref().map(|draft| addresses::checked(draft, cx)).transpose()?,
        custom: cx.custom(add.custom.as_ref(), "order-delivery")?,
    };
    let mut messages = vec![Message::new("DeliveryAdded").with("delivery", &delivery)];
    for parcel in parcels {
        delivery.parcels.push(parcel.clone());
        messages
            .push(Message::new("ParcelAddedToDelivery").with("delivery", &delivery).with("parcel", parcel));
    }
    Ok(Plan { changes: vec![Change::DeliveryAdded(Box::new(delivery))], messages })
}

pub(super) fn remove(order: &Order, of: &DeliveryRef) -> Decision<Plan> {
    let held = delivery(order, of)?;
    let message = Message::new("DeliveryRemoved").with("delivery", held);
    Ok(Plan::told(Change::DeliveryRemoved(held.id.clone()), message))
}

pub(super) fn items(order: &Order, of: &DeliveryRef, items: &[DeliveryItem]) -> Decision<Plan> {
    let held = delivery(order, of)?;
    let message = Message::new("DeliveryItemsUpdated").with("deliveryId", &held.id);
    let message = message.with("items", items).with("oldItems", &held.items);
    Ok(Plan::told(Change::DeliveryItems { delivery: held.id.clone(), items: items.to_vec() }, message))
}

pub(super) fn address(
    order: &Order,
    of: &DeliveryRef,
    to: Option<&AddressDraft>,
    cx: &Context<'_>,
) -> Decision<Plan> {
    let held = delivery(order, of)?;
    let to = to.map(|draft| addresses::checked(draft, cx)).transpose()?.map(Box::new);
    let message = Message::new("DeliveryAddressSet").with("deliveryId", &held.id);
    let message = message.with("address", &to).with("oldAddress", &held.address);
    Ok(Plan::told(Change::DeliveryAddress { delivery: held.id.clone(), address: to }, message))
}

pub(super) fn add_parcel(order: &Order, add: &AddParcel, cx: &Context<'_>) -> Decision<Plan> {
    let held = delivery(order, &add.delivery)?;
    bounded("parcels", held.parcels.len() + 1)?;
    unused(add.parcel_key.as_ref(), keys(&held.parcels))?;
    let draft = ParcelDraft {
        key: add.parcel_key.clone(),
        measurements: add.measurements.clone(),
        tracking_data: add.tracking_data.clone(),
        items: add.items.clone(),
        custom: add.custom.clone(),
    };
    let parcel = made(&draft, cx)?;
    let mut after = held.clone();
    after.parcels.push(parcel.clone());
    let message = Message::new("ParcelAddedToDelivery").with("delivery", after).with("parcel", &parcel);
    Ok(Plan::told(Change::ParcelAdded { delivery: held.id.clone(), parcel: Box::new(parcel) }, message))
}

pub(super) fn remove_parcel(order: &Order, of: &ParcelRef) -> Decision<Plan> {
    let (delivery, parcel) = parcel(order, of)?;
    let message =
        Message::new("ParcelRemovedFromDelivery").with("deliveryId", &delivery.id).with("parcel", parcel);
    Ok(Plan::told(Change::ParcelRemoved(parcel.id.clone()), message))
}

pub(super) fn measurements(order: &Order, of: &ParcelRef, to: Option<&ParcelMeasurements>) -> Decision<Plan> {
    let (delivery, parcel) = parcel(order, of)?;
    let message = about("ParcelMeasurementsUpdated", delivery, parcel).with("measurements", to);
    Ok(Plan::told(Change::ParcelMeasured { parcel: parcel.id.clone(), measurements: to.cloned() }, message))
}

pub(super) fn tracking(order: &Order, of: &ParcelRef, to: Option<&TrackingData>) -> Decision<Plan> {
    let (delivery, parcel) = parcel(order, of)?;
    let message = about("ParcelTrackingDataUpdated", delivery, parcel).with("trackingData", to);
    Ok(Plan::told(Change::ParcelTracked { parcel: parcel.id.clone(), tracking: to.cloned() }, message))
}

pub(super) fn parcel_items(order: &Order, of: &ParcelRef, items: &[DeliveryItem]) -> Decision<Plan> {
    let (delivery, parcel) = parcel(order, of)?;
    let message =
        about("ParcelItemsUpdated", delivery, parcel).with("items", items).with("oldItems", &parcel.items);
    Ok(Plan::told(Change::ParcelItems { parcel: parcel.id.clone(), items: items.to_vec() }, message))
}

fn about(kind: &str, delivery: &Delivery, parcel: &Parcel) -> Message {
    Message::new(kind).with("deliveryId", &delivery.id).with("parcelId", &parcel.id)
}

fn made(draft: &ParcelDraft, cx: &Context<'_>) -> Decision<Parcel> {
    Ok(Parcel {
        id: cx.new_id(),
        key: draft.key.clone(),
        created_at: cx.now,
        measurements: draft.measurements.clone(),
        tracking_data: draft.tracking_data.clone(),
        items: draft.items.clone(),
        custom: cx.custom(draft.custom.as_ref(), "order-parcel")?,
    })
}

fn keys(parcels: &[Parcel]) -> impl Iterator<Item = &Key> {
    parcels.iter().filter_map(|parcel| parcel.key.as_ref())
}

/// Keys are unique among the parts of one parent: deliveries of an order, parcels of a delivery, items of a return.
pub(super) fn unused<'a>(key: Option<&Key>, mut held: impl Iterator<Item = &'a Key>) -> Result<(), ApiError> {
    match key {
        Some(key) if held.any(|held| held == key) => Err(ApiError::duplicate_field("key", key)),
        _ => Ok(()),
    }
}

fn bounded(what: &str, length: usize) -> Result<(), ApiError> {
    if length > MAX_PARTS {
        return Err(ApiError::invalid_operation(format!("An order has at most {MAX_PARTS} {what}.")));
    }
    Ok(())
}

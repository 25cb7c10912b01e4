//! Deliveries and parcels. Quantities are not checked against the order (contract §7).

use super::{Plan, addresses, named};
use crate::change::{Change, Part};
use api::cart::{EstimatedDelivery, ShippingMode, Ships};
use api::order::{
    AddDelivery, AddParcel, Delivery, DeliveryItem, DeliveryRef, Order, Parcel, ParcelDraft,
    ParcelMeasurements, ParcelRef, TrackingData,
};
use api::{AddressDraft, ApiError, Key, Message};
use kit::resource::{Context, Decision};

/// The most deliveries of an order and parcels of a delivery.
const MAX_PARTS: usize = 500;

/// All deliveries; where there are several shipping methods, with the key of theirs.
fn all(order: &Order) -> impl Iterator<Item = (Option<&str>, &Delivery)> {
    order.infos().flat_map(|(key, info)| info.deliveries.iter().map(move |delivery| (key, delivery)))
}

/// The delivery of that name, and the key of its shipping method.
pub(super) fn delivery<'a>(
    order: &'a Order,
    of: &DeliveryRef,
) -> Result<(Option<&'a str>, &'a Delivery), ApiError> {
    let by = (&of.delivery_id, &of.delivery_key);
    named("delivery", by, all(order), |(_, held)| (&held.id, held.key.as_ref()))
}

/// A parcel, the delivery that it belongs to, and the key of its shipping method.
pub(super) struct Found<'a> {
    shipping: Option<&'a str>,
    delivery: &'a Delivery,
    pub(super) parcel: &'a Parcel,
}

pub(super) fn parcel<'a>(order: &'a Order, of: &ParcelRef) -> Result<Found<'a>, ApiError> {
    let by = (&of.parcel_id, &of.parcel_key);
    let parcels = all(order).flat_map(|(shipping, delivery)| {
        delivery.parcels.iter().map(move |parcel| Found { shipping, delivery, parcel })
    });
    named("parcel", by, parcels, |found| (&found.parcel.id, found.parcel.key.as_ref()))
}

/// The custom fields of the only shipping method, or of several of the one of that key.
pub(super) fn shipping(order: &Order, key: Option<&str>) -> Result<Part, ApiError> {
    match key {
        None if order.shipping_mode == ShippingMode::Single => Ok(Part::Shipping),
        key => {
            order.check_key(key)?;
            Ok(key.map_or(Part::Shipping, |key| Part::ShippingOf(key.to_owned())))
        }
    }
}

/// When what is shipped is expected.
pub(super) fn estimated(order: &Order, key: Option<&str>, to: Option<EstimatedDelivery>) -> Decision<Plan> {
    order.check_key(key)?;
    let to = EstimatedDelivery::checked(to)?;
    let message = Message::new("OrderEstimatedDeliverySet").with("estimatedDelivery", to);
    let change = match key {
        None => Change::EstimatedDelivery(to),
        Some(key) => Change::EstimatedDeliveryOf { shipping: key.to_owned(), to },
    };
    Ok(Plan::told(change, message.with("shippingKey", key)))
}

/// Told of without its parcels; each of them is told of on its own.
pub(super) fn add(order: &Order, add: &AddDelivery, cx: &Context<'_>) -> Decision<Plan> {
    let shipping = add.shipping_key.as_deref();
    order.check_key(shipping)?;
    bounded("deliveries", all(order).count() + 1)?;
    bounded("parcels", add.parcels.len())?;
    unused(add.delivery_key.as_ref(), all(order).filter_map(|(_, held)| held.key.as_ref()))?;
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
    let told = |kind: &str, delivery: &Delivery| {
        Message::new(kind).with("delivery", delivery).with("shippingKey", shipping)
    };
    let mut messages = vec![told("DeliveryAdded", &delivery)];
    for parcel in parcels {
        delivery.parcels.push(parcel.clone());
        messages.push(told("ParcelAddedToDelivery", &delivery).with("parcel", parcel));
    }
    let delivery = Box::new(delivery);
    let change = match shipping {
        None => Change::DeliveryAdded(delivery),
        Some(key) => Change::DeliveryAddedTo { shipping: key.to_owned(), delivery },
    };
    Ok(Plan { changes: vec![change], messages })
}

pub(super) fn remove(order: &Order, of: &DeliveryRef) -> Decision<Plan> {
    let (shipping, held) = delivery(order, of)?;
    let message = Message::new("DeliveryRemoved").with("delivery", held).with("shippingKey", shipping);
    Ok(Plan::told(Change::DeliveryRemoved(held.id.clone()), message))
}

pub(super) fn items(order: &Order, of: &DeliveryRef, items: &[DeliveryItem]) -> Decision<Plan> {
    let (shipping, held) = delivery(order, of)?;
    let message = Message::new("DeliveryItemsUpdated").with("deliveryId", &held.id);
    let message = message.with("items", items).with("oldItems", &held.items).with("shippingKey", shipping);
    Ok(Plan::told(Change::DeliveryItems { delivery: held.id.clone(), items: items.to_vec() }, message))
}

pub(super) fn address(
    order: &Order,
    of: &DeliveryRef,
    to: Option<&AddressDraft>,
    cx: &Context<'_>,
) -> Decision<Plan> {
    let (shipping, held) = delivery(order, of)?;
    let to = to.map(|draft| addresses::checked(draft, cx)).transpose()?.map(Box::new);
    let message = Message::new("DeliveryAddressSet").with("deliveryId", &held.id);
    let message =
        message.with("address", &to).with("oldAddress", &held.address).with("shippingKey", shipping);
    Ok(Plan::told(Change::DeliveryAddress { delivery: held.id.clone(), address: to }, message))
}

pub(super) fn add_parcel(order: &Order, add: &AddParcel, cx: &Context<'_>) -> Decision<Plan> {
    let (shipping, held) = delivery(order, &add.delivery)?;
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
    let message = message.with("shippingKey", shipping);
    Ok(Plan::told(Change::ParcelAdded { delivery: held.id.clone(), parcel: Box::new(parcel) }, message))
}

pub(super) fn remove_parcel(order: &Order, of: &ParcelRef) -> Decision<Plan> {
    let Found { shipping, delivery, parcel } = parcel(order, of)?;
    let message = Message::new("ParcelRemovedFromDelivery").with("deliveryId", &delivery.id);
    let message = message.with("parcel", parcel).with("shippingKey", shipping);
    Ok(Plan::told(Change::ParcelRemoved(parcel.id.clone()), message))
}

pub(super) fn measurements(order: &Order, of: &ParcelRef, to: Option<&ParcelMeasurements>) -> Decision<Plan> {
    let found = parcel(order, of)?;
    let message = about("ParcelMeasurementsUpdated", &found).with("measurements", to);
    let parcel = found.parcel.id.clone();
    Ok(Plan::told(Change::ParcelMeasured { parcel, measurements: to.cloned() }, message))
}

pub(super) fn tracking(order: &Order, of: &ParcelRef, to: Option<&TrackingData>) -> Decision<Plan> {
    let found = parcel(order, of)?;
    let message = about("ParcelTrackingDataUpdated", &found).with("trackingData", to);
    let parcel = found.parcel.id.clone();
    Ok(Plan::told(Change::ParcelTracked { parcel, tracking: to.cloned() }, message))
}

pub(super) fn parcel_items(order: &Order, of: &ParcelRef, items: &[DeliveryItem]) -> Decision<Plan> {
    let found = parcel(order, of)?;
    let message = about("ParcelItemsUpdated", &found).with("items", items);
    let message = message.with("oldItems", &found.parcel.items);
    let parcel = found.parcel.id.clone();
    Ok(Plan::told(Change::ParcelItems { parcel, items: items.to_vec() }, message))
}

fn about(kind: &str, found: &Found<'_>) -> Message {
    let message = Message::new(kind).with("deliveryId", &found.delivery.id);
    message.with("parcelId", &found.parcel.id).with("shippingKey", found.shipping)
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

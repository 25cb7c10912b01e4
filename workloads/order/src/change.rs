//! Changes: the events of an order. What an order is, is its first state and all changes in order.
//!
//! Pure. A change holds everything that it needs (ids, times, resolved references), so applying it
//! again to the same state gives the same state.

use api::cart::{EstimatedDelivery, ItemShippingDetails, ItemState, Ships};
use api::order::{
    Delivery, DeliveryItem, Order, OrderState, Parcel, ParcelMeasurements, PaymentState, ReturnInfo,
    ReturnItem, ReturnPaymentState, ReturnShipmentState, ShipmentState, SyncInfo, TrackingData,
};
use api::{Address, CustomFields, Id, KeyReference, Locale, Reference, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Change {
    OrderState(OrderState),
    ShipmentState(ShipmentState),
    PaymentState(PaymentState),
    State(Reference),
    OrderNumber(Option<String>),
    PurchaseOrderNumber(Option<String>),
    CustomerEmail(Option<String>),
    Customer {
        id: Option<Id>,
        group: Option<Reference>,
    },
    Locale(Option<Locale>),
    Store(Option<KeyReference>),
    Synced(SyncInfo),
    ShippingAddress(Option<Box<Address>>),
    BillingAddress(Option<Box<Address>>),
    /// Added, or in place of the one with the same key.
    ItemShippingAddress(Box<Address>),
    ItemShippingAddressRemoved(String),
    LineStates {
        line: Id,
        states: Vec<ItemState>,
    },
    LineShipping {
        line: Id,
        details: Option<ItemShippingDetails>,
    },
    Custom {
        of: Part,
        custom: Option<CustomFields>,
    },
    EstimatedDelivery(Option<EstimatedDelivery>),
    /// Of one of several shipping methods.
    EstimatedDeliveryOf {
        shipping: String,
        to: Option<EstimatedDelivery>,
    },
    DeliveryAdded(Box<Delivery>),
    /// To one of several shipping methods.
    DeliveryAddedTo {
        shipping: String,
        delivery: Box<Delivery>,
    },
    DeliveryRemoved(Id),
    DeliveryItems {
        delivery: Id,
        items: Vec<DeliveryItem>,
    },
    DeliveryAddress {
        delivery: Id,
        address: Option<Box<Address>>,
    },
    ParcelAdded {
        delivery: Id,
        parcel: Box<Parcel>,
    },
    ParcelRemoved(Id),
    ParcelMeasured {
        parcel: Id,
        measurements: Option<ParcelMeasurements>,
    },
    ParcelTracked {
        parcel: Id,
        tracking: Option<TrackingData>,
    },
    ParcelItems {
        parcel: Id,
        items: Vec<DeliveryItem>,
    },
    ReturnAdded(ReturnInfo),
    Returns(Vec<ReturnInfo>),
    ReturnShipment {
        item: Id,
        state: ReturnShipmentState,
        at: Timestamp,
    },
    ReturnPayment {
        item: Id,
        state: ReturnPaymentState,
        at: Timestamp,
    },
}

impl Change {
    /// Applies the change. What it names and is not there stays away.
    pub(crate) fn evolve(&self, order: &mut Order) {
        match self {
            Self::OrderState(state) => order.order_state = *state,
            Self::ShipmentState(state) => order.shipment_state = Some(*state),
            Self::PaymentState(state) => order.payment_state = Some(*state),
            Self::State(state) => order.state = Some(state.clone()),
            Self::OrderNumber(number) => order.order_number.clone_from(number),
            Self::PurchaseOrderNumber(number) => order.purchase_order_number.clone_from(number),
            Self::CustomerEmail(email) => order.customer_email.clone_from(email),
            Self::Customer { id, group } => {
                order.customer_id.clone_from(id);
                order.customer_group.clone_from(group);
                if id.is_some() {
                    order.anonymous_id = None;
                }
            }
            Self::Locale(locale) => order.locale.clone_from(locale),
            Self::Store(store) => order.store.clone_from(store),
            Self::Synced(info) => {
                order.sync_info.retain(|held| held.channel != info.channel);
                order.sync_info.push(info.clone());
            }
            Self::ShippingAddress(address) => order.shipping_address = address.as_deref().cloned(),
            Self::BillingAddress(address) => order.billing_address = address.as_deref().cloned(),
            Self::ItemShippingAddress(address) => {
                match order.item_shipping_addresses.iter_mut().find(|held| held.key == address.key) {
                    Some(held) => held.clone_from(address),
                    None => order.item_shipping_addresses.push((**address).clone()),
                }
            }
            Self::ItemShippingAddressRemoved(key) => {
                order.item_shipping_addresses.retain(|held| held.key.as_deref() != Some(key));
            }
            Self::LineStates { line, states } => {
                if let Some(held) = line_states(order, line) {
                    held.clone_from(states);
                }
            }
            Self::LineShipping { line, details } => {
                if let Some(held) = line_shipping(order, line) {
                    held.clone_from(details);
                }
            }
            Self::Custom { of, custom } => {
                if let Some(held) = of.of_mut(order) {
                    held.clone_from(custom);
                }
            }
            Self::EstimatedDelivery(to) => expect(order, None, *to),
            Self::EstimatedDeliveryOf { shipping, to } => expect(order, Some(shipping), *to),
            Self::DeliveryAdded(delivery) => add_delivery(order, None, delivery),
            Self::DeliveryAddedTo { shipping, delivery } => add_delivery(order, Some(shipping), delivery),
            Self::DeliveryRemoved(_)
            | Self::DeliveryItems { .. }
            | Self::DeliveryAddress { .. }
            | Self::ParcelAdded { .. }
            | Self::ParcelRemoved(_)
            | Self::ParcelMeasured { .. }
            | Self::ParcelTracked { .. }
            | Self::ParcelItems { .. } => self.evolve_shipping(order),
            Self::ReturnAdded(info) => order.return_info.push(info.clone()),
            Self::Returns(infos) => order.return_info.clone_from(infos),
            Self::ReturnShipment { item, state, at } => {
                if let Some(held) = return_item(order, item) {
                    held.shipment_state = *state;
                    held.last_modified_at = *at;
                }
            }
            Self::ReturnPayment { item, state, at } => {
                if let Some(held) = return_item(order, item) {
                    held.payment_state = *state;
                    held.last_modified_at = *at;
                }
            }
        }
    }

    fn evolve_shipping(&self, order: &mut Order) {
        match self {
            Self::DeliveryRemoved(id) => {
                order.infos_mut().for_each(|info| info.deliveries.retain(|held| held.id != *id));
            }
            Self::DeliveryItems { delivery: id, items } => {
                if let Some(held) = delivery(order, id) {
                    held.items.clone_from(items);
                }
            }
            Self::DeliveryAddress { delivery: id, address } => {
                if let Some(held) = delivery(order, id) {
                    held.address = address.as_deref().cloned();
                }
            }
            Self::ParcelAdded { delivery: id, parcel } => {
                if let Some(held) = delivery(order, id) {
                    held.parcels.push((**parcel).clone());
                }
            }
            Self::ParcelRemoved(id) => {
                deliveries(order).for_each(|held| held.parcels.retain(|parcel| parcel.id != *id));
            }
            Self::ParcelMeasured { parcel: id, measurements } => {
                if let Some(held) = parcel(order, id) {
                    held.measurements.clone_from(measurements);
                }
            }
            Self::ParcelTracked { parcel: id, tracking } => {
                if let Some(held) = parcel(order, id) {
                    held.tracking_data.clone_from(tracking);
                }
            }
            Self::ParcelItems { parcel: id, items } => {
                if let Some(held) = parcel(order, id) {
                    held.items.clone_from(items);
                }
            }
            _ => {}
        }
    }
}

fn expect(order: &mut Order, shipping: Option<&str>, to: Option<EstimatedDelivery>) {
    if let Some(info) = order.info_mut(shipping) {
        info.estimated_delivery = to;
    }
}

fn add_delivery(order: &mut Order, shipping: Option<&str>, delivery: &Delivery) {
    if let Some(info) = order.info_mut(shipping) {
        info.deliveries.push(delivery.clone());
    }
}

/// Of all shipping methods; ids are unique among them.
fn deliveries(order: &mut Order) -> impl Iterator<Item = &mut Delivery> {
    order.infos_mut().flat_map(|info| &mut info.deliveries)
}

fn delivery<'a>(order: &'a mut Order, id: &Id) -> Option<&'a mut Delivery> {
    deliveries(order).find(|held| held.id == *id)
}

fn parcel<'a>(order: &'a mut Order, id: &Id) -> Option<&'a mut Parcel> {
    deliveries(order).flat_map(|held| &mut held.parcels).find(|held| held.id == *id)
}

fn return_item<'a>(order: &'a mut Order, id: &Id) -> Option<&'a mut ReturnItem> {
    order.return_info.iter_mut().flat_map(|info| &mut info.items).find(|held| held.id == *id)
}

/// Of a line item or a custom line item; ids are unique among both.
fn line_states<'a>(order: &'a mut Order, id: &Id) -> Option<&'a mut Vec<ItemState>> {
    let lines = order.line_items.iter_mut().map(|line| (&line.id, &mut line.state));
    let custom = order.custom_line_items.iter_mut().map(|line| (&line.id, &mut line.state));
    lines.chain(custom).find(|(held, _)| *held == id).map(|(_, states)| states)
}

fn line_shipping<'a>(order: &'a mut Order, id: &Id) -> Option<&'a mut Option<ItemShippingDetails>> {
    let lines = order.line_items.iter_mut().map(|line| (&line.id, &mut line.shipping_details));
    let custom = order.custom_line_items.iter_mut().map(|line| (&line.id, &mut line.shipping_details));
    lines.chain(custom).find(|(held, _)| *held == id).map(|(_, details)| details)
}

/// A part of an order that has custom fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Part {
    Order,
    Line(Id),
    CustomLine(Id),
    ShippingAddress,
    BillingAddress,
    /// By key.
    ItemShippingAddress(String),
    Shipping,
    /// One of several, by key.
    ShippingOf(String),
    Delivery(Id),
    DeliveryAddress(Id),
    Parcel(Id),
    ReturnItem(Id),
}

impl Part {
    /// What custom types name it.
    pub(crate) fn type_id(&self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Line(_) => "line-item",
            Self::CustomLine(_) => "custom-line-item",
            Self::ShippingAddress
            | Self::BillingAddress
            | Self::ItemShippingAddress(_)
            | Self::DeliveryAddress(_) => "address",
            Self::Shipping | Self::ShippingOf(_) => "shipping",
            Self::Delivery(_) => "order-delivery",
            Self::Parcel(_) => "order-parcel",
            Self::ReturnItem(_) => "order-return-item",
        }
    }

    /// Its custom fields; `None` if the order has no such part.
    pub(crate) fn of_mut<'a>(&self, order: &'a mut Order) -> Option<&'a mut Option<CustomFields>> {
        Some(match self {
            Self::Order => &mut order.custom,
            Self::Line(id) => &mut order.line_items.iter_mut().find(|line| line.id == *id)?.custom,
            Self::CustomLine(id) => {
                &mut order.custom_line_items.iter_mut().find(|line| line.id == *id)?.custom
            }
            Self::ShippingAddress => &mut order.shipping_address.as_mut()?.custom,
            Self::BillingAddress => &mut order.billing_address.as_mut()?.custom,
            Self::ItemShippingAddress(key) => {
                let mut addresses = order.item_shipping_addresses.iter_mut();
                &mut addresses.find(|held| held.key.as_deref() == Some(key))?.custom
            }
            Self::Shipping => &mut order.shipping_custom_fields,
            Self::ShippingOf(key) => {
                let mut several = order.shipping.iter_mut();
                &mut several.find(|held| held.shipping_key == *key)?.shipping_custom_fields
            }
            Self::Delivery(id) => &mut delivery(order, id)?.custom,
            Self::DeliveryAddress(id) => &mut delivery(order, id)?.address.as_mut()?.custom,
            Self::Parcel(id) => &mut parcel(order, id)?.custom,
            Self::ReturnItem(id) => &mut return_item(order, id)?.custom,
        })
    }
}

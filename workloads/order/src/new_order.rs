//! What becomes an order: a cart, or an order of another system.

use crate::import;
use crate::journal::Journal;
use api::cart::{Cart, InventoryMode};
use api::internal::inventory::{EntryName, StockLine};
use api::order::{Order, OrderFromCartDraft, OrderImportDraft};
use api::state::StateType;
use api::{
    ApiError, CustomFields, CustomFieldsDraft, Id, Kind, Reference, ResourceIdentifier, Stored, Timestamp,
};
use kit::resource::{Context, Decision};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The longest order number.
const MAX_NUMBER: usize = 256;

/// What an order is made from. Orders are only made by the service itself, so there is nothing to read from a body.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct NewOrder {
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) making: Option<Making>,
}

/// An order that is being made.
pub(crate) struct Making {
    /// The order's id, known before so that every step of the saga can name it.
    pub(crate) id: Id,
    /// Until then the order is decided.
    pub(crate) deadline: Timestamp,
    pub(crate) source: Source,
}

/// Where an order comes from.
pub(crate) enum Source {
    /// What the client sent, and the cart as the cart service prepared it.
    Cart { draft: Box<OrderFromCartDraft>, cart: Box<Stored<Cart>> },
    /// An order of another system.
    Import(Box<OrderImportDraft>),
}

impl NewOrder {
    /// The order, still being made.
    pub(crate) fn make(&self, cx: &mut Context<'_>) -> Decision<(Order, Journal)> {
        let Some(making) = &self.making else {
            return Err(kit::peers::internal(&"an order that is made of nothing").into());
        };
        let order = match &making.source {
            Source::Cart { draft, cart } => of_cart(draft, cart, cx)?,
            Source::Import(draft) => import::order(draft, cx)?,
        };
        Ok((order, Journal::making(making.deadline)))
    }
}

fn of_cart(draft: &OrderFromCartDraft, cart: &Stored<Cart>, cx: &Context<'_>) -> Decision<Order> {
    if let Some(number) = &draft.order_number {
        check_number(number)?;
    }
    let state = draft.state.as_ref().map(|state| first_state(state, cx)).transpose()?;
    let (id, cart) = (cart.meta.id.clone(), cart.body.clone());
    let custom = custom(draft.custom.as_ref(), cart.custom, cx)?;
    Ok(Order {
        order_number: draft.order_number.clone(),
        purchase_order_number: draft.purchase_order_number.clone().or(cart.purchase_order_number),
        customer_id: cart.customer_id,
        customer_email: cart.customer_email,
        customer_group: cart.customer_group,
        anonymous_id: cart.anonymous_id,
        store: cart.store,
        line_items: cart.line_items,
        custom_line_items: cart.custom_line_items,
        total_price: cart.total_price,
        taxed_price: cart.taxed_price,
        taxed_shipping_price: cart.taxed_shipping_price,
        price_rounding_mode: cart.price_rounding_mode,
        tax_mode: cart.tax_mode,
        tax_rounding_mode: cart.tax_rounding_mode,
        tax_calculation_mode: cart.tax_calculation_mode,
        inventory_mode: cart.inventory_mode,
        billing_address: cart.billing_address,
        shipping_address: cart.shipping_address,
        shipping_mode: cart.shipping_mode,
        shipping_info: cart.shipping_info,
        shipping_rate_input: cart.shipping_rate_input,
        shipping_custom_fields: cart.shipping_custom_fields,
        shipping: cart.shipping,
        item_shipping_addresses: cart.item_shipping_addresses,
        discount_codes: Vec::new(),
        direct_discounts: Vec::new(),
        refused_gifts: Vec::new(),
        country: cart.country,
        locale: cart.locale,
        origin: cart.origin,
        cart: Some(Reference::new(Kind::Cart, id)),
        order_state: draft.order_state.unwrap_or_default(),
        shipment_state: draft.shipment_state,
        payment_state: draft.payment_state,
        state,
        sync_info: Vec::new(),
        return_info: Vec::new(),
        custom,
        completed_at: None,
    })
}

/// Order numbers are texts of 1 to 256 characters.
pub(crate) fn check_number(number: &str) -> Result<(), ApiError> {
    if number.is_empty() || number.len() > MAX_NUMBER {
        return Err(ApiError::invalid_field("orderNumber", number));
    }
    Ok(())
}

/// The workflow state that a new order is in, which must be an initial one.
fn first_state(identifier: &ResourceIdentifier, cx: &Context<'_>) -> Decision<Reference> {
    let state = cx.resolve::<api::state::State>(Kind::State, identifier)?;
    if state.state_type != StateType::OrderState || !state.initial {
        let message = format!("The state '{}' is not an initial state of orders.", state.key);
        return Err(ApiError::invalid_operation(message).into());
    }
    Ok(Reference::new(Kind::State, state.id().clone()))
}

/// The cart's custom fields with those of the draft over them; both of one type.
fn custom(
    draft: Option<&CustomFieldsDraft>,
    cart: Option<CustomFields>,
    cx: &Context<'_>,
) -> Decision<Option<CustomFields>> {
    let (Some(draft), Some(cart)) = (draft, &cart) else {
        return match draft {
            Some(draft) => cx.custom(Some(draft), "order"),
            None => Ok(cart),
        };
    };
    if cx.reference(Kind::Type, &draft.type_ref)? != cart.type_ref {
        let message = "The custom fields of the order must have the type of the cart's.";
        return Err(ApiError::invalid_operation(message).into());
    }
    let mut fields = cart.fields.clone();
    fields.extend(draft.fields.clone());
    cx.custom(Some(&CustomFieldsDraft { type_ref: draft.type_ref.clone(), fields }), "order")
}

/// The stock that an order needs.
pub(crate) fn stock_lines(order: &Order) -> Vec<StockLine> {
    let lines = order.line_items.iter().filter_map(|line| {
        let mode = line.inventory_mode.unwrap_or(order.inventory_mode);
        (mode != InventoryMode::None).then(|| StockLine {
            line_item_id: line.id.clone(),
            entry: EntryName {
                sku: line.variant.sku.clone().unwrap_or_default(),
                supply_channel: line.supply_channel.as_ref().map(|channel| channel.id.clone()),
            },
            quantity: line.quantity,
            mode,
        })
    });
    lines.collect()
}

/// The inventory entries that an order takes from, each once.
pub(crate) fn entries(order: &Order) -> Vec<EntryName> {
    let names: BTreeSet<EntryName> = stock_lines(order).into_iter().map(|line| line.entry).collect();
    names.into_iter().collect()
}

//! Orders: their rules. An order only changes by [`Change`]s, which its journal keeps.

use crate::decisions::{self, Plan};
use crate::journal::Journal;
use crate::new_order::NewOrder;
use api::order::{MyOrderFromCartDraft, Order, OrderAction};
use api::{ApiError, Code, Id, Key, Kind, Message, Meta};
use kit::resource::{Context, Decision, Mine, Owner, RouteSet, Rules, State};
use kit::store::Claim;
use serde_json::{Map, Value};

/// The claims of orders.
const CART: &str = "cart";
const NUMBER: &str = "orderNumber";

/// The rules of orders.
pub(crate) struct Orders;

impl Rules for Orders {
    type Body = Order;
    type Hidden = Journal;
    type Draft = NewOrder;
    type Action = OrderAction;

    const KIND: Kind = Kind::Order;
    const INDEXES: &'static [&'static str] = &["customerId", "anonymousId", "cart.id"];
    const SELECTORS: &'static [(&'static str, &'static str)] = &[("order-number", NUMBER)];
    /// Creation is a saga, and deletion settles the stock first: both are routes of the service's own.
    const ROUTES: RouteSet = RouteSet { read: true, update: true, ..RouteSet::NONE };

    fn create(draft: &NewOrder, cx: &mut Context<'_>) -> Decision<(Order, Journal)> {
        draft.make(cx)
    }

    fn apply(state: &mut State<Self>, action: &OrderAction, cx: &mut Context<'_>) -> Decision<()> {
        let plan = decisions::decide(&state.body, action, cx)?;
        carry_out(state, plan, cx)
    }

    fn settle(state: &mut State<Self>, _cx: &mut Context<'_>) -> Decision<()> {
        if let Some(saga) = state.hidden.saga {
            state.due_at = Some(saga.deadline);
        }
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        cx.emit(told("OrderDeleted", &state.meta, &state.body));
        Ok(())
    }

    fn claims(order: &Order) -> Vec<Claim> {
        let cart = order.cart.iter().map(|cart| Claim::new(CART, cart.id.as_str()));
        let number = order.order_number.iter().map(|number| Claim::new(NUMBER, number.as_str()));
        cart.chain(number).collect()
    }

    /// A cart that another request is ordering is a conflict, not a duplicate: this one came second.
    fn taken(claim: &Claim) -> ApiError {
        if claim.name == CART {
            let message = format!("The cart '{}' is being ordered by another request.", claim.value);
            return ApiError::new(Code::ConcurrentModification, message);
        }
        ApiError::duplicate_field(&claim.name, claim.value.as_str())
    }

    fn user_identifiers(order: &Order) -> Map<String, Value> {
        order.order_number.iter().map(|number| (NUMBER.to_owned(), number.as_str().into())).collect()
    }

    fn id(draft: &NewOrder, _cx: &Context<'_>) -> Option<Id> {
        draft.making.as_ref().map(|making| making.id.clone())
    }

    fn belongs_to(order: &Order, owner: &Owner) -> bool {
        match owner {
            Owner::Customer(id) => order.customer_id.as_ref() == Some(id),
            Owner::Anonymous(id) => order.anonymous_id.as_ref() == Some(id),
        }
    }

    fn is_in_store(order: &Order, store: &Key) -> bool {
        order.store.as_ref().is_some_and(|held| held.key == *store)
    }
}

impl Mine for Orders {
    type MyDraft = MyOrderFromCartDraft;
    const MY_SCOPE: &'static str = "manage_my_orders";
    const MY_ACTIONS: &'static [&'static str] = &[];
    const MY_ROUTES: RouteSet = RouteSet { read: true, ..RouteSet::NONE };

    fn my_draft(_: MyOrderFromCartDraft, _: &Owner) -> NewOrder {
        NewOrder::default()
    }
}

/// Carries a plan out: the journal keeps its changes, its messages are told.
pub(crate) fn carry_out(state: &mut State<Orders>, plan: Plan, cx: &mut Context<'_>) -> Decision<()> {
    let mut after = state.body.clone();
    plan.changes.iter().for_each(|change| change.evolve(&mut after));
    if after == state.body {
        return Ok(());
    }
    state.hidden.record(&state.body, cx.now, plan.changes)?;
    state.body = after;
    plan.messages.into_iter().for_each(|message| cx.emit(message));
    Ok(())
}

/// A message that carries the whole order.
pub(crate) fn told(kind: &str, meta: &Meta, order: &Order) -> Message {
    match api::meta::join(meta, order) {
        Ok(text) => Message::new(kind).with_text("order", text),
        // The types of the API can always be written.
        Err(_) => Message::new(kind),
    }
}

//! Workflow states of an order and of the units of its lines (contract §7).

use super::Plan;
use super::lines::Line;
use crate::change::Change;
use api::cart::ItemState;
use api::order::{ItemStateDraft, Order, StateTransition};
use api::state::{State, StateType};
use api::{ApiError, Kind, Message, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision, Found, Lookup, LookupBy};

/// The most states that the units of one line are in.
const MAX_STATES: usize = 100;

/// A state of that type, with its reference.
fn state(
    identifier: &ResourceIdentifier,
    of: StateType,
    cx: &Context<'_>,
) -> Decision<(Found<State>, Reference)> {
    let found = cx.resolve::<State>(Kind::State, identifier)?;
    if found.state_type != of {
        let message = format!("The state '{}' has the type {:?}, not {of:?}.", found.key, found.state_type);
        return Err(ApiError::invalid_operation(message).into());
    }
    let reference = Reference::new(Kind::State, found.id().clone());
    Ok((found, reference))
}

fn no_transition(from: &Reference, to: &Reference) -> ApiError {
    ApiError::invalid_operation(format!(
        "There is no transition from the state '{}' to '{}'.",
        from.id, to.id
    ))
}

/// `transitionState`: without a state the new one must be initial, else a transition must lead to it;
/// `force` skips both.
pub(super) fn order(order: &Order, to: &ResourceIdentifier, force: bool, cx: &Context<'_>) -> Decision<Plan> {
    if let Some(before) = &order.state {
        cx.want(Lookup::new(Kind::State, LookupBy::Id(before.id.clone())));
    }
    let (found, to) = state(to, StateType::OrderState, cx)?;
    if !force && order.state.as_ref() != Some(&to) {
        match &order.state {
            None if !found.initial => {
                let message = format!("The state '{}' is not an initial state.", found.key);
                return Err(ApiError::invalid_operation(message).into());
            }
            None => {}
            Some(before) => {
                // A state that is gone restricts nothing.
                let held = cx.by_id::<State>(Kind::State, &before.id)?;
                if held.is_some_and(|held| !held.leads_to(&to.id)) {
                    return Err(no_transition(before, &to).into());
                }
            }
        }
    }
    let message = Message::new("OrderStateTransition").with("state", &to).with("oldState", &order.state);
    Ok(Plan::told(Change::State(to), message.with("force", force)))
}

/// Moves units of a line from one state to another.
pub(super) fn line(line: &Line<'_>, transition: &StateTransition, cx: &Context<'_>) -> Decision<Plan> {
    cx.want(Context::lookup_of(Kind::State, &transition.to_state));
    let (from_state, from) = state(&transition.from_state, StateType::LineItemState, cx)?;
    let (_, to) = state(&transition.to_state, StateType::LineItemState, cx)?;
    let quantity = transition.quantity;
    let held = line.states.iter().find(|held| held.state == from).map_or(0, |held| held.quantity);
    if quantity < 1 || quantity > held {
        let message =
            format!("{quantity} units cannot leave the state '{}': {held} are in it.", from_state.key);
        return Err(ApiError::invalid_operation(message).into());
    }
    if from != to && !from_state.leads_to(&to.id) {
        return Err(no_transition(&from, &to).into());
    }
    let mut states = line.states.to_vec();
    if let Some(left) = states.iter_mut().find(|held| held.state == from) {
        left.quantity -= quantity;
    }
    put(&mut states, quantity, to.clone());
    states.retain(|held| held.quantity > 0);
    let message = match line.what {
        "lineItem" => {
            Message::new("LineItemStateTransition").with("lineItemId", line.id).with("lineItemKey", line.key)
        }
        _ => Message::new("CustomLineItemStateTransition")
            .with("customLineItemId", line.id)
            .with("customLineItemKey", line.key),
    };
    let message = message
        .with("transitionDate", transition.actual_transition_date.unwrap_or(cx.now))
        .with("quantity", quantity)
        .with("fromState", &from)
        .with("toState", &to);
    Ok(Plan::told(Change::LineStates { line: line.id.clone(), states }, message))
}

/// `import…State`: says in which states all units of a line are, whatever they were in.
pub(super) fn import(line: &Line<'_>, drafts: &[ItemStateDraft], cx: &Context<'_>) -> Decision<Plan> {
    if drafts.len() > MAX_STATES {
        return Err(ApiError::invalid_operation(format!("A line has at most {MAX_STATES} states.")).into());
    }
    drafts.iter().for_each(|draft| cx.want(Context::lookup_of(Kind::State, &draft.state)));
    let mut states = Vec::new();
    for draft in drafts {
        let (_, reference) = state(&draft.state, StateType::LineItemState, cx)?;
        if draft.quantity < 1 {
            return Err(ApiError::invalid_field("state.quantity", draft.quantity).into());
        }
        put(&mut states, draft.quantity, reference);
    }
    let sum: i128 = states.iter().map(|held| i128::from(held.quantity)).sum();
    if sum != i128::from(line.quantity) {
        let message = format!("The quantities of the states sum to {sum}; the line has {}.", line.quantity);
        return Err(ApiError::invalid_operation(message).into());
    }
    Ok(Plan::silent(Change::LineStates { line: line.id.clone(), states }))
}

fn put(states: &mut Vec<ItemState>, quantity: i64, state: Reference) {
    match states.iter_mut().find(|held| held.state == state) {
        Some(held) => held.quantity = held.quantity.saturating_add(quantity),
        None => states.push(ItemState { quantity, state }),
    }
}

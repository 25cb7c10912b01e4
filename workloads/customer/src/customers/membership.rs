//! The groups and stores that a customer belongs to.

use super::Customers;
use crate::limits;
use api::customer::{CustomerGroupAssignment, CustomerGroupAssignmentDraft};
use api::{ApiError, KeyReference, Kind, Message, ResourceIdentifier, StoreIdentifier};
use kit::resource::{Context, Decision, State};

/// The assignments that drafts describe, each group once.
pub(super) fn assignments(
    drafts: &[CustomerGroupAssignmentDraft],
    cx: &Context<'_>,
) -> Decision<Vec<CustomerGroupAssignment>> {
    limits::at_most("customer groups", drafts.len(), limits::GROUPS)?;
    drafts.iter().for_each(|draft| cx.want(Context::lookup_of(Kind::CustomerGroup, &draft.customer_group)));
    let mut assignments = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let assignment = assignment(draft, cx)?;
        if !assignments.contains(&assignment) {
            assignments.push(assignment);
        }
    }
    Ok(assignments)
}

fn assignment(draft: &CustomerGroupAssignmentDraft, cx: &Context<'_>) -> Decision<CustomerGroupAssignment> {
    Ok(CustomerGroupAssignment { customer_group: cx.reference(Kind::CustomerGroup, &draft.customer_group)? })
}

/// The stores that identifiers name, each once.
pub(super) fn stores(identifiers: &[StoreIdentifier], cx: &Context<'_>) -> Decision<Vec<KeyReference>> {
    limits::at_most("stores", identifiers.len(), limits::STORES)?;
    identifiers.iter().for_each(|store| cx.want(Context::lookup_of(Kind::Store, store)));
    let mut stores = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        let store = cx.store_reference(identifier)?;
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    Ok(stores)
}

/// `setCustomerGroup`.
pub(super) fn set_group(
    state: &mut State<Customers>,
    group: Option<&ResourceIdentifier>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let group = cx.reference_opt(Kind::CustomerGroup, group)?;
    if state.customer_group != group {
        state.customer_group.clone_from(&group);
        cx.emit(Message::new("CustomerGroupSet").with("customerGroup", group));
    }
    Ok(())
}

/// `setCustomerGroupAssignments`.
pub(super) fn set_assignments(
    state: &mut State<Customers>,
    drafts: &[CustomerGroupAssignmentDraft],
    cx: &mut Context<'_>,
) -> Decision<()> {
    let now = assignments(drafts, cx)?;
    if state.customer_group_assignments != now {
        let old = std::mem::replace(&mut state.customer_group_assignments, now.clone());
        let message = Message::new("CustomerGroupAssignmentsSet").with("customerGroupAssignments", now);
        cx.emit(message.with("oldCustomerGroupAssignments", old));
    }
    Ok(())
}

/// `addCustomerGroupAssignment`; adding what is there has no effect.
pub(super) fn add_assignment(
    state: &mut State<Customers>,
    draft: &CustomerGroupAssignmentDraft,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let assignment = assignment(draft, cx)?;
    if !state.customer_group_assignments.contains(&assignment) {
        state.customer_group_assignments.push(assignment.clone());
        cx.emit(Message::new("CustomerGroupAssignmentAdded").with("customerGroupAssignment", assignment));
    }
    Ok(())
}

/// `removeCustomerGroupAssignment`.
pub(super) fn remove_assignment(
    state: &mut State<Customers>,
    group: &ResourceIdentifier,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let gone = CustomerGroupAssignment { customer_group: cx.reference(Kind::CustomerGroup, group)? };
    if !state.customer_group_assignments.contains(&gone) {
        return Err(
            ApiError::invalid_operation("The customer is not assigned to this customer group.").into()
        );
    }
    state.customer_group_assignments.retain(|assignment| *assignment != gone);
    cx.emit(Message::new("CustomerGroupAssignmentRemoved").with("customerGroupAssignment", gone));
    Ok(())
}

/// `setStores`.
pub(super) fn set_stores(
    state: &mut State<Customers>,
    identifiers: &[StoreIdentifier],
    cx: &mut Context<'_>,
) -> Decision<()> {
    let now = stores(identifiers, cx)?;
    replace_stores(state, now, cx);
    Ok(())
}

/// `addStore`; adding what is there has no effect.
pub(super) fn add_store(
    state: &mut State<Customers>,
    identifier: &StoreIdentifier,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let store = cx.store_reference(identifier)?;
    let mut now = state.stores.clone();
    if !now.contains(&store) {
        now.push(store);
    }
    replace_stores(state, now, cx);
    Ok(())
}

/// `removeStore`. Without any store left, the customer is a global one.
pub(super) fn remove_store(
    state: &mut State<Customers>,
    identifier: &StoreIdentifier,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let store = cx.store_reference(identifier)?;
    let now: Vec<KeyReference> = state.stores.iter().filter(|s| **s != store).cloned().collect();
    if now.len() == state.stores.len() {
        return Err(ApiError::invalid_operation("The customer does not belong to this store.").into());
    }
    replace_stores(state, now, cx);
    Ok(())
}

fn replace_stores(state: &mut State<Customers>, now: Vec<KeyReference>, cx: &mut Context<'_>) {
    if state.stores != now {
        let old = std::mem::replace(&mut state.stores, now.clone());
        cx.emit(Message::new("CustomerStoresSet").with("stores", now).with("oldStores", old));
    }
}

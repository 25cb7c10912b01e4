//! The workflow states of what this service keeps: which one a resource may begin in, and which may follow.

use api::state::{State, StateType};
use api::{ApiError, Kind, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision, Found, Lookup, LookupBy};

/// The state of that name, which must be of the type that the resource takes.
pub(crate) fn state_of(
    of: StateType,
    identifier: &ResourceIdentifier,
    cx: &Context<'_>,
) -> Decision<Found<State>> {
    let found = cx.resolve::<State>(Kind::State, identifier)?;
    if found.state_type == of {
        return Ok(found);
    }
    Err(ApiError::invalid_operation(format!(
        "A state of type {:?} does not fit here; it must be a {of:?}.",
        found.state_type
    ))
    .into())
}

/// A reference to a state.
pub(crate) fn reference(state: &Found<State>) -> Reference {
    Reference::new(Kind::State, state.id().clone())
}

/// `transitionState`: along the transitions of the present state, if it restricts them; a resource without
/// a state begins with an initial one. `force` skips these two checks. Gives `None` if it is there already.
pub(crate) fn next(
    of: StateType,
    before: Option<&Reference>,
    to: &ResourceIdentifier,
    force: bool,
    cx: &Context<'_>,
) -> Decision<Option<Found<State>>> {
    if let Some(before) = before {
        cx.want(Lookup::new(Kind::State, LookupBy::Id(before.id.clone())));
    }
    let found = state_of(of, to, cx)?;
    let to = found.id();
    if before.is_some_and(|before| before.id == *to) {
        return Ok(None);
    }
    if !force {
        match before {
            None if !found.initial => {
                return Err(ApiError::invalid_operation(format!(
                    "The state '{to}' is not an initial state."
                ))
                .into());
            }
            None => {}
            Some(before) => {
                let held = cx.by_id::<State>(Kind::State, &before.id)?;
                if held.is_some_and(|held| !held.leads_to(to)) {
                    let message = format!("There is no transition from the state '{}' to '{to}'.", before.id);
                    return Err(ApiError::invalid_operation(message).into());
                }
            }
        }
    }
    Ok(Some(found))
}

//! States of user-defined workflows and the ways between them.

use crate::references::{quoted, refuse_while_referenced};
use crate::settings::distinct;
use api::state::{INITIAL, State as Workflow, StateAction, StateDraft, StateType};
use api::{ApiError, Key, Kind, Reference, ResourceIdentifier, Result};
use kit::peers::internal;
use kit::resource::{Context, Decision, Lookup, LookupBy, Rules, State};
use kit::store::Claim;
use serde_json::{Map, Value};

/// The rules of states.
pub(crate) struct States;

impl Rules for States {
    type Body = Workflow;
    type Hidden = ();
    type Draft = StateDraft;
    type Action = StateAction;

    const KIND: Kind = Kind::State;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &StateDraft, cx: &mut Context<'_>) -> Decision<(Workflow, ())> {
        let state = Workflow {
            key: draft.key.clone(),
            state_type: draft.state_type,
            name: draft.name.clone(),
            description: draft.description.clone(),
            initial: draft.initial.unwrap_or(true),
            built_in: false,
            roles: distinct(&draft.roles),
            transitions: transitions(draft.transitions.as_deref(), cx)?,
        };
        Ok((state, ()))
    }

    fn apply(state: &mut State<Self>, action: &StateAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            StateAction::ChangeKey { key } => {
                if *key != state.key {
                    own(&state.body)?;
                }
                state.key.clone_from(key);
            }
            StateAction::ChangeType { state_type } => {
                if *state_type != state.state_type {
                    own(&state.body)?;
                    refuse_other_types_before(&state.key, *state_type, cx)?;
                }
                state.state_type = *state_type;
            }
            StateAction::ChangeInitial { initial } => {
                if *initial != state.initial {
                    own(&state.body)?;
                }
                state.initial = *initial;
            }
            StateAction::SetName { name } => state.name.clone_from(name),
            StateAction::SetDescription { description } => state.description.clone_from(description),
            StateAction::SetRoles { roles } => state.roles = distinct(roles),
            StateAction::AddRoles { roles } => {
                state.roles.extend_from_slice(roles);
                state.roles = distinct(&state.roles);
            }
            StateAction::RemoveRoles { roles } => state.roles.retain(|role| !roles.contains(role)),
            StateAction::SetTransitions { transitions: to } => {
                state.transitions = transitions(to.as_deref(), cx)?;
            }
        }
        Ok(())
    }

    /// Roles are those of the type, and transitions lead to states of the same one.
    fn settle(state: &mut State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        if let Some(role) = state.roles.iter().find(|role| role.of() != state.state_type) {
            let state_type = state.state_type;
            let message = format!("The role '{role:?}' is not for states of type {state_type:?}.");
            return Err(ApiError::invalid_operation(message).into());
        }
        let others = || state.transitions.iter().flatten().filter(|to| to.id != state.meta.id);
        others().for_each(|to| cx.want(Lookup::new(Kind::State, LookupBy::Id(to.id.clone()))));
        for to in others() {
            if let Some(found) = cx.by_id::<Workflow>(Kind::State, &to.id)?
                && found.state_type != state.state_type
            {
                return Err(other_type(&state.key, state.state_type, &found.key, found.state_type).into());
            }
        }
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        if state.built_in {
            return Err(ApiError::invalid_operation("Built-in states cannot be deleted.").into());
        }
        let id = quoted(state.meta.id.as_str());
        let by = [
            (Kind::State, format!("transitions(id = {id}) and id != {id}")),
            (Kind::Product, format!("state(id = {id})")),
            (Kind::Review, format!("state(id = {id})")),
            (
                Kind::Order,
                format!(
                    "state(id = {id}) or lineItems(state(state(id = {id}))) or \
                     customLineItems(state(state(id = {id})))"
                ),
            ),
        ];
        refuse_while_referenced(Kind::State, by, cx)
    }

    fn claims(state: &Workflow) -> Vec<Claim> {
        vec![Claim::new("key", state.key.as_str())]
    }

    fn user_identifiers(state: &Workflow) -> Map<String, Value> {
        Map::from_iter([("key".to_owned(), Value::from(&state.key))])
    }
}

/// The built-in state that new line items are in.
pub(crate) fn initial() -> Result<Workflow> {
    let key = Key::parse(INITIAL).ok_or_else(|| internal(&"the built-in state's key is not a key"))?;
    Ok(Workflow {
        key,
        state_type: StateType::LineItemState,
        name: None,
        description: None,
        initial: true,
        built_in: true,
        roles: Vec::new(),
        transitions: None,
    })
}

/// Refuses changes to what a built-in state is.
fn own(state: &Workflow) -> Result<()> {
    if state.built_in {
        return Err(ApiError::invalid_operation(
            "Key, type and 'initial' of built-in states cannot be changed.",
        ));
    }
    Ok(())
}

fn transitions(given: Option<&[ResourceIdentifier]>, cx: &Context<'_>) -> Decision<Option<Vec<Reference>>> {
    let Some(given) = given else { return Ok(None) };
    given.iter().for_each(|to| cx.want(Context::lookup_of(Kind::State, to)));
    let references = given.iter().map(|to| cx.reference(Kind::State, to)).collect::<Decision<Vec<_>>>()?;
    Ok(Some(distinct(&references)))
}

/// Refuses a type while states of other types lead to this one.
fn refuse_other_types_before(key: &Key, to: StateType, cx: &Context<'_>) -> Decision<()> {
    let id = quoted(cx.resource_id.as_str());
    let before =
        cx.matching::<Workflow>(Kind::State, format!("transitions(id = {id}) and id != {id}"), 500)?;
    match before.iter().find(|before| before.state_type != to) {
        Some(before) => Err(other_type(&before.key, before.state_type, key, to).into()),
        None => Ok(()),
    }
}

fn other_type(from: &Key, from_type: StateType, to: &Key, to_type: StateType) -> ApiError {
    ApiError::invalid_operation(format!(
        "The state '{from}' of type {from_type:?} can only lead to states of the same type, but '{to}' is of \
         type {to_type:?}."
    ))
}

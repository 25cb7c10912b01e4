//! `POST /declare`: the projects that the manifest declares, with what belongs to every project.
//!
//! A project that was taken out of the manifest is left as it is: closing it is the account service's part.

use crate::settings::{Projects, change_languages, distinct, selector};
use crate::states::{States, initial};
use api::internal::declared::Declared;
use api::internal::project::DeclareProject;
use api::{Id, Kind, Meta, Result};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::resource::{Access, Collection, Context, Decision, Edit, State, store_error};
use kit::store::{MAIN, Selector, Visibility};
use std::sync::Arc;

/// The handler; see [`Declared`]. What is wrong with one project does not keep the others back.
pub(crate) fn handler(
    projects: &Arc<Collection<Projects>>,
    states: &Arc<Collection<States>>,
) -> MethodRouter {
    let (projects, states) = (Arc::clone(projects), Arc::clone(states));
    post(move |body: Bytes| async move {
        let declared: Declared = json(&body)?;
        let mut failed = None;
        for project in &declared.projects {
            if let Err(error) = declare(&projects, &states, &project.settings()).await {
                failed.get_or_insert(error);
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        Reply::Ok(ok("null"))
    })
}

async fn declare(
    projects: &Collection<Projects>,
    states: &Collection<States>,
    declared: &DeclareProject,
) -> Result<()> {
    if Id::parse(&declared.key).is_none() {
        return Err(api::ApiError::invalid_field("key", declared.key.as_str()));
    }
    let request = RequestInfo::system(&declared.key, "declare");
    make_or_change(projects, &request, declared).await?;
    make_initial_state(states, &request).await
}

async fn make_or_change(
    projects: &Collection<Projects>,
    request: &RequestInfo,
    declared: &DeclareProject,
) -> Result<()> {
    if change(projects, request, declared).await? {
        return Ok(());
    }
    match projects.create(request, declared).await {
        Ok(_) => Ok(()),
        // Somebody else declared it meanwhile.
        Err(error) => {
            if change(projects, request, declared).await? {
                Ok(())
            } else {
                Err(error)
            }
        }
    }
}

/// Brings a project up to date; `false` if there is none.
async fn change(
    projects: &Collection<Projects>,
    request: &RequestInfo,
    declared: &DeclareProject,
) -> Result<bool> {
    let edit = Edit { expected_version: None, access: Access::PROJECT, visible: true };
    let change = |state: &mut State<Projects>, cx: &mut Context<'_>| apply(state, declared, cx);
    Ok(projects.edit(request, &selector(&declared.key), &edit, change).await?.is_some())
}

/// Sets what is declared otherwise than the last time. The rest is left as clients made it.
pub(crate) fn apply(
    project: &mut State<Projects>,
    declared: &DeclareProject,
    cx: &Context<'_>,
) -> Decision<()> {
    let last = project.hidden.declared.take();
    let last = last.as_ref();
    if last.is_none_or(|last| last.name != declared.name) {
        project.name.clone_from(&declared.name);
    }
    if last.is_none_or(|last| last.currencies != declared.currencies) {
        project.currencies = distinct(&declared.currencies);
    }
    if last.is_none_or(|last| last.countries != declared.countries) {
        project.countries = distinct(&declared.countries);
    }
    if last.is_none_or(|last| last.languages != declared.languages) {
        change_languages(&mut project.body, &declared.languages, cx)?;
    }
    project.hidden.declared = Some(declared.clone());
    Ok(())
}

/// Makes the built-in state of new line items, unless it is there.
async fn make_initial_state(states: &Collection<States>, request: &RequestInfo) -> Result<()> {
    let there =
        || states.deps.store.view(request.project(), Kind::State, &Selector::key(api::state::INITIAL), MAIN);
    if there().await.map_err(|e| store_error(&e))?.is_some() {
        return Ok(());
    }
    let now = states.deps.clock.now();
    let meta = Meta {
        id: states.deps.clock.new_id(now),
        version: 1,
        created_at: now,
        last_modified_at: now,
        created_by: None,
        last_modified_by: None,
    };
    let state = State { body: initial()?, hidden: (), visibility: Visibility::Live, due_at: None, meta };
    match states.insert(request, state, Vec::new()).await {
        Ok(_) => Ok(()),
        // Somebody else made it meanwhile.
        Err(error) => match there().await.map_err(|e| store_error(&e))? {
            Some(_) => Ok(()),
            None => Err(error),
        },
    }
}

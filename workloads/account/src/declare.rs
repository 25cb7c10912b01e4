//! `POST /declare`: the API clients that the manifest declares, made, changed when the manifest changes,
//! taken away with it; and projects that were taken out of it, closed.
//!
//! What was applied last is remembered as a hash for each project, and applied again only when it differs. So
//! what users change through the API beside the manifest is not fought over, also not after a restart.

use crate::clients::{ApiClients, ClientBody, NewClient, checked};
use crate::credentials::hash;
use crate::declarations::{Declaration, Declarations, NewDeclaration};
use crate::{Account, LONGEST_LIFE_DAYS, STACK, revocation};
use api::account::ApiClientDraft;
use api::internal::account::{DeclaredClient, Revoked};
use api::internal::declared::{Declared, DeclaredProject};
use api::{Id, Kind, Result};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::peers::internal;
use kit::resource::{Context, Edit, State, equals};
use kit::store::{MAIN, Query, Selector};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The handler; see [`Declared`]. What is wrong with one project does not keep the others back.
pub(crate) fn handler(account: &Arc<Account>) -> MethodRouter {
    let account = Arc::clone(account);
    post(move |body: Bytes| async move {
        let declared: Declared = json(&body)?;
        let mut failed = None;
        for project in &declared.projects {
            if let Err(error) = declare(&account, project).await {
                failed.get_or_insert(error);
            }
        }
        let stay: HashSet<&str> = declared.projects.iter().map(|p| p.key.as_str()).collect();
        for before in account.declared_projects().await? {
            if !before.is_shut()
                && !stay.contains(before.project.as_str())
                && let Err(error) = close(&account, &before).await
            {
                failed.get_or_insert(error);
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Reply::Ok(ok("null")),
        }
    })
}

/// Brings the clients of a project to what is declared, unless that was done before.
async fn declare(account: &Account, project: &DeclaredProject) -> Result<()> {
    // Secrets of 128 bits and more are in it, so the hash tells nothing of them.
    let hash = hash(&serde_json::to_string(&project.api_clients).map_err(|e| internal(&e))?);
    let open = Declaration { project: project.key.clone(), hash, closed: false };
    if account.declaration(&project.key).await?.as_ref() == Some(&open) {
        return Ok(());
    }
    for client in &project.api_clients {
        make_or_change(account, &project.key, client).await?;
    }
    let keep: HashSet<&str> = project.api_clients.iter().map(|c| c.id.as_str()).collect();
    for id in declared_before(account, &project.key).await? {
        if !keep.contains(id.as_str()) {
            account.delete_client(&project.key, &id).await?;
        }
    }
    remember(account, open).await
}

/// Takes the declared clients of a project away, and shuts out whatever tokens and clients it has besides.
/// Its data stays, and it opens again when it is declared again.
async fn close(account: &Account, before: &Declaration) -> Result<()> {
    let project = before.project.as_str();
    // First no new token, then no old one; the rest is repeated if this ends in between.
    if !replace(account, before, Declaration::closing(project)).await? {
        return Ok(());
    }
    tracing::info!(project, "a project was taken out of the manifest and is closed; its data stays");
    for id in declared_before(account, project).await? {
        account.delete_client(project, &id).await?;
    }
    let now = account.deps.clock.now();
    let of = Revoked::Project { project: project.to_owned(), issued_before: now };
    revocation::withdraw(account, of, now.plus_days(LONGEST_LIFE_DAYS)).await?;
    replace(account, &Declaration::closing(project), Declaration::shut(project)).await.map(drop)
}

/// Remembers `after` in place of `before`; `false`, and nothing is changed, if another process remembered
/// something else meanwhile.
async fn replace(account: &Account, before: &Declaration, after: Declaration) -> Result<bool> {
    let mut replaced = false;
    edit(account, &before.project, |body| {
        replaced = body == before;
        if replaced {
            body.clone_from(&after);
        }
    })
    .await?;
    Ok(replaced)
}

async fn remember(account: &Account, declaration: Declaration) -> Result<()> {
    let set = || edit(account, &declaration.project, |body| body.clone_from(&declaration));
    if set().await? {
        return Ok(());
    }
    let request = RequestInfo::system(STACK, "declare");
    match account.declarations.create(&request, &NewDeclaration(declaration.clone())).await {
        Ok(_) => Ok(()),
        // Another process made it meanwhile.
        Err(error) => {
            if set().await? {
                Ok(())
            } else {
                Err(error)
            }
        }
    }
}

/// Changes what is remembered of a project; `false` if nothing is.
async fn edit(account: &Account, project: &str, mut change: impl FnMut(&mut Declaration)) -> Result<bool> {
    let id = Id::parse(project).ok_or_else(|| api::ApiError::invalid_field("key", project))?;
    let request = RequestInfo::system(STACK, "declare");
    let change = |state: &mut State<Declarations>, _: &mut Context<'_>| {
        change(&mut state.body);
        Ok(())
    };
    let edited = account.declarations.edit(&request, &Selector::Id(id), &Edit::internal(), change).await?;
    Ok(edited.is_some())
}

async fn make_or_change(account: &Account, project: &str, client: &DeclaredClient) -> Result<()> {
    let scopes: Vec<String> = client.scopes.iter().map(|s| format!("{s}:{project}")).collect();
    let draft = ApiClientDraft {
        name: client.name.clone(),
        scope: scopes.join(" "),
        delete_days_after_creation: None,
        access_token_validity_seconds: client.access_token_validity_seconds,
        refresh_token_validity_seconds: client.refresh_token_validity_seconds,
    };
    let body = checked(&draft, project, account.deps.clock.now())?;
    let request = RequestInfo::system(STACK, "declare");
    let Some(id) = Id::parse(&client.id) else { return Err(internal(&"a declared client has no id")) };
    let change = |state: &mut State<ApiClients>, _: &mut Context<'_>| {
        state.body = ClientBody { last_used_at: state.body.last_used_at.take(), ..body.clone() };
        state.hidden.secret_hash = hash(&client.secret);
        state.hidden.declared = true;
        Ok(())
    };
    let (selector, edit) = (Selector::Id(id), Edit::internal());
    if account.clients.edit(&request, &selector, &edit, change).await?.is_some() {
        return Ok(());
    }
    let body = body.clone();
    let new = NewClient { id: client.id.clone(), secret: client.secret.clone(), declared: true, body };
    match account.clients.create(&request, &new).await {
        Ok(_) => Ok(()),
        // Another process made it meanwhile.
        Err(error) => match account.clients.edit(&request, &selector, &edit, change).await? {
            Some(_) => Ok(()),
            None => Err(error),
        },
    }
}

/// The ids of the project's clients that some manifest declared.
async fn declared_before(account: &Account, project: &str) -> Result<Vec<String>> {
    let query = Query {
        project: STACK.to_owned(),
        kind: Kind::ApiClient,
        view: MAIN,
        filters: vec![equals("project = :value", project)?],
        sort: Vec::new(),
        limit: 500,
        offset: 0,
        count_to: None,
        time_limit: Duration::from_secs(5),
    };
    let page = account.deps.store.query(query).await.map_err(|e| kit::resource::store_error(&e))?;
    let mut ids = Vec::new();
    for text in &page.results {
        let meta: api::Meta = serde_json::from_str(text).map_err(|e| internal(&e))?;
        let selector = Selector::Id(meta.id.clone());
        let found = account.deps.store.get(STACK, Kind::ApiClient, &selector).await;
        if let Some(document) = found.map_err(|e| internal(&e))?
            && account.clients.state(&document)?.hidden.declared
        {
            ids.push(meta.id.to_string());
        }
    }
    Ok(ids)
}

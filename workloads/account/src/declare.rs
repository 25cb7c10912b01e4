//! API clients that the manifest declares: made, changed when the manifest changes, taken away with it.

use crate::clients::{ApiClients, NewClient, checked};
use crate::credentials::hash;
use crate::{Account, STACK};
use api::account::ApiClientDraft;
use api::internal::account::{DeclareClients, DeclaredClient};
use api::{Kind, Result};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::peers::internal;
use kit::resource::{Context, Edit, State, equals};
use kit::store::{MAIN, Query, Selector};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// `POST /declare`.
pub(crate) fn handler(account: &Arc<Account>) -> MethodRouter {
    let account = Arc::clone(account);
    post(move |body: Bytes| async move {
        let declared: DeclareClients = json(&body)?;
        for client in &declared.clients {
            declare(&account, &declared.project, client).await?;
        }
        let keep: HashSet<&str> = declared.clients.iter().map(|c| c.id.as_str()).collect();
        for id in declared_before(&account, &declared.project).await? {
            if !keep.contains(id.as_str()) {
                account.delete_client(&declared.project, &id).await?;
            }
        }
        Reply::Ok(ok("null"))
    })
}

async fn declare(account: &Account, project: &str, client: &DeclaredClient) -> Result<()> {
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
    let Some(id) = api::Id::parse(&client.id) else { return Err(internal(&"a declared client has no id")) };
    let change = |state: &mut State<ApiClients>, _: &mut Context<'_>| {
        state.body = body.clone();
        state.hidden.secret_hash = hash(&client.secret);
        state.hidden.declared = true;
        Ok(())
    };
    if account.clients.edit(&request, &Selector::Id(id), &Edit::internal(), change).await?.is_none() {
        let new = NewClient { id: client.id.clone(), secret: client.secret.clone(), declared: true, body };
        account.clients.create(&request, &new).await?;
    }
    Ok(())
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

//! API clients. They have no version, their secret is shown once, and they belong to one project.

use crate::credentials::{hash, invalid_client, matches};
use crate::{Account, STACK, revocation};
use api::account::{ApiClient, ApiClientDraft, is_permission};
use api::internal::account::Revoked;
use api::{ApiError, CalendarDate, Kind, Meta, Result, Timestamp};
use axum::extract::{Path, RawQuery};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, empty, json, ok};
use kit::peers::internal;
use kit::resource::{Context, Decision, ListRequest, Operation, RouteSet, Rules, State, page_body};
use kit::service::ServiceBuilder;
use kit::store::{Claim, MAIN, Query, Selector, Sort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Lives of tokens in seconds, where the client does not say (contract §1).
const ACCESS_SECONDS: u32 = 172_800;
const REFRESH_SECONDS: u32 = 17_280_000;

/// The rules of API clients.
pub(crate) struct ApiClients;

/// An API client as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientBody {
    pub(crate) name: String,
    pub(crate) scope: String,
    /// The project that it is for.
    pub(crate) project: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token_validity_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_validity_seconds: Option<u32>,
    /// The last day on which it got a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) last_used_at: Option<CalendarDate>,
}

impl ClientBody {
    /// Life of its access tokens, in seconds.
    pub(crate) fn access_seconds(&self) -> u32 {
        self.access_token_validity_seconds.unwrap_or(ACCESS_SECONDS)
    }

    /// Life of its unused refresh tokens, in seconds.
    pub(crate) fn refresh_seconds(&self) -> u32 {
        self.refresh_token_validity_seconds.unwrap_or(REFRESH_SECONDS)
    }
}

/// What no answer shows.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientHidden {
    pub(crate) secret_hash: String,
    /// Made by the manifest, which may change it or take it away again.
    #[serde(default)]
    pub(crate) declared: bool,
}

/// A client to make, with its credentials.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewClient {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) declared: bool,
    pub(crate) body: ClientBodyDraft,
}

/// [`ClientBody`] in the making.
pub(crate) type ClientBodyDraft = ClientBody;

impl Rules for ApiClients {
    type Body = ClientBody;
    type Hidden = ClientHidden;
    type Draft = NewClient;
    type Action = api::internal::Never;

    const KIND: Kind = Kind::ApiClient;
    const ROUTES: RouteSet = RouteSet::NONE;
    const INDEXES: &'static [&'static str] = &["project"];

    fn create(draft: &NewClient, _: &mut Context<'_>) -> Decision<(ClientBody, ClientHidden)> {
        Ok((draft.body.clone(), ClientHidden { secret_hash: hash(&draft.secret), declared: draft.declared }))
    }

    fn apply(_: &mut State<Self>, action: &api::internal::Never, _: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    fn settle(state: &mut State<Self>, _: &mut Context<'_>) -> Decision<()> {
        state.due_at = state.body.delete_at;
        Ok(())
    }

    fn id(draft: &NewClient, _: &Context<'_>) -> Option<api::Id> {
        api::Id::parse(&draft.id)
    }

    fn claims(_: &ClientBody) -> Vec<Claim> {
        Vec::new()
    }
}

impl Account {
    /// The client of these credentials; 401 `invalid_client` for any other.
    pub(crate) async fn authenticate(&self, id: &str, secret: &str) -> Result<State<ApiClients>> {
        let selector = api::Id::parse(id).map(Selector::Id).ok_or_else(invalid_client)?;
        let found = self.deps.store.get(STACK, Kind::ApiClient, &selector).await.map_err(|e| {
            internal(&e);
            ApiError::unavailable()
        })?;
        let Some(document) = found else {
            // As long as for a known client.
            let _ = matches(secret, &hash(id));
            return Err(invalid_client());
        };
        let client = self.clients.state(&document)?;
        let expired = client.delete_at.is_some_and(|at| at <= self.deps.clock.now());
        if expired || !matches(secret, &client.hidden.secret_hash) {
            return Err(invalid_client());
        }
        if self.declaration(&client.project).await?.is_some_and(|declared| declared.closed) {
            return Err(invalid_client());
        }
        Ok(client)
    }

    /// Notes that the client gets a token today: one write a day. It gets the token even if that fails.
    pub(crate) async fn note_use(&self, client: &State<ApiClients>, now: Timestamp) {
        let today = now.to_string().get(..10).and_then(CalendarDate::parse);
        if client.last_used_at == today {
            return;
        }
        let request = RequestInfo::system(STACK, "client-used");
        let selector = Selector::Id(client.meta.id.clone());
        let edit = kit::resource::Edit::internal();
        let noted = self.clients.edit(&request, &selector, &edit, |state, _| {
            state.body.last_used_at.clone_from(&today);
            Ok(())
        });
        if let Err(error) = noted.await {
            tracing::warn!(client = %client.meta.id, %error, "that an API client was used is not noted");
        }
    }

    /// Deletes a client of the project and withdraws its tokens.
    pub(crate) async fn delete_client(&self, project: &str, id: &str) -> Result<Option<ApiClient>> {
        let Some(selector) = api::Id::parse(id).map(Selector::Id) else { return Ok(None) };
        let request = RequestInfo::system(STACK, "delete-client");
        let mut edit = kit::resource::Edit::internal();
        edit.visible = true;
        let deleted = self
            .clients
            .edit(&request, &selector, &edit, |state, _| {
                if state.project != project {
                    return Err(ApiError::not_found(id).into());
                }
                state.visibility = kit::store::Visibility::Deleted;
                Ok(())
            })
            .await?;
        let Some(deleted) = deleted else { return Ok(None) };
        // No token of it outlives this.
        let life = i64::from(deleted.state.access_seconds());
        let now = self.deps.clock.now();
        let of = Revoked::Client { client_id: id.to_owned(), issued_before: now };
        revocation::withdraw(self, of, now.plus_millis(life.saturating_mul(1000))).await?;
        Ok(Some(answer(&deleted.state.meta, &deleted.state.body, None)))
    }
}

fn answer(meta: &Meta, body: &ClientBody, secret: Option<String>) -> ApiClient {
    ApiClient {
        id: meta.id.to_string(),
        name: body.name.clone(),
        scope: body.scope.clone(),
        created_at: meta.created_at,
        last_used_at: body.last_used_at.clone(),
        delete_at: body.delete_at,
        access_token_validity_seconds: body.access_token_validity_seconds,
        refresh_token_validity_seconds: body.refresh_token_validity_seconds,
        secret,
    }
}

fn answer_of(text: &str) -> Result<ApiClient> {
    let stored = api::Stored::<ClientBody>::from_json(text).map_err(|e| internal(&e))?;
    Ok(answer(&stored.meta, &stored.body, None))
}

fn written(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| internal(&e))
}

/// The stored form of a draft, or what is wrong with it.
pub(crate) fn checked(draft: &ApiClientDraft, project: &str, now: Timestamp) -> Result<ClientBody> {
    if draft.name.is_empty() || draft.name.len() > 256 {
        return Err(ApiError::invalid_field("name", draft.name.as_str()));
    }
    if draft.scope.len() > 16_384 || draft.scope.trim().is_empty() {
        return Err(ApiError::malformed_parameter("scope", "Invalid scope."));
    }
    for scope in draft.scope.split(' ').filter(|s| !s.is_empty()) {
        let mut parts = scope.splitn(3, ':');
        let known = parts.next().is_some_and(is_permission) && parts.next() == Some(project);
        let store_ok = parts.next().is_none_or(|store| api::Key::parse(store).is_some());
        if !known || !store_ok {
            return Err(ApiError::malformed_parameter(
                "scope",
                &format!("Invalid scope. '{scope}' is not a scope of the project '{project}'."),
            ));
        }
    }
    let between = |field: &str, value: Option<u32>, min: u32, max: u32| match value {
        Some(value) if !(min..=max).contains(&value) => Err(ApiError::invalid_field(field, value)),
        _ => Ok(value),
    };
    Ok(ClientBody {
        name: draft.name.clone(),
        scope: draft.scope.split(' ').filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" "),
        project: project.to_owned(),
        delete_at: between("deleteDaysAfterCreation", draft.delete_days_after_creation, 1, 365_250)?
            .map(|days| now.plus_days(i64::from(days))),
        access_token_validity_seconds: between(
            "accessTokenValiditySeconds",
            draft.access_token_validity_seconds,
            3_600,
            604_800,
        )?,
        refresh_token_validity_seconds: between(
            "refreshTokenValiditySeconds",
            draft.refresh_token_validity_seconds,
            30,
            31_536_000,
        )?,
        last_used_at: None,
    })
}

/// `/api-clients`.
pub(crate) fn routes(mut builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let one = builder.parts().answer::<ApiClient>();
    let draft = builder.parts().request::<ApiClientDraft>();
    let page = builder.parts().name(
        "ApiClientPagedQueryResponse",
        serde_json::json!({
            "type": "object", "required": ["limit", "offset", "count", "results"],
            "properties": {"limit": {"type": "integer"}, "offset": {"type": "integer"}, "count": {"type": "integer"},
                           "total": {"type": "integer"}, "results": {"type": "array", "items": one}},
        }),
    );
    let (all, item) = ("/{projectKey}/api-clients", "/{projectKey}/api-clients/{id}");
    let (view, manage) = (["view_api_clients"], ["manage_api_clients"]);
    let operations = [
        Operation::new("get", all, "Lists API clients.")
            .scopes(view)
            .param("where", "string")
            .param("sort", "string")
            .param("limit", "integer")
            .param("offset", "integer")
            .param("withTotal", "boolean")
            .gives(200, Some(page)),
        Operation::new("head", all, "Whether there are such API clients.")
            .scopes(view)
            .gives(200, None)
            .gives(404, None),
        Operation::new("post", all, "Creates an API client. Its secret is shown in this answer only.")
            .scopes(manage)
            .takes(draft)
            .gives(201, Some(one.clone())),
    ];
    let items = [
        Operation::new("get", item, "Gets an API client.").scopes(view).gives(200, Some(one.clone())),
        Operation::new("head", item, "Whether there is such an API client.").scopes(view).gives(200, None),
        Operation::new("delete", item, "Deletes an API client; its tokens stop working at once.")
            .scopes(manage)
            .gives(200, Some(one)),
    ];
    let (a, b, c, d) = (Arc::clone(account), Arc::clone(account), Arc::clone(account), Arc::clone(account));
    builder
        .route(
            "/{project}/api-clients",
            &operations,
            get(move |method: Method, request: RequestInfo, RawQuery(query): RawQuery| async move {
                request.caller.require_view(Kind::ApiClient)?;
                list(&a, &request, query.as_deref(), method == Method::HEAD).await
            })
            .merge(post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::ApiClient)?;
                create(&b, &request, &json(&body)?).await
            })),
        )
        .route(
            "/{project}/api-clients/{id}",
            &items,
            get(move |request: RequestInfo, Path((project, id)): Path<(String, String)>| async move {
                request.caller.require_view(Kind::ApiClient)?;
                let missing = || ApiError::not_found(&id);
                let selector = api::Id::parse(&id).map(Selector::Id).ok_or_else(missing)?;
                let stack = RequestInfo::system(STACK, "api-client");
                let text = c
                    .clients
                    .get(&stack, &selector, &kit::resource::Access::PROJECT)
                    .await?
                    .ok_or_else(missing)?;
                let stored: ClientBody = serde_json::from_str(&text).map_err(|e| internal(&e))?;
                if stored.project != project {
                    return Err(missing().into());
                }
                Reply::Ok(ok(written(&answer_of(&text)?)?))
            })
            .delete(
                move |request: RequestInfo, Path((project, id)): Path<(String, String)>| async move {
                    request.caller.require_manage(Kind::ApiClient)?;
                    let gone =
                        d.delete_client(&project, &id).await?.ok_or_else(|| ApiError::not_found(&id))?;
                    Reply::Ok(ok(written(&gone)?))
                },
            ),
        )
}

async fn create(account: &Account, request: &RequestInfo, draft: &ApiClientDraft) -> Reply {
    let body = checked(draft, request.project(), account.deps.clock.now())?;
    let secret = account.deps.clock.secret();
    let new = NewClient { id: account.deps.clock.secret(), secret: secret.clone(), declared: false, body };
    let stack = RequestInfo {
        caller: Arc::new(api::Caller { project: STACK.to_owned(), ..(*request.caller).clone() }),
        ..request.clone()
    };
    let made = account.clients.create(&stack, &new).await?;
    let stored = api::Stored::<ClientBody>::from_json(&made.json).map_err(|e| internal(&e))?;
    Ok(created(written(&answer(&stored.meta, &stored.body, Some(secret)))?))
}

async fn list(account: &Account, request: &RequestInfo, query: Option<&str>, head: bool) -> Reply {
    let params = Params::parse(query)?;
    let mut list = ListRequest::parse(&params, &kit::resource::model_of_body::<ApiClient>())?;
    list.filters.push(kit::resource::equals("project = :value", request.project())?);
    if list.sort.is_empty() {
        // Other than those of other resources, the ids of clients say nothing of when they were made.
        list.sort.push(Sort { path: vec!["createdAt".to_owned()], descending: false });
    }
    let query = Query {
        project: STACK.to_owned(),
        kind: Kind::ApiClient,
        view: MAIN,
        filters: list.filters,
        sort: list.sort,
        limit: if head { 1 } else { list.limit },
        offset: list.offset,
        count_to: list.count_to,
        time_limit: Duration::from_secs(5),
    };
    let mut page = account.deps.store.query(query).await.map_err(|e| kit::resource::store_error(&e))?;
    if head {
        return Ok(empty(if page.results.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK }));
    }
    for text in &mut page.results {
        *text = written(&answer_of(text)?)?;
    }
    Ok(ok(page_body(list.limit, list.offset, &page)))
}

/// Deletes clients whose time has come.
pub(crate) fn recover(builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let account = Arc::clone(account);
    builder.recover(
        Kind::ApiClient,
        Arc::new(move |key| {
            let account = Arc::clone(&account);
            Box::pin(async move {
                let found =
                    account.deps.store.get(STACK, Kind::ApiClient, &Selector::Id(key.id.clone())).await;
                let Some(document) = found.map_err(|e| internal(&e))? else { return Ok(()) };
                let project = account.clients.state(&document)?.body.project;
                account.delete_client(&project, key.id.as_str()).await.map(drop)
            })
        }),
    )
}

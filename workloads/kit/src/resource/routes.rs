//! The routes that the engine derives for a kind, and the `me` views of kinds that belong to somebody.

use super::collection::{Access, Collection, Owner, UpdateRequest};
use super::expand::expand;
use super::list::{ListRequest, equals, page_body};
use super::openapi::{Operation, Parts};
use super::{RouteSet, Rules};
use crate::http::{self, Params, Reply, RequestInfo, created, empty, json, not_found, ok};
use crate::store::{Claim, Selector};
use api::{ApiError, Meta, Result};
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{Method, StatusCode};
use axum::routing::MethodRouter;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json as value};
use std::sync::Arc;

/// The views of a kind that `me` paths give: the same life, restricted to what is the token's own.
pub trait Mine: Rules {
    /// What the owner may make a resource from.
    type MyDraft: DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// The permission, `manage_my_orders`.
    const MY_SCOPE: &'static str;
    /// The update actions that the owner may use.
    const MY_ACTIONS: &'static [&'static str];
    /// Which of the derived routes `me` has.
    const MY_ROUTES: RouteSet;
    /// The full draft of the owner's one.
    fn my_draft(draft: Self::MyDraft, owner: &Owner) -> Self::Draft;
    /// Refuses what the owner may not decide.
    fn check_my_draft(_draft: &Self::MyDraft) -> Result<()> {
        Ok(())
    }
    /// What an update action of the owner comes down to: without the fields that only merchants may use.
    fn my_action(action: Self::Action) -> Result<Self::Action> {
        Ok(action)
    }
}

/// Who may use a route, and what it shows them.
enum Reach<R: Rules> {
    Project,
    Mine {
        scope: &'static str,
        actions: &'static [&'static str],
        create: fn(&[u8], &Owner) -> Result<R::Draft>,
        action: fn(R::Action) -> Result<R::Action>,
    },
}

impl<R: Rules> Clone for Reach<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Rules> Copy for Reach<R> {}

impl<R: Rules> Reach<R> {
    fn admit(&self, request: &RequestInfo, writes: bool) -> Result<Access> {
        match self {
            Self::Project if writes => request.caller.require_manage(R::KIND)?,
            Self::Project if R::READ_ALSO.iter().any(|scope| request.caller.scopes.allow(scope)) => {}
            Self::Project => request.caller.require_view(R::KIND)?,
            Self::Mine { scope, .. } => {
                request.caller.require(&[(*scope).to_owned()])?;
                return Access::own(request);
            }
        }
        Ok(Access::of(request))
    }

    fn draft(&self, body: &[u8], access: &Access) -> Result<R::Draft> {
        let mut draft = match (self, &access.owner) {
            (Self::Mine { create, .. }, Some(owner)) => create(body, owner)?,
            _ => json(body)?,
        };
        if let Some(store) = &access.store {
            R::bind_to_store(&mut draft, store);
        }
        Ok(draft)
    }

    fn update(&self, body: &[u8]) -> Result<UpdateRequest<R::Action>> {
        let Self::Mine { actions: allowed, action, .. } = self else { return json(body) };
        refuse_others(body, allowed)?;
        let UpdateRequest { version, actions } = json::<UpdateRequest<R::Action>>(body)?;
        Ok(UpdateRequest { version, actions: actions.into_iter().map(action).collect::<Result<_>>()? })
    }

    /// How else than by id and key items are addressed: `me` paths have nothing of that.
    fn addresses<T>(&self, all: &'static [T]) -> &'static [T] {
        match self {
            Self::Project => all,
            Self::Mine { .. } => &[],
        }
    }

    fn scopes(&self, prefix: &str) -> Vec<String> {
        match self {
            Self::Project => R::KIND.scopes().iter().map(|s| format!("{prefix}{s}")).collect(),
            Self::Mine { scope, .. } => vec![(*scope).to_owned()],
        }
    }
}

/// Refuses update actions that are not among `allowed`.
pub fn refuse_others(body: &[u8], allowed: &[&str]) -> Result<()> {
    #[derive(Deserialize)]
    struct Named {
        action: String,
    }
    #[derive(Deserialize)]
    struct Names {
        actions: Vec<Named>,
    }
    let names: Names = json(body)?;
    for (at, Named { action }) in names.actions.iter().enumerate() {
        if !allowed.contains(&action.as_str()) {
            return Err(ApiError::invalid_json(format!(
                "actions[{at}].action: unknown variant `{action}`, expected one of: {}",
                allowed.join(", ")
            )));
        }
    }
    Ok(())
}

/// The routes of a kind under `/{project}/{path}`.
pub(crate) fn routes<R: Rules>(collection: &Arc<Collection<R>>, parts: &mut Parts) -> Router {
    derive(collection, parts, Reach::Project, R::ROUTES, &format!("/{{project}}/{}", R::KIND.path()))
}

/// The routes of a kind under `/{project}/me/{path}`.
pub fn mine_routes<R: Mine>(collection: &Arc<Collection<R>>, parts: &mut Parts) -> Router {
    let reach = Reach::Mine {
        scope: R::MY_SCOPE,
        actions: R::MY_ACTIONS,
        create: |body, owner| {
            let draft = json(body)?;
            R::check_my_draft(&draft)?;
            Ok(R::my_draft(draft, owner))
        },
        action: R::my_action,
    };
    let base = format!("/{{project}}/me/{}", R::KIND.path());
    let draft = parts.request::<R::MyDraft>();
    let router = derive(collection, parts, reach, R::MY_ROUTES, &base);
    if R::MY_ROUTES.create {
        let resource = resource_schema::<R>(parts);
        parts.add(&create_operation::<R>(&documented(&base), vec![R::MY_SCOPE.to_owned()], draft, resource));
    }
    router
}

/// `/{project}/…` as the description writes it.
fn documented(path: &str) -> String {
    path.replace("{project}", "{projectKey}")
}

fn derive<R: Rules>(
    collection: &Arc<Collection<R>>,
    parts: &mut Parts,
    reach: Reach<R>,
    set: RouteSet,
    base: &str,
) -> Router {
    describe::<R>(parts, reach, set, &documented(base));
    let mut all = MethodRouter::new();
    let mut one = MethodRouter::new();
    if set.read {
        let c = Arc::clone(collection);
        all = all.get(move |method: Method, request: RequestInfo, RawQuery(query): RawQuery| async move {
            let access = reach.admit(&request, false)?;
            list(&c, &request, &access, query.as_deref(), method == Method::HEAD).await
        });
        let c = Arc::clone(collection);
        one = one.get(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery| async move {
                let access = reach.admit(&request, false)?;
                let params = Params::parse(query.as_deref())?;
                let found = match latest(reach, &segment)? {
                    Some(filter) => c.latest(&request, filter, &access).await?,
                    None => c.get(&request, &select(reach, &segment, set)?, &access).await?,
                };
                let found = found.ok_or_else(|| not_found(&segment))?;
                let found = c.present(&request, &params, found).await?;
                Reply::Ok(ok(expand(&c.lookups, &request, &params, found).await?))
            },
        );
    }
    if set.create {
        let c = Arc::clone(collection);
        all = all.post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
            let access = reach.admit(&request, true)?;
            let params = Params::parse(query.as_deref())?;
            R::check_query(&params)?;
            let draft = reach.draft(&body, &access)?;
            let made = c.create(&request, &draft).await?;
            let made = c.present(&request, &params, made.json).await?;
            Reply::Ok(created(expand(&c.lookups, &request, &params, made).await?))
        });
    }
    if set.update {
        let c = Arc::clone(collection);
        one = one.post(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery,
                  body: Bytes| async move {
                let access = reach.admit(&request, true)?;
                let selector = select(reach, &segment, set)?;
                let params = Params::parse(query.as_deref())?;
                R::check_query(&params)?;
                let update = reach.update(&body)?;
                let changed = c
                    .update(&request, &selector, &access, &update)
                    .await?
                    .ok_or_else(|| not_found(&segment))?;
                let changed = c.present(&request, &params, changed.json).await?;
                Reply::Ok(ok(expand(&c.lookups, &request, &params, changed).await?))
            },
        );
    }
    if set.delete {
        let c = Arc::clone(collection);
        let erases = erases(reach);
        one = one.delete(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery| async move {
                let access = reach.admit(&request, true)?;
                let selector = select(reach, &segment, set)?;
                let params = Params::parse(query.as_deref())?;
                R::check_query(&params)?;
                if erases {
                    params.check_data_erasure()?;
                }
                let version = params.version()?;
                if set.delete_by_version && version.is_none() {
                    return Err(ApiError::malformed_parameter(
                        "version",
                        "A version is required to delete a resource.",
                    )
                    .into());
                }
                let gone = c
                    .delete(&request, &selector, &access, version)
                    .await?
                    .ok_or_else(|| not_found(&segment))?;
                let gone = c.present(&request, &params, gone.json).await?;
                Reply::Ok(ok(expand(&c.lookups, &request, &params, gone).await?))
            },
        );
    }
    let mut router = Router::new();
    if set.read || set.create {
        router = router.route(base, all);
    }
    if set.read || set.update || set.delete {
        router = router.route(&format!("{base}/{{selector}}"), one);
    }
    router
}

/// Whether deletions take `dataErasure`; those of `me` paths never do.
fn erases<R: Rules>(reach: Reach<R>) -> bool {
    R::DATA_ERASURE && matches!(reach, Reach::Project)
}

/// The predicate of a segment of [`Rules::LATEST`].
fn latest<R: Rules>(reach: Reach<R>, segment: &str) -> Result<Option<predicate::Bound>> {
    for (name, filter) in reach.addresses(R::LATEST) {
        if let Some(value) = segment.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return equals(filter, value).map(Some);
        }
    }
    Ok(None)
}

fn select<R: Rules>(reach: Reach<R>, segment: &str, set: RouteSet) -> Result<Selector> {
    for (prefix, claim) in reach.addresses(R::SELECTORS) {
        if let Some(value) = segment.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('=')) {
            return Ok(Selector::Claim(Claim::new(*claim, value)));
        }
    }
    match http::selector(segment) {
        Some(Selector::Claim(_)) if !set.by_key => Err(not_found(segment)),
        Some(selector) => Ok(selector),
        None => Err(not_found(segment)),
    }
}

async fn list<R: Rules>(
    collection: &Collection<R>,
    request: &RequestInfo,
    access: &Access,
    query: Option<&str>,
    head: bool,
) -> Reply {
    let params = Params::parse(query)?;
    R::check_query(&params)?;
    let mut list = ListRequest::parse(&params, &collection.model)?;
    if head {
        list = ListRequest { limit: 1, offset: 0, count_to: None, ..list };
        let found = collection.page(request, list, access).await?;
        let status = if found.results.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
        return Ok(empty(status));
    }
    let (limit, offset) = (list.limit, list.offset);
    let page = collection.page(request, list, access).await?;
    let page = collection.present(request, &params, page_body(limit, offset, &page)).await?;
    Ok(ok(expand(&collection.lookups, request, &params, page).await?))
}

/// The schema of a kind's resource: the fields of `Meta` and its own.
pub(crate) fn resource_schema<R: Rules>(parts: &mut Parts) -> Value {
    let both = value!({"allOf": [parts.answer::<Meta>(), parts.answer::<R::Body>()]});
    // The body type usually bears the resource's name, so the pair gets another one.
    parts.name(&format!("Stored{}", R::KIND.schema_name()), both)
}

fn create_operation<R: Rules>(base: &str, scopes: Vec<String>, draft: Value, resource: Value) -> Operation {
    Operation::new("post", base, format!("Creates a {}.", R::KIND))
        .scopes(scopes)
        .param("expand", "string")
        .params(R::QUERY)
        .takes(draft)
        .gives(201, Some(resource))
}

fn describe<R: Rules>(parts: &mut Parts, reach: Reach<R>, set: RouteSet, base: &str) {
    let kind = R::KIND;
    let resource = resource_schema::<R>(parts);
    let (mut view, manage) = (reach.scopes("view_"), reach.scopes("manage_"));
    if let Reach::Project = reach {
        view.extend(R::READ_ALSO.iter().map(|scope| (*scope).to_owned()));
        for (name, _) in R::LATEST {
            let path = format!("{base}/{name}={{value}}");
            for method in ["get", "head"] {
                let operation =
                    Operation::new(method, &path, format!("Gets the latest {kind} of that {name}."));
                let operation = operation.scopes(view.clone()).param("expand", "string").params(R::QUERY);
                parts.add(&operation.gives(200, (method == "get").then(|| resource.clone())));
            }
        }
    }
    let page = parts.name(
        &format!("{}PagedQueryResponse", kind.schema_name()),
        value!({
            "type": "object",
            "required": ["limit", "offset", "count", "results"],
            "properties": {
                "limit": {"type": "integer"}, "offset": {"type": "integer"}, "count": {"type": "integer"},
                "total": {"type": "integer"}, "results": {"type": "array", "items": resource},
            },
        }),
    );
    if set.read {
        for method in ["get", "head"] {
            let mut operation = Operation::new(method, base, format!("Lists {}.", kind.path()))
                .scopes(view.clone())
                .param("where", "string")
                .param("sort", "string")
                .param("expand", "string")
                .param("limit", "integer")
                .param("offset", "integer")
                .param("withTotal", "boolean")
                .params(R::QUERY);
            operation = match method {
                "head" => operation.gives(200, None).gives(404, None),
                _ => operation.gives(200, Some(page.clone())),
            };
            parts.add(&operation);
        }
    }
    if let (true, Reach::Project) = (set.create, reach) {
        let draft = parts.request::<R::Draft>();
        parts.add(&create_operation::<R>(base, manage.clone(), draft, resource.clone()));
    }
    let mut items = vec!["{id}".to_owned()];
    if set.by_key {
        items.push("key={key}".to_owned());
    }
    let addresses = reach.addresses(R::SELECTORS).iter();
    items.extend(addresses.map(|(prefix, claim)| format!("{prefix}={{{claim}}}")));
    for item in items {
        let path = format!("{base}/{item}");
        if set.read {
            for method in ["get", "head"] {
                let operation = Operation::new(method, &path, format!("Gets a {kind}."))
                    .scopes(view.clone())
                    .param("expand", "string")
                    .params(R::QUERY);
                parts.add(&operation.gives(200, (method == "get").then(|| resource.clone())));
            }
        }
        if set.update {
            let update = parts.request::<UpdateRequest<R::Action>>();
            parts.add(
                &Operation::new("post", &path, format!("Updates a {kind}."))
                    .scopes(manage.clone())
                    .param("expand", "string")
                    .params(R::QUERY)
                    .takes(update)
                    .gives(200, Some(resource.clone())),
            );
        }
        if set.delete {
            let mut operation = Operation::new("delete", &path, format!("Deletes a {kind}."))
                .scopes(manage.clone())
                .param("version", "integer")
                .param("expand", "string")
                .params(R::QUERY);
            if erases(reach) {
                operation = operation.param("dataErasure", "boolean");
            }
            parts.add(&operation.gives(200, Some(resource.clone())));
        }
    }
}

//! Custom objects: any JSON by container and key, written as a whole.

use api::custom_object::{CustomObject, CustomObjectDraft, ObjectName};
use api::internal::Never;
use api::{ApiError, Code, Kind, Meta, Result};
use axum::extract::{Path, RawQuery};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, empty, json, ok};
use kit::resource::{
    Access, Collection, Context, Decision, Edit, ListRequest, Lookups, Operation, RouteSet, Rules, State,
    equals, expand, model_of_body, page_body,
};
use kit::service::ServiceBuilder;
use kit::store::{Claim, Selector};
use predicate::Model;
use serde_json::{Map, Value, json as value};
use std::sync::Arc;

/// The claim of container and key together. Neither holds a slash.
const CLAIM: &str = "containerAndKey";
/// What lists can be sorted by (contract §10).
const SORTABLE: [&str; 4] = ["container", "key", "createdAt", "lastModifiedAt"];
/// How deep a value may be nested, so that it can be read again wherever it stands in an answer.
const MAX_DEPTH: usize = 100;
/// How often a write without version goes back to the start because the object came or went meanwhile.
const MAX_TRIES: usize = 5;

/// The rules of custom objects.
pub(crate) struct CustomObjects;

impl Rules for CustomObjects {
    type Body = CustomObject;
    type Hidden = ();
    type Draft = CustomObjectDraft;
    type Action = Never;

    const KIND: Kind = Kind::CustomObject;
    const INDEXES: &'static [&'static str] = &["container"];
    const ROUTES: RouteSet = RouteSet::NONE;

    fn create(draft: &CustomObjectDraft, _cx: &mut Context<'_>) -> Decision<(CustomObject, ())> {
        let CustomObjectDraft { container, key, value, version: _ } = draft.clone();
        Ok((CustomObject { container, key, value }, ()))
    }

    fn apply(_object: &mut State<Self>, action: &Never, _cx: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    fn claims(object: &CustomObject) -> Vec<Claim> {
        vec![claim(&object.container, &object.key)]
    }

    fn user_identifiers(object: &CustomObject) -> Map<String, Value> {
        let name = value!({"container": object.container, "key": object.key});
        Map::from_iter([(CLAIM.to_owned(), name)])
    }
}

fn claim(container: &ObjectName, key: &ObjectName) -> Claim {
    Claim::new(CLAIM, format!("{container}/{key}"))
}

/// What the handlers share.
struct Objects {
    collection: Arc<Collection<CustomObjects>>,
    lookups: Arc<Lookups>,
    model: Model,
}

/// The routes.
pub(crate) fn routes(
    mut builder: ServiceBuilder,
    collection: &Arc<Collection<CustomObjects>>,
) -> ServiceBuilder {
    let objects = Arc::new(Objects {
        collection: Arc::clone(collection),
        lookups: builder.lookups(),
        model: model_of_body::<CustomObject>(),
    });
    let [all, in_container, one] = operations(&mut builder);
    let (a, b, c, d, e) =
        (Arc::clone(&objects), Arc::clone(&objects), Arc::clone(&objects), Arc::clone(&objects), objects);
    builder
        .route(
            "/{project}/custom-objects",
            &all,
            get(move |method: Method, request: RequestInfo, RawQuery(query): RawQuery| async move {
                a.list(&request, None, query.as_deref(), method == Method::HEAD).await
            })
            .merge(post(
                move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                    request.caller.require_manage(Kind::CustomObject)?;
                    let params = Params::parse(query.as_deref())?;
                    let (status, text) = b.put(&request, json(&body)?).await?;
                    let text = expand(&b.lookups, &request, &params, text).await?;
                    Reply::Ok(if status == StatusCode::CREATED { created(text) } else { ok(text) })
                },
            )),
        )
        .route(
            "/{project}/custom-objects/{container}",
            &in_container,
            get(
                move |method: Method,
                      request: RequestInfo,
                      Path((_, container)): Path<(String, String)>,
                      RawQuery(query): RawQuery| async move {
                    c.list(&request, Some(&container), query.as_deref(), method == Method::HEAD).await
                },
            ),
        )
        .route(
            "/{project}/custom-objects/{container}/{key}",
            &one,
            get(
                move |request: RequestInfo,
                      Path(path): Path<(String, String, String)>,
                      RawQuery(query): RawQuery| async move {
                    request.caller.require_view(Kind::CustomObject)?;
                    let params = Params::parse(query.as_deref())?;
                    let found = d.collection.get(&request, &selector(&path)?, &Access::PROJECT).await?;
                    Reply::Ok(ok(expand(
                        &d.lookups,
                        &request,
                        &params,
                        found.ok_or_else(|| not_found(&path))?,
                    )
                    .await?))
                },
            )
            .delete(
                move |request: RequestInfo,
                      Path(path): Path<(String, String, String)>,
                      RawQuery(query): RawQuery| async move {
                    request.caller.require_manage(Kind::CustomObject)?;
                    let params = Params::parse(query.as_deref())?;
                    params.check_data_erasure()?;
                    let gone = e
                        .collection
                        .delete(&request, &selector(&path)?, &Access::PROJECT, params.version()?)
                        .await?;
                    let gone = gone.ok_or_else(|| not_found(&path))?;
                    Reply::Ok(ok(expand(&e.lookups, &request, &params, gone.json).await?))
                },
            ),
        )
}

impl Objects {
    /// Makes the object or puts its value in the place of the old one.
    async fn put(&self, request: &RequestInfo, mut draft: CustomObjectDraft) -> Result<(StatusCode, String)> {
        if draft.value.is_null() {
            return Err(ApiError::required_field("value"));
        }
        if depth(&draft.value) > MAX_DEPTH {
            let message = format!("The value is nested deeper than {MAX_DEPTH} levels.");
            return Err(ApiError::invalid_input(message));
        }
        drop_nulls(&mut draft.value);
        let selector = Selector::Claim(claim(&draft.container, &draft.key));
        let edit = Edit { expected_version: draft.version, access: Access::PROJECT, visible: true };
        for _ in 0..MAX_TRIES {
            let replace = |state: &mut State<CustomObjects>, _: &mut Context<'_>| {
                state.value.clone_from(&draft.value);
                Ok(())
            };
            if let Some(edited) = self.collection.edit(request, &selector, &edit, replace).await? {
                return Ok((StatusCode::OK, edited.json));
            }
            if draft.version.is_some_and(|version| version != 0) {
                return Err(ApiError::new(
                    Code::ConcurrentModification,
                    format!("There is no object '{}/{}' of any version.", draft.container, draft.key),
                ));
            }
            match self.collection.create(request, &draft).await {
                Ok(made) => return Ok((StatusCode::CREATED, made.json)),
                // Somebody else made it meanwhile: then this write comes second.
                Err(error) if error.code() == Code::DuplicateField => {}
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::unavailable())
    }

    /// Lists all objects, or those of a container.
    async fn list(
        &self,
        request: &RequestInfo,
        container: Option<&str>,
        query: Option<&str>,
        head: bool,
    ) -> Reply {
        request.caller.require_view(Kind::CustomObject)?;
        let params = Params::parse(query)?;
        if let Some(path) = params
            .all("sort")
            .filter_map(|sort| sort.split_ascii_whitespace().next())
            .find(|p| !SORTABLE.contains(p))
        {
            let path: String = path.chars().take(256).collect();
            let fields = SORTABLE.join(", ");
            let detail = format!("Invalid query field '{path}' in sort path. Sortable fields are: {fields}.");
            return Err(ApiError::malformed_parameter("sort", &detail).into());
        }
        let mut list = ListRequest::parse(&params, &self.model)?;
        if let Some(container) = container {
            list.filters.push(equals("container = :value", container)?);
        }
        if head {
            list = ListRequest { limit: 1, offset: 0, count_to: None, ..list };
            let page = self.collection.page(request, list, &Access::PROJECT).await?;
            return Ok(empty(if page.results.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK }));
        }
        let (limit, offset) = (list.limit, list.offset);
        let page = self.collection.page(request, list, &Access::PROJECT).await?;
        Ok(ok(expand(&self.lookups, request, &params, page_body(limit, offset, &page)).await?))
    }
}

fn selector((_, container, key): &(String, String, String)) -> Result<Selector> {
    match (ObjectName::parse(container), ObjectName::parse(key)) {
        (Some(container), Some(key)) => Ok(Selector::Claim(claim(&container, &key))),
        _ => Err(not_found(&(String::new(), container.clone(), key.clone()))),
    }
}

fn not_found((_, container, key): &(String, String, String)) -> ApiError {
    ApiError::new(
        Code::ResourceNotFound,
        format!("The CustomObject with container '{container}' and key '{key}' was not found."),
    )
}

/// How many arrays and objects stand around the innermost value.
fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Object(members) => members.values().map(depth).max(),
        Value::Array(elements) => elements.iter().map(depth).max(),
        _ => return 0,
    };
    below.unwrap_or(0) + 1
}

/// Takes members that are `null` out of all objects; elements of arrays stay.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// What the three routes do, for the API description.
fn operations(builder: &mut ServiceBuilder) -> [Vec<Operation>; 3] {
    let parts = builder.parts();
    let both = value!({"allOf": [parts.answer::<Meta>(), parts.answer::<CustomObject>()]});
    let object = parts.name("StoredCustomObject", both);
    let draft = parts.request::<CustomObjectDraft>();
    let page = parts.name(
        "CustomObjectPagedQueryResponse",
        value!({
            "type": "object",
            "required": ["limit", "offset", "count", "results"],
            "properties": {
                "limit": {"type": "integer"}, "offset": {"type": "integer"}, "count": {"type": "integer"},
                "total": {"type": "integer"}, "results": {"type": "array", "items": object},
            },
        }),
    );
    let scopes =
        |prefix: &str| Kind::CustomObject.scopes().iter().map(|s| format!("{prefix}{s}")).collect::<Vec<_>>();
    let (view, manage) = (scopes("view_"), scopes("manage_"));
    let lists = |path: &str, what: &str| {
        ["get", "head"].map(|method| {
            let operation = Operation::new(method, path, what)
                .scopes(view.clone())
                .param("where", "string")
                .param("sort", "string")
                .param("expand", "string")
                .param("limit", "integer")
                .param("offset", "integer")
                .param("withTotal", "boolean");
            match method {
                "head" => operation.gives(200, None).gives(404, None),
                _ => operation.gives(200, Some(page.clone())),
            }
        })
    };
    let all = "/{projectKey}/custom-objects";
    let one = "/{projectKey}/custom-objects/{container}/{key}";
    let mut on_all = Vec::from(lists(all, "Lists custom objects."));
    on_all.push(
        Operation::new("post", all, "Makes a custom object, or puts another value into it.")
            .scopes(manage.clone())
            .param("expand", "string")
            .takes(draft)
            .gives(200, Some(object.clone()))
            .gives(201, Some(object.clone())),
    );
    let in_container =
        lists("/{projectKey}/custom-objects/{container}", "Lists the custom objects of a container.");
    let mut on_one: Vec<Operation> = ["get", "head"]
        .into_iter()
        .map(|method| {
            Operation::new(method, one, "Gets a custom object.")
                .scopes(view.clone())
                .param("expand", "string")
                .gives(200, (method == "get").then(|| object.clone()))
        })
        .collect();
    on_one.push(
        Operation::new("delete", one, "Deletes a custom object.")
            .scopes(manage)
            .param("version", "integer")
            .param("dataErasure", "boolean")
            .param("expand", "string")
            .gives(200, Some(object)),
    );
    [on_all, Vec::from(in_container), on_one]
}

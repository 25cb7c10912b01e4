//! Updating and deleting categories over HTTP: the engine's way, followed by the work on the tree.

use super::tree::GRACE_MS;
use super::{Categories, Tree};
use api::category::CategoryAction;
use api::{ApiError, Id, Kind};
use axum::extract::{Path, RawQuery};
use axum::routing::MethodRouter;
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, json, not_found, ok, selector};
use kit::resource::{Access, Edit, Operation, Rules, UpdateRequest, expand};
use kit::service::ServiceBuilder;
use serde_json::json as value;

/// Adds `POST` and `DELETE` on items.
pub(crate) fn add(mut builder: ServiceBuilder, tree: &Tree) -> ServiceBuilder {
    let update = builder.parts().request::<UpdateRequest<CategoryAction>>();
    // The engine describes the resource under this name.
    let stored = value!({"$ref": "#/components/schemas/StoredCategory"});
    let scopes: Vec<String> = Kind::Category.scopes().iter().map(|scope| format!("manage_{scope}")).collect();
    let mut operations = Vec::new();
    for item in ["{id}", "key={key}"] {
        let path = format!("/{{projectKey}}/categories/{item}");
        let post = Operation::new("post", &path, "Updates a category; moving it moves all below it.");
        let delete = Operation::new("delete", &path, "Deletes a category and all below it.");
        operations.push(
            post.scopes(&scopes)
                .param("expand", "string")
                .takes(update.clone())
                .gives(200, Some(stored.clone())),
        );
        operations.push(
            delete
                .scopes(&scopes)
                .param("version", "integer")
                .param("expand", "string")
                .gives(200, Some(stored.clone())),
        );
    }
    let lookups = builder.lookups();
    let (updating, deleting) = (tree.clone(), tree.clone());
    let expanding = lookups.clone();
    let handler = MethodRouter::new()
        .post(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery,
                  body: Bytes| async move {
                request.caller.require_manage(Kind::Category)?;
                let params = Params::parse(query.as_deref())?;
                let text = update_one(&updating, &request, &segment, &body).await?;
                Reply::Ok(ok(expand(&expanding, &request, &params, text).await?))
            },
        )
        .delete(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery| async move {
                request.caller.require_manage(Kind::Category)?;
                let params = Params::parse(query.as_deref())?;
                let version = params.version()?.ok_or_else(|| {
                    ApiError::malformed_parameter("version", "A version is required to delete a resource.")
                })?;
                let text = delete_one(&deleting, &request, &segment, version).await?;
                Reply::Ok(ok(expand(&lookups, &request, &params, text).await?))
            },
        );
    builder.route("/{project}/categories/{selector}", &operations, handler)
}

async fn update_one(tree: &Tree, request: &RequestInfo, segment: &str, body: &[u8]) -> api::Result<String> {
    let selector = selector(segment).ok_or_else(|| not_found(segment))?;
    let update: UpdateRequest<CategoryAction> = json(body)?;
    let moves = update.actions.iter().any(|action| matches!(action, CategoryAction::ChangeParent { .. }));
    let changed = tree
        .categories
        .update(request, &selector, &Access::PROJECT, &update)
        .await?
        .ok_or_else(|| not_found(segment))?;
    if moves && let Err(error) = tree.settle_below(request, &changed.id).await {
        // The move itself is done; the recovery loop goes on with the rest.
        tracing::warn!(%error, id = %changed.id, "a moved category's descendants will be settled later");
    }
    Ok(changed.json)
}

async fn delete_one(tree: &Tree, request: &RequestInfo, segment: &str, version: i64) -> api::Result<String> {
    let selector = selector(segment).ok_or_else(|| not_found(segment))?;
    let edit = Edit { expected_version: Some(version), access: Access::PROJECT, visible: true };
    let doomed = tree
        .categories
        .edit(request, &selector, &edit, |state, cx| {
            Categories::delete(state, cx)?;
            state.hidden.doomed = true;
            state.due_at = Some(cx.now.plus_millis(GRACE_MS));
            Ok(())
        })
        .await?
        .ok_or_else(|| not_found(segment))?;
    let id: &Id = &doomed.state.meta.id;
    Ok(tree.fell(request, id).await?.unwrap_or(doomed.json))
}

//! Product projections: the current or the staged version of products, read only.
//!
//! Reads by id and key pass the stored text through; only [`Answers`] and expansion add to it.

use crate::answers::Answers;
use crate::dimensions::{self, Dimensions};
use crate::products::{CURRENT, Products, STAGED};
use crate::{selection, unique};
use api::product::ProductProjection;
use api::{ApiError, Kind, Meta, Result};
use axum::extract::{Path, RawQuery};
use axum::http::{Method, StatusCode};
use axum::routing::get;
use kit::http::{Params, Reply, RequestInfo, empty, not_found, ok, selector};
use kit::resource::{
    Access, Collection, ListRequest, Lookups, Operation, expand, model_of_body, page_body, store_error,
};
use kit::service::ServiceBuilder;
use kit::store::Page;
use predicate::Model;
use serde_json::{Value, json};
use std::sync::Arc;

/// What reads any projection, and what reads published ones.
const ALL: &str = "view_products";
const PUBLISHED: &str = "view_published_products";

struct Projections {
    products: Arc<Collection<Products>>,
    answers: Arc<Answers>,
    lookups: Arc<Lookups>,
    model: Model,
}

/// Adds the routes.
pub(crate) fn add_routes(
    mut builder: ServiceBuilder,
    products: &Arc<Collection<Products>>,
    answers: &Arc<Answers>,
) -> ServiceBuilder {
    let operations = describe(&mut builder);
    let projections = Arc::new(Projections {
        products: Arc::clone(products),
        answers: Arc::clone(answers),
        lookups: builder.lookups(),
        model: model_of_body::<ProductProjection>(),
    });
    let listing = Arc::clone(&projections);
    let (list, items): (Vec<_>, Vec<_>) =
        operations.into_iter().partition(|operation| operation.path == "/{projectKey}/product-projections");
    builder
        .route(
            "/{project}/product-projections",
            &list,
            get(move |method: Method, request: RequestInfo, RawQuery(query): RawQuery| async move {
                listing.list(&request, query.as_deref(), method == Method::HEAD).await
            }),
        )
        .route(
            "/{project}/product-projections/{selector}",
            &items,
            get(
                move |request: RequestInfo,
                      Path((_, segment)): Path<(String, String)>,
                      RawQuery(query): RawQuery| async move {
                    projections.one(&request, &segment, query.as_deref()).await
                },
            ),
        )
}

impl Projections {
    async fn one(&self, request: &RequestInfo, segment: &str, query: Option<&str>) -> Reply {
        let params = Params::parse(query)?;
        let view = view(request, &params)?;
        let selector = selector(segment).ok_or_else(|| not_found(segment))?;
        let deps = &self.products.deps;
        let found = deps.store.view(request.project(), Kind::Product, &selector, view).await;
        let text = found.map_err(|e| store_error(&e))?.ok_or_else(|| not_found(segment))?;
        let dimensions = Dimensions::of(&self.lookups, request, &params).await?;
        let text = dimensions.narrow(text)?;
        let text = self.answers.present(request, &params, &dimensions, text).await?;
        Ok(ok(expand(&self.lookups, request, &params, text).await?))
    }

    async fn list(&self, request: &RequestInfo, query: Option<&str>, head: bool) -> Reply {
        let params = Params::parse(query)?;
        let view = view(request, &params)?;
        selection::Selection::parse(&params)?;
        let mut list = ListRequest::parse(&params, &self.model)?;
        let dimensions = Dimensions::of(&self.lookups, request, &params).await?;
        if head {
            list = ListRequest { limit: 1, offset: 0, count_to: None, ..list };
            let found = self.page(request, list, view).await?;
            return Ok(empty(if found.results.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK }));
        }
        let (limit, offset) = (list.limit, list.offset);
        let mut page = self.page(request, list, view).await?;
        for text in &mut page.results {
            *text = dimensions.narrow(std::mem::take(text))?;
        }
        let text = page_body(limit, offset, &page);
        let text = self.answers.present(request, &params, &dimensions, text).await?;
        Ok(ok(expand(&self.lookups, request, &params, text).await?))
    }

    async fn page(&self, request: &RequestInfo, list: ListRequest, view: &'static str) -> Result<Page> {
        let Some(selector) = unique::selector(&list) else {
            return self.products.view_page(request, list, &Access::PROJECT, view).await;
        };
        let found = self.products.deps.store.view(request.project(), Kind::Product, &selector, view).await;
        unique::page(&list, found.map_err(|e| store_error(&e))?).map_err(|e| kit::peers::internal(&e))
    }
}

/// The view that a request reads, if its token may read it.
fn view(request: &RequestInfo, params: &Params) -> Result<&'static str> {
    let staged = params.flag("staged", false)?;
    let scopes = &request.caller.scopes;
    match staged {
        false if scopes.allow(PUBLISHED) => Ok(CURRENT),
        true if scopes.allow(ALL) => Ok(STAGED),
        false => Err(ApiError::insufficient_scope(&[ALL.to_owned(), PUBLISHED.to_owned()])),
        true => Err(ApiError::insufficient_scope(&[ALL.to_owned()])),
    }
}

fn describe(builder: &mut ServiceBuilder) -> Vec<Operation> {
    let parts = builder.parts();
    let both = json!({"allOf": [parts.answer::<Meta>(), parts.answer::<ProductProjection>()]});
    let projection = parts.name("StoredProductProjection", both);
    let page = parts.name(
        "ProductProjectionPagedQueryResponse",
        json!({
            "type": "object",
            "required": ["limit", "offset", "count", "results"],
            "properties": {
                "limit": {"type": "integer"}, "offset": {"type": "integer"}, "count": {"type": "integer"},
                "total": {"type": "integer"}, "results": {"type": "array", "items": projection},
            },
        }),
    );
    let read = |method: &'static str, path: &str, summary: &str, answer: &Value| {
        let operation = Operation::new(method, path, summary)
            .scopes([ALL, PUBLISHED])
            .param("staged", "boolean")
            .param("expand", "string")
            .params(selection::QUERY)
            .params(dimensions::QUERY);
        operation.gives(200, (method == "get").then(|| answer.clone()))
    };
    let base = "/{projectKey}/product-projections";
    let mut operations = Vec::new();
    for method in ["get", "head"] {
        let mut list = read(method, base, "Lists product projections.", &page)
            .param("where", "string")
            .param("sort", "string")
            .param("limit", "integer")
            .param("offset", "integer")
            .param("withTotal", "boolean");
        if method == "head" {
            list = list.gives(404, None);
        }
        operations.push(list);
        for item in ["{id}", "key={key}"] {
            operations.push(read(
                method,
                &format!("{base}/{item}"),
                "Gets a product projection.",
                &projection,
            ));
        }
    }
    operations
}

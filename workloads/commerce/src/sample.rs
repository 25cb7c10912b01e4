//! The sample catalogue: loaded once per project, through the public routes, create-only.

use crate::Failure;
use crate::wiring::Stack;
use api::Kind;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use kit::Boxed;
use kit::http::RequestInfo;
use serde_json::Value;

/// The drafts of each kind, in the order in which they refer to each other.
const FILES: &[(Kind, &str)] = &[
    (Kind::TaxCategory, include_str!("../sample/tax-categories.json")),
    (Kind::Zone, include_str!("../sample/zones.json")),
    (Kind::ShippingMethod, include_str!("../sample/shipping-methods.json")),
    (Kind::Channel, include_str!("../sample/channels.json")),
    (Kind::CustomerGroup, include_str!("../sample/customer-groups.json")),
    (Kind::ProductType, include_str!("../sample/product-types.json")),
    (Kind::Category, include_str!("../sample/categories.json")),
    (Kind::Product, include_str!("../sample/products.json")),
    (Kind::InventoryEntry, include_str!("../sample/inventory.json")),
];

/// The public routes, wherever they are.
pub(crate) trait Api: Sync {
    /// Sends a request to a path under the project that `kind` lives at.
    fn send<'a>(
        &'a self,
        project: &'a str,
        kind: Kind,
        method: Method,
        path: &'a str,
        body: Option<String>,
    ) -> Boxed<'a, Result<(StatusCode, Bytes), Failure>>;
}

/// The routes of a stack in this process.
pub(crate) struct Inside<'a>(pub(crate) &'a Stack);

impl Api for Inside<'_> {
    fn send<'a>(
        &'a self,
        project: &'a str,
        kind: Kind,
        method: Method,
        path: &'a str,
        body: Option<String>,
    ) -> Boxed<'a, Result<(StatusCode, Bytes), Failure>> {
        Box::pin(async move {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .extension(RequestInfo::system(project, "sample-data"))
                .body(body.map_or_else(Body::empty, Body::from))
                .map_err(Failure::run)?;
            let response = self.0.upstreams.send(kind.service(), request).await;
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.map_err(Failure::run)?;
            Ok((status, body))
        })
    }
}

/// Loads what is not there yet. What exists, by key, is left as it is.
pub(crate) async fn load(api: &dyn Api, project: &str) -> Result<usize, Failure> {
    let mut made = 0;
    for (kind, text) in FILES {
        let drafts: Vec<Value> = serde_json::from_str(text)
            .map_err(|e| Failure::Run(format!("the sample data of {kind} is broken: {e}")))?;
        for draft in drafts {
            made += usize::from(create(api, project, *kind, &draft).await?);
        }
    }
    Ok(made)
}

/// `false` if the resource was there already.
async fn create(api: &dyn Api, project: &str, kind: Kind, draft: &Value) -> Result<bool, Failure> {
    let key = draft.get("key").and_then(Value::as_str).unwrap_or_default();
    if !key.is_empty() {
        let path = format!("/{project}/{}/key={key}", kind.path());
        if api.send(project, kind, Method::HEAD, &path, None).await?.0 == StatusCode::OK {
            return Ok(false);
        }
    }
    let path = format!("/{project}/{}", kind.path());
    let (status, body) = api.send(project, kind, Method::POST, &path, Some(draft.to_string())).await?;
    if status == StatusCode::CREATED || is_duplicate(&body) {
        return Ok(status == StatusCode::CREATED);
    }
    let message = String::from_utf8_lossy(&body).into_owned();
    Err(Failure::Run(format!("the sample {kind} '{key}' of project '{project}' was refused: {message}")))
}

/// Whether somebody made it meanwhile, or an earlier try did whose answer was lost.
fn is_duplicate(body: &[u8]) -> bool {
    let code = |body: &Value| Some(body.pointer("/errors/0/code")?.as_str()? == "DuplicateField");
    serde_json::from_slice(body).ok().as_ref().and_then(code).unwrap_or(false)
}

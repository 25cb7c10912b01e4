//! The sample catalogue: loaded once per project, through the public routes, create-only.

use crate::Failure;
use crate::wiring::Stack;
use api::{Kind, ServiceName};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
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

/// Loads what is not there yet. What exists, by key, is left as it is.
pub(crate) async fn load(stack: &Stack, project: &str) -> Result<usize, Failure> {
    let mut made = 0;
    for (kind, text) in FILES {
        let drafts: Vec<Value> = serde_json::from_str(text)
            .map_err(|e| Failure::Run(format!("the sample data of {kind} is broken: {e}")))?;
        for draft in drafts {
            made += usize::from(create(stack, project, *kind, &draft).await?);
        }
    }
    Ok(made)
}

/// `false` if the resource was there already.
async fn create(stack: &Stack, project: &str, kind: Kind, draft: &Value) -> Result<bool, Failure> {
    let key = draft.get("key").and_then(Value::as_str).unwrap_or_default();
    if !key.is_empty() {
        let path = format!("/{project}/{}/key={key}", kind.path());
        let (status, _) = send(stack, kind.service(), project, Method::HEAD, &path, Body::empty()).await?;
        if status == StatusCode::OK {
            return Ok(false);
        }
    }
    let path = format!("/{project}/{}", kind.path());
    let (status, body) =
        send(stack, kind.service(), project, Method::POST, &path, Body::from(draft.to_string())).await?;
    if status == StatusCode::CREATED {
        return Ok(true);
    }
    let message = String::from_utf8_lossy(&body).into_owned();
    Err(Failure::Run(format!("the sample {kind} '{key}' of project '{project}' was refused: {message}")))
}

async fn send(
    stack: &Stack,
    service: ServiceName,
    project: &str,
    method: Method,
    path: &str,
    body: Body,
) -> Result<(StatusCode, axum::body::Bytes), Failure> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .extension(RequestInfo::system(project, "sample-data"))
        .body(body)
        .map_err(Failure::run)?;
    let response = stack.upstreams.send(service, request).await;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.map_err(Failure::run)?;
    Ok((status, body))
}

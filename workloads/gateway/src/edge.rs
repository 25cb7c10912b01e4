//! The way of a request: correlation id, identity, bounds, the service, and back.

use crate::Edge;
use crate::routing::{in_store, service_of};
use api::{ApiError, Code, Result, ServiceName};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use kit::http::{Failure, MAX_BODY_BYTES, RequestInfo};
use kit::service::Route;
use std::sync::Arc;

/// Serves what the gateway does not serve itself.
pub(crate) async fn handle(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let correlation_id = correlation_id(&edge, request.headers());
    let mut response = match pass(&edge, request, &correlation_id).await {
        Ok(response) => response,
        Err(error) => Failure(error).into_response(),
    };
    if let Ok(value) = HeaderValue::from_str(&correlation_id) {
        response.headers_mut().insert("x-correlation-id", value);
    }
    response
}

async fn pass(edge: &Edge, request: Request, correlation_id: &Arc<str>) -> Result<Response> {
    let _place = edge.places.try_acquire().map_err(|_| {
        ApiError::new(Code::OverCapacity, "The service is over capacity. Please try again in a moment.")
    })?;
    let served = tokio::time::timeout(edge.parts.limits.time, serve(edge, request, correlation_id));
    served.await.unwrap_or_else(|_| {
        Err(ApiError::new(Code::QueryTimedOut, "The request took too long and was given up."))
    })
}

async fn serve(edge: &Edge, request: Request, correlation_id: &Arc<str>) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path();
    let mut segments = path.split('/').skip(1);
    let first = segments.next().unwrap_or_default();
    let service = match first {
        "oauth" | ".well-known" => ServiceName::Account,
        project => {
            let behind: Vec<&str> = segments.take(6).filter(|s| !s.is_empty()).collect();
            let (store, behind) = match in_store(&behind) {
                Some((store, behind)) => (Some(store), behind),
                None => (None, behind.as_slice()),
            };
            let caller = edge.auth.caller(&parts.headers, project, behind == ["me"]).await?;
            let service = service_of(behind).ok_or_else(|| ApiError::no_route(path))?;
            if !edge.parts.services.contains(&service) {
                return Err(switched_off(service, path));
            }
            let (caller, twin) = match store {
                Some(store) => {
                    let twin = without_store(&parts.uri).ok_or_else(|| ApiError::no_route(path))?;
                    (Arc::new(caller.in_store(store)), Some(twin))
                }
                None => (caller, None),
            };
            if let Some(twin) = twin {
                parts.uri = twin;
            }
            parts.extensions.insert(RequestInfo { caller, correlation_id: Arc::clone(correlation_id) });
            service
        }
    };
    let body = collect(edge, &parts.headers, body).await?;
    let mut response = edge.parts.upstreams.send(service, Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(Route(service.as_str()));
    Ok(response)
}

/// The path that a store's path is the twin of: the services have it once, and know the store from the caller.
fn without_store(uri: &Uri) -> Option<Uri> {
    let (project, rest) = uri.path().strip_prefix('/')?.split_once('/')?;
    let (_, behind) = rest.strip_prefix("in-store/")?.split_once('/')?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{project}/{behind}{query}").parse().ok()
}

/// The 404 for paths of a service that the stack does not run.
fn switched_off(service: ServiceName, path: &str) -> ApiError {
    ApiError::new(
        Code::ResourceNotFound,
        format!("The service '{service}' is switched off in this stack, so '{path}' is not served."),
    )
}

/// The whole body in memory, if it is within its bounds.
async fn collect(edge: &Edge, headers: &HeaderMap, mut body: Body) -> Result<Body> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|l| l == 0)
        && !headers.contains_key(header::TRANSFER_ENCODING)
        && http_body::Body::is_end_stream(&body)
    {
        return Ok(Body::empty());
    }
    let too_large = || {
        ApiError::new(
            Code::ContentTooLarge,
            format!("The request body is larger than {} MB.", MAX_BODY_BYTES / 1024 / 1024),
        )
    };
    let limited = async {
        if length.is_some_and(|l| l > MAX_BODY_BYTES) {
            drain(&mut body).await;
            return Ok(Err(too_large()));
        }
        match Limited::new(&mut body, MAX_BODY_BYTES).collect().await {
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                drain(&mut body).await;
                Ok(Err(too_large()))
            }
            other => other.map(Ok),
        }
    };
    match tokio::time::timeout(edge.parts.limits.body_time, limited).await {
        Ok(Ok(collected)) => collected.map(|whole| Body::from(whole.to_bytes())),
        Ok(Err(_)) => Err(ApiError::invalid_input("The request body ended before it was complete.")),
        Err(_) => Err(ApiError::invalid_input("The request body did not arrive in time.")),
    }
}

/// Reads on for a while and forgets it: a client that sends its whole body before it listens gets the answer
/// rather than a broken connection.
async fn drain(body: &mut Body) {
    let mut left = 4 * MAX_BODY_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        match left.checked_sub(frame.data_ref().map_or(0, bytes::Bytes::len)) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A sane id of the client's, or a new one.
fn correlation_id(edge: &Edge, headers: &HeaderMap) -> Arc<str> {
    let given = headers.get("x-correlation-id").and_then(|v| v.to_str().ok()).filter(|text| {
        (1..=256).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'-'))
    });
    match given {
        Some(text) => text.into(),
        None => edge.parts.clock.new_id(edge.parts.clock.now()).as_str().into(),
    }
}

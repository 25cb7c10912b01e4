//! Upstreams in other processes: the gateway passes a request on over HTTP/2.
//!
//! What a service needs of a request travels: method, path, query, body, and few headers. Who asks goes along
//! as an internal token; the client's own credentials go to the account service alone.

use crate::peers::http::{Answer, Balancer, Exchange, PeerAddresses, Unanswered, balancers};
use api::{ApiError, Result, ServiceName};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header, uri::PathAndQuery};
use axum::response::{IntoResponse, Response};
use kit::Boxed;
use kit::http::{Failure, MAX_BODY_BYTES, RequestInfo};
use kit::identity::{CORRELATION_HEADER, HEADER, Signer};
use kit::peers::internal;
use kit::upstream::Upstreams;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a service may take; the gateway gives up no later.
const DEADLINE: Duration = Duration::from_secs(60);
/// Headers of a request that go along.
const PASSED: [HeaderName; 2] = [header::CONTENT_TYPE, header::ACCEPT];
/// Headers of an answer that belong to the connection that it came by, or are made anew.
const DROPPED: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::DATE, header::CONTENT_LENGTH];

/// The services' public routes.
pub struct HttpUpstreams {
    signer: Arc<Signer>,
    services: HashMap<ServiceName, Balancer>,
}

impl HttpUpstreams {
    /// Passes requests on to the services at `addresses` on `port`, as the workload of `signer`.
    #[must_use]
    pub fn new(signer: Arc<Signer>, addresses: &PeerAddresses, port: u16) -> Self {
        Self { signer, services: balancers(addresses, port) }
    }

    async fn pass(&self, balancer: &Balancer, to: ServiceName, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| internal(&error))?;
        let info = parts.extensions.get::<RequestInfo>();
        let mut headers = HeaderMap::with_capacity(6);
        let own = (to == ServiceName::Account).then_some(header::AUTHORIZATION);
        for name in PASSED.into_iter().chain(own) {
            if let Some(value) = parts.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(HEADER, self.signer.token(to, info.map(|info| &info.caller))?);
        if let Some(id) = info.and_then(|info| HeaderValue::from_str(&info.correlation_id).ok()) {
            headers.insert(CORRELATION_HEADER, id);
        }
        let exchange = Exchange {
            idempotent: parts.method == Method::GET || parts.method == Method::HEAD,
            path: parts.uri.into_parts().path_and_query.unwrap_or(PathAndQuery::from_static("/")),
            method: parts.method,
            headers,
            body,
            deadline: Instant::now() + DEADLINE,
        };
        match balancer.send(&exchange).await {
            Ok(answer) => Ok(response(&exchange.method, answer)),
            Err(error) => Err(unanswered(&error)),
        }
    }
}

impl Upstreams for HttpUpstreams {
    fn send(&self, to: ServiceName, request: Request) -> Boxed<'_, Response> {
        Box::pin(async move {
            let passed = match self.services.get(&to) {
                Some(balancer) => self.pass(balancer, to, request).await,
                None => Err(ApiError::no_route(request.uri().path())),
            };
            passed.unwrap_or_else(|error| Failure(error).into_response())
        })
    }
}

fn unanswered(error: &Unanswered) -> ApiError {
    tracing::warn!(%error, "a request was not answered");
    ApiError::unavailable()
}

fn response(method: &Method, answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    // The length of what a HEAD left out is not that of its empty body.
    let dropped = if method == Method::HEAD { &DROPPED[..3] } else { &DROPPED[..] };
    for name in dropped {
        response.headers_mut().remove(name);
    }
    response
}

//! Peers in other processes, over HTTP/2 without encryption: balanced for each request over the replicas of a
//! service, with deadlines, retries within a budget, and a circuit breaker for each replica.
//!
//! A call that cannot be answered is [`ApiError::unavailable`]; the log has the reason.

mod addresses;
mod balancer;
mod breaker;
mod budget;
mod pick;
mod replica;

pub use addresses::PeerAddresses;
pub use replica::NOT_SERVED;

pub(crate) use balancer::{Balancer, Unanswered};
pub(crate) use replica::{Answer, Exchange};

use super::read;
use api::{ApiError, Result, ServiceName};
use axum::http::{HeaderMap, HeaderValue, Method, header, uri::PathAndQuery};
use bytes::Bytes;
use kit::Boxed;
use kit::identity::{CORRELATION_HEADER, HEADER, Signer};
use kit::peers::{Call, Peers};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::Instant;

/// The other services, by their internal routes.
pub struct HttpPeers {
    signer: Arc<Signer>,
    services: HashMap<ServiceName, Balancer>,
}

impl HttpPeers {
    /// Calls the services at `addresses` on `port`, as the workload of `signer`.
    #[must_use]
    pub fn new(signer: Arc<Signer>, addresses: &PeerAddresses, port: u16) -> Self {
        Self { signer, services: balancers(addresses, port) }
    }

    fn exchange(&self, to: ServiceName, call: &Call) -> Result<Exchange> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HEADER, self.signer.token(to, Some(&call.caller))?);
        if let Ok(id) = HeaderValue::from_str(&call.correlation_id) {
            headers.insert(CORRELATION_HEADER, id);
        }
        Ok(Exchange {
            method: Method::POST,
            path: PathAndQuery::from_static(call.path),
            headers,
            body: call.body.clone(),
            idempotent: call.idempotent,
            deadline: Instant::now() + call.deadline,
        })
    }
}

impl Peers for HttpPeers {
    fn call(&self, to: ServiceName, call: Call) -> Boxed<'_, Result<Bytes>> {
        Box::pin(async move {
            let Some(balancer) = self.services.get(&to) else {
                // No warning: some calls are tried wherever they may be of use.
                tracing::debug!(service = %to, path = call.path, "a service was called that is not on");
                return Err(ApiError::unavailable());
            };
            match balancer.send(&self.exchange(to, &call)?).await {
                Ok(answer) => read(call.path, answer.status, answer.body),
                Err(error) => {
                    tracing::warn!(%error, path = call.path, "a call was not answered");
                    Err(ApiError::unavailable())
                }
            }
        })
    }
}

/// One for each service.
pub(crate) fn balancers(addresses: &PeerAddresses, port: u16) -> HashMap<ServiceName, Balancer> {
    addresses.iter().map(|(service, hosts)| (service, Balancer::new(service, hosts, port))).collect()
}

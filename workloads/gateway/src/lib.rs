//! The edge: verifies tokens, bounds what comes in, hands each request to the service that serves its
//! path, and tells how the services are.
//!
//! It keeps no data and caches no answers. What it knows of tokens is their verified content, checked
//! against withdrawals and the clock on every request.

mod auth;
mod description;
mod edge;
mod health;
mod routing;

pub use routing::{RESERVED, service_of};

use api::ServiceName;
use auth::Auth;
use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::routing::get;
use health::Health;
use kit::bus::EventBus;
use kit::clock::Clock;
use kit::follow::{self, Gate};
use kit::http::Failure;
use kit::peers::Peers;
use kit::service::{PONG, Task, measure};
use kit::telemetry::Metrics;
use kit::upstream::Upstreams;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{Any, CorsLayer};

/// What the gateway is made of.
#[derive(Clone)]
pub struct Parts {
    /// The services that are on, without the gateway itself. Paths of the others are answered with 404.
    pub services: Vec<ServiceName>,
    /// The services' public routes.
    pub upstreams: Arc<dyn Upstreams>,
    /// Their internal routes.
    pub peers: Arc<dyn Peers>,
    /// Where withdrawals and pongs come from.
    pub bus: Arc<dyn EventBus>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// The process's metrics.
    pub metrics: Arc<Metrics>,
    /// Bounds.
    pub limits: Limits,
}

/// The gateway's bounds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that are served at the same time; more are answered 503.
    pub in_flight: usize,
    /// The longest a request may take; then it is answered 504.
    pub time: Duration,
    /// The longest a client may take to send its body; then it is answered 400.
    pub body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: 2_048, time: Duration::from_secs(60), body_time: Duration::from_secs(30) }
    }
}

/// The gateway, ready to be served.
pub struct Gateway {
    /// What clients reach.
    pub public: Router,
    /// Background work; each ends when the token it is given is cancelled.
    pub tasks: Vec<Task>,
    /// What must have happened before it may serve.
    pub gates: Vec<Gate>,
}

/// What the handlers share.
pub(crate) struct Edge {
    pub(crate) parts: Parts,
    pub(crate) auth: Auth,
    pub(crate) health: Arc<Health>,
    pub(crate) places: Semaphore,
}

/// Builds the gateway.
#[must_use]
pub fn gateway(parts: Parts) -> Gateway {
    let auth = Auth::new(Arc::clone(&parts.peers), Arc::clone(&parts.clock));
    let health = Arc::new(Health::new(parts.clone()));
    // A process that does not know which tokens were withdrawn must let none in.
    let withdrawals = Gate::new("account");
    let tasks = vec![
        follow::follow(Arc::clone(&parts.bus), "account", auth.follower(), withdrawals.clone()),
        follow::follow(Arc::clone(&parts.bus), PONG, health::listener(&health), Gate::new(PONG)),
    ];
    let places = Semaphore::new(parts.limits.in_flight);
    let metrics = Arc::clone(&parts.metrics);
    let measured = axum::middleware::from_fn(move |request, next| {
        measure(Arc::clone(&metrics), ServiceName::Gateway.as_str(), request, next)
    });
    let edge = Arc::new(Edge { parts, auth, health, places });
    let correlation = HeaderName::from_static("x-correlation-id");
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::USER_AGENT,
            correlation.clone(),
            HeaderName::from_static("x-external-user-id"),
        ])
        .expose_headers([correlation])
        .max_age(Duration::from_secs(3_600));
    let public = Router::new()
        .route("/", get(description::root))
        .route("/api/v1/services/health", get(health::answer))
        .route("/openapi.json", get(description::openapi))
        .fallback(edge::handle)
        .method_not_allowed_fallback(|uri: axum::http::Uri| async move {
            Failure(api::ApiError::no_route(uri.path()))
        })
        .with_state(edge)
        .layer(measured)
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(1_024)))
        .layer(cors);
    Gateway { public, tasks, gates: vec![withdrawals] }
}

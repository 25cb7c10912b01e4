//! Whether this process may serve: kept up to date in the background, so that probes cost nothing.
//!
//! `/livez` says that the process runs. `/readyz` is 200 when the database and the bus answered recently and
//! all gates are open, else 503 with what is missing; and 503 from the moment it is asked to stop.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kit::bus::EventBus;
use kit::follow::Gate;
use kit::http::reply;
use kit::store::Store;
use kit::telemetry::Metrics;
use serde_json::json;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the database and the bus are asked, and how long each may take.
const INTERVAL: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer counts for so long: two may be missed.
const RECENT: Duration = Duration::from_secs(5);

/// What is known.
#[derive(Default)]
pub(crate) struct Readiness(RwLock<State>);

struct State {
    /// Why the service does not serve, by part; `starting` until it is built.
    missing: Vec<String>,
    stopping: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { missing: vec!["starting".to_owned()], stopping: false }
    }
}

impl Readiness {
    /// Why it does not serve now; empty if it does.
    pub(crate) fn missing(&self) -> Vec<String> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if state.stopping { vec!["stopping".to_owned()] } else { state.missing.clone() }
    }

    /// Says what is missing. A change is logged, once.
    pub(crate) fn set(&self, missing: Vec<String>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.missing == missing {
            return;
        }
        if missing.is_empty() {
            tracing::info!("ready");
        } else {
            tracing::warn!(missing = missing.join("; "), "not ready");
        }
        state.missing = missing;
    }

    /// Says that the process is about to end.
    pub(crate) fn stop(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).stopping = true;
    }

    /// Whether the process is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).stopping
    }
}

/// When something last answered, and what it says since.
#[derive(Default)]
struct Pulse {
    answered: Option<Instant>,
    trouble: String,
}

impl Pulse {
    fn learn<E: std::fmt::Display>(&mut self, asked: Result<Result<(), E>, tokio::time::error::Elapsed>) {
        match asked {
            Ok(Ok(())) => self.answered = Some(Instant::now()),
            Ok(Err(error)) => self.trouble = error.to_string(),
            Err(_) => "it does not answer".clone_into(&mut self.trouble),
        }
    }

    fn is_recent(&self) -> bool {
        self.answered.is_some_and(|at| at.elapsed() < RECENT)
    }
}

/// Asks until `stop`.
pub(crate) async fn keep(
    readiness: Arc<Readiness>,
    store: Option<Arc<dyn Store>>,
    bus: Arc<dyn EventBus>,
    gates: Vec<Gate>,
    stop: CancellationToken,
) {
    let (mut of_store, mut of_bus) = (Pulse::default(), Pulse::default());
    loop {
        let ask_store = async {
            match &store {
                Some(store) => tokio::time::timeout(PATIENCE, store.ping()).await,
                None => Ok(Ok(())),
            }
        };
        let (store_said, bus_said) = tokio::join!(ask_store, tokio::time::timeout(PATIENCE, bus.ping()));
        of_store.learn(store_said);
        of_bus.learn(bus_said);
        let mut missing = Vec::new();
        if !of_store.is_recent() {
            missing.push(format!("database: {}", of_store.trouble));
        }
        // The gateway goes on without new events: a broker that is away must not take the whole API along.
        let needs_bus = store.is_some() || of_bus.answered.is_none();
        if needs_bus && !of_bus.is_recent() {
            missing.push(format!("event bus: {}", of_bus.trouble));
        }
        let closed = gates.iter().filter(|gate| !gate.is_open());
        missing.extend(closed.map(|gate| format!("the topic '{}' is not read yet", gate.what())));
        readiness.set(missing);
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn routes(readiness: &Arc<Readiness>, metrics: &Arc<Metrics>) -> Router {
    let (readiness, metrics) = (Arc::clone(readiness), Arc::clone(metrics));
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(move || async move { answer(&readiness.missing()) }))
        .route("/metrics", get(move || async move { metrics.render() }))
}

fn answer(missing: &[String]) -> Response {
    if missing.is_empty() {
        return "ok".into_response();
    }
    reply(StatusCode::SERVICE_UNAVAILABLE, json!({"missing": missing}).to_string())
}

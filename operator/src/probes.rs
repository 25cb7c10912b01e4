//! `/metrics`, `/livez` and `/readyz` over plain HTTP.

use crate::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// After what time without a beat the process counts as stuck.
const STUCK: Duration = Duration::from_secs(60);

/// How the process is.
#[derive(Debug)]
pub struct Health {
    start: Instant,
    beat: AtomicU64,
    ready: AtomicBool,
}

impl Default for Health {
    fn default() -> Self {
        Self { start: Instant::now(), beat: AtomicU64::new(0), ready: AtomicBool::new(false) }
    }
}

impl Health {
    /// The main loop is alive.
    pub fn beat(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat.store(millis, Ordering::Release);
    }

    /// The process takes part: it leads, or waits for its turn.
    pub fn ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    fn is_alive(&self) -> bool {
        let beat = Duration::from_millis(self.beat.load(Ordering::Acquire));
        self.start.elapsed().saturating_sub(beat) < STUCK
    }
}

/// Serves until it is dropped.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
) -> std::io::Result<impl Future<Output = ()>> {
    let listener = TcpListener::bind(address).await?;
    let router = Router::new()
        .route("/metrics", get(text))
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .with_state((metrics, health));
    Ok(async move {
        // Without a way to stop it, it ends only if accepting fails for good.
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("metrics and probes are no longer served: {error}");
        }
    })
}

type Shared = (Arc<Metrics>, Arc<Health>);

async fn text(State((metrics, _)): State<Shared>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text())
}

async fn alive(State((_, health)): State<Shared>) -> (StatusCode, &'static str) {
    if health.is_alive() { (StatusCode::OK, "ok\n") } else { (StatusCode::INTERNAL_SERVER_ERROR, "stuck\n") }
}

async fn ready(State((_, health)): State<Shared>) -> (StatusCode, &'static str) {
    match health.ready.load(Ordering::Acquire) {
        true => (StatusCode::OK, "ok\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
    }
}

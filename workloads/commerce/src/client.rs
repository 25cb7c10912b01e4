//! `commerce healthcheck`: asks a running stack how it is.

use crate::Failure;
use axum::body::Body;
use axum::http::{Request, Uri};
use clap::Args;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

/// Options of `commerce healthcheck`.
#[derive(Args)]
pub(crate) struct Options {
    /// Where the stack's API is
    #[arg(long, env = "CTP_API_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Seconds to wait for the answer
    #[arg(long, default_value_t = 5)]
    timeout: u64,
}

/// Prints a line per service; fails unless all are up.
pub(crate) async fn healthcheck(options: Options) -> Result<(), Failure> {
    let url = format!("{}/api/v1/services/health", options.url.trim_end_matches('/'));
    let uri: Uri = url.parse().map_err(|e| Failure::Use(format!("--url {}: {e}", options.url)))?;
    if uri.scheme_str() != Some("http") {
        return Err(Failure::Use(format!("--url {}: only http:// addresses can be asked", options.url)));
    }
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder().uri(uri).body(Body::empty()).map_err(Failure::run)?;
    let asked = async {
        let response =
            client.request(request).await.map_err(|e| Failure::Run(format!("{url} does not answer: {e}")))?;
        let status = response.status();
        let body =
            axum::body::to_bytes(Body::new(response.into_body()), 1 << 20).await.map_err(Failure::run)?;
        Ok((status, body))
    };
    let (status, body) = tokio::time::timeout(Duration::from_secs(options.timeout), asked)
        .await
        .map_err(|_| Failure::Run(format!("{url} did not answer within {} seconds", options.timeout)))??;
    let health: Value = serde_json::from_slice(&body).map_err(|_| {
        Failure::Run(format!("{url} answered {status} and no health; is this a CommerceStack?"))
    })?;
    for service in health.get("services").and_then(Value::as_array).into_iter().flatten() {
        let text = |field: &str| service.get(field).and_then(Value::as_str).unwrap_or("?");
        let why = why(service);
        let _ = writeln!(std::io::stdout(), "{:<10} {}{why}", text("name"), text("status"));
    }
    if status.is_success() { Ok(()) } else { Err(Failure::Run("not every service is up".to_owned())) }
}

/// Why a service is not up, as far as the gateway knows: `: the store is DOWN, no ping came back`.
fn why(service: &Value) -> String {
    let text = |pointer: &str| service.pointer(pointer).and_then(Value::as_str);
    let parts = ["store", "bus"].into_iter().filter_map(|part| {
        text(&format!("/{part}")).filter(|state| *state != "UP").map(|state| format!("the {part} is {state}"))
    });
    let ping = text("/ping/status").filter(|state| *state != "UP").map(|_| "no ping came back".to_owned());
    let reasons: Vec<String> =
        text("/reason").map(str::to_owned).into_iter().chain(parts).chain(ping).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) }
}

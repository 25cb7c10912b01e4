//! What a call carries, and what comes back.

use crate::world::{World, call};
use api::{ApiError, Code, ServiceName};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use kit::http::RequestInfo;
use kit::peers::{Call, Peers};
use serde_json::{Value, json};
use std::time::Duration;

async fn echo(info: RequestInfo, Json(body): Json<Value>) -> Json<Value> {
    let (project, trace): (&str, &str) = (&info.caller.project, &info.correlation_id);
    Json(json!({"body": body, "project": project, "trace": trace}))
}

async fn refuse() -> (StatusCode, Json<Value>) {
    (StatusCode::CONFLICT, Json(ApiError::concurrent_modification("x", 1, 2).body()))
}

fn router() -> Router {
    Router::new()
        .route("/echo", post(echo))
        .route("/refuse", post(refuse))
        .route("/sleep", post(async || std::future::pending::<()>().await))
        .route("/broken", post(async || (StatusCode::BAD_GATEWAY, "no JSON")))
        .route("/endless", post(async || "x".repeat(65 << 20)))
}

#[tokio::test]
async fn a_call_reaches_the_route_with_its_body_its_caller_and_its_correlation_id() {
    let world = World::new();
    let _replica = world.start(1, router());
    let answer = world.peers(&[1]).call(ServiceName::Cart, call("/echo")).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, json!({"body": {"a": 1}, "project": "shop", "trace": "trace-1"}));
}

#[tokio::test]
async fn an_error_body_comes_back_as_the_error_that_it_says() {
    let world = World::new();
    let _replica = world.start(1, router());
    let peers = world.peers(&[1]);
    let error = peers.call(ServiceName::Cart, call("/refuse")).await.unwrap_err();
    assert_eq!(error, ApiError::concurrent_modification("x", 1, 2));
    let error = peers.call(ServiceName::Cart, call("/broken")).await.unwrap_err();
    assert_eq!(error.code(), Code::General);
}

#[tokio::test]
async fn a_service_that_is_slow_absent_or_not_on_is_unavailable() {
    let world = World::new();
    let _replica = world.start(1, router());
    let peers = world.peers(&[1]);
    let slow = Call { deadline: Duration::from_millis(300), ..call("/sleep") };
    assert_eq!(peers.call(ServiceName::Cart, slow).await.unwrap_err(), ApiError::unavailable());
    assert_eq!(peers.call(ServiceName::Order, call("/echo")).await.unwrap_err(), ApiError::unavailable());
    let nobody = world.peers(&[9]).call(ServiceName::Cart, call("/echo")).await.unwrap_err();
    assert_eq!(nobody, ApiError::unavailable());
}

#[tokio::test]
async fn an_answer_without_end_is_not_taken() {
    let world = World::new();
    let _replica = world.start(1, router());
    let peers = world.peers(&[1]);
    assert_eq!(peers.call(ServiceName::Cart, call("/endless")).await.unwrap_err(), ApiError::unavailable());
    peers.call(ServiceName::Cart, call("/echo")).await.unwrap();
}

#[tokio::test]
async fn a_host_name_stands_for_its_addresses() {
    let world = World::new();
    let _replica = world.start(1, router());
    // Without a name server: a name that stands for 127.0.0.1, where this port is closed, beside the address.
    let addresses = format!("cart=localhost|{}", world.address(1).ip());
    let addresses = commerce_adapters::peers::http::PeerAddresses::parse(&addresses).unwrap();
    let peers = commerce_adapters::peers::http::HttpPeers::new(world.signer(), &addresses, world.port());
    for _ in 0..20 {
        peers.call(ServiceName::Cart, call("/echo")).await.unwrap();
    }
}

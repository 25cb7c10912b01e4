//! Requests that the gateway passes on.

use crate::world::World;
use api::{Caller, ServiceName};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::{any, get};
use bytes::Bytes;
use commerce_adapters::upstreams::HttpUpstreams;
use kit::http::RequestInfo;
use kit::upstream::Upstreams;
use serde_json::{Value, json};
use std::sync::Arc;

/// Tells what came.
async fn mirror(
    info: Option<axum::Extension<RequestInfo>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> String {
    let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    json!({
        "method": method.as_str(), "uri": uri.path_and_query().unwrap().as_str(), "body": String::from_utf8_lossy(&body),
        "project": info.as_ref().map(|info| info.project().to_owned()),
        "trace": info.as_ref().map(|info| info.correlation_id.to_string()),
        "contentType": headers.get("content-type").map(|v| v.to_str().unwrap()),
        "credentials": names.contains(&"authorization") || names.contains(&"cookie"),
    })
    .to_string()
}

fn request(method: &str, path: &str, body: &'static str) -> Request {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", "Bearer of-a-client").header("cookie", "of=a-client");
    // A client that claims to be a service is none.
    let request = request.header("commerce-caller", "forged");
    let info = RequestInfo { caller: Arc::new(Caller::system("shop")), correlation_id: "trace-1".into() };
    request.extension(info).body(Body::from(body)).unwrap()
}

async fn text(response: axum::response::Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8_lossy(&body).into_owned()
}

#[tokio::test]
async fn a_request_goes_on_with_its_caller_and_without_the_clients_credentials() {
    let world = World::new();
    let _replica = world.start(1, Router::new().fallback(mirror));
    let upstreams = HttpUpstreams::new(world.signer(), &world.addresses(&[1]), world.port());
    let path = "/shop/carts?where=id%3D%221%22&limit=3";
    let answer = upstreams.send(ServiceName::Cart, request("POST", path, "{\"x\":1}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let told: Value = serde_json::from_str(&text(answer).await).unwrap();
    let expected = json!({
        "method": "POST", "uri": path, "body": "{\"x\":1}", "project": "shop", "trace": "trace-1",
        "contentType": "application/json", "credentials": false,
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_answer_comes_back_with_its_status_and_headers() {
    let world = World::new();
    let router = Router::new()
        .route("/teapot", any(async || (StatusCode::IM_A_TEAPOT, [("etag", "\"7\"")], "short and stout")))
        .route("/length", get(async || "seven.."));
    let _replica = world.start(1, router);
    let upstreams = HttpUpstreams::new(world.signer(), &world.addresses(&[1]), world.port());
    let answer = upstreams.send(ServiceName::Cart, request("DELETE", "/teapot", "")).await;
    assert_eq!(
        (answer.status(), answer.headers()["etag"].to_str().unwrap()),
        (StatusCode::IM_A_TEAPOT, "\"7\"")
    );
    assert_eq!(text(answer).await, "short and stout");
    let answer = upstreams.send(ServiceName::Cart, request("HEAD", "/length", "")).await;
    assert_eq!(answer.headers()["content-length"], "7");
}

#[tokio::test]
async fn a_service_that_is_away_is_answered_with_503_and_one_that_is_off_with_404() {
    let world = World::new();
    let upstreams = HttpUpstreams::new(world.signer(), &world.addresses(&[1]), world.port());
    let answer = upstreams.send(ServiceName::Cart, request("GET", "/shop/carts", "")).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(answer).await.contains("OverCapacity"));
    let answer = upstreams.send(ServiceName::Order, request("GET", "/shop/orders", "")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_service_turns_away_who_does_not_come_as_a_trusted_workload() {
    let world = World::new();
    let _replica = world.start(1, Router::new().fallback(mirror));
    let http = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let http = http.build_http::<Body>();
    let direct = Request::get(format!("http://{}/shop/carts", world.address(1)));
    let answer = http.request(direct.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

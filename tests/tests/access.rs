//! Every route of the API description demands a token of the right project with the right scope.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use commerce_tests::{Client, Stack};
use serde_json::Value;

/// Every operation that demands a scope: method and path under the project.
fn guarded(description: &Value) -> Vec<(String, String)> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].as_array().is_some_and(|s| !s.is_empty()) {
                let path = path
                    .strip_prefix("/{projectKey}")
                    .unwrap_or_else(|| panic!("{path} is not of a project"));
                operations.push((method.clone(), fill(path)));
            }
        }
    }
    operations
}

/// Puts something into the parameters of a path.
fn fill(path: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str("some-value");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    filled + rest
}

async fn description(url: &str) -> Value {
    reqwest::get(format!("{url}/openapi.json")).await.unwrap().json().await.unwrap()
}

async fn each_refused(client: &Client, operations: &[(String, String)], status: u16, code: &str) {
    let mut wrong = Vec::new();
    for (method, path) in operations {
        let body = (method == "post").then(|| "{}".to_owned());
        let answer = client.send(method, path, body).await;
        let coded = method == "head" || answer.code() == code;
        if answer.status != status || !coded {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.code()));
        }
    }
    assert!(wrong.is_empty(), "expected {status} {code} from:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_refuses_forged_tokens_foreign_projects_and_missing_scopes() {
    let stack = Stack::start(&["shop", "other"]);
    let admin = stack.client("shop", "admin").await;
    let operations = guarded(&description(&stack.url).await);
    assert!(operations.len() > 80, "only {} operations are described", operations.len());

    let forged = admin.with_token(format!("{}x", admin.token));
    each_refused(&forged, &operations, 401, "invalid_token").await;
    let limited = stack.client("shop", "limited").await;
    each_refused(&limited, &operations, 403, "insufficient_scope").await;
    let foreign = stack.client("other", "admin").await;
    let foreign = admin.with_token(foreign.token);
    each_refused(&foreign, &operations, 403, "insufficient_scope").await;
}

#[tokio::test]
async fn a_request_without_a_token_is_told_to_bring_one() {
    let stack = Stack::start(&["shop"]);
    let answer = reqwest::get(format!("{}/shop/carts", stack.url)).await.unwrap();
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "access_denied");
}

#[tokio::test]
async fn a_revoked_token_and_those_of_a_deleted_client_are_out_at_once() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    admin.get("/carts").await.expect(200);

    let draft = serde_json::json!({"name": "short-lived", "scope": "view_orders:shop"});
    let made = admin.post("/api-clients", draft).await.expect(201);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let http = commerce_tests::http();
    let token = |form: &'static str| {
        http.post(format!("{}/oauth/token", stack.url))
            .basic_auth(id, Some(secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
    };
    let answer: Value = token("grant_type=client_credentials").await.unwrap().json().await.unwrap();
    let short = admin.with_token(answer["access_token"].as_str().unwrap());
    short.get("/carts").await.expect(200);
    admin.delete(&format!("/api-clients/{id}")).await.expect(200);
    assert_eq!(short.get("/carts").await.status, 401);
    assert_eq!(token("grant_type=client_credentials").await.unwrap().status(), 401);

    let env = stack.env("shop", "admin");
    let revoked = http
        .post(format!("{}/oauth/token/revoke", stack.url))
        .basic_auth(&env["CTP_CLIENT_ID"], Some(&env["CTP_CLIENT_SECRET"]))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}&token_type_hint=access_token", admin.token))
        .send()
        .await
        .unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(admin.get("/carts").await.status, 401);
    stack.client("shop", "admin").await.get("/carts").await.expect(200);
}

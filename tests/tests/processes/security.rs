//! Who may speak with whom, and who is out.

use commerce_tests::processes::{Plan, Processes, Servers};
use commerce_tests::{Client, PATIENCE};
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_token_is_out_at_every_gateway_within_seconds() {
    let servers = Servers::shared();
    let plan = Plan { services: &["account", "project", "gateway"], ..Plan::default() };
    let stack = Processes::start(&servers, &plan).await;
    for gateway in 0..2 {
        let client = stack.client("shop", "admin", gateway).await;
        let gateways = [0, 1].map(|n| Client::new(&stack.url("gateway", n), "shop", client.token.clone()));
        for one in &gateways {
            one.get("").await.expect(200);
        }
        let env = stack.env("shop", "admin", gateway);
        let answer = commerce_tests::http()
            .post(format!("{}/oauth/token/revoke", env["CTP_AUTH_URL"]))
            .basic_auth(&env["CTP_CLIENT_ID"], Some(&env["CTP_CLIENT_SECRET"]))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={}&token_type_hint=access_token", client.token))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let start = Instant::now();
        for one in &gateways {
            while one.get("").await.status != 401 {
                assert!(start.elapsed() < PATIENCE, "it is still taken");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_past_the_gateway() {
    let servers = Servers::shared();
    let plan = Plan { services: &["account", "project", "gateway"], replicas: 1, ..Plan::default() };
    let stack = Processes::start(&servers, &plan).await;
    let client = stack.client("shop", "admin", 0).await;
    let http = commerce_tests::http();
    for (method, url) in [
        ("GET", format!("{}/shop", stack.url("project", 0))),
        ("POST", format!("{}/oauth/token", stack.url("account", 0))),
        ("POST", format!("{}/lookup", stack.internal_url("project", 0))),
        ("POST", format!("{}/declare", stack.internal_url("account", 0))),
        ("POST", format!("{}/keys", stack.internal_url("account", 0))),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        for caller in [None, Some("forged.by.hand"), Some(client.token.as_str())] {
            let mut request = http.request(method.clone(), &url).bearer_auth(&client.token);
            if let Some(caller) = caller {
                request = request.header("commerce-caller", caller);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{url} {caller:?}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["errors"][0]["code"], "invalid_token");
        }
    }
    // What probes and Prometheus read is open, and nothing of it is secret.
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = http.get(format!("{}{path}", stack.internal_url("account", 0))).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.text().await.unwrap().contains("s3cret"));
    }
    // The gateway counts what it hands on by the service, and what it answers itself too.
    client.get("").await.expect(200);
    client.get("/not-a-thing").await.expect(404);
    let metrics = http.get(format!("{}/metrics", stack.internal_url("gateway", 0))).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for labels in [
        r#"service="gateway",method="GET",route="project",status="200""#,
        r#"service="gateway",method="GET",route="",status="404""#,
    ] {
        assert!(
            metrics.contains(&format!("commerce_http_requests_total{{{labels}}}")),
            "{labels}:\n{metrics}"
        );
    }
    for service in ["account", "project", "gateway"] {
        assert!(!stack.log(service, 0).contains("s3cret"), "{service}'s log holds a secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_off_is_a_clear_404_and_not_asked_for_its_health() {
    let servers = Servers::shared();
    let plan = Plan { services: &["account", "project", "gateway"], replicas: 1, ..Plan::default() };
    let mut stack = Processes::start(&servers, &plan).await;
    let client = stack.client("shop", "admin", 0).await;
    let answer = client.get("/orders").await;
    assert_eq!((answer.status, answer.code()), (404, "ResourceNotFound"));
    assert!(answer.body["message"].as_str().unwrap().contains("'order' is switched off"), "{}", answer.body);
    let (status, health) = health_of(&stack).await;
    assert_eq!(status, 200);
    let names: Vec<&str> =
        health["services"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["account", "project"]);
    let description: Value = reqwest::get(format!("{}/openapi.json", stack.url("gateway", 0)))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.contains_key("/oauth/token") && !paths.keys().any(|path| path.contains("/orders")));

    // One that ought to be there says why it is not up.
    stack.kill("project", 0);
    let (status, health) = health_of(&stack).await;
    assert_eq!(status, 503);
    let project = &health["services"][1];
    assert_eq!(project["status"], "DOWN");
    assert!(project["reason"].is_string(), "{project}");
}

/// What the gateway says of its services.
async fn health_of(stack: &Processes) -> (u16, Value) {
    let url = format!("{}/api/v1/services/health", stack.url("gateway", 0));
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

//! The broker and the database come and go.

use crate::load::{Load, write};
use commerce_tests::PATIENCE;
use commerce_tests::processes::{Plan, Processes, Servers};
use serde_json::json;
use std::time::{Duration, Instant};

const SERVICES: [&str; 4] = ["account", "project", "cart", "gateway"];

async fn unready(stack: &Processes, service: &str, about: &str) {
    let start = Instant::now();
    loop {
        if let Err(missing) = stack.readiness(service, 0).await
            && missing.contains(about)
        {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{service} does not say that {about} is missing");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_start_without_a_database_and_a_broker_and_take_them_up_when_they_come() {
    let mut servers = Servers::own();
    let mut stack =
        Processes::prepare(&servers, &Plan { services: &SERVICES, replicas: 1, ..Plan::default() }).await;
    servers.kafka.stop().unwrap();
    servers.mongodb.stop().unwrap();
    stack.start_all();
    unready(&stack, "cart", "database").await;
    unready(&stack, "gateway", "event bus").await;
    servers.kafka.resume().unwrap();
    servers.mongodb.resume().unwrap();
    stack.ready().await;
    stack.client("shop", "admin", 0).await.get("/zones").await.expect(200);
    // One line for each change, not one for each try.
    let log = stack.log("cart", 0);
    assert!(log.matches("not ready").count() <= 5, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_a_503_and_nothing_confirmed_is_lost() {
    let mut servers = Servers::own();
    let mut stack =
        Processes::start(&servers, &Plan { services: &SERVICES, replicas: 1, ..Plan::default() }).await;
    let client = stack.client("shop", "admin", 0).await;
    let load = Load::start(&vec![client.clone(); 4], write);
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.mongodb.stop().unwrap();
    unready(&stack, "cart", "database").await;
    servers.mongodb.resume().unwrap();
    stack.ready().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let outcome = load.stop().await;
    for told in &outcome.bad {
        assert!(told.starts_with("503") || told.starts_with("504"), "{told}");
    }
    assert!(outcome.good > 20 && !outcome.bad.is_empty(), "{} {}", outcome.good, outcome.bad.len());
    let there = client.get("/zones?limit=1").await.expect(200)["total"].as_u64().unwrap();
    let confirmed = u64::try_from(outcome.good).unwrap();
    assert!(there >= confirmed, "{there} of {confirmed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_stops_no_request_and_no_event_is_lost() {
    let mut servers = Servers::own();
    let services = ["account", "project", "customer", "cart", "gateway"];
    let mut stack =
        Processes::start(&servers, &Plan { services: &services, replicas: 1, ..Plan::default() }).await;
    let client = stack.client("shop", "admin", 0).await;
    servers.kafka.stop().unwrap();
    unready(&stack, "cart", "event bus").await;
    assert_eq!(stack.readiness("gateway", 0).await.as_deref(), Ok("ok"), "the edge stays open");
    // Reads and writes go on; a withdrawal is stored, and told later.
    client.post("/zones", json!({"key": "dark", "name": "z", "locations": []})).await.expect(201);
    client.get("/zones/key=dark").await.expect(200);
    let draft = json!({"name": "short-lived", "scope": "view_orders:shop"});
    let made = client.post("/api-clients", draft).await.expect(201);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let token = commerce_tests::token(&stack.url("gateway", 0), id, secret).await;
    let short = client.with_token(token);
    client.delete(&format!("/api-clients/{id}")).await.expect(200);
    assert_eq!(short.get("/orders").await.status, 404, "the gateway cannot know yet");
    servers.kafka.resume().unwrap();
    stack.ready().await;
    let start = Instant::now();
    while short.get("/orders").await.status != 401 {
        assert!(start.elapsed() < PATIENCE, "the withdrawal was lost");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

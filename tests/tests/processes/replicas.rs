//! Several processes of one service: they agree, and one that goes is not missed.

use crate::load::{Load, read, write};
use commerce_tests::Client;
use commerce_tests::processes::{Plan, Processes, Servers};
use serde_json::json;
use std::time::Duration;

const CART_STACK: [&str; 4] = ["account", "project", "cart", "gateway"];

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Clients at both gateways.
async fn clients(stack: &Processes) -> Vec<Client> {
    let (one, other) = (stack.client("shop", "admin", 0).await, stack.client("shop", "admin", 1).await);
    vec![one.clone(), other.clone(), one, other]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_killed_or_asked_to_end_under_load_is_not_missed() {
    let servers = Servers::shared();
    let mut stack = Processes::start(&servers, &Plan { services: &CART_STACK, ..Plan::default() }).await;
    let clients = clients(&stack).await;

    // Killed: what may be repeated never fails.
    let load = Load::start(&clients, |client, _| read(client, "/zones?limit=1"));
    pause(1_000).await;
    stack.kill("cart", 0);
    pause(1_500).await;
    stack.start_one("cart", 0);
    stack.ready().await;
    pause(1_000).await;
    let outcome = load.stop().await;
    assert!(outcome.bad.is_empty(), "of {}: {:#?}", outcome.good + outcome.bad.len(), outcome.bad);
    assert!(outcome.good > 50, "only {} requests were made", outcome.good);

    // Asked to end: nothing fails, and each write is there once.
    for (service, turn) in [("cart", 0), ("cart", 1), ("account", 0), ("project", 1)] {
        let base = turn * 1_000 + service.len() * 100_000_000;
        let load = Load::start(&clients, move |client, n| write(client, base + n));
        pause(700).await;
        stack.terminate(service, turn);
        let code = stack.ended(service, turn).await;
        pause(700).await;
        let outcome = load.stop().await;
        assert_eq!(code, Some(0), "{service}-{turn}: {}", stack.log(service, turn));
        assert!(outcome.bad.is_empty(), "{service}-{turn}: {:#?}", outcome.bad);
        assert!(outcome.good > 5, "only {} requests were made", outcome.good);
        stack.start_one(service, turn);
        stack.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_asked_to_end_cuts_no_client_off() {
    let servers = Servers::shared();
    let mut stack = Processes::start(&servers, &Plan { services: &CART_STACK, ..Plan::default() }).await;
    let client = stack.client("shop", "admin", 0).await;
    let load = Load::start(&vec![client; 4], |client, _| read(client, "/zones?limit=1"));
    pause(700).await;
    stack.terminate("gateway", 0);
    pause(500).await;
    assert!(
        stack.readiness("gateway", 0).await.unwrap_err().contains("stopping"),
        "it says so before it ends"
    );
    // A load balancer would have taken it out by now; clients that stay get answers until the ports close.
    let outcome = load.stop().await;
    assert!(outcome.bad.is_empty(), "{:#?}", outcome.bad);
    assert_eq!(stack.ended("gateway", 0).await, Some(0));
    stack.client("shop", "admin", 1).await.get("/zones").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_on_an_empty_database_agree_on_the_signing_key() {
    let servers = Servers::shared();
    let plan = Plan { services: &["account", "project", "gateway"], replicas: 3, ..Plan::default() };
    let stack = Processes::start(&servers, &plan).await;
    // Tokens of whichever account process, at whichever gateway.
    let url = |gateway| stack.url("gateway", gateway);
    let mut keys = std::collections::BTreeSet::new();
    for n in 0..12 {
        let client = stack.client("shop", "admin", n % 3).await;
        for gateway in 0..3 {
            let there = Client::new(&url(gateway), "shop", client.token.clone());
            there.get("").await.expect(200);
        }
        let answer = reqwest::get(format!("{}/.well-known/jwks.json", url(n % 3))).await.unwrap();
        keys.insert(answer.text().await.unwrap());
    }
    assert_eq!(keys.len(), 1, "{keys:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_never_both_win_a_version() {
    let servers = Servers::shared();
    let stack = Processes::start(&servers, &Plan { services: &CART_STACK, ..Plan::default() }).await;
    let clients = clients(&stack).await;
    let zone = clients[0].post("/zones", json!({"name": "0", "locations": []})).await.expect(201);
    let path = format!("/zones/{}", zone["id"].as_str().unwrap());
    for version in 1..=10 {
        let racing = (0..8).map(|n| {
            let (client, path) = (clients[n % 4].clone(), path.clone());
            async move {
                let change = json!({"version": version, "actions": [{"action": "changeName", "name": format!("{version}-{n}")}]});
                client.post(&path, change).await.status
            }
        });
        let mut statuses = futures::future::join_all(racing).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    }
    let zone = clients[1].get(&path).await.expect(200);
    assert_eq!(zone["version"], 11);
}

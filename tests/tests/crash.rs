//! Kill -9 in the middle of writes and of checkouts: nothing that was answered is lost, and no half order
//! is left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use commerce_tests::{Client, PATIENCE, Stack};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Rounds of load, kill and restart.
const ROUNDS: usize = 24;
/// Buyers at the same time.
const BUYERS: usize = 6;
/// More than can be sold.
const STOCK: i64 = 1_000_000;

/// What buyers were told.
#[derive(Default)]
struct Told {
    /// Carts that exist, with the version of the last answer.
    carts: Vec<(String, i64)>,
    /// Orders that exist, with their cart.
    orders: Vec<(String, String)>,
}

async fn catalogue(admin: &Client) {
    admin.post("/tax-categories", json!({"key": "tax", "name": "tax", "rates": [{"name": "VAT", "amount": 0.19, "includedInPrice": true, "country": "DE"}]})).await.expect(201);
    admin.post("/product-types", json!({"key": "type", "name": "type", "description": ""})).await.expect(201);
    let product = json!({
        "key": "thing", "productType": {"key": "type"}, "taxCategory": {"key": "tax"}, "publish": true,
        "name": {"en": "Thing"}, "slug": {"en": "thing"},
        "masterVariant": {"sku": "thing-1", "prices": [{"value": {"currencyCode": "EUR", "centAmount": 1000}}]},
    });
    admin.post("/products", product).await.expect(201);
    admin
        .post("/inventory", json!({"key": "stock", "sku": "thing-1", "quantityOnStock": STOCK}))
        .await
        .expect(201);
}

/// Buys until the server goes away. Every answer that came is remembered before the next request.
async fn buy(client: Client, told: Arc<Mutex<Told>>, stopped: Arc<AtomicBool>) {
    let draft = json!({
        "currency": "EUR", "country": "DE", "inventoryMode": "ReserveOnOrder", "shippingAddress": {"country": "DE"},
        "lineItems": [{"sku": "thing-1", "quantity": 1}],
    });
    while !stopped.load(Ordering::Relaxed) {
        let Ok(answer) = client.try_send("POST", "/carts", Some(draft.to_string())).await else { return };
        let cart = answer.expect(201);
        let (id, version) = (cart["id"].as_str().unwrap().to_owned(), cart["version"].as_i64().unwrap());
        told.lock().await.carts.push((id.clone(), version));
        let order = json!({"cart": {"typeId": "cart", "id": id}, "version": version});
        let Ok(answer) = client.try_send("POST", "/orders", Some(order.to_string())).await else { return };
        let order = answer.expect(201);
        told.lock().await.orders.push((order["id"].as_str().unwrap().to_owned(), id));
    }
}

async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut last = String::new();
    loop {
        let filter = if last.is_empty() { String::new() } else { format!("&where=id%20%3E%20%22{last}%22") };
        let page = client.get(&format!("{path}?limit=500&sort=id{filter}")).await.expect(200);
        let results = page["results"].as_array().unwrap().clone();
        match results.last() {
            None => return found,
            Some(result) => result["id"].as_str().unwrap().clone_into(&mut last),
        }
        found.extend(results);
    }
}

/// Waits until recovery has finished or unwound what the kill left: until stock and orders agree.
async fn settled(client: &Client) -> (Vec<Value>, Value) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let orders = all(client, "/orders").await;
        let stock = client.get("/inventory/key=stock").await.expect(200);
        let sold = i64::try_from(orders.len()).unwrap();
        if stock["availableQuantity"] == STOCK - sold && stock["quantityOnStock"] == STOCK - sold {
            return (orders, stock);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let orders = all(client, "/orders").await.len();
    panic!("{orders} orders, but the stock says {:#}", client.get("/inventory/key=stock").await.body);
}

/// Waits until one more order was answered.
async fn sold_more(told: &Mutex<Told>) {
    let before = told.lock().await.orders.len();
    let deadline = Instant::now() + PATIENCE;
    while told.lock().await.orders.len() == before {
        assert!(Instant::now() < deadline, "no order within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_checkouts_loses_nothing_that_was_answered_and_leaves_no_half_order() {
    let mut stack = Stack::start(&["shop"]);
    catalogue(&stack.client("shop", "admin").await).await;
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..ROUNDS {
        let client = stack.client("shop", "admin").await;
        let stopped = Arc::new(AtomicBool::new(false));
        let buyers: Vec<_> = (0..BUYERS)
            .map(|_| tokio::spawn(buy(client.clone(), Arc::clone(&told), Arc::clone(&stopped))))
            .collect();
        // However busy the machine, checkouts are under way; and it is another moment in each round.
        sold_more(&told).await;
        tokio::time::sleep(Duration::from_millis(60 + 23 * u64::try_from(round).unwrap() % 190)).await;
        stack.kill();
        stopped.store(true, Ordering::Relaxed);
        for buyer in buyers {
            buyer.await.unwrap();
        }
        stack.restart();
    }

    let client = stack.client("shop", "admin").await;
    let (orders, _) = settled(&client).await;
    let told = told.lock().await;
    let ids: HashSet<&str> = orders.iter().map(|o| o["id"].as_str().unwrap()).collect();
    let ordered: Vec<&str> = orders.iter().map(|o| o["cart"]["id"].as_str().unwrap()).collect();
    assert_eq!(ordered.iter().collect::<HashSet<_>>().len(), ordered.len(), "a cart was ordered twice");
    for (order, cart) in &told.orders {
        assert!(ids.contains(order.as_str()), "the order {order} of cart {cart} was answered and is lost");
    }
    let carts = all(&client, "/carts").await;
    for (id, version) in &told.carts {
        let cart =
            carts.iter().find(|c| c["id"] == id.as_str()).unwrap_or_else(|| panic!("the cart {id} is lost"));
        assert!(cart["version"].as_i64().unwrap() >= *version, "the cart {id} went back in time");
    }
    for cart in &carts {
        let is_ordered = ordered.contains(&cart["id"].as_str().unwrap());
        assert_eq!(
            cart["cartState"] == "Ordered",
            is_ordered,
            "the cart {} and its order disagree",
            cart["id"]
        );
    }
    assert_eq!(stack.stop(), Some(0), "a stack that is asked to stop exits with 0");
}

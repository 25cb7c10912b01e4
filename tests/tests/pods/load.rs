//! Shoppers who never stop: reads, carts and orders through the gateway's Service, until they are told to.

use commerce_tests::cluster::{Stack, eventually};
use commerce_tests::{Answer, Client};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const SHOPPERS: usize = 4;
/// Between two requests of a shopper. The testbed's database is slow, and slower the more there is in it.
const PAUSE: Duration = Duration::from_millis(150);
/// The sku of what they buy, and the key of its product, type and tax category.
const SKU: &str = "load";

/// Rounds of a shopper, of seven requests each, after which it can be said that nothing failed.
const ENOUGH: usize = 10;

/// Shoppers at work.
pub struct Load {
    stack: Stack,
    until: Arc<Until>,
    shoppers: JoinHandle<Tally>,
}

/// How long they shop.
#[derive(Default)]
struct Until {
    stop: AtomicBool,
    rounds: AtomicUsize,
}

/// What they saw.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers that were as they should be.
    pub good: usize,
    /// Requests that got no answer, or another one than they should.
    pub bad: Vec<Failure>,
    /// Ids of the orders that were answered as made.
    pub orders: Vec<String>,
    /// What the pods say of the first failure.
    pub logs: String,
}

/// A request that failed.
#[derive(Debug)]
pub struct Failure {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What was asked, and what came; for whoever reads of it.
    what: String,
    /// Under which logs have it.
    correlation_id: String,
}

impl Load {
    /// Sends shoppers to project `demo` of a stack.
    pub fn start(stack: &Stack) -> Self {
        let until = Arc::<Until>::default();
        let (whose, shared) = (stack.clone(), Arc::clone(&until));
        let shoppers = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.unwrap().block_on(async move {
                let client = whose.client("demo").await;
                stock(&client).await;
                let shopping = (0..SHOPPERS).map(|_| tokio::spawn(shop(client.clone(), Arc::clone(&shared))));
                let mut all = Tally::default();
                for shopper in shopping.collect::<Vec<_>>() {
                    let tally = shopper.await.unwrap();
                    all.good += tally.good;
                    all.bad.extend(tally.bad);
                    all.orders.extend(tally.orders);
                }
                all
            })
        });
        Self { stack: stack.clone(), until, shoppers }
    }

    /// Calls them back, once they have asked enough to tell.
    pub fn stop(self) -> Tally {
        // What happened last may show only in the next requests.
        std::thread::sleep(Duration::from_secs(3));
        eventually("enough is asked", || {
            let over = self.shoppers.is_finished() || self.until.rounds.load(Ordering::Relaxed) >= ENOUGH;
            over.then_some(())
        });
        self.until.stop.store(true, Ordering::Relaxed);
        let mut tally = self.shoppers.join().unwrap();
        if let Some(id) = tally.bad.first().map(|bad| &bad.correlation_id).filter(|id| !id.is_empty()) {
            tally.logs = self.stack.logs(id);
        }
        tally
    }
}

impl Tally {
    /// Nothing failed, and there was enough that could have.
    #[track_caller]
    pub fn expect_no_failure(&self) {
        let shown: Vec<_> = self.bad.iter().take(10).map(|bad| &bad.what).collect();
        assert!(
            self.bad.is_empty(),
            "{} of {} failed: {shown:#?}\n{}",
            self.bad.len(),
            self.good + self.bad.len(),
            self.logs,
        );
        assert!(!self.orders.is_empty(), "no order was made");
    }
}

/// Sees to it that there is something to buy.
async fn stock(client: &Client) {
    if client.get(&format!("/products/key={SKU}")).await.status == 200 {
        return;
    }
    let tax = json!({"name": SKU, "key": SKU,
        "rates": [{"name": "19%", "amount": 0.19, "includedInPrice": true, "country": "DE"}]});
    client.post("/tax-categories", tax).await.expect(201);
    client.post("/product-types", json!({"name": SKU, "key": SKU, "description": ""})).await.expect(201);
    let product = json!({
        "key": SKU, "name": {"en": SKU}, "slug": {"en": SKU}, "publish": true,
        "productType": {"typeId": "product-type", "key": SKU}, "taxCategory": {"typeId": "tax-category", "key": SKU},
        "masterVariant": {"sku": SKU, "prices": [{"value": {"currencyCode": "EUR", "centAmount": 1999}}]},
    });
    client.post("/products", product).await.expect(201);
}

/// One shopper. A round that fails starts anew.
async fn shop(client: Client, until: Arc<Until>) -> Tally {
    let mut tally = Tally::default();
    while !until.stop.load(Ordering::Relaxed) {
        let done = round(&client, &mut tally).await;
        until.rounds.fetch_add(1, Ordering::Relaxed);
        if done.is_none() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    tally
}

async fn round(client: &Client, tally: &mut Tally) -> Option<()> {
    let path = format!("/product-projections/key={SKU}?priceCurrency=EUR");
    let sku = ask(client, tally, "GET", &path, None, 200).await?["masterVariant"]["sku"].clone();
    let draft = json!({"currency": "EUR", "country": "DE", "inventoryMode": "None",
        "shippingAddress": {"country": "DE"}, "lineItems": [{"sku": sku, "quantity": 1}]});
    let cart = ask(client, tally, "POST", "/carts", Some(draft), 201).await?;
    let path = format!("/carts/{}", cart["id"].as_str()?);
    let change = json!({"version": cart["version"], "actions": [{"action": "setCustomerEmail", "email": "load@example.com"}]});
    let cart = ask(client, tally, "POST", &path, Some(change), 200).await?;
    let draft = json!({"cart": {"typeId": "cart", "id": cart["id"]}, "version": cart["version"]});
    let order = ask(client, tally, "POST", "/orders", Some(draft), 201).await?;
    let id = order["id"].as_str()?.to_owned();
    ask(client, tally, "GET", &format!("/orders/{id}"), None, 200).await?;
    tally.orders.push(id);
    // A cart that was ordered is of no use to anybody.
    let cart = ask(client, tally, "GET", &path, None, 200).await?;
    let path = format!("{path}?version={}", cart["version"]);
    ask(client, tally, "DELETE", &path, None, 200).await?;
    Some(())
}

async fn ask(
    client: &Client,
    tally: &mut Tally,
    method: &str,
    path: &str,
    body: Option<Value>,
    expected: u16,
) -> Option<Value> {
    tokio::time::sleep(PAUSE).await;
    match client.try_send(method, path, body.map(|body| body.to_string())).await {
        Ok(answer) if answer.status == expected => {
            tally.good += 1;
            Some(answer.body)
        }
        Ok(answer) => {
            let what = format!("{method} {path}: {}", answer.body);
            let Answer { status, correlation_id, .. } = answer;
            tally.bad.push(Failure { status: Some(status), what, correlation_id });
            None
        }
        Err(error) => {
            let what = format!("{method} {path}: {error:?}");
            tally.bad.push(Failure { status: None, what, correlation_id: String::new() });
            None
        }
    }
}

//! The scenarios: what each client does over and over, and what is counted.

use crate::http::Connection;
use crate::target::{Flavour, Target};
use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Makes a catalogue: tax category, zone, shipping method, product type, products with stock
    Seed,
    /// Reads product projections by key with price selection
    ProjectionByKey,
    /// Reads product projections by id
    ProjectionById,
    /// Makes a cart and adds a line item
    CartAndLine,
    /// The six calls of a guest's checkout: product, cart, line, address, shipping method, order
    Checkout,
    /// As many checkouts as `--products` says, all of one SKU that has half as many units
    FlashSale,
}

/// Runs one and gives the JSON line.
pub(crate) async fn run(name: Name, target: Target, clients: usize, time: Duration, products: usize) -> Result<Value> {
    match name {
        Name::Seed => seed(&target, products).await,
        Name::FlashSale => flash_sale(target, clients, products).await,
        _ => closed_loop(name, target, clients, time, products).await,
    }
}

/// What clients need to know of the catalogue.
#[derive(Clone, Default)]
struct Catalogue {
    ids: Vec<String>,
    shipping_method: String,
}

async fn closed_loop(name: Name, target: Target, clients: usize, time: Duration, products: usize) -> Result<Value> {
    let catalogue = Arc::new(catalogue(&target, products).await?);
    let end = Instant::now() + time;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (target, catalogue) = (target.clone(), Arc::clone(&catalogue));
        tasks.spawn(async move {
            let mut connection = target.open().await?;
            let mut latencies = Vec::new();
            let mut at = client * 7919;
            while Instant::now() < end {
                at += 1;
                let began = Instant::now();
                once(name, &target, &catalogue, &mut connection, at, products).await?;
                latencies.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    let quantile = |hundredths: usize| latencies.get(latencies.len() * hundredths / 100).copied().unwrap_or(0);
    Ok(json!({
        "scenario": format!("{name:?}"), "clients": clients, "count": latencies.len(),
        "perSecond": per_second(latencies.len(), elapsed),
        "p50Micros": quantile(50), "p99Micros": quantile(99),
    }))
}

fn per_second(count: usize, elapsed: Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::try_from(count).unwrap_or(0) * 1_000_000 / micros).unwrap_or(0)
}

async fn once(name: Name, target: &Target, catalogue: &Catalogue, connection: &mut Connection, at: usize, products: usize) -> Result<()> {
    let n = at % products;
    if target.flavour == Flavour::Vendure {
        return crate::vendure::once(name, connection, n).await;
    }
    match name {
        Name::ProjectionByKey => {
            let query = "priceCurrency=EUR&priceCountry=DE";
            let path = target.path(&format!("/product-projections/key=bench-{n}?{query}"));
            connection.get(&path).await?.expect(200)?;
        }
        Name::ProjectionById => {
            let id = catalogue.ids.get(at % catalogue.ids.len().max(1)).context("no products")?;
            connection.get(&target.path(&format!("/product-projections/{id}"))).await?.expect(200)?;
        }
        Name::CartAndLine => {
            let cart = create_cart(target, connection).await?;
            add_line(target, connection, &cart, &format!("bench-{n}-1")).await?;
        }
        Name::Checkout => {
            connection.get(&target.path(&format!("/product-projections/key=bench-{n}?priceCurrency=EUR"))).await?.expect(200)?;
            checkout(target, catalogue, connection, &format!("bench-{n}-1")).await?.expect(201)?;
        }
        Name::Seed | Name::FlashSale => anyhow::bail!("not a loop"),
    }
    Ok(())
}

/// Id and version of a resource.
struct Cart {
    id: String,
    version: i64,
}

impl Cart {
    fn read(value: &Value) -> Result<Self> {
        let id = value["id"].as_str().context("no id")?.to_owned();
        Ok(Self { id, version: value["version"].as_i64().context("no version")? })
    }
}

async fn create_cart(target: &Target, connection: &mut Connection) -> Result<Cart> {
    let draft = json!({"currency": "EUR", "country": "DE", "inventoryMode": "ReserveOnOrder"});
    Cart::read(&connection.post(&target.path("/carts"), draft.to_string()).await?.expect(201)?.json()?)
}

async fn update(target: &Target, connection: &mut Connection, cart: &Cart, action: Value) -> Result<Cart> {
    let body = json!({"version": cart.version, "actions": [action]}).to_string();
    Cart::read(&connection.post(&target.path(&format!("/carts/{}", cart.id)), body).await?.expect(200)?.json()?)
}

async fn add_line(target: &Target, connection: &mut Connection, cart: &Cart, sku: &str) -> Result<Cart> {
    update(target, connection, cart, json!({"action": "addLineItem", "sku": sku, "quantity": 1})).await
}

/// Five of the six calls; the answer of the last.
async fn checkout(target: &Target, catalogue: &Catalogue, connection: &mut Connection, sku: &str) -> Result<crate::http::Answer> {
    let cart = create_cart(target, connection).await?;
    let cart = add_line(target, connection, &cart, sku).await?;
    let address = json!({"country": "DE", "firstName": "Ada", "lastName": "Load", "streetName": "Ring", "streetNumber": "1",
                         "postalCode": "10115", "city": "Berlin", "email": "ada@example.com"});
    let cart = update(target, connection, &cart, json!({"action": "setShippingAddress", "address": address})).await?;
    let method = json!({"typeId": "shipping-method", "id": catalogue.shipping_method});
    let cart = update(target, connection, &cart, json!({"action": "setShippingMethod", "shippingMethod": method})).await?;
    let order = json!({"cart": {"typeId": "cart", "id": cart.id}, "version": cart.version});
    connection.post(&target.path("/orders"), order.to_string()).await
}

async fn catalogue(target: &Target, products: usize) -> Result<Catalogue> {
    if target.flavour == Flavour::Vendure {
        return Ok(Catalogue::default());
    }
    let mut connection = target.open().await?;
    let page = connection.get(&target.path(&format!("/product-projections?limit={}", products.min(500)))).await?.expect(200)?;
    let ids = page.json()?["results"].as_array().into_iter().flatten().filter_map(|p| Some(p["id"].as_str()?.to_owned())).collect();
    let method = connection.get(&target.path("/shipping-methods/key=bench")).await?.expect(200)?.json()?;
    Ok(Catalogue { ids, shipping_method: method["id"].as_str().context("no shipping method")?.to_owned() })
}

/// `buyers` checkouts of one SKU with half as many units, as fast as they go.
async fn flash_sale(target: Target, clients: usize, buyers: usize) -> Result<Value> {
    let units = buyers / 2;
    let catalogue = Arc::new(catalogue(&target, 1).await?);
    let mut connection = target.open().await?;
    let sku = "bench-flash-1";
    connection.post(&target.path("/products"), product("bench-flash").to_string()).await?.expect(201)?;
    connection.post(&target.path("/inventory"), json!({"sku": sku, "quantityOnStock": units}).to_string()).await?.expect(201)?;
    let left = Arc::new(AtomicUsize::new(buyers));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (target, catalogue, left) = (target.clone(), Arc::clone(&catalogue), Arc::clone(&left));
        tasks.spawn(async move {
            let mut connection = target.open().await?;
            let (mut sold, mut refused) = (0_usize, 0_usize);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                let answer = checkout(&target, &catalogue, &mut connection, sku).await?;
                match answer.status {
                    201 => sold += 1,
                    400 if answer.json()?["errors"][0]["code"] == "OutOfStock" => refused += 1,
                    _ => drop(answer.expect(201)?),
                }
            }
            anyhow::Ok((sold, refused))
        });
    }
    let (mut sold, mut refused) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        let (s, r) = done??;
        sold += s;
        refused += r;
    }
    let elapsed = start.elapsed();
    Ok(json!({
        "scenario": "FlashSale", "clients": clients, "buyers": buyers, "units": units, "orders": sold, "outOfStock": refused,
        "perSecond": per_second(buyers, elapsed),
    }))
}

fn product(key: &str) -> Value {
    let variant = |n: usize| {
        json!({
            "sku": format!("{key}-{n}"),
            "prices": [
                {"value": {"currencyCode": "EUR", "centAmount": 1999 + n}},
                {"value": {"currencyCode": "EUR", "centAmount": 1899 + n}, "country": "DE"},
                {"value": {"currencyCode": "USD", "centAmount": 2199 + n}},
            ],
            "attributes": [{"name": "colour", "value": "red"}, {"name": "size", "value": format!("{n}")}],
            "images": [{"url": format!("https://images.example.com/{key}-{n}.jpg"), "dimensions": {"w": 800, "h": 800}}],
        })
    };
    json!({
        "key": key, "publish": true,
        "productType": {"typeId": "product-type", "key": "bench"},
        "taxCategory": {"typeId": "tax-category", "key": "bench"},
        "name": {"en": format!("Product {key}"), "de": format!("Produkt {key}")},
        "slug": {"en": key},
        "description": {"en": "A product that is here to be bought over and over by a patient crowd."},
        "masterVariant": variant(1), "variants": [variant(2), variant(3)],
    })
}

async fn seed(target: &Target, products: usize) -> Result<Value> {
    anyhow::ensure!(target.flavour == Flavour::Commerce, "the other flavours seed themselves");
    let mut c = target.open().await?;
    let text = |name: &str| json!({"name": name, "label": {"en": name}, "isRequired": false, "type": {"name": "text"}});
    let id = |value: Value| value["id"].as_str().map(str::to_owned).context("no id");
    c.post(&target.path("/product-types"), json!({"key": "bench", "name": "bench", "description": "bench", "attributes": [text("colour"), text("size")]}).to_string()).await?.expect(201)?;
    let rate = json!({"name": "VAT", "amount": 0.19, "includedInPrice": true, "country": "DE"});
    let tax = id(c.post(&target.path("/tax-categories"), json!({"key": "bench", "name": "bench", "rates": [rate]}).to_string()).await?.expect(201)?.json()?)?;
    let zone = id(c.post(&target.path("/zones"), json!({"key": "bench", "name": "bench", "locations": [{"country": "DE"}]}).to_string()).await?.expect(201)?.json()?)?;
    let method = json!({
        "key": "bench", "name": "bench", "isDefault": true, "taxCategory": {"typeId": "tax-category", "id": tax},
        "zoneRates": [{"zone": {"typeId": "zone", "id": zone}, "shippingRates": [{"price": {"currencyCode": "EUR", "centAmount": 495}}]}],
    });
    c.post(&target.path("/shipping-methods"), method.to_string()).await?.expect(201)?;
    let start = Instant::now();
    for n in 0..products {
        let key = format!("bench-{n}");
        c.post(&target.path("/products"), product(&key).to_string()).await?.expect(201)?;
        c.post(&target.path("/inventory"), json!({"sku": format!("{key}-1"), "quantityOnStock": 100_000_000}).to_string()).await?.expect(201)?;
    }
    Ok(json!({"scenario": "Seed", "products": products, "perSecond": per_second(products, start.elapsed())}))
}

//! A catalogue made through the API: one product type, tax category, zone and shipping method, and products of
//! three variants with three prices each and stock that does not run out.

use crate::report::{Tally, micros};
use crate::target::Target;
use anyhow::Result;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Makes it, over several connections, and gives the line of the run.
pub(crate) async fn seed(target: &Target, clients: usize, products: usize) -> Result<Value> {
    surroundings(target).await?;
    let start = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients.min(products) {
        let (target, next) = (target.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            let mut tally = Tally::default();
            let mut c = target.open().await?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= products {
                    return anyhow::Ok(tally);
                }
                let began = Instant::now();
                let key = format!("bench-{n}");
                c.create(&target.path("/products"), &product(&key)).await?;
                c.create(
                    &target.path("/inventory"),
                    &json!({"sku": format!("{key}-1"), "quantityOnStock": 100_000_000}),
                )
                .await?;
                tally.latencies.push(micros(began.elapsed()));
            }
        });
    }
    let mut all = Tally::default();
    while let Some(done) = tasks.join_next().await {
        all.add(done??);
    }
    Ok(all.line("Seed", clients, start.elapsed()))
}

async fn surroundings(target: &Target) -> Result<()> {
    let mut c = target.open().await?;
    let text = |name: &str| json!({"name": name, "label": {"en": name}, "isRequired": false, "type": {"name": "text"}});
    let attributes = [text("bench-colour"), text("bench-size")];
    let draft = json!({"key": "bench", "name": "bench", "description": "bench", "attributes": attributes});
    c.create(&target.path("/product-types"), &draft).await?;
    let rate = json!({"name": "VAT", "amount": 0.19, "includedInPrice": true, "country": "DE"});
    let draft = json!({"key": "bench", "name": "bench", "rates": [rate]});
    let tax = c.create(&target.path("/tax-categories"), &draft).await?;
    let draft = json!({"key": "bench", "name": "bench", "locations": [{"country": "DE"}]});
    let zone = c.create(&target.path("/zones"), &draft).await?;
    let shipping_rates = [json!({"price": {"currencyCode": "EUR", "centAmount": 495}})];
    let draft = json!({
        "key": "bench", "name": "bench", "isDefault": true, "taxCategory": {"typeId": "tax-category", "id": tax.id},
        "zoneRates": [{"zone": {"typeId": "zone", "id": zone.id}, "shippingRates": shipping_rates}],
    });
    c.create(&target.path("/shipping-methods"), &draft).await?;
    Ok(())
}

/// A product draft of some 2 KB; its skus are `KEY-1` to `KEY-3`.
pub(crate) fn product(key: &str) -> Value {
    let variant = |n: usize| {
        json!({
            "sku": format!("{key}-{n}"),
            "prices": [
                {"value": {"currencyCode": "EUR", "centAmount": 1999 + n}},
                {"value": {"currencyCode": "EUR", "centAmount": 1899 + n}, "country": "DE"},
                {"value": {"currencyCode": "USD", "centAmount": 2199 + n}},
            ],
            "attributes": [{"name": "bench-colour", "value": "red"}, {"name": "bench-size", "value": format!("{n}")}],
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

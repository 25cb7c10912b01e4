//! The flash sale: many buyers, one SKU, half as many units. Who gets none must be told so by `OutOfStock`; any
//! other refusal is an error of the run.

use crate::report::{Tally, micros, per_second};
use crate::seed::product;
use crate::shop::{Catalogue, Item, checkout};
use crate::target::Target;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Default)]
struct Sale {
    sold: usize,
    refused: usize,
    /// From the start to the last order.
    selling: Duration,
    tally: Tally,
}

/// `buyers` checkouts as fast as they go. `ordersPerSecond` counts until the last unit was sold.
pub(crate) async fn flash_sale(target: &Target, clients: usize, buyers: usize) -> Result<Value> {
    let units = buyers / 2;
    let key = format!("bench-flash-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis());
    let sku = format!("{key}-1");
    let mut c = target.open().await?;
    let id = c.create(&target.path("/products"), &product(&key)).await?.id;
    let entry =
        c.create(&target.path("/inventory"), &json!({"sku": sku, "quantityOnStock": units})).await?.id;
    let catalogue = Arc::new(Catalogue::read(target, 1).await?.only(Item { id, sku }));
    let before = total(target).await?;

    let left = Arc::new(AtomicUsize::new(buyers));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(buy(target.clone(), Arc::clone(&catalogue), Arc::clone(&left), start));
    }
    let mut all = Sale::default();
    while let Some(done) = tasks.join_next().await {
        let sale = done??;
        all.sold += sale.sold;
        all.refused += sale.refused;
        all.selling = all.selling.max(sale.selling);
        all.tally.add(sale.tally);
    }
    let elapsed = start.elapsed();

    // What the clients were told is compared with what the server kept.
    let kept = total(target).await? - before;
    let stock: Value = c.get(&target.path(&format!("/inventory/{entry}"))).await?.expect(200)?.json()?;
    let orders_per_second = per_second(all.sold, all.selling);
    let mut line = all.tally.line("FlashSale", clients, elapsed);
    let more = json!({
        "buyers": buyers, "units": units, "orders": all.sold, "outOfStock": all.refused, "ordersKept": kept,
        "unitsLeft": stock["availableQuantity"], "ordersPerSecond": orders_per_second,
        "exact": all.sold == units && all.refused == buyers - units && u64::try_from(units) == Ok(kept) && stock["availableQuantity"] == 0,
    });
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    Ok(line)
}

async fn buy(
    target: Target,
    catalogue: Arc<Catalogue>,
    left: Arc<AtomicUsize>,
    start: Instant,
) -> Result<Sale> {
    let mut c = target.open().await?;
    let mut sale = Sale::default();
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
        let began = Instant::now();
        let answer = checkout(&target, &catalogue, &mut c, 0).await?;
        sale.tally.latencies.push(micros(began.elapsed()));
        match answer.status {
            201 => {
                sale.sold += 1;
                sale.selling = start.elapsed();
            }
            400 if answer.json::<Value>()?["errors"][0]["code"] == "OutOfStock" => sale.refused += 1,
            status => {
                sale.tally.error(&anyhow::anyhow!("an order was answered with {status}: {}", answer.start()));
            }
        }
    }
    Ok(sale)
}

/// How many orders there are.
async fn total(target: &Target) -> Result<u64> {
    let page: Value = target.open().await?.get(&target.path("/orders?limit=1")).await?.expect(200)?.json()?;
    page["total"].as_u64().context("no total")
}

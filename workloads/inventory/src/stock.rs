//! Stock for orders: the internal routes. All lines of an order get their units, or none.

use crate::desk::{Answer, Desk};
use crate::marks::{Op, Outcome};
use api::cart::InventoryMode;
use api::internal::inventory::{Confirm, EntryName, Hold, Release, Reserve, StockLine};
use api::{ApiError, Id, Result, Timestamp};
use axum::routing::post;
use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use kit::clock::Clock;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::peers::internal;
use kit::service::ServiceBuilder;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most lines of one order, and orders of one confirmation.
const MAX_LINES: usize = 2_000;
/// How long after the deadline a mark stays before its order is asked for, so that the order service
/// decides first. Refusals stay as long, for clocks that differ.
const GRACE_MS: i64 = 60_000;

/// Adds `/reserve`, `/release`, `/confirm` and `/hold`.
pub(crate) fn routes(builder: ServiceBuilder, desk: &Arc<Desk>, clock: &Arc<dyn Clock>) -> ServiceBuilder {
    let (reserving, releasing, confirming) = (Arc::clone(desk), Arc::clone(desk), Arc::clone(desk));
    let (clock, clock_too, clock_of_holds) = (Arc::clone(clock), Arc::clone(clock), Arc::clone(clock));
    let holding = Arc::clone(desk);
    builder
        .internal(
            "/hold",
            post(move |request: RequestInfo, body: Bytes| async move {
                let kept = hold(&holding, clock_of_holds.now(), request.project(), json(&body)?).await?;
                Reply::Ok(ok(serde_json::to_string(&kept).map_err(|e| internal(&e))?))
            }),
        )
        .internal(
            "/reserve",
            post(move |request: RequestInfo, body: Bytes| async move {
                reserve(&reserving, clock.now(), request.project(), json(&body)?).await?;
                Reply::Ok(ok("null"))
            }),
        )
        .internal(
            "/release",
            post(move |request: RequestInfo, body: Bytes| async move {
                release(&releasing, clock_too.now(), request.project(), json(&body)?).await?;
                Reply::Ok(ok("null"))
            }),
        )
        .internal(
            "/confirm",
            post(move |request: RequestInfo, body: Bytes| async move {
                confirm(&confirming, request.project(), json(&body)?).await?;
                Reply::Ok(ok("null"))
            }),
        )
}

/// What an order needs of one entry.
#[derive(Default)]
struct Need {
    /// Units that must be there.
    firm: i64,
    total: i64,
    lines: Vec<Id>,
    /// The lines for which units may be kept.
    kept: Vec<Id>,
}

async fn reserve(desk: &Arc<Desk>, now: Timestamp, project: &str, order: Reserve) -> Result<()> {
    if now >= order.deadline {
        return Err(late(&order.order_id));
    }
    let until = order.deadline.plus_millis(GRACE_MS);
    let needs = needs(order.lines)?;
    let taking = needs.iter().map(|(entry, need)| {
        let (order, lines) = (order.order_id.clone(), need.kept.clone());
        let op = Op::Take { order, firm: need.firm, total: need.total, until, lines };
        desk.submit(project, entry, op)
    });
    let answers = join_all(taking).await.into_iter().collect::<Result<Vec<Answer>>>()?;
    if answers.iter().all(|answer| *answer == Some(Outcome::Done)) {
        return Ok(());
    }
    let taken = needs.keys().zip(&answers).filter(|(_, answer)| **answer == Some(Outcome::Done));
    let undoing = taken.map(|(entry, _)| {
        desk.submit(project, entry, Op::Give { order: order.order_id.clone(), refuse_until: None })
    });
    try_join_all(undoing).await?;
    if answers.contains(&Some(Outcome::Refused)) {
        return Err(late(&order.order_id));
    }
    let short = || needs.iter().zip(&answers).filter(|(_, answer)| **answer != Some(Outcome::Done));
    let lines = short().flat_map(|((_, need), _)| &need.lines);
    let skus = short().map(|((entry, _), _)| entry.sku.as_str());
    Err(ApiError::out_of_stock(lines, skus))
}

/// The entries in a fixed order, with what is needed of each.
fn needs(lines: Vec<StockLine>) -> Result<BTreeMap<EntryName, Need>> {
    if lines.len() > MAX_LINES {
        return Err(ApiError::invalid_input(format!("More than {MAX_LINES} lines need stock.")));
    }
    let mut needs: BTreeMap<EntryName, Need> = BTreeMap::new();
    for line in lines {
        if line.mode == InventoryMode::None || line.quantity <= 0 {
            continue;
        }
        let need = needs.entry(line.entry).or_default();
        let firm = if line.mode == InventoryMode::TrackOnly { 0 } else { line.quantity };
        let sum = |a: i64, b: i64| {
            a.checked_add(b)
                .ok_or_else(|| ApiError::invalid_operation("The lines' quantities are too large."))
        };
        need.firm = sum(need.firm, firm)?;
        need.total = sum(need.total, line.quantity)?;
        if line.mode == InventoryMode::ReserveOnCart {
            need.kept.push(line.line_item_id.clone());
        }
        need.lines.push(line.line_item_id);
    }
    Ok(needs)
}

/// Keeps units for lines of a cart; gives how many are kept for each.
async fn hold(desk: &Arc<Desk>, now: Timestamp, project: &str, hold: Hold) -> Result<Vec<i64>> {
    bounded(hold.lines.len())?;
    let keeping = hold.lines.into_iter().map(|line| {
        let op = Op::Keep {
            line: line.line_item_id,
            cart: hold.cart_id.clone(),
            units: line.quantity,
            minutes: hold.expires.then_some(hold.minutes),
            renew: hold.renew,
            now,
        };
        async move { desk.submit(project, &line.entry, op).await }
    });
    let answers = join_all(keeping).await.into_iter().collect::<Result<Vec<Answer>>>()?;
    Ok(answers
        .into_iter()
        .map(|answer| if let Some(Outcome::Keeps(units)) = answer { units } else { 0 })
        .collect())
}

/// The saga of the order is over, or being undone.
fn late(order: &Id) -> ApiError {
    let message = format!("The order '{order}' is not being made any more.");
    ApiError::new(api::Code::ConcurrentModification, message)
}

async fn release(desk: &Arc<Desk>, now: Timestamp, project: &str, order: Release) -> Result<()> {
    bounded(order.entries.len())?;
    let until = order.deadline.plus_millis(GRACE_MS);
    let refuse_until = (until > now).then_some(until);
    let giving = order
        .entries
        .iter()
        .map(|entry| desk.submit(project, entry, Op::Give { order: order.order_id.clone(), refuse_until }));
    // Where there is no entry there is nothing to give back, and nothing to take from later.
    try_join_all(giving).await.map(drop)
}

async fn confirm(desk: &Arc<Desk>, project: &str, confirm: Confirm) -> Result<()> {
    bounded(confirm.orders.len())?;
    let marks =
        || confirm.orders.iter().flat_map(|o| o.entries.iter().map(move |entry| (entry, &o.order_id)));
    if confirm.at_once {
        let dropping = marks().map(|(entry, order)| desk.submit(project, entry, Op::Confirm(order.clone())));
        return try_join_all(dropping).await.map(drop);
    }
    marks().for_each(|(entry, order)| desk.confirm(project, entry, order));
    Ok(())
}

fn bounded(length: usize) -> Result<()> {
    if length > MAX_LINES {
        return Err(ApiError::invalid_input(format!("More than {MAX_LINES} entries or orders in one call.")));
    }
    Ok(())
}

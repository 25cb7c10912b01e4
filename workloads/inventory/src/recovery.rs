//! Recovery: marks that nobody confirmed or released in time, because a process ended in between.
//!
//! The order service knows what became of an order: one that stands keeps its units, one that is gone
//! gives them back, an undecided one is asked for again. Likewise the cart service knows whether a cart still wants
//! what is kept for it.

use crate::desk::Desk;
use crate::entries::{Entries, name_of};
use crate::marks::{Kept, Op};
use api::internal::cart::HeldLines;
use api::internal::inventory::EntryName;
use api::internal::order::{Outcome, Outcomes};
use api::{Id, Result, ServiceName};
use futures::future::try_join_all;
use kit::http::RequestInfo;
use kit::peers::call;
use kit::recovery::Recover;
use kit::resource::{Collection, store_error};
use kit::store::{DocKey, Selector};
use std::sync::Arc;

/// How long an order may stay undecided before it is asked for again.
const AGAIN_MS: i64 = 10_000;
/// Orders asked for at once; the rest is due again in a second.
const BATCH: usize = 1_000;

pub(crate) fn handler(entries: Arc<Collection<Entries>>, desk: Arc<Desk>) -> Recover {
    Arc::new(move |key| {
        let (entries, desk) = (Arc::clone(&entries), Arc::clone(&desk));
        Box::pin(async move { recover(&entries, &desk, key).await })
    })
}

async fn recover(entries: &Collection<Entries>, desk: &Arc<Desk>, key: DocKey) -> Result<()> {
    let store = &entries.deps.store;
    let by_id = Selector::Id(key.id.clone());
    let Some(document) = store.get(&key.project, key.kind, &by_id).await.map_err(|e| store_error(&e))? else {
        return Ok(());
    };
    let name = name_of(&entries.state(&document)?.body);
    // The confirmations that wait for a write come first: often they are all there is to do.
    desk.submit(&key.project, &name, Op::Tidy).await?;
    let Some(document) = store.get(&key.project, key.kind, &by_id).await.map_err(|e| store_error(&e))? else {
        return Ok(());
    };
    let now = entries.deps.clock.now();
    let marks = entries.state(&document)?.hidden;
    look_after_carts(entries, desk, (&key.project, &name), marks.doubtful(now)).await?;
    let mut order_ids = marks.overdue(now);
    order_ids.truncate(BATCH);
    if order_ids.is_empty() {
        return Ok(());
    }
    let request = RequestInfo::system(&key.project, "stock-recovery");
    let question = Outcomes { order_ids };
    let answers: Vec<Outcome> =
        call(entries.deps.peers.as_ref(), ServiceName::Order, "/outcomes", &request, &question).await?;
    let ops = question.order_ids.into_iter().zip(answers).map(|(order, outcome)| match outcome {
        Outcome::Confirmed => Op::Confirm(order),
        Outcome::Gone => Op::Give { order, refuse_until: None },
        Outcome::Pending => Op::Wait(order, now.plus_millis(AGAIN_MS)),
    });
    try_join_all(ops.map(|op| desk.submit(&key.project, &name, op))).await.map(drop)
}

/// Gives back what has expired and what no cart wants any more.
async fn look_after_carts(
    entries: &Collection<Entries>,
    desk: &Arc<Desk>,
    (project, name): (&str, &EntryName),
    doubtful: Vec<(Id, Kept)>,
) -> Result<()> {
    let now = entries.deps.clock.now();
    let request = RequestInfo::system(project, "stock-recovery");
    for (line, kept) in doubtful.into_iter().take(BATCH) {
        let expired = kept.expires.is_some_and(|expires| expires <= now);
        let question = HeldLines { cart_id: kept.cart.clone(), line_item_ids: vec![line.clone()] };
        let wanted = !expired
            && call::<Vec<bool>>(
                entries.deps.peers.as_ref(),
                ServiceName::Cart,
                "/held",
                &request,
                &question,
            )
            .await?
            .contains(&true);
        let op = if wanted {
            Op::Ask(line, now.plus_days(1))
        } else {
            Op::Keep { line, cart: kept.cart, units: 0, minutes: None, renew: false, now }
        };
        desk.submit(project, name, op).await?;
    }
    Ok(())
}

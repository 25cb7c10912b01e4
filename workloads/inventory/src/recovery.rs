//! Recovery: marks that nobody confirmed or released in time, because a process ended in between.
//!
//! The order service knows what became of an order: one that stands keeps its units, one that is gone
//! gives them back, an undecided one is asked for again.

use crate::desk::Desk;
use crate::entries::{Entries, name_of};
use crate::marks::Op;
use api::internal::order::{Outcome, Outcomes};
use api::{Result, ServiceName};
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
    let mut order_ids = entries.state(&document)?.hidden.overdue(now);
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

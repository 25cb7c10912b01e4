//! The task that asks inventory, for all reads that wait at a time.

use super::shelf::Shelf;
use super::{Fragment, Now, PATIENCE, Wanted};
use crate::query::quoted;
use api::inventory::InventoryEntry;
use api::product_variant::{ProductVariantAvailability, ProductVariantChannelAvailability};
use api::{Id, Kind, Result, ServiceName, Stored};
use kit::http::RequestInfo;
use kit::peers::{self, Peers, internal};
use kit::resource::{Lookup, LookupBatch, LookupBy};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The most reads that one call serves.
const BATCH: usize = 500;
/// Bytes of SKUs and their number in one predicate; predicates are bounded by 16 KiB.
const PREDICATE: (usize, usize) = (8_000, 100);
/// Entries that one look-up gives at most. Where there are more, the next one goes on behind the last.
const PAGE: u32 = 500;

/// What the task works with.
pub(super) struct Asking {
    pub(super) peers: Arc<dyn Peers>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) now: Now,
}

impl Asking {
    /// Answers the reads in `queue` until `stop`.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Wanted>, stop: CancellationToken) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                received = queue.recv_many(&mut batch, BATCH) => if received == 0 { return },
                () = stop.cancelled() => return,
            }
            let mut by_project: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
            for wanted in batch.drain(..) {
                by_project.entry(wanted.project.clone()).or_default().push(wanted);
            }
            let answers = by_project.into_iter().map(|(project, wanted)| self.answer(project, wanted));
            futures::future::join_all(answers).await;
        }
    }

    /// Answers reads of one project.
    async fn answer(&self, project: String, wanted: Vec<Wanted>) {
        let skus: BTreeSet<&str> =
            wanted.iter().flat_map(|wanted| &wanted.skus).map(String::as_str).collect();
        // The call before this one may have brought some of them.
        let known = self.shelf.read(&project, skus.iter().copied(), (self.now)());
        let (fresh, missing): (Vec<_>, Vec<_>) =
            skus.into_iter().zip(known).partition(|(_, known)| known.fresh);
        let mut all: HashMap<String, Fragment> =
            fresh.into_iter().map(|(sku, known)| (sku.to_owned(), known.fragment)).collect();
        if !missing.is_empty() {
            let skus: Vec<&str> = missing.iter().map(|(sku, _)| *sku).collect();
            let learned = match timeout(PATIENCE, ask(&*self.peers, &project, &skus)).await {
                Ok(Ok(learned)) => learned,
                // What was known stands for another while, so that not every read waits for a sick peer.
                failed => {
                    let error = failed.err().map_or("it refused".to_owned(), |late| late.to_string());
                    tracing::warn!(project, error, "inventory did not tell the availability of products");
                    missing.into_iter().map(|(sku, known)| (sku.to_owned(), known.fragment)).collect()
                }
            };
            self.shelf.put(&project, &learned, (self.now)());
            all.extend(learned);
        }
        for Wanted { skus, answer, .. } in wanted {
            let found = skus.into_iter().map(|sku| {
                let fragment = all.get(&sku).cloned().flatten();
                (sku, fragment)
            });
            // The read may have lost its patience.
            let _ = answer.send(found.collect());
        }
    }
}

/// What inventory says of the SKUs; in one call, unless they have very many entries.
async fn ask(peers: &dyn Peers, project: &str, skus: &[&str]) -> Result<HashMap<String, Fragment>> {
    let request = RequestInfo::system(project, "availability");
    let mut found: HashMap<String, ProductVariantAvailability> = HashMap::new();
    // Each with the last entry that was already given.
    let mut open: Vec<(String, Option<Id>)> = predicates(skus).into_iter().map(|one| (one, None)).collect();
    while !open.is_empty() {
        let lookup = |(base, last): &(String, Option<Id>)| {
            let behind = last.iter().map(|id| format!(" and id > {}", quoted(id.as_str())));
            let predicate = std::iter::once(base.clone()).chain(behind).collect();
            Lookup::new(Kind::InventoryEntry, LookupBy::Where { predicate, limit: PAGE })
        };
        let body = LookupBatch { lookups: open.iter().map(lookup).collect() };
        let answers: Vec<Vec<Box<RawValue>>> =
            peers::call(peers, ServiceName::Inventory, "/lookup", &request, &body).await?;
        let mut further = Vec::new();
        for ((base, _), entries) in open.into_iter().zip(answers) {
            let entries = entries.iter().map(|entry| Stored::<InventoryEntry>::from_json(entry.get()));
            let entries: Vec<_> = entries.collect::<serde_json::Result<_>>().map_err(|e| internal(&e))?;
            if let Some(last) = entries.last().filter(|_| u32::try_from(entries.len()) == Ok(PAGE)) {
                further.push((base, Some(last.meta.id.clone())));
            }
            for entry in entries {
                let (channel, said) = availability(&entry);
                let of = found.entry(entry.body.sku).or_default();
                match channel {
                    Some(channel) => drop(of.channels.insert(channel, said)),
                    None => of.total = Some(said),
                }
            }
        }
        open = further;
    }
    let fragment = |sku: &str| match found.get(sku) {
        Some(said) => serde_json::to_string(said).map(|text| Some(text.into())).map_err(|e| internal(&e)),
        None => Ok(None),
    };
    skus.iter().map(|sku| Ok(((*sku).to_owned(), fragment(sku)?))).collect()
}

/// Predicates that together are met by the entries of all the SKUs.
fn predicates(skus: &[&str]) -> Vec<String> {
    let mut predicates = Vec::new();
    let mut list: Vec<String> = Vec::new();
    let mut bytes = 0;
    for sku in skus.iter().map(|sku| quoted(sku)) {
        if list.len() == PREDICATE.1 || bytes + sku.len() > PREDICATE.0 {
            predicates.push(format!("sku in ({})", list.join(",")));
            (list, bytes) = (Vec::new(), 0);
        }
        bytes += sku.len();
        list.push(sku);
    }
    if !list.is_empty() {
        predicates.push(format!("sku in ({})", list.join(",")));
    }
    predicates
}

/// What an entry says, and of which channel.
fn availability(entry: &Stored<InventoryEntry>) -> (Option<Id>, ProductVariantChannelAvailability) {
    let said = ProductVariantChannelAvailability {
        is_on_stock: entry.body.available_quantity > 0,
        restockable_in_days: entry.body.restockable_in_days,
        available_quantity: entry.body.available_quantity,
        id: entry.meta.id.clone(),
        version: entry.meta.version,
    };
    (entry.body.supply_channel.as_ref().map(|channel| channel.id.clone()), said)
}

#[cfg(test)]
mod tests;

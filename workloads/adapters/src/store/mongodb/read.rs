//! Reads by id and by claim. A read by claim is two point reads: the claim names the owner, and the
//! owner's document must confirm it.

use super::claims::{claim_id, confirmed};
use super::envelope::{self, doc_id, is, text};
use super::{Inner, KindEntry, failed};
use api::Kind;
use bson::{Document as Bdoc, doc};
use futures::TryStreamExt;
use kit::store::{Claim, Document, Selector, StoreError};
use std::collections::HashMap;

/// Reads of a claim that changed hands in between.
const TRIES: u32 = 4;
/// Documents asked for in one command.
const BATCH: usize = 500;

impl Inner {
    pub(super) async fn get(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
    ) -> Result<Option<Document>, StoreError> {
        let entry = self.entry(kind)?;
        let found = self.find(entry, project, kind, selector, &entry.whole).await?;
        let present = found.filter(|stored| !is(stored, "state", "deleted"));
        present.map(|stored| envelope::document(&entry.schema, &stored)).transpose()
    }

    pub(super) async fn view(
        &self,
        project: &str,
        kind: Kind,
        selector: &Selector,
        view: &str,
    ) -> Result<Option<String>, StoreError> {
        let entry = self.entry(kind)?;
        let mut projection = served_projection(view);
        if matches!(selector, Selector::Claim(_)) {
            projection.insert("claims", 1);
        }
        let found = self.find(entry, project, kind, selector, &projection).await?;
        Ok(found.and_then(|stored| served(stored, view)))
    }

    pub(super) async fn views(
        &self,
        project: &str,
        kind: Kind,
        selectors: Vec<Selector>,
        view: &str,
    ) -> Result<Vec<Option<String>>, StoreError> {
        let entry = self.entry(kind)?;
        if let [one] = selectors.as_slice() {
            return Ok(vec![self.view(project, kind, one, view).await?]);
        }
        let claim_ids: Vec<String> = selectors
            .iter()
            .filter_map(|s| match s {
                Selector::Claim(claim) => Some(claim_id(kind, project, claim)),
                Selector::Id(_) => None,
            })
            .collect();
        let mut claims = HashMap::new();
        for stored in fetch(&self.claims, claim_ids, doc! {"owner": 1, "nonce": 1}).await? {
            claims.insert(text(&stored, "_id")?, (text(&stored, "owner")?, text(&stored, "nonce")?));
        }
        let owner_of = |selector: &Selector| match selector {
            Selector::Id(id) => Some(doc_id(project, id.as_str())),
            Selector::Claim(claim) => {
                claims.get(&claim_id(kind, project, claim)).map(|(owner, _)| owner.clone())
            }
        };
        let mut projection = served_projection(view);
        projection.insert("claims", 1);
        let mut stored = HashMap::new();
        for document in fetch(&entry.docs, selectors.iter().filter_map(owner_of), projection).await? {
            stored.insert(text(&document, "_id")?, document);
        }

        let mut results = Vec::with_capacity(selectors.len());
        for selector in &selectors {
            let document = owner_of(selector).and_then(|owner| stored.get(&owner));
            let result = match (selector, document) {
                (Selector::Id(_), document) => document.cloned().and_then(|d| served(d, view)),
                (Selector::Claim(claim), Some(document))
                    if claims
                        .get(&claim_id(kind, project, claim))
                        .is_some_and(|(_, nonce)| confirmed(document, claim, nonce)) =>
                {
                    served(document.clone(), view)
                }
                (Selector::Claim(claim), _) if !claims.contains_key(&claim_id(kind, project, claim)) => None,
                // The claim changed hands between the two reads, or its writer is not done.
                (Selector::Claim(_), _) => self.view(project, kind, selector, view).await?,
            };
            results.push(result);
        }
        Ok(results)
    }

    /// The stored document that a selector names, whatever its state. For a claim the projection must
    /// let `claims` through.
    async fn find(
        &self,
        entry: &KindEntry,
        project: &str,
        kind: Kind,
        selector: &Selector,
        projection: &Bdoc,
    ) -> Result<Option<Bdoc>, StoreError> {
        let by_id = |id: String| {
            let found = entry.docs.find_one(doc! {"_id": id}).projection(projection.clone());
            async move { found.await.map_err(|e| failed(&e)) }
        };
        let claim: &Claim = match selector {
            Selector::Id(id) => return by_id(doc_id(project, id.as_str())).await,
            Selector::Claim(claim) => claim,
        };
        let id = claim_id(kind, project, claim);
        let mut seen = None;
        for _ in 0..TRIES {
            let taken = self.claims.find_one(doc! {"_id": &id}).await.map_err(|e| failed(&e))?;
            let Some(taken) = taken else { return Ok(None) };
            let nonce = text(&taken, "nonce")?;
            if seen.as_ref() == Some(&nonce) {
                break; // still not confirmed: its writer is not done, or it is a leftover
            }
            if let Some(found) = by_id(text(&taken, "owner")?).await?
                && confirmed(&found, claim, &nonce)
            {
                return Ok(Some(found));
            }
            seen = Some(nonce);
        }
        Ok(None)
    }
}

/// The documents of these `_id`s, in no order.
async fn fetch(
    collection: &mongodb::Collection<Bdoc>,
    ids: impl IntoIterator<Item = String>,
    projection: Bdoc,
) -> Result<Vec<Bdoc>, StoreError> {
    let mut ids: Vec<String> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        let cursor = collection.find(doc! {"_id": {"$in": batch}}).projection(projection.clone()).await;
        let documents: Vec<Bdoc> =
            cursor.map_err(|e| failed(&e))?.try_collect().await.map_err(|e| failed(&e))?;
        found.extend(documents);
    }
    Ok(found)
}

/// Lets through what [`served`] needs.
pub(super) fn served_projection(view: &str) -> Bdoc {
    let mut projection = doc! {"state": 1};
    projection.insert(format!("views.{view}.served"), 1);
    projection
}

/// The text of a live document's view.
pub(super) fn served(mut stored: Bdoc, view: &str) -> Option<String> {
    if !is(&stored, "state", "live") {
        return None;
    }
    let view = stored.get_document_mut("views").ok()?.get_document_mut(view).ok()?;
    match view.remove("served") {
        Some(bson::Bson::String(text)) => Some(text),
        _ => None,
    }
}

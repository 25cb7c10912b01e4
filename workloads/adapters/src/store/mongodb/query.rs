//! Queries: the server filters, sorts and pages; what it can only narrow down is held against the
//! predicate here.

use super::envelope::broken;
use super::filter::{escape_name, to_bson};
use super::read::{served, served_projection};
use super::{Inner, KindEntry, failed};
use bson::{Document as Bdoc, doc};
use futures::TryStreamExt;
use kit::store::{MAIN, Page, Query, StoreError};
use predicate::Bound;
use std::time::Duration;
use tokio::time::Instant;

/// Documents per batch when candidates are looked at here.
const BATCH: u32 = 200;

impl Inner {
    pub(super) async fn query(&self, query: Query) -> Result<Page, StoreError> {
        let entry = self.entry(query.kind)?;
        let deadline = Instant::now() + query.time_limit;
        let plan = Plan::of(&query);
        let answer = async {
            if plan.recheck.is_empty() {
                plan.page(entry, deadline).await
            } else {
                plan.sift(entry, deadline).await
            }
        };
        // The server is told the limit too; this holds where it does not keep to it.
        tokio::time::timeout_at(deadline, answer).await.unwrap_or(Err(StoreError::TimedOut))
    }
}

struct Plan<'q> {
    query: &'q Query,
    filter: Bdoc,
    sort: Bdoc,
    /// The filters that the server only narrows down.
    recheck: Vec<&'q Bound>,
}

impl<'q> Plan<'q> {
    fn of(query: &'q Query) -> Self {
        let root = format!("views.{}.query", query.view);
        let mut filter = doc! {"project": &query.project, "state": "live"};
        if query.view != MAIN {
            filter.insert(format!("views.{}.served", query.view), doc! {"$exists": true});
        }
        let mut all = Vec::with_capacity(query.filters.len());
        let mut recheck = Vec::new();
        for bound in &query.filters {
            let translated = to_bson(bound.filter(), &root);
            if translated.needs_recheck {
                recheck.push(bound);
            }
            if !translated.filter.is_empty() {
                all.push(translated.filter);
            }
        }
        if !all.is_empty() {
            filter.insert("$and", all);
        }
        let mut sort = Bdoc::new();
        for criterion in &query.sort {
            let path: Vec<_> = criterion.path.iter().map(|name| escape_name(name)).collect();
            let direction = if criterion.descending { -1 } else { 1 };
            sort.entry(format!("{root}.{}", path.join("."))).or_insert(direction.into());
        }
        if sort.is_empty() {
            // All `_id`s of the project: the index of `_id` gives them in order.
            let after = format!("{}0", query.project); // '0' follows '/'
            filter.insert("_id", doc! {"$gte": format!("{}/", query.project), "$lt": after});
        }
        sort.insert("_id", 1); // within a project, the order of ids
        Self { query, filter, sort, recheck }
    }

    /// The page as the server finds it.
    async fn page(&self, entry: &KindEntry, deadline: Instant) -> Result<Page, StoreError> {
        let Query { view, limit, offset, count_to, .. } = *self.query;
        let mut results = Vec::new();
        if limit > 0 {
            let cursor = entry
                .docs
                .find(self.filter.clone())
                .projection(served_projection(view))
                .sort(self.sort.clone())
                .skip(u64::from(offset))
                .limit(i64::from(limit))
                .batch_size(limit)
                .max_time(left(deadline))
                .await
                .map_err(|e| failed(&e))?;
            let found: Vec<Bdoc> = cursor.try_collect().await.map_err(|e| failed(&e))?;
            results.extend(found.into_iter().filter_map(|stored| served(stored, view)));
        }
        let total = match count_to {
            None => None,
            Some(0) => Some(0),
            Some(most) => {
                let seen = u64::from(offset) + results.len() as u64;
                let last = results.len() < limit as usize && (offset == 0 || !results.is_empty());
                let total = if last { seen } else { self.count(entry, most, deadline).await? };
                Some(total.min(most))
            }
        };
        Ok(Page { results, total })
    }

    async fn count(&self, entry: &KindEntry, most: u64, deadline: Instant) -> Result<u64, StoreError> {
        let counting = entry.docs.count_documents(self.filter.clone()).max_time(left(deadline));
        // The protocol has no number for more than that, nor anybody so many documents.
        let counted = if i64::try_from(most).is_ok() { counting.limit(most).await } else { counting.await };
        counted.map_err(|e| failed(&e))
    }

    /// The page found by looking at each candidate.
    async fn sift(&self, entry: &KindEntry, deadline: Instant) -> Result<Page, StoreError> {
        let Query { view, limit, offset, count_to, .. } = *self.query;
        let mut cursor = entry
            .docs
            .find(self.filter.clone())
            .projection(served_projection(view))
            .sort(self.sort.clone())
            .batch_size(BATCH)
            .max_time(left(deadline))
            .await
            .map_err(|e| failed(&e))?;
        let (first, end) = (u64::from(offset), u64::from(offset) + u64::from(limit));
        let wanted = end.max(count_to.unwrap_or(0));
        let mut results = Vec::new();
        let mut matched = 0;
        while matched < wanted {
            let Some(stored) = cursor.try_next().await.map_err(|e| failed(&e))? else { break };
            let Some(text) = served(stored, view) else { continue };
            let value = serde_json::from_str(&text).map_err(broken)?;
            if !self.recheck.iter().all(|bound| bound.matches(&value)) {
                continue;
            }
            if (first..end).contains(&matched) {
                results.push(text);
            }
            matched += 1;
        }
        Ok(Page { results, total: count_to.map(|most| matched.min(most)) })
    }
}

/// What is left until the deadline; a server takes 0 as no limit.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

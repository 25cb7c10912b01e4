//! Finding the service's own documents for background work: all that meet a predicate, page by page.

use api::{Id, Kind, Result};
use kit::resource::store_error;
use kit::service::Deps;
use kit::store::{MAIN, Query};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Documents of one read.
const PAGE: u32 = 200;

/// A text as predicates quote it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The ids of up to a page of live documents that meet `predicate`, which only uses fields of the kind.
pub(crate) async fn ids(
    deps: &Deps,
    project: &str,
    kind: Kind,
    predicate: &str,
    offset: u32,
) -> Result<Vec<Id>> {
    #[derive(Deserialize)]
    struct Named {
        id: Id,
    }
    let internal = |error: &dyn std::fmt::Display| kit::peers::internal(error);
    let filter = predicate::parse(predicate)
        .map_err(|e| internal(&e))?
        .bind(&HashMap::new())
        .map_err(|e| internal(&e))?;
    let query = Query {
        project: project.to_owned(),
        kind,
        view: MAIN,
        filters: vec![filter],
        sort: Vec::new(),
        limit: PAGE,
        offset,
        count_to: None,
        time_limit: Duration::from_secs(30),
    };
    let page = deps.store.query(query).await.map_err(|e| store_error(&e))?;
    page.results
        .iter()
        .map(|text| Ok(serde_json::from_str::<Named>(text).map_err(|e| internal(&e))?.id))
        .collect()
}

/// [`ids`] of all pages.
pub(crate) async fn all_ids(deps: &Deps, project: &str, kind: Kind, predicate: &str) -> Result<Vec<Id>> {
    let mut all = Vec::new();
    loop {
        let page = ids(deps, project, kind, predicate, u32::try_from(all.len()).unwrap_or(u32::MAX)).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

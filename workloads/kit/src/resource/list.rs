//! Lists: predicate, sort, paging, all checked against the kind's fields before the store sees them.

use super::Rules;
use super::collection::{Access, Collection, Owner};
use super::lookup::store_error;
use crate::http::{Params, RequestInfo};
use crate::peers::internal;
use crate::store::{MAIN, Page, Query, Sort};
use api::{ApiError, Result};
use predicate::{BindError, Bound, Model};
use std::collections::HashMap;
use std::time::Duration;

/// A query may take this long before it is answered with `QueryTimedOut`.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// With a `where`, `total` is not counted beyond this number (contract §0).
const TOTAL_CAP: u64 = 10_000;
/// `where` and `sort` parameters beyond this number are refused.
const MAX_CLAUSES: usize = 50;

/// What a list request asks for, checked.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// What the `where` parameters ask for together; none if there are none.
    pub filters: Vec<Bound>,
    /// The `sort` parameters.
    pub sort: Vec<Sort>,
    /// Page size.
    pub limit: u32,
    /// Where the page starts.
    pub offset: u32,
    /// How far `total` is counted, if it is wanted; further where the client filters nothing. What a service filters by
    /// itself is no such filter.
    pub count_to: Option<u64>,
}

impl ListRequest {
    /// Reads and checks `where`, `var.*`, `sort`, `limit`, `offset` and `withTotal`.
    pub fn parse(params: &Params, model: &Model) -> Result<Self> {
        let variables = params.variables();
        let mut filters = Vec::new();
        for text in params.all("where") {
            if filters.len() == MAX_CLAUSES {
                return Err(ApiError::malformed_parameter(
                    "where",
                    &format!("More than {MAX_CLAUSES} predicates."),
                ));
            }
            filters.push(where_clause(text, &variables, model)?);
        }
        if filters.len() > 1 {
            // The bound on values is one for the whole query, however many parameters it comes in.
            let mut all = Bound::all(filters).map_err(|e| unbound(&e))?;
            all.check(model).map_err(|e| malformed(&e))?;
            filters = vec![all];
        }
        let mut sort = Vec::new();
        for text in params.all("sort") {
            if sort.len() == MAX_CLAUSES {
                return Err(ApiError::malformed_parameter(
                    "sort",
                    &format!("More than {MAX_CLAUSES} criteria."),
                ));
            }
            sort.push(sort_clause(text, model)?);
        }
        let far = if filters.is_empty() { u64::MAX } else { TOTAL_CAP };
        Ok(Self {
            filters,
            sort,
            limit: params.limit()?,
            offset: params.offset()?,
            count_to: params.flag("withTotal", true)?.then_some(far),
        })
    }
}

fn where_clause(text: &str, variables: &HashMap<String, Vec<String>>, model: &Model) -> Result<Bound> {
    let mut bound =
        predicate::parse(text).map_err(|e| malformed(&e))?.bind(variables).map_err(|e| unbound(&e))?;
    bound.check(model).map_err(|e| malformed(&e))?;
    Ok(bound)
}

fn malformed(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::malformed_parameter("where", &error.to_string())
}

fn unbound(error: &BindError) -> ApiError {
    match error {
        BindError::TooComplex(_) => ApiError::new(api::Code::QueryComplexityLimitExceeded, error.to_string()),
        _ => malformed(error),
    }
}

fn sort_clause(text: &str, model: &Model) -> Result<Sort> {
    let bad = |detail: String| ApiError::malformed_parameter("sort", &detail);
    let mut words = text.split_ascii_whitespace();
    let path = words.next().ok_or_else(|| bad("Expected 'field' or 'field asc|desc'.".to_owned()))?;
    let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => return Err(bad(format!("Expected 'asc' or 'desc' but found '{other}'."))),
    };
    if words.next().is_some() || path.len() > 512 {
        return Err(bad("Expected 'field' or 'field asc|desc'.".to_owned()));
    }
    model.sortable(path).map_err(|e| bad(e.to_string()))?;
    Ok(Sort { path: path.split('.').map(str::to_owned).collect(), descending })
}

/// A predicate of our own with one text value.
pub fn equals(predicate: &str, value: &str) -> Result<Bound> {
    let quoted = serde_json::Value::from(value).to_string();
    let variables = HashMap::from([("value".to_owned(), vec![quoted])]);
    predicate::parse(predicate).map_err(|e| internal(&e))?.bind(&variables).map_err(|e| internal(&e))
}

impl<R: Rules> Collection<R> {
    /// One page of the resources that a path shows.
    pub async fn page(&self, request: &RequestInfo, list: ListRequest, access: &Access) -> Result<Page> {
        self.view_page(request, list, access, MAIN).await
    }

    /// The most recently modified resource that meets `filter`.
    pub async fn latest(
        &self,
        request: &RequestInfo,
        filter: Bound,
        access: &Access,
    ) -> Result<Option<String>> {
        let sort = vec![Sort { path: vec!["lastModifiedAt".to_owned()], descending: true }];
        let list = ListRequest { filters: vec![filter], sort, limit: 1, offset: 0, count_to: None };
        Ok(self.page(request, list, access).await?.results.into_iter().next())
    }

    /// One page of another view; `list` was checked against that view's model.
    pub async fn view_page(
        &self,
        request: &RequestInfo,
        list: ListRequest,
        access: &Access,
        view: &'static str,
    ) -> Result<Page> {
        let mut filters = list.filters;
        match &access.owner {
            None => {}
            Some(Owner::Customer(id)) => filters.push(equals("customerId = :value", id.as_str())?),
            Some(Owner::Anonymous(id)) => filters.push(equals("anonymousId = :value", id)?),
        }
        if let Some(store) = &access.store {
            filters.push(equals(R::IN_STORE, store.as_str())?);
        }
        let query = Query {
            project: request.project().to_owned(),
            kind: R::KIND,
            view,
            filters,
            sort: list.sort,
            limit: list.limit,
            offset: list.offset,
            count_to: list.count_to,
            time_limit: TIME_LIMIT,
        };
        self.deps.store.query(query).await.map_err(|e| store_error(&e))
    }
}

/// The body of a list answer.
#[must_use]
pub fn page_body(list_limit: u32, offset: u32, page: &Page) -> String {
    let size: usize = page.results.iter().map(|r| r.len() + 1).sum();
    let mut text = String::with_capacity(size + 96);
    let _ = std::fmt::Write::write_fmt(
        &mut text,
        format_args!("{{\"limit\":{list_limit},\"offset\":{offset},\"count\":{}", page.results.len()),
    );
    if let Some(total) = page.total {
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!(",\"total\":{total}"));
    }
    text.push_str(",\"results\":[");
    for (at, result) in page.results.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(result);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use predicate::Field;

    /// `count` predicates, each with a list of 500 values.
    fn asked(count: usize) -> Result<ListRequest> {
        let list = vec!["\"a\""; 500].join(",");
        let query: Vec<_> = (0..count).map(|_| format!("where=key%20in%20({list})")).collect();
        ListRequest::parse(&Params::parse(Some(&query.join("&")))?, &Model::new(Field::Free))
    }

    #[test]
    fn several_predicates_are_one_that_asks_for_all_of_them() {
        let filters = asked(10).expect("5,000 values are allowed").filters;
        let [all] = filters.as_slice() else { panic!("{} filters", filters.len()) };
        assert!(all.matches(&serde_json::json!({"key": "a"})));
        assert!(!all.matches(&serde_json::json!({"key": "b"})));
    }

    #[test]
    fn the_bound_on_values_holds_for_all_predicates_together() {
        let error = asked(11).expect_err("5,500 values are too many");
        assert_eq!(error.code(), api::Code::QueryComplexityLimitExceeded);
    }
}

//! Queries as SQL.

use super::filter::{extract, to_sql};
use super::schema::{KindSql, quoted, view_column};
use crate::sqlite::queries::QueryError;
use kit::store::{Page, Query, StoreError};
use predicate::Bound;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params_from_iter};

/// Longer texts are prepared for one use: they are rarely asked twice and take much memory.
const CACHED: usize = 4096;

/// A query, ready to run.
pub(super) struct Sql {
    /// Gives `doc` and the view's text, in order.
    matching: String,
    /// Gives `doc` alone, in order.
    ordered: Option<String>,
    /// Gives the number of matches.
    count: String,
    /// Gives a view's text by `doc`.
    one: String,
    params: Vec<Value>,
    /// What SQL could not say in full.
    recheck: Vec<Bound>,
    limit: u32,
    offset: u32,
    count_to: Option<u64>,
}

impl Sql {
    pub(super) fn of(kind: &KindSql, query: Query) -> Result<Self, StoreError> {
        if kind.view(query.view).is_none() {
            let reason = format!("the store knows no view '{}' of kind '{}'", query.view, query.kind);
            return Err(StoreError::Failed(reason));
        }
        let (table, column) = (quoted(query.kind.type_id()), view_column(query.view));
        let mut conditions = format!("FROM {table} WHERE project = ? AND live = 1 AND {column} IS NOT NULL");
        let mut params = vec![Value::Text(query.project)];
        let mut recheck = Vec::new();
        for filter in query.filters {
            let sql = to_sql(filter.filter(), &column);
            conditions.push_str(" AND (");
            conditions.push_str(&sql.text);
            conditions.push(')');
            params.extend(sql.params);
            if sql.needs_recheck {
                recheck.push(filter);
            }
        }
        let mut order = String::new();
        for sort in &query.sort {
            order.push_str(&extract(&column, &sort.path));
            order.push_str(if sort.descending { " DESC, " } else { ", " });
        }
        let end = if recheck.is_empty() { " LIMIT ? OFFSET ?" } else { "" };
        Ok(Self {
            matching: format!("SELECT doc, {column} {conditions} ORDER BY {order}id{end}"),
            // So that sorting does not carry whole documents about.
            ordered: (!order.is_empty()).then(|| format!("SELECT doc {conditions} ORDER BY {order}id{end}")),
            count: format!("SELECT count(*) FROM (SELECT 1 {conditions} LIMIT ?)"),
            one: format!("SELECT {column} FROM {table} WHERE doc = ?"),
            params,
            recheck,
            limit: query.limit,
            offset: query.offset,
            count_to: query.count_to,
        })
    }

    pub(super) fn run(&self, db: &Connection) -> Result<Page, QueryError> {
        // All of one moment.
        let transaction = db.unchecked_transaction()?;
        let page = if self.recheck.is_empty() { self.exact(db)? } else { self.rechecked(db)? };
        transaction.finish()?;
        Ok(page)
    }

    /// The page as SQL gives it.
    fn exact(&self, db: &Connection) -> Result<Page, QueryError> {
        let mut results: Vec<String> = Vec::new();
        if self.limit > 0 {
            let bounds = [Value::Integer(self.limit.into()), Value::Integer(self.offset.into())];
            self.each(db, &bounds, |text| {
                results.push(text);
                Ok(true)
            })?;
        }
        let total = match self.count_to {
            Some(limit) => Some(self.count(db, results.len(), limit)?),
            None => None,
        };
        Ok(Page { results, total })
    }

    fn count(&self, db: &Connection, found: usize, limit: u64) -> Result<u64, QueryError> {
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        // A page that is not full ends the matches; a page beyond them does not say where they end.
        if found < self.limit.into() && (found > 0 || self.offset == 0) {
            return Ok((u64::from(self.offset) + found).min(limit));
        }
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let params = params_from_iter(self.params.iter().chain([&limit]));
        let count: i64 = prepare(db, &self.count, |statement| statement.query_row(params, |row| row.get(0)))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The page of those that meet in memory what SQL could not say.
    fn rechecked(&self, db: &Connection) -> Result<Page, QueryError> {
        let (from, to) = (u64::from(self.offset), u64::from(self.offset) + u64::from(self.limit));
        let enough = self.count_to.unwrap_or(0).max(to);
        let (mut results, mut met) = (Vec::new(), 0_u64);
        if enough > 0 {
            self.each(db, &[], |text| {
                let document =
                    serde_json::from_str(&text).map_err(|error| QueryError::Failed(error.to_string()))?;
                if self.recheck.iter().all(|filter| filter.matches(&document)) {
                    if (from..to).contains(&met) {
                        results.push(text);
                    }
                    met += 1;
                }
                Ok(met < enough)
            })?;
        }
        Ok(Page { results, total: self.count_to.map(|limit| met.min(limit)) })
    }

    /// Hands over the texts of matching views in order, until `take` says that it is enough.
    fn each(
        &self,
        db: &Connection,
        bounds: &[Value],
        mut take: impl FnMut(String) -> Result<bool, QueryError>,
    ) -> Result<(), QueryError> {
        let params = params_from_iter(self.params.iter().chain(bounds));
        let Some(ordered) = &self.ordered else {
            return prepare(db, &self.matching, |statement| {
                let mut rows = statement.query(params)?;
                while let Some(row) = rows.next()? {
                    if !take(row.get(1)?)? {
                        break;
                    }
                }
                Ok(())
            });
        };
        prepare(db, ordered, |statement| {
            let mut one = db.prepare_cached(&self.one)?;
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                let doc: i64 = row.get(0)?;
                if !take(one.query_row([doc], |row| row.get(0))?)? {
                    break;
                }
            }
            Ok(())
        })
    }
}

fn prepare<T, E: From<rusqlite::Error>>(
    db: &Connection,
    sql: &str,
    run: impl FnOnce(&mut Statement<'_>) -> Result<T, E>,
) -> Result<T, E> {
    if sql.len() > CACHED { run(&mut db.prepare(sql)?) } else { run(&mut *db.prepare_cached(sql)?) }
}

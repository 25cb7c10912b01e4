//! Tables of a store's file, and the SQL texts that are used again and again.

use api::Kind;
use kit::store::KindSchema;
use rusqlite::Connection;

/// The tables that all kinds share. `outbox.seq` numbers the events of one document as they were
/// written: unlike `change_seq` it goes on when a document is deleted and its id used again.
const COMMON: &str = "
    CREATE TABLE IF NOT EXISTS claim (
        kind TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, doc INTEGER NOT NULL,
        PRIMARY KEY (kind, project, name, value)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, project TEXT NOT NULL, id TEXT NOT NULL,
        change_seq INTEGER NOT NULL, event TEXT NOT NULL, topic TEXT NOT NULL, type TEXT NOT NULL,
        key TEXT NOT NULL, time INTEGER NOT NULL, data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS outbox_document ON outbox (id, project, kind);";

/// `text` as an SQL identifier.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The column of a view, quoted.
pub(super) fn view_column(view: &str) -> String {
    quoted(&format!("view_{view}"))
}

/// Brings the tables in line with `kinds`: creates what is missing, drops indexes no longer asked for.
pub(super) fn prepare(db: &Connection, kinds: &[KindSchema]) -> rusqlite::Result<()> {
    db.execute_batch(COMMON)?;
    kinds.iter().try_for_each(|kind| prepare_kind(db, kind))
}

fn prepare_kind(db: &Connection, schema: &KindSchema) -> rusqlite::Result<()> {
    let type_id = schema.kind.type_id();
    let table = quoted(type_id);
    let views: String = schema.views.iter().map(|view| format!("{} TEXT, ", view_column(view))).collect();
    let due = quoted(&format!("{type_id} due"));
    // Wide columns last: what stands before them is read without walking overflow pages.
    db.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            doc INTEGER PRIMARY KEY, project TEXT NOT NULL, id TEXT NOT NULL, live INTEGER NOT NULL,
            rev INTEGER NOT NULL, version INTEGER NOT NULL, change_seq INTEGER NOT NULL,
            message_seq INTEGER NOT NULL, due_at INTEGER, claims TEXT, {views} hidden TEXT,
            UNIQUE (project, id)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS {due} ON {table} (due_at) WHERE due_at IS NOT NULL;"
    ))?;
    let columns = names(db, "SELECT name FROM pragma_table_info(?1)", type_id)?;
    for view in schema.views {
        if !columns.contains(&format!("view_{view}")) {
            db.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {} TEXT", view_column(view)))?;
        }
    }
    let prefix = format!("{type_id} by ");
    let wanted: Vec<String> = schema.indexes.iter().map(|path| format!("{prefix}{path}")).collect();
    for index in names(db, "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1", type_id)?
    {
        if index.starts_with(&prefix) && !wanted.contains(&index) {
            db.execute_batch(&format!("DROP INDEX {}", quoted(&index)))?;
        }
    }
    for (name, path) in wanted.iter().zip(schema.indexes) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let value = super::filter::extract(&view_column(kit::store::MAIN), &path);
        db.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {} ON {table} (project, {value}, id)",
            quoted(name)
        ))?;
    }
    Ok(())
}

fn names(db: &Connection, sql: &str, of: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare(sql)?.query_map([of], |row| row.get(0))?.collect()
}

/// The SQL of one view.
pub(super) struct ViewSql {
    pub name: &'static str,
    pub by_id: String,
    pub by_claim: String,
}

/// The SQL of one kind.
pub(super) struct KindSql {
    pub kind: Kind,
    pub views: Vec<ViewSql>,
    /// Parameters project, id.
    pub by_id: String,
    /// Parameters project, claim name, claim value.
    pub by_claim: String,
    /// Parameters project, id; gives doc, rev, claims.
    pub find: String,
    /// Parameters project, id, live, rev, version, `change_seq`, `message_seq`, `due_at`, claims, hidden, views.
    pub insert: String,
    /// Parameters doc, then as for `insert` from live on.
    pub update: String,
    /// Parameter doc.
    pub delete: String,
    /// Parameters `due_at`, limit.
    pub due: String,
}

impl KindSql {
    pub(super) fn new(schema: &KindSchema) -> Self {
        let type_id = schema.kind.type_id();
        let table = quoted(type_id);
        let columns: Vec<String> = schema.views.iter().map(|view| view_column(view)).collect();
        let listed = columns.join(", ");
        let claimed = format!(
            "FROM {table} WHERE doc =
             (SELECT doc FROM claim WHERE kind = '{type_id}' AND project = ?1 AND name = ?2 AND value = ?3)"
        );
        let whole = format!(
            "live, rev, version, change_seq, message_seq, due_at, claims, hidden, {table}.id, {listed}"
        );
        let marks: String = (11..11 + columns.len()).map(|n| format!(", ?{n}")).collect();
        let sets: String = columns.iter().zip(10..).map(|(column, n)| format!(", {column} = ?{n}")).collect();
        let views = schema.views.iter().zip(&columns).map(|(name, column)| ViewSql {
            name,
            by_id: format!("SELECT {column} FROM {table} WHERE project = ?1 AND id = ?2 AND live = 1"),
            by_claim: format!("SELECT {column} {claimed} AND live = 1"),
        });
        Self {
            kind: schema.kind,
            views: views.collect(),
            by_id: format!("SELECT {whole} FROM {table} WHERE project = ?1 AND id = ?2"),
            by_claim: format!("SELECT {whole} {claimed}"),
            find: format!("SELECT doc, rev, claims FROM {table} WHERE project = ?1 AND id = ?2"),
            insert: format!(
                "INSERT INTO {table} (project, id, live, rev, version, change_seq, message_seq, due_at, claims, hidden, {listed})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10{marks}) ON CONFLICT DO NOTHING"
            ),
            update: format!(
                "UPDATE {table} SET live = ?2, rev = ?3, version = ?4, change_seq = ?5, message_seq = ?6, due_at = ?7,
                 claims = ?8, hidden = ?9{sets} WHERE doc = ?1"
            ),
            delete: format!("DELETE FROM {table} WHERE doc = ?1"),
            due: format!("SELECT due_at, project, id FROM {table} WHERE due_at <= ?1 ORDER BY due_at, doc LIMIT ?2"),
        }
    }

    pub(super) fn view(&self, name: &str) -> Option<&ViewSql> {
        self.views.iter().find(|view| view.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::store::MAIN;
    use rusqlite::StatementStatus;

    #[test]
    fn due_documents_are_found_by_their_index() {
        let db = Connection::open_in_memory().unwrap();
        crate::sqlite::open::plan_once(&db).unwrap();
        let schema = KindSchema { kind: Kind::Cart, views: &[MAIN], indexes: &[] };
        prepare(&db, std::slice::from_ref(&schema)).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", KindSql::new(&schema).due);
        let plan: String = db.query_row(&sql, [1, 1], |row| row.get(3)).unwrap();
        assert!(plan.contains("USING INDEX cart due"), "{plan}");
    }

    #[test]
    fn statements_are_planned_once_whatever_their_parameters_are() {
        let db = Connection::open_in_memory().unwrap();
        crate::sqlite::open::plan_once(&db).unwrap();
        let schema = KindSchema { kind: Kind::Cart, views: &[MAIN, "staged"], indexes: &["customerId"] };
        prepare(&db, std::slice::from_ref(&schema)).unwrap();
        let KindSql { kind: _, views, by_id, by_claim, find, insert, update, delete, due } =
            KindSql::new(&schema);
        let mut texts = vec![by_id, by_claim, find, insert, update, delete, due];
        texts.extend(views.into_iter().flat_map(|view| [view.by_id, view.by_claim]));
        texts.extend(super::super::write::STATEMENTS.map(str::to_owned));
        for text in texts {
            let mut statement = db.prepare(&text).unwrap();
            for round in 0..3 {
                for n in 1..=statement.parameter_count() {
                    statement.raw_bind_parameter(n, i64::try_from(n).unwrap() + round).unwrap();
                }
                let mut rows = statement.raw_query();
                while rows.next().unwrap().is_some() {}
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{text}");
        }
    }
}

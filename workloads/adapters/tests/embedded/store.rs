//! The SQLite store.

use api::{Id, Kind};
use commerce_adapters::store::sqlite::SqliteStore;
use conformance::store::kinds;
use futures::future::join_all;
use kit::store::{
    Claim, DocKey, Document, KindSchema, MAIN, Query, Selector, Store, StoreError, View, Visibility, Write,
};
use predicate::{Field, Model};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub fn open(dir: &Path, kinds: &[KindSchema]) -> SqliteStore {
    SqliteStore::open(&dir.join("store.sqlite"), kinds).unwrap()
}

async fn make_store() -> (Arc<dyn Store>, TempDir) {
    let dir = TempDir::new().unwrap();
    (Arc::new(open(dir.path(), &kinds())), dir)
}

conformance::store_conformance!(make_store);

fn category(name: &str, served: &str) -> Document {
    Document {
        key: DocKey { project: "shop".to_owned(), kind: Kind::Category, id: Id::parse(name).unwrap() },
        visibility: Visibility::Live,
        rev: 1,
        version: 1,
        views: vec![View { name: MAIN, served: served.to_owned() }],
        hidden: None,
        claims: vec![Claim::new("key", name)],
        change_seq: 0,
        message_seq: 0,
        due_at: None,
    }
}

fn inserting(document: Document) -> Write {
    Write { expected_rev: None, document, events: Vec::new() }
}

fn by_key(text: &str) -> Query {
    let mut filter = predicate::parse(&format!("key = \"{text}\"")).unwrap().bind(&HashMap::new()).unwrap();
    let model = Model::new(Field::Object(BTreeMap::from([("key".to_owned(), Arc::new(Field::Text))])));
    filter.check(&model).unwrap();
    Query {
        project: "shop".to_owned(),
        kind: Kind::Category,
        view: MAIN,
        filters: vec![filter],
        sort: Vec::new(),
        limit: 10,
        offset: 0,
        count_to: None,
        time_limit: Duration::from_secs(10),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_makes_sqlite_fail_does_not_harm_those_beside_it() {
    let (store, _dir) = make_store().await;
    // The index on `key` takes no text that is not JSON.
    let writes = (0..64).map(|n| {
        let served = if n % 8 == 3 { "not JSON".to_owned() } else { format!(r#"{{"key":"{n}"}}"#) };
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.write(inserting(category(&format!("c-{n:02}"), &served))).await })
    });
    let outcomes = join_all(writes.collect::<Vec<_>>()).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let key = Selector::key(&format!("c-{n:02}"));
        let stored = store.get("shop", Kind::Category, &key).await.unwrap();
        match outcome.unwrap() {
            Ok(()) => assert!(n % 8 != 3 && stored.is_some(), "{n}"),
            Err(StoreError::Failed(_)) => assert!(n % 8 == 3 && stored.is_none(), "{n}"),
            Err(error) => panic!("{n}: {error}"),
        }
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let dir = TempDir::new().unwrap();
    let document = category("a", r#"{"key":"k"}"#);
    let store = open(dir.path(), &kinds());
    store.write(inserting(document.clone())).await.unwrap();
    assert!(store.query(by_key("k")).await.unwrap().results.len() == 1, "all kinds of connections are open");
    drop(store);
    assert!(!dir.path().join("store.sqlite-wal").exists(), "closing works the log into the file");
    let store = open(dir.path(), &kinds());
    let found = store.get("shop", Kind::Category, &Selector::key("a")).await.unwrap();
    assert_eq!(found, Some(document));
}

#[tokio::test]
async fn a_kind_may_gain_views_and_change_its_indexes() {
    let dir = TempDir::new().unwrap();
    let schema = |views, indexes| [KindSchema { kind: Kind::Category, views, indexes }];
    let indexes = || {
        let db = rusqlite::Connection::open(dir.path().join("store.sqlite")).unwrap();
        let mut found =
            db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '% by %' ORDER BY name").unwrap();
        let names = found.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.map(Result::unwrap).collect::<Vec<_>>()
    };
    let store = open(dir.path(), &schema(&[MAIN], &["key", "parent.id"]));
    store.write(inserting(category("a", r#"{"key":"k"}"#))).await.unwrap();
    drop(store);
    assert_eq!(indexes(), ["category by key", "category by parent.id"]);

    let store = open(dir.path(), &schema(&[MAIN, "extra"], &["externalId", "key"]));
    let mut changed = Document { rev: 2, ..category("a", r#"{"key":"l"}"#) };
    changed.views.push(View { name: "extra", served: "{}".to_owned() });
    store
        .write(Write { expected_rev: Some(1), document: changed.clone(), events: Vec::new() })
        .await
        .unwrap();
    assert_eq!(store.get("shop", Kind::Category, &Selector::key("a")).await.unwrap(), Some(changed));
    assert_eq!(store.query(by_key("l")).await.unwrap().results, [r#"{"key":"l"}"#]);
    drop(store);
    assert_eq!(indexes(), ["category by externalId", "category by key"]);
}

#[tokio::test]
async fn an_equality_on_an_indexed_field_is_served_by_its_index() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path(), &kinds()));
    let filter = by_key("k").filters.remove(0);
    let condition = commerce_adapters::store::sqlite::filter::to_sql(filter.filter(), "\"view_main\"");
    let sql = format!(
        "EXPLAIN QUERY PLAN SELECT doc FROM category WHERE project = ? AND live = 1 AND view_main IS NOT NULL AND ({})
         ORDER BY id LIMIT 20",
        condition.text
    );
    let db = rusqlite::Connection::open(dir.path().join("store.sqlite")).unwrap();
    let mut plan = db.prepare(&sql).unwrap();
    let steps: Vec<String> =
        plan.query_map(["shop", "k"], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert_eq!(steps.len(), 1, "no sorting of its own: {steps:?}");
    assert!(steps[0].contains("category by key"), "{steps:?}");
}

#[tokio::test]
async fn kinds_and_views_that_the_store_was_not_opened_for_are_refused() {
    let (store, _dir) = make_store().await;
    let mut unknown = category("a", "{}");
    unknown.key.kind = Kind::Zone;
    assert!(matches!(store.write(inserting(unknown)).await, Err(StoreError::Failed(_))));
    let mut odd = category("a", "{}");
    odd.views.push(View { name: "staged", served: "{}".to_owned() });
    assert!(matches!(store.write(inserting(odd)).await, Err(StoreError::Failed(_))));
    let selector = Selector::key("a");
    assert!(matches!(store.get("shop", Kind::Zone, &selector).await, Err(StoreError::Failed(_))));
    assert!(matches!(
        store.view("shop", Kind::Category, &selector, "staged").await,
        Err(StoreError::Failed(_))
    ));
    let query = Query { view: "staged", ..by_key("k") };
    assert!(matches!(store.query(query).await, Err(StoreError::Failed(_))));
}

/// Needs a small file system: `mount -t tmpfs -o size=8m none DIR`, then `COMMERCE_SMALL_DISK=DIR`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a small file system, named by COMMERCE_SMALL_DISK"]
async fn on_a_full_disk_writes_fail_and_work_again_when_there_is_space() {
    let disk = std::env::var("COMMERCE_SMALL_DISK").expect("a small file system");
    let dir = TempDir::new_in(disk).unwrap();
    let store = Arc::new(open(dir.path(), &kinds()));
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; 5 << 20]).unwrap();

    let served = format!(r#"{{"text":"{}"}}"#, "x".repeat(20_000));
    let (mut stored, mut refused) = (Vec::new(), 0);
    for round in 0..100 {
        let writes = (0..8).map(|n| {
            let document = category(&format!("{round:03}-{n}"), &served);
            let store = Arc::clone(&store);
            async move { (document.key.clone(), store.write(inserting(document)).await) }
        });
        for (key, outcome) in join_all(writes).await {
            match outcome {
                Ok(()) => stored.push(key),
                Err(StoreError::Failed(_)) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(refused > 0 && !stored.is_empty(), "stored {} and refused {refused}", stored.len());
    let read = async |key: &DocKey| {
        store.get("shop", Kind::Category, &Selector::Id(key.id.clone())).await.unwrap().is_some()
    };
    for key in &stored {
        assert!(read(key).await, "{key:?}");
    }
    std::fs::remove_file(&ballast).unwrap();
    store.write(inserting(category("after", &served))).await.unwrap();
    drop(store);
    let store = open(dir.path(), &kinds());
    for key in &stored {
        let found = store.get("shop", Kind::Category, &Selector::Id(key.id.clone())).await.unwrap();
        assert!(found.is_some(), "{key:?}");
    }
}

//! Data directories and files that cannot be used: each error says where, what and how to mend it.

use commerce_adapters::bus::local::LocalBus;
use commerce_adapters::store::sqlite::SqliteStore;
use commerce_adapters::{OpenError, lock_data_dir};
use conformance::store::kinds;
use kit::clock::SystemClock;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn refusal(path: &Path) -> OpenError {
    let store = SqliteStore::open(path, &kinds()).err().expect("the store opened it");
    let bus = LocalBus::open(path, Arc::new(SystemClock)).err().expect("the bus opened it");
    assert_eq!(std::mem::discriminant(&store), std::mem::discriminant(&bus), "{store} / {bus}");
    let message = store.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains("; "), "it says how to mend it: {message}");
    assert!(!message.contains('\n'), "one line: {message}");
    store
}

#[test]
fn a_data_directory_serves_one_process_at_a_time() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("new").join("data");
    let lock = lock_data_dir(&data).unwrap();
    let error = lock_data_dir(&data).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)));
    assert!(error.to_string().contains(&data.display().to_string()), "{error}");
    drop(lock);
    lock_data_dir(&data).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_made_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("data");
    let _lock = lock_data_dir(&data).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let store = SqliteStore::open(&data.join("store.sqlite"), &kinds()).unwrap();
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = lock_data_dir(&file.join("data")).unwrap_err();
    assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("data") && message.contains("choose another data directory"), "{message}");
}

#[test]
fn a_directory_in_place_of_the_file_is_refused() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(refusal(dir.path()), OpenError::Unusable { .. }));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.sqlite");
    let text = "this is a shopping list, not a database\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(refusal(&path), OpenError::NotOurs(_)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn another_programs_database_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.sqlite");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(db);
    assert!(matches!(refusal(&path), OpenError::NotOurs(_)));
}

#[test]
fn a_store_and_a_bus_do_not_open_each_others_files() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bus.sqlite");
    drop(LocalBus::open(&path, Arc::new(SystemClock)).unwrap());
    let error = SqliteStore::open(&path, &kinds()).err().unwrap();
    assert!(matches!(error, OpenError::NotOurs(_)), "{error}");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    for (name, open) in [("store.sqlite", true), ("bus.sqlite", false)] {
        let path = dir.path().join(name);
        let open = || match open {
            true => SqliteStore::open(&path, &kinds()).map(drop),
            false => LocalBus::open(&path, Arc::new(SystemClock)).map(drop),
        };
        open().unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        let error = open().unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(name) && message.contains("newer version"), "{message}");
        let db = rusqlite::Connection::open(&path).unwrap();
        let version: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 99);
    }
}

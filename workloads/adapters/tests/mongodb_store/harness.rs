//! A fresh database per test on the server that `MONGODB_URI` names, and documents to put in it.

use api::{Id, Kind, Timestamp};
use bson::Document as Bdoc;
use commerce_adapters::store::mongodb::{MongoOptions, MongoStore};
use kit::bus::Event;
use kit::clock::{Clock, SystemClock};
use kit::store::{
    Claim, DocKey, Document, KindSchema, MAIN, Published, Selector, Store, StoreError, View, Visibility,
    Write,
};
use mongodb::{Client, Collection};
use std::time::Duration;

pub const KIND: Kind = Kind::ProductType;
pub const PROJECT: &str = "demo";

/// A database that goes when this does.
pub struct TestDb {
    pub uri: String,
    pub name: String,
}

impl TestDb {
    /// `None` where there is no server to test on, which is a failure in CI.
    pub fn fresh() -> Option<Self> {
        let Ok(uri) = std::env::var("MONGODB_URI") else {
            eprintln!("SKIPPED: MONGODB_URI not set (run through `make test`)");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "MONGODB_URI must be set in CI");
            return None;
        };
        let name = format!("test_{}", &SystemClock.secret()[..20]);
        Some(Self { uri, name })
    }

    pub async fn open_with(&self, kinds: &[KindSchema], options: MongoOptions) -> MongoStore {
        MongoStore::open(&self.uri, &self.name, kinds, options).await.unwrap()
    }

    pub async fn open(&self, options: MongoOptions) -> MongoStore {
        self.open_with(&[KindSchema { kind: KIND, views: &[MAIN], indexes: &["key"] }], options).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (uri, name) = (self.uri.clone(), self.name.clone());
        // On a thread of its own, as this one may be a runtime's, or panicking.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Client::with_uri_str(&uri).await?.database(&name).drop().await })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the test database {} was not dropped", self.name);
        }
    }
}

/// Gives up on held claims fast, and takes over what is older than a second.
pub fn impatient() -> MongoOptions {
    MongoOptions {
        claim_wait: Duration::from_millis(50),
        takeover_after: Duration::from_secs(1),
        ..MongoOptions::default()
    }
}

pub fn document(id: &str, rev: i64, claims: &[(&'static str, &str)]) -> Document {
    Document {
        key: DocKey { project: PROJECT.to_owned(), kind: KIND, id: Id::parse(id).unwrap() },
        visibility: Visibility::Live,
        rev,
        version: rev,
        views: vec![View { name: MAIN, served: format!(r#"{{"id":"{id}","rev":{rev}}}"#) }],
        hidden: None,
        claims: claims.iter().map(|(name, value)| Claim::new(*name, *value)).collect(),
        change_seq: rev,
        message_seq: 0,
        due_at: None,
    }
}

pub fn deleted(id: &str, rev: i64) -> Document {
    Document { visibility: Visibility::Deleted, ..document(id, rev, &[]) }
}

pub fn event(document: &Document, change_seq: i64) -> Event {
    let key = format!("{PROJECT}/{KIND}/{}", document.key.id);
    Event {
        id: format!("{key}/{change_seq}"),
        topic: "product".to_owned(),
        kind: "product-type.updated".to_owned(),
        key,
        change_seq,
        time: Timestamp::from_millis(1_700_000_000_000 + change_seq),
        data: format!(r#"{{"seq":{change_seq}}}"#),
    }
}

/// Says that a document's events up to this one are published.
pub fn out(document: &Document, change_seq: i64) -> Published {
    let last = event(document, change_seq).id;
    Published { key: document.key.clone(), up_to: change_seq, last }
}

/// Writes a document over the one of the previous `rev`; 1 inserts.
pub async fn write(store: &MongoStore, document: Document, events: Vec<Event>) -> Result<(), StoreError> {
    let expected_rev = (document.rev > 1).then(|| document.rev - 1);
    store.write(Write { expected_rev, document, events }).await
}

pub async fn by_key(store: &MongoStore, key: &str) -> Option<String> {
    store.get(PROJECT, KIND, &Selector::key(key)).await.unwrap().map(|d| d.key.id.to_string())
}

pub async fn by_id(store: &MongoStore, id: &str) -> Option<Document> {
    store.get(PROJECT, KIND, &Selector::Id(Id::parse(id).unwrap())).await.unwrap()
}

pub fn stored(store: &MongoStore) -> Collection<Bdoc> {
    store.database().collection(KIND.type_id())
}

pub fn claims(store: &MongoStore) -> Collection<Bdoc> {
    store.database().collection("claims")
}

pub fn now() -> i64 {
    SystemClock.now().as_millis()
}

//! Claims that were left behind: who may take them, when, and what becomes of the one who left them.
//! A crash is what it leaves in the database: a claim without its document, or the other way round.

use crate::harness::*;
use bson::doc;
use commerce_adapters::store::mongodb::{MongoOptions, MongoStore};
use futures::TryStreamExt;
use kit::store::{Claim, Selector, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The claim that a writer of `owner` took for `key` before it crashed. `expects` is the `rev` that it was
/// to replace, 0 to insert.
async fn abandon(store: &MongoStore, key: &str, owner: &str, expects: i64, age: Duration) {
    let at = now() - i64::try_from(age.as_millis()).unwrap();
    let owner_id = format!("{PROJECT}/{owner}");
    let life = stored(store).find_one(doc! {"_id": &owner_id}).await.unwrap();
    let life = life.map_or(String::new(), |d| d.get_str("life").unwrap().to_owned());
    let claim = doc! {
        "_id": format!("{KIND}/{PROJECT}/key/{key}"), "owner": owner_id,
        "nonce": format!("left by {owner}"), "at": at, "expects": expects, "life": life,
    };
    claims(store).insert_one(claim).await.unwrap();
}

const OLD: Duration = Duration::from_secs(60);
const YOUNG: Duration = Duration::ZERO;

fn assert_claimed(result: Result<(), StoreError>, value: &str) {
    match result {
        Err(StoreError::Claimed(claim)) => assert_eq!(claim, Claim::new("key", value)),
        other => panic!("expected a refusal of {value}, got {other:?}"),
    }
}

#[tokio::test]
async fn a_young_unconfirmed_claim_is_waited_for_and_then_refuses() {
    let Some(db) = TestDb::fresh() else { return };
    let patient = Duration::from_secs(600);
    let store = db.open(MongoOptions { takeover_after: patient, ..impatient() }).await;
    abandon(&store, "tea", "crashed", 0, YOUNG).await;
    assert_eq!(by_key(&store, "tea").await, None, "an unconfirmed claim must not be seen");
    assert_claimed(write(&store, document("a", 1, &[("key", "tea")]), vec![]).await, "tea");
    assert!(by_id(&store, "a").await.is_none());
}

#[tokio::test]
async fn an_old_claim_of_an_insert_is_taken_over_and_the_late_insert_fails() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    abandon(&store, "tea", "crashed", 0, OLD).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));

    let late = doc! {"_id": format!("{PROJECT}/crashed"), "state": "live", "rev": 1_i64};
    let error = stored(&store).insert_one(late).await.unwrap_err();
    assert!(error.to_string().contains("11000") || error.to_string().contains("duplicate"), "{error}");
    assert!(by_id(&store, "crashed").await.is_none(), "a tombstone is no document");
}

#[tokio::test]
async fn an_insert_that_begins_after_the_fence_replaces_the_tombstone() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    abandon(&store, "tea", "crashed", 0, OLD).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();

    // Nor can a second stalled insert that began after the first fence, once it is fenced itself.
    let old_fence =
        stored(&store).find_one(doc! {"_id": format!("{PROJECT}/crashed")}).await.unwrap().unwrap();
    abandon(&store, "milk", "crashed", -1, OLD).await;
    write(&store, document("b", 1, &[("key", "milk")]), vec![]).await.unwrap();
    let new_fence =
        stored(&store).find_one(doc! {"_id": format!("{PROJECT}/crashed")}).await.unwrap().unwrap();
    assert_ne!(old_fence.get_str("life").unwrap(), new_fence.get_str("life").unwrap());

    let again = document("crashed", 1, &[("key", "coffee")]);
    write(&store, again.clone(), vec![event(&again, 1)]).await.unwrap();
    assert_eq!(by_id(&store, "crashed").await, Some(again));
    assert_eq!(by_key(&store, "coffee").await.as_deref(), Some("crashed"));
    assert_eq!(store.unpublished(None, 10).await.unwrap().len(), 1);
    assert!(matches!(write(&store, document("crashed", 1, &[]), vec![]).await, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn the_owner_itself_passes_its_own_old_claim_when_it_tries_again() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    abandon(&store, "tea", "a", 0, OLD).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));

    // And one left by a crashed update of the present rev: the first try fences, the next one passes.
    abandon(&store, "coffee", "a", 1, OLD).await;
    let mut next = document("a", 2, &[("key", "coffee")]);
    assert!(matches!(write(&store, next.clone(), vec![]).await, Err(StoreError::Conflict)));
    next.rev = by_id(&store, "a").await.unwrap().rev + 1;
    write(&store, next, vec![]).await.unwrap();
    assert_eq!(by_key(&store, "coffee").await.as_deref(), Some("a"));
    assert_eq!(by_key(&store, "tea").await, None);
}

#[tokio::test]
async fn an_old_claim_of_an_update_is_taken_over_after_raising_its_owners_rev() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    write(&store, document("owner", 1, &[("key", "milk")]), vec![]).await.unwrap();
    abandon(&store, "tea", "owner", 1, OLD).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();

    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));
    assert_eq!(by_key(&store, "milk").await.as_deref(), Some("owner"));
    let fenced = by_id(&store, "owner").await.unwrap();
    assert_eq!((fenced.rev, fenced.version), (2, 1), "clients must not notice the fence");
    // The stalled update comes too late; one that reads anew does not.
    assert!(matches!(write(&store, document("owner", 2, &[]), vec![]).await, Err(StoreError::Conflict)));
    write(&store, document("owner", 3, &[("key", "milk")]), vec![]).await.unwrap();
    assert_claimed(write(&store, document("owner", 4, &[("key", "tea")]), vec![]).await, "tea");
}

#[tokio::test]
async fn what_a_finished_update_failed_to_release_is_free_at_once() {
    let Some(db) = TestDb::fresh() else { return };
    let patient = Duration::from_secs(600);
    let store = db.open(MongoOptions { takeover_after: patient, ..impatient() }).await;
    write(&store, document("owner", 1, &[]), vec![]).await.unwrap();
    abandon(&store, "tea", "owner", 1, YOUNG).await;
    abandon(&store, "coffee", "gone", 7, YOUNG).await;
    // Of the same rev, but of an earlier document that had the id.
    abandon(&store, "milk", "owner", 2, YOUNG).await;
    claims(&store).update_one(doc! {"expects": 2_i64}, doc! {"$set": {"life": "earlier"}}).await.unwrap();
    write(&store, document("owner", 2, &[]), vec![]).await.unwrap();

    assert_eq!(by_key(&store, "tea").await, None);
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();
    write(&store, document("b", 1, &[("key", "coffee")]), vec![]).await.unwrap();
    write(&store, document("c", 1, &[("key", "milk")]), vec![]).await.unwrap();
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));
    assert_eq!(by_id(&store, "owner").await.unwrap().rev, 2, "nothing had to be fenced");
}

#[tokio::test]
async fn a_confirmed_claim_is_never_taken_however_old() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(MongoOptions { takeover_after: Duration::ZERO, ..impatient() }).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();
    write(&store, document("a", 2, &[("key", "tea"), ("sku", "1")]), vec![]).await.unwrap();
    claims(&store).update_many(doc! {}, doc! {"$set": {"at": 0_i64}}).await.unwrap();
    assert_claimed(write(&store, document("b", 1, &[("key", "tea")]), vec![]).await, "tea");
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_refused_write_leaves_no_claim_and_takes_none_away() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    write(&store, document("a", 1, &[("key", "tea")]), vec![]).await.unwrap();
    let both = [("key", "tea"), ("email", "x@example.com"), ("sku", "1")];
    assert_claimed(write(&store, document("b", 1, &both), vec![]).await, "tea");
    assert!(matches!(write(&store, document("a", 3, &both), vec![]).await, Err(StoreError::Conflict)));
    assert!(matches!(
        write(&store, document("a", 1, &[("sku", "2")]), vec![]).await,
        Err(StoreError::Conflict)
    ));
    assert_eq!(claims(&store).count_documents(doc! {}).await.unwrap(), 1);
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));
}

#[tokio::test]
async fn values_of_any_length_are_claimed_apart() {
    let Some(db) = TestDb::fresh() else { return };
    let store = db.open(impatient()).await;
    let long = "ü".repeat(5_000);
    let longer = format!("{long}x");
    write(&store, document("a", 1, &[("key", &long)]), vec![]).await.unwrap();
    write(&store, document("b", 1, &[("key", &longer), ("name", "a/b")]), vec![]).await.unwrap();
    assert_claimed(write(&store, document("c", 1, &[("key", &long)]), vec![]).await, &long);
    assert_eq!(by_key(&store, &longer).await.as_deref(), Some("b"));
    let slashed = store.get(PROJECT, KIND, &Selector::Claim(Claim::new("name", "a/b"))).await.unwrap();
    assert_eq!(slashed.unwrap().key.id.as_str(), "b");
}

/// How long writers may be in each other's way.
const ENOUGH: Duration = Duration::from_secs(45);

/// Every unconfirmed claim is fenced and taken as soon as it is met, so the writers are forever in each
/// other's way; some are cut off in the middle. Whatever happens, a value has one holder.
#[tokio::test(flavor = "multi_thread")]
async fn under_constant_take_over_a_value_still_has_one_holder() {
    let Some(db) = TestDb::fresh() else { return };
    let store = Arc::new(db.open(MongoOptions { takeover_after: Duration::ZERO, ..impatient() }).await);
    let (mut writers, began) = (tokio::task::JoinSet::new(), Instant::now());
    for writer in 0..6_u64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut random = writer + 1;
            let mut next = move |below: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let mut done = 0;
            for round in 0..40 {
                // Each of many rounds against others costs a slow server a second.
                if began.elapsed() > ENOUGH {
                    break;
                }
                // Two writers share each document; all share four values.
                let id = format!("w{}-{}", writer / 2, round / 10);
                let values = [format!("v{}", next(4)), format!("v{}", next(4))];
                let claims: Vec<(&'static str, &str)> =
                    [("key", values[0].as_str()), ("sku", values[1].as_str())].into();
                let rev = by_id(&store, &id).await.map_or(0, |d| d.rev);
                // A deletion with an event leaves the deleted document there, so no id is used twice.
                let (new, events) = match next(8) {
                    0 if rev > 0 => (deleted(&id, rev + 1), vec![event(&deleted(&id, rev + 1), rev + 1)]),
                    _ => (document(&id, rev + 1, &claims), vec![]),
                };
                if next(4) == 0 {
                    let life = self::stored(&store).find_one(doc! {"_id": format!("{PROJECT}/{id}")}).await.unwrap();
                    let life = life.map_or(String::new(), |d| d.get_str("life").unwrap().to_owned());
                    let at = doc! {
                        "_id": format!("{KIND}/{PROJECT}/key/{}", values[1]), "owner": format!("{PROJECT}/{id}"),
                        "nonce": format!("crash {writer} {round}"), "at": 0_i64, "expects": rev, "life": life,
                    };
                    let _ = self::claims(&store).insert_one(at).await; // there may be one
                }
                match write(&store, new, events).await {
                    Ok(()) => done += 1,
                    Err(StoreError::Conflict | StoreError::Claimed(_)) => {}
                    Err(e) => panic!("{e}"),
                }
            }
            done
        });
    }
    let mut done = 0;
    while let Some(writer) = writers.join_next().await {
        done += writer.unwrap();
    }
    let enough = if began.elapsed() < ENOUGH { 20 } else { 0 };
    assert!(done > enough, "only {done} writes came through in {:?}", began.elapsed());

    let mut holders: HashMap<(String, String), String> = HashMap::new();
    let mut all = stored(&store).find(doc! {"state": "live"}).await.unwrap();
    while let Some(document) = all.try_next().await.unwrap() {
        let id = document.get_str("_id").unwrap();
        for held in document.get_array("claims").unwrap() {
            let held = held.as_document().unwrap();
            let (name, value) = (held.get_str("name").unwrap(), held.get_str("value").unwrap());
            let other = holders.insert((name.to_owned(), value.to_owned()), id.to_owned());
            assert_eq!(other, None, "{name} {value} is held by {id} too");
            let claim = doc! {"_id": format!("{KIND}/{PROJECT}/{name}/{value}")};
            let claim = claims(&store).find_one(claim).await.unwrap().expect("the claim of what is held");
            assert_eq!(claim.get_str("owner").unwrap(), id);
            assert_eq!(claim.get_str("nonce").unwrap(), held.get_str("nonce").unwrap());
        }
    }
}

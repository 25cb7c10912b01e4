//! Events until they are published, and documents that are due.

use super::*;
use std::time::Duration;

fn telling(write: Write, change_seqs: &[i64]) -> Write {
    let events = change_seqs.iter().map(|n| event(&write.document, *n)).collect();
    Write { events, ..write }
}

/// Says that a document's events up to this one are published.
fn out(document: &Document, change_seq: i64) -> Published {
    Published { key: document.key.clone(), up_to: change_seq, last: event(document, change_seq).id }
}

/// The change numbers of a cart's unpublished events.
async fn waiting(store: &SharedStore, name: &str) -> Vec<i64> {
    let unpublished = store.unpublished(None, 100).await.unwrap();
    let of = unpublished.into_iter().find(|entry| entry.key.id == id(name));
    of.map_or_else(Vec::new, |entry| entry.events.iter().map(|event| event.change_seq).collect())
}

pub async fn events_stay_in_order_until_they_are_published(store: SharedStore) {
    let first = cart("a", "{}");
    store.write(telling(inserting(&first), &[1, 2])).await.unwrap();
    let second = next(&first);
    store.write(telling(replacing(&second), &[3])).await.unwrap();
    let other = cart("b", "{}");
    store.write(telling(inserting(&other), &[1])).await.unwrap();
    insert(&store, &cart("silent", "{}")).await;

    let mut found = store.unpublished(None, 100).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].key, first.key);
    assert_eq!(found[0].events, [event(&first, 1), event(&first, 2), event(&first, 3)], "exactly as written");
    assert_eq!(found[1].events, [event(&other, 1)]);
    assert_eq!(store.unpublished(None, 1).await.unwrap().len(), 1);
    let of_kind = store.unpublished(Some(vec![first.key.kind]), 100).await.unwrap();
    assert_eq!(of_kind.len(), 2, "none of the kind asked for is missing");

    store.published(vec![out(&first, 2)]).await.unwrap();
    assert_eq!(waiting(&store, "a").await, [3]);
    assert_eq!(waiting(&store, "b").await, [1]);
    store.published(vec![out(&first, 2)]).await.unwrap();
    assert_eq!(waiting(&store, "a").await, [3], "saying it twice changes nothing");
    store.published(vec![out(&first, 3), out(&other, 1)]).await.unwrap();
    assert!(store.unpublished(None, 100).await.unwrap().is_empty());
}

pub async fn publishing_does_not_touch_the_document(store: SharedStore) {
    let first = cart("a", "{}");
    store.write(telling(inserting(&first), &[1])).await.unwrap();
    store.published(vec![out(&first, 1)]).await.unwrap();
    assert_eq!(get(&store, "a").await, Some(first.clone()));
    replace(&store, &next(&first)).await;
}

pub async fn events_of_a_deleted_document_stay_until_they_are_published(store: SharedStore) {
    let first = claiming("a", &["key=k"]);
    store.write(telling(inserting(&first), &[1])).await.unwrap();
    store.write(telling(replacing(&deleted(&first)), &[2])).await.unwrap();
    assert_eq!(get(&store, "a").await, None);
    assert_eq!(waiting(&store, "a").await, [1, 2]);
    assert_eq!(holder(&store, "key=k").await, None);
    store.published(vec![out(&first, 2)]).await.unwrap();
    assert!(waiting(&store, "a").await.is_empty());
    insert(&store, &first).await;
}

pub async fn a_new_document_of_an_old_id_queues_behind_the_old_ones_events(store: SharedStore) {
    let first = cart("a", r#"{"life":1}"#);
    store.write(telling(inserting(&first), &[1])).await.unwrap();
    store.write(telling(replacing(&deleted(&first)), &[2])).await.unwrap();
    let again = cart("a", r#"{"life":2}"#);
    store.write(telling(inserting(&again), &[1])).await.unwrap();
    assert_eq!(get(&store, "a").await, Some(again.clone()));

    assert_eq!(waiting(&store, "a").await, [1, 2], "the old one's first");
    store.published(vec![out(&first, 2)]).await.unwrap();
    assert_eq!(waiting(&store, "a").await, [1], "the new one's event is still there");
    store.published(vec![out(&first, 1)]).await.unwrap();
    assert!(waiting(&store, "a").await.is_empty());
    replace(&store, &next(&again)).await;
}

pub async fn a_late_relay_removes_nothing_of_a_new_document_of_an_old_id(store: SharedStore) {
    let first = cart("a", "{}");
    store.write(telling(inserting(&first), &[1])).await.unwrap();
    store.write(telling(replacing(&deleted(&first)), &[2])).await.unwrap();
    let seen_by_both = store.unpublished(None, 10).await.unwrap().pop().unwrap().published().unwrap();
    store.published(vec![seen_by_both.clone()]).await.unwrap();
    let again = cart("a", "{}");
    let mut write = telling(inserting(&again), &[1, 2]);
    write.events.iter_mut().for_each(|event| event.id.push_str("-of-the-second"));
    store.write(write).await.unwrap();
    store.published(vec![seen_by_both]).await.unwrap();
    assert_eq!(waiting(&store, "a").await, [1, 2], "nobody has published these");
}

pub async fn a_relay_beside_a_writer_loses_nothing(store: SharedStore) {
    const EVENTS: i64 = 60;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut document = cart("a", "{}");
            for n in 1..=EVENTS {
                document.change_seq = n;
                let write = if n == 1 { inserting(&document) } else { replacing(&document) };
                store.write(telling(write, &[n])).await.unwrap();
                document = next(&document);
            }
        })
    };
    let mut relayed: Vec<i64> = Vec::new();
    let relay = async {
        while relayed.last() != Some(&EVENTS) {
            for entry in store.unpublished(None, 10).await.unwrap() {
                let numbers: Vec<i64> = entry.events.iter().map(|event| event.change_seq).collect();
                store.published(entry.published().into_iter().collect()).await.unwrap();
                relayed.extend(numbers);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), relay).await.expect("the last event never came");
    writer.await.unwrap();
    assert_eq!(relayed, (1..=EVENTS).collect::<Vec<_>>());
    assert!(store.unpublished(None, 10).await.unwrap().is_empty());
    assert_eq!(get(&store, "a").await.map(|document| document.rev), Some(EVENTS), "no write was disturbed");
}

pub async fn due_documents_come_earliest_first(store: SharedStore) {
    let at = Timestamp::from_millis;
    let due = |name: &str, millis| Document { due_at: Some(at(millis)), ..cart(name, "{}") };
    let pending = Document { visibility: Visibility::Pending, ..due("pending", 100) };
    let mut category = due("category", 150);
    category.key.kind = Kind::Category;
    let soon = due("soon", 200);
    for document in [&due("late", 300), &soon, &pending, &category, &cart("never", "{}")] {
        insert(&store, document).await;
    }
    let names_of = async |kinds: &[Kind], now, limit| {
        let keys: Vec<DocKey> = store.due(kinds.to_vec(), at(now), limit).await.unwrap();
        keys.iter().map(|key| key.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    let names = async |now, limit| names_of(&[Kind::Cart, Kind::Category], now, limit).await;
    assert_eq!(names_of(&[Kind::Cart], 200, 2).await, ["pending", "soon"], "of the kinds asked for alone");
    assert!(names_of(&[], 1000, 10).await.is_empty());
    assert!(names(99, 10).await.is_empty());
    assert_eq!(names(200, 10).await, ["pending", "category", "soon"]);
    assert_eq!(names(1000, 2).await, ["pending", "category"]);

    replace(&store, &deleted(&pending)).await;
    let later = Document { due_at: Some(at(400)), ..next(&soon) };
    replace(&store, &later).await;
    assert_eq!(names(1000, 10).await, ["category", "late", "soon"]);
    replace(&store, &Document { due_at: None, ..next(&later) }).await;
    assert_eq!(names(1000, 10).await, ["category", "late"]);
}

//! Insert, replace, delete, and races on one rev.

use super::*;
use futures::future::join_all;

pub async fn a_document_is_inserted_replaced_and_deleted(store: SharedStore) {
    let first = cart("a", r#"{"n":1}"#);
    assert_eq!(get(&store, "a").await, None);
    insert(&store, &first).await;
    assert_eq!(get(&store, "a").await, Some(first.clone()));

    let mut second = next(&first);
    second.views[0].served = r#"{"n":2}"#.to_owned();
    replace(&store, &second).await;
    assert_eq!(get(&store, "a").await, Some(second.clone()));
    let served = store.view(SHOP, Kind::Cart, &by_id("a"), MAIN).await.unwrap();
    assert_eq!(served.as_deref(), Some(r#"{"n":2}"#));

    let gone = deleted(&second);
    replace(&store, &gone).await;
    assert_eq!(get(&store, "a").await, None);
    assert_eq!(store.view(SHOP, Kind::Cart, &by_id("a"), MAIN).await.unwrap(), None);
    assert!(is_conflict(store.write(replacing(&next(&gone))).await), "a deleted document takes no write");

    insert(&store, &first).await;
    assert_eq!(get(&store, "a").await, Some(first), "its id is free again");
}

pub async fn an_insert_is_refused_when_the_document_exists(store: SharedStore) {
    let document = claiming("a", &["key=k"]);
    insert(&store, &document).await;
    assert!(is_conflict(store.write(inserting(&cart("a", "{}"))).await));
    assert!(is_conflict(store.write(inserting(&document)).await), "also when it holds the same claims");
    assert_eq!(get(&store, "a").await, Some(document));
}

pub async fn a_write_with_a_stale_rev_is_refused_and_changes_nothing(store: SharedStore) {
    let first = claiming("a", &["key=old"]);
    insert(&store, &first).await;
    let second = next(&first);
    replace(&store, &second).await;

    let stale = Write {
        expected_rev: Some(1),
        document: Document { claims: vec![claim("key=new")], ..cart("a", r#"{"stale":true}"#) },
        events: vec![event(&first, 1)],
    };
    for expected in [0, 1, 3] {
        let result = store.write(Write { expected_rev: Some(expected), ..stale.clone() }).await;
        assert!(is_conflict(result), "rev {expected}");
    }
    assert_eq!(get(&store, "a").await, Some(second));
    assert_eq!(holder(&store, "key=old").await.as_deref(), Some("a"));
    assert_eq!(holder(&store, "key=new").await, None);
    assert!(store.unpublished(None, 10).await.unwrap().is_empty(), "a refused write leaves no events");

    let absent = cart("nowhere", "{}");
    assert!(is_conflict(store.write(replacing(&next(&absent))).await));
    assert_eq!(get(&store, "nowhere").await, None);
    insert(&store, &claiming("b", &["key=new"])).await;
}

pub async fn of_many_writers_of_one_rev_exactly_one_wins(store: SharedStore) {
    let mut document = cart("a", "{}");
    insert(&store, &document).await;
    for round in 0..40 {
        let writes = (0..8).map(|writer| {
            let mut mine = next(&document);
            mine.views[0].served = format!(r#"{{"round":{round},"writer":{writer}}}"#);
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                match store.write(replacing(&mine)).await {
                    Ok(()) => Some(mine),
                    Err(StoreError::Conflict) => None,
                    Err(error) => panic!("{error}"),
                }
            })
        });
        let outcomes = join_all(writes.collect::<Vec<_>>()).await;
        let mut winners: Vec<Document> = outcomes.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        document = winners.remove(0);
        assert_eq!(get(&store, "a").await.as_ref(), Some(&document), "round {round}");
    }
}

pub async fn of_many_inserts_of_one_id_exactly_one_wins(store: SharedStore) {
    for round in 0..20 {
        let name = format!("round-{round}");
        let writes = (0..8).map(|writer| {
            let mine = cart(&name, &format!(r#"{{"writer":{writer}}}"#));
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.write(inserting(&mine)).await.is_ok().then_some(mine) })
        });
        let outcomes = join_all(writes.collect::<Vec<_>>()).await;
        let winners: Vec<Document> = outcomes.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(get(&store, &name).await.as_ref(), winners.first(), "round {round}");
    }
}

pub async fn every_part_of_the_envelope_is_kept(store: SharedStore) {
    let document = Document {
        key: DocKey { project: "my-shop_2".to_owned(), kind: Kind::Product, id: id("x.y$z é") },
        visibility: Visibility::Pending,
        rev: 1,
        version: 7,
        views: vec![
            View { name: MAIN, served: r#"{"a":1}"#.to_owned() },
            View { name: "staged", served: r#"{"b":2}"#.to_owned() },
            View { name: "current", served: r#"{"c":3}"#.to_owned() },
        ],
        hidden: Some(r#"{"saga":{"step":2},"a.b":"$x"}"#.to_owned()),
        claims: vec![claim("slug.en=t=1"), claim("key=k"), claim("sku=ß \"x\""), claim("sku=a")],
        change_seq: i64::MAX,
        message_seq: 12,
        due_at: Some(Timestamp::from_millis(1_700_000_000_123)),
    };
    insert(&store, &document).await;
    let read = store.get("my-shop_2", Kind::Product, &Selector::Id(document.key.id.clone())).await.unwrap();
    assert_eq!(read, Some(document.clone()));

    let bare = Document {
        visibility: Visibility::Live,
        rev: 2,
        views: vec![document.views[0].clone()],
        hidden: None,
        claims: Vec::new(),
        due_at: None,
        ..document.clone()
    };
    replace(&store, &bare).await;
    let read = store.get("my-shop_2", Kind::Product, &Selector::Id(document.key.id)).await.unwrap();
    assert_eq!(read, Some(bare));
}

pub async fn documents_of_other_projects_and_kinds_are_apart(store: SharedStore) {
    let here = cart("a", r#"{"at":"here"}"#);
    let mut there = cart("a", r#"{"at":"there"}"#);
    there.key.project = "elsewhere".to_owned();
    let mut other = cart("a", r#"{"at":"other"}"#);
    other.key.kind = Kind::Category;
    for document in [&here, &there, &other] {
        insert(&store, document).await;
    }
    replace(&store, &deleted(&here)).await;
    assert_eq!(store.get("elsewhere", Kind::Cart, &by_id("a")).await.unwrap(), Some(there));
    assert_eq!(store.get(SHOP, Kind::Category, &by_id("a")).await.unwrap(), Some(other));
    assert_eq!(get(&store, "a").await, None);
}

pub async fn a_document_that_is_too_large_is_refused_and_others_are_not(store: SharedStore) {
    let filled = |name: &str, bytes: usize| cart(name, &format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes)));
    let large = filled("large", 1 << 20);
    insert(&store, &large).await;
    assert_eq!(get(&store, "large").await, Some(large));
    let result = store.write(inserting(&filled("huge", 64 << 20))).await;
    assert!(matches!(result, Err(StoreError::TooLarge)), "{result:?}");
    assert_eq!(get(&store, "huge").await, None);
    insert(&store, &cart("after", "{}")).await;
}

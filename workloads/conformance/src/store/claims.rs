//! Unique values.

use super::*;
use futures::future::join_all;
use std::time::Duration;

fn is_claimed(result: Result<(), StoreError>, text: &str) -> bool {
    matches!(result, Err(StoreError::Claimed(taken)) if taken == claim(text))
}

pub async fn a_document_is_found_by_its_claims(store: SharedStore) {
    let document = claiming("a", &["key=k", "slug.en=tea cup", "slug.de=Teetasse"]);
    insert(&store, &document).await;
    for text in ["key=k", "slug.en=tea cup", "slug.de=Teetasse"] {
        assert_eq!(holder(&store, text).await.as_deref(), Some("a"), "{text}");
    }
    for text in ["key=K", "key=k ", "slug.de=tea cup", "slug=k"] {
        assert_eq!(holder(&store, text).await, None, "{text}");
    }
    let view = store.view(SHOP, Kind::Cart, &Selector::key("k"), MAIN).await.unwrap();
    assert_eq!(view.as_deref(), Some(r#"{"id":"a"}"#));
}

pub async fn a_taken_value_is_refused_and_the_loser_changes_nothing(store: SharedStore) {
    insert(&store, &claiming("first", &["sku=b"])).await;
    let loser = claiming("second", &["sku=a", "sku=b", "sku=c"]);
    let write = Write { events: vec![event(&loser, 1)], ..inserting(&loser) };
    assert!(is_claimed(store.write(write).await, "sku=b"));
    assert_eq!(get(&store, "second").await, None);
    assert!(store.unpublished(None, 10).await.unwrap().is_empty());
    assert_eq!(holder(&store, "sku=b").await.as_deref(), Some("first"));
    insert(&store, &claiming("third", &["sku=c", "sku=a"])).await;
}

pub async fn a_replacement_that_meets_a_taken_value_changes_nothing(store: SharedStore) {
    insert(&store, &claiming("first", &["sku=b"])).await;
    let before = claiming("second", &["sku=x", "sku=y"]);
    insert(&store, &before).await;
    let after = Document { claims: vec![claim("sku=a"), claim("sku=b"), claim("sku=y")], ..next(&before) };
    assert!(is_claimed(store.write(replacing(&after)).await, "sku=b"));
    assert_eq!(get(&store, "second").await, Some(before.clone()));
    assert_eq!(holder(&store, "sku=x").await.as_deref(), Some("second"));
    assert_eq!(holder(&store, "sku=a").await, None);
    insert(&store, &claiming("third", &["sku=a"])).await;
    replace(&store, &Document { claims: vec![claim("sku=y")], ..next(&before) }).await;
}

pub async fn claims_are_released_by_a_change_and_by_a_deletion(store: SharedStore) {
    let first = claiming("a", &["key=one", "sku=s"]);
    insert(&store, &first).await;
    let second = Document { claims: vec![claim("sku=s"), claim("key=two")], ..next(&first) };
    replace(&store, &second).await;
    assert_eq!(holder(&store, "key=one").await, None);
    insert(&store, &claiming("b", &["key=one"])).await;

    // Held over a write that leaves them as they are.
    let third = next(&second);
    replace(&store, &third).await;
    assert!(is_claimed(store.write(inserting(&claiming("c", &["key=two"]))).await, "key=two"));

    // Even if the deletion still lists them.
    replace(&store, &Document { visibility: Visibility::Deleted, ..next(&third) }).await;
    assert_eq!(holder(&store, "key=two").await, None);
    insert(&store, &claiming("c", &["key=two", "sku=s"])).await;
    assert_eq!(holder(&store, "sku=s").await.as_deref(), Some("c"));
}

pub async fn a_claim_moves_from_one_document_to_another(store: SharedStore) {
    let mut holders = [claiming("a", &["key=k"]), claiming("b", &["key=spare"])];
    for document in &holders {
        insert(&store, document).await;
    }
    for round in 0..6 {
        let (from, to) = (round % 2, (round + 1) % 2);
        let taking = Document { claims: vec![claim("key=k")], ..next(&holders[to]) };
        assert!(is_claimed(store.write(replacing(&taking)).await, "key=k"), "round {round}");
        let giving = Document { claims: vec![claim(&format!("key=spare-{round}"))], ..next(&holders[from]) };
        replace(&store, &giving).await;
        assert_eq!(holder(&store, "key=k").await, None, "round {round}");
        replace(&store, &taking).await;
        let name = taking.key.id.as_str().to_owned();
        assert_eq!(holder(&store, "key=k").await, Some(name), "round {round}");
        (holders[from], holders[to]) = (giving, taking);
    }
}

pub async fn a_pending_document_holds_its_claims(store: SharedStore) {
    let pending = Document { visibility: Visibility::Pending, ..claiming("a", &["orderNumber=1"]) };
    insert(&store, &pending).await;
    assert!(is_claimed(store.write(inserting(&claiming("b", &["orderNumber=1"]))).await, "orderNumber=1"));
    replace(&store, &deleted(&pending)).await;
    insert(&store, &claiming("b", &["orderNumber=1"])).await;
}

pub async fn the_same_value_may_be_claimed_elsewhere(store: SharedStore) {
    let here = claiming("a", &["key=k"]);
    let mut there = claiming("b", &["key=k"]);
    there.key.project = "elsewhere".to_owned();
    let mut other = claiming("c", &["key=k"]);
    other.key.kind = Kind::Category;
    for document in [&here, &there, &other, &claiming("d", &["sku=k"])] {
        insert(&store, document).await;
    }
    let found = store.get("elsewhere", Kind::Cart, &Selector::key("k")).await.unwrap();
    assert_eq!(found, Some(there));
    assert_eq!(holder(&store, "key=k").await.as_deref(), Some("a"));
}

pub async fn of_two_writers_for_one_value_exactly_one_wins(store: SharedStore) {
    for round in 0..25 {
        let text = format!("key=round-{round}");
        // One inserts; the other takes the value for a document that it has.
        let existing = claiming(&format!("old-{round}"), &[]);
        insert(&store, &existing).await;
        let inserted = claiming(&format!("new-{round}"), &[&text]);
        let changed = Document { claims: vec![claim(&text)], ..next(&existing) };
        let (insert, change) = (inserting(&inserted), replacing(&changed));
        let (one, other) = (Arc::clone(&store), Arc::clone(&store));
        let outcomes = [
            tokio::spawn(async move { one.write(insert).await }),
            tokio::spawn(async move { other.write(change).await }),
        ];
        let outcomes: Vec<_> = join_all(outcomes).await.into_iter().map(Result::unwrap).collect();
        let expected = match &outcomes[..] {
            [Ok(()), Err(StoreError::Claimed(taken))] if *taken == claim(&text) => "new",
            [Err(StoreError::Claimed(taken)), Ok(())] if *taken == claim(&text) => "old",
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(holder(&store, &text).await, Some(format!("{expected}-{round}")));
        let loser = if expected == "new" { Some(existing) } else { None };
        let lost = if expected == "new" { format!("old-{round}") } else { format!("new-{round}") };
        assert_eq!(get(&store, &lost).await, loser, "round {round}");
    }
}

pub async fn overlapping_claims_in_any_order_never_deadlock(store: SharedStore) {
    const VALUES: usize = 6;
    let writers = (0..8_usize).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut stored = 0;
            for round in 0..10_usize {
                // Three neighbouring values, forwards or backwards.
                let start = writer + round;
                let mut texts: Vec<String> =
                    (0..3).map(|n| format!("sku={}", (start + n) % VALUES)).collect();
                if (writer + round) % 2 == 1 {
                    texts.reverse();
                }
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let document = claiming(&format!("{writer}-{round}"), &texts);
                match store.write(inserting(&document)).await {
                    Ok(()) => {
                        stored += 1;
                        for text in texts {
                            let name = document.key.id.as_str().to_owned();
                            assert_eq!(holder(&store, text).await, Some(name), "{text}");
                        }
                        replace(&store, &deleted(&document)).await;
                    }
                    Err(StoreError::Claimed(taken)) => assert!(document.claims.contains(&taken)),
                    Err(error) => panic!("{error}"),
                }
            }
            stored
        })
    });
    let writers: Vec<_> = writers.collect();
    let outcomes =
        tokio::time::timeout(Duration::from_secs(120), join_all(writers)).await.expect("a deadlock");
    let stored: usize = outcomes.into_iter().map(Result::unwrap).sum();
    assert!(stored > 0, "nobody ever won");
    for value in 0..VALUES {
        let text = format!("sku={value}");
        assert_eq!(holder(&store, &text).await, None, "all were deleted");
        insert(&store, &claiming(&format!("last-{value}"), &[&text])).await;
    }
}

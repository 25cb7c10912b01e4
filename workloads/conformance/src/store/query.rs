//! Filters, order, pages and counts.

use super::*;
use futures::StreamExt;
use futures::future::join_all;
use kit::store::{Page, Query, Sort};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn all() -> Query {
    Query {
        project: SHOP.to_owned(),
        kind: Kind::Cart,
        view: MAIN,
        filters: Vec::new(),
        sort: Vec::new(),
        limit: 500,
        offset: 0,
        count_to: None,
        time_limit: Duration::from_secs(60),
    }
}

fn filter(text: &str) -> predicate::Bound {
    predicate::parse(text).unwrap().bind(&HashMap::new()).unwrap()
}

fn sort(path: &str, descending: bool) -> Sort {
    Sort { path: path.split('.').map(str::to_owned).collect(), descending }
}

/// The `id`s in the results, in order.
fn ids(page: &Page) -> Vec<String> {
    let id = |text: &String| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["id"].as_str().unwrap().to_owned()
    };
    page.results.iter().map(id).collect()
}

async fn run(store: &SharedStore, query: Query) -> Vec<String> {
    ids(&store.query(query).await.unwrap())
}

/// Carts a to e with unlike contents, and some that no query may see.
async fn fill(store: &SharedStore) {
    let texts = [
        r#"{"id":"a","customerId":"c1","n":3,"price":{"centAmount":100},"tags":["x","y"],"open":true}"#,
        r#"{"id":"b","customerId":"c2","n":1,"price":{"centAmount":250},"tags":[]}"#,
        r#"{"id":"c","customerId":"c1","n":2,"items":[{"sku":"s1","q":1},{"sku":"s2","q":5}]}"#,
        r#"{"id":"d","n":null,"name":"Zoë \"Tea\" 100%_","items":[{"sku":"s1","q":5}]}"#,
        r#"{"id":"e","n":10,"name":"tea","price":{"centAmount":-5},"open":false}"#,
    ];
    // Not in the order of the ids.
    for n in [3, 0, 4, 1, 2] {
        let text = texts[n];
        insert(store, &cart(&text[7..8], text)).await;
    }
    let hidden = r#"{"id":"x","customerId":"c1","n":2}"#;
    insert(store, &Document { visibility: Visibility::Pending, ..cart("x", hidden) }).await;
    let gone = cart("y", hidden);
    insert(store, &gone).await;
    replace(store, &deleted(&gone)).await;
    let (mut project, mut kind) = (cart("z", hidden), cart("z", hidden));
    project.key.project = "elsewhere".to_owned();
    kind.key.kind = Kind::Category;
    insert(store, &project).await;
    insert(store, &kind).await;
}

pub async fn filters_choose_documents(store: SharedStore) {
    fill(&store).await;
    let cases: &[(&[&str], &str)] = &[
        (&[], "abcde"),
        (&["customerId = \"c1\""], "ac"),
        (&["customerId = \"c1\"", "n > 2"], "a"),
        (&["customerId = \"c1\" and n > 2 or id = \"e\""], "ae"),
        (&["not(customerId = \"c1\")"], "bde"),
        (&["n >= 2 and n <= 3"], "ac"),
        (&["n in (1, 10)"], "be"),
        (&["price(centAmount < 200)"], "ae"),
        (&["items(sku = \"s1\" and q = 5)"], "d"),
        (&["items(sku = \"s1\") and items(q = 5)"], "cd"),
        (&["tags contains any (\"y\", \"z\")"], "a"),
        (&["name is defined"], "de"),
        (&["customerId is not defined"], "de"),
        (&["open = false"], "e"),
        (&["name = \"Zoë \\\"Tea\\\" 100%_\""], "d"),
        (&["customerId = \"' OR 1=1 --\""], ""),
        (&["n = 2"], "c"),
    ];
    for (texts, expected) in cases {
        let query = Query { filters: texts.iter().map(|text| filter(text)).collect(), ..all() };
        assert_eq!(run(&store, query).await.concat(), *expected, "{texts:?}");
    }
}

pub async fn results_are_sorted_and_ties_go_by_id(store: SharedStore) {
    fill(&store).await;
    let cases: &[(&[(&str, bool)], &str)] = &[
        (&[], "abcde"),
        (&[("n", false)], "dbcae"),
        (&[("n", true)], "eacbd"),
        (&[("customerId", false)], "deacb"),
        (&[("customerId", true), ("n", false)], "bcade"),
        (&[("price.centAmount", true)], "baecd"),
        (&[("absent", true)], "abcde"),
        (&[("id", true)], "edcba"),
    ];
    for (sorts, expected) in cases {
        let query = Query { sort: sorts.iter().map(|(path, down)| sort(path, *down)).collect(), ..all() };
        assert_eq!(run(&store, query).await.concat(), *expected, "{sorts:?}");
    }
}

pub async fn pages_cut_the_results_and_counts_do_not(store: SharedStore) {
    fill(&store).await;
    // limit, offset, count_to => results, total
    let cases: &[(u32, u32, Option<u64>, &str, Option<u64>)] = &[
        (2, 0, None, "ab", None),
        (2, 0, Some(100), "ab", Some(5)),
        (2, 4, Some(100), "e", Some(5)),
        (2, 5, Some(100), "", Some(5)),
        (2, 9000, Some(100), "", Some(5)),
        (0, 0, Some(100), "", Some(5)),
        (5, 0, Some(100), "abcde", Some(5)),
        (500, 1, Some(100), "bcde", Some(5)),
        (2, 0, Some(3), "ab", Some(3)),
        (500, 0, Some(3), "abcde", Some(3)),
        (2, 0, Some(u64::MAX), "ab", Some(5)),
        (0, 0, None, "", None),
    ];
    for (limit, offset, count_to, expected, total) in cases.iter().copied() {
        let page = store.query(Query { limit, offset, count_to, ..all() }).await.unwrap();
        assert_eq!(ids(&page).concat(), expected, "limit {limit} offset {offset}");
        assert_eq!(page.total, total, "limit {limit} offset {offset} count to {count_to:?}");
    }
    let chosen =
        Query { filters: vec![filter("customerId = \"c1\"")], limit: 1, count_to: Some(100), ..all() };
    assert_eq!(store.query(chosen).await.unwrap().total, Some(2));
}

pub async fn queries_see_the_chosen_view_of_live_documents_only(store: SharedStore) {
    for (name, published) in [("p", true), ("q", false)] {
        let mut document = cart(name, &format!(r#"{{"id":"{name}","of":"main"}}"#));
        document.key.kind = Kind::Product;
        let views = if published { &["staged", "current"][..] } else { &["staged"][..] };
        for view in views {
            let served = format!(r#"{{"id":"{name}","of":"{view}"}}"#);
            document.views.push(View { name: view, served });
        }
        insert(&store, &document).await;
    }
    let query = |view| Query { kind: Kind::Product, view, count_to: Some(10), ..all() };
    let current = store.query(query("current")).await.unwrap();
    assert_eq!(current.results, [r#"{"id":"p","of":"current"}"#], "what is not published is passed over");
    assert_eq!(current.total, Some(1));
    let staged = Query { filters: vec![filter("of = \"staged\"")], ..query("staged") };
    assert_eq!(run(&store, staged).await, ["p", "q"]);
    let other = Query { filters: vec![filter("of = \"staged\"")], ..query("current") };
    assert!(run(&store, other).await.is_empty(), "filters run on the chosen view");
}

pub async fn paging_by_id_beside_writers_sees_each_old_document_once(store: SharedStore) {
    let old: Vec<String> = (0..60).map(|n| format!("m-{n:03}")).collect();
    for name in &old {
        insert(&store, &cart(name, &format!(r#"{{"id":"{name}","old":true,"n":0}}"#))).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..3_i64).map(|writer| {
        let (store, stop, old) = (Arc::clone(&store), Arc::clone(&stop), old.clone());
        tokio::spawn(async move {
            let mut rounds = 0;
            while !stop.load(Ordering::Relaxed) {
                rounds += 1;
                // New ones after all old ones, as ids sort by time; and old ones change.
                let name = format!("n-{writer}-{rounds:06}");
                insert(&store, &cart(&name, &format!(r#"{{"id":"{name}"}}"#))).await;
                let name = &old[usize::try_from(rounds * 7 + writer).unwrap() % old.len()];
                let mut changed = next(&get(&store, name).await.unwrap());
                changed.views[0].served = format!(r#"{{"id":"{name}","old":true,"n":{rounds}}}"#);
                match store.write(replacing(&changed)).await {
                    Ok(()) | Err(StoreError::Conflict) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            rounds
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..5 {
        let mut seen: Vec<String> = Vec::new();
        for offset in (0..60).step_by(7) {
            let page = Query { filters: vec![filter("old = true")], limit: 7, offset, ..all() };
            seen.extend(run(&store, page).await);
        }
        assert_eq!(seen, old);
        // By the last id seen, over everything.
        let (mut seen, mut last) = (HashSet::new(), "a".to_owned());
        while last.as_str() < "n" {
            let page = Query { filters: vec![filter(&format!("id > \"{last}\""))], limit: 9, ..all() };
            let found = run(&store, page).await;
            assert!(found.is_sorted());
            last = found.last().cloned().unwrap_or_else(|| "n".to_owned());
            for name in found {
                assert!(seen.insert(name.clone()), "{name} came twice");
            }
        }
        assert!(old.iter().all(|name| seen.contains(name)), "one was lost");
    }
    stop.store(true, Ordering::Relaxed);
    for rounds in join_all(writers).await {
        assert!(rounds.unwrap() > 0, "a writer never wrote");
    }
}

pub async fn a_query_ends_at_its_time_limit(store: SharedStore) {
    let text = "x".repeat(2000);
    let inserts = (0..2000).map(|n| {
        let name = format!("{n:04}");
        let document =
            cart(&name, &format!(r#"{{"id":"{name}","items":[{{"text":"{text}"}}],"text":"{text}"}}"#));
        let store = Arc::clone(&store);
        async move { insert(&store, &document).await }
    });
    futures::stream::iter(inserts).buffer_unordered(32).collect::<()>().await;
    let slow = Query {
        filters: vec![filter("items(text = \"y\") or text = \"z\" or not(items(text is defined))")],
        sort: vec![sort("text", true)],
        ..all()
    };
    let started = std::time::Instant::now();
    let result = store.query(Query { time_limit: Duration::from_millis(1), ..slow.clone() }).await;
    assert!(matches!(result, Err(StoreError::TimedOut)), "{result:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(run(&store, slow).await.is_empty(), "the same query may take its time");
}

//! What reads give back.

use super::*;

/// JSON that a driver could be tempted to take apart.
const AWKWARD: &[&str] = &[
    "{}",
    r#"{"a.b":{"$set":1,"":2,"$":[3]},"..":"x"}"#,
    r#"{"nested":[[1,[2,[]],{}],[[["deep"]]]]}"#,
    r#"{"big":123456789012345678901234567890,"small":1e-300,"exact":0.1000,"minus":-0,"exp":1E+2}"#,
    r#"{"text":"ü 漢字 😀 \ud83d\ude00 \u0000 \u001f \" \\ \/ \n","é":"'single' -- ; DROP TABLE"}"#,
    "{ \"spaced\" : [ 1 , 2 ] ,\n\t\"null\": null, \"double\": 1, \"double\": 2 }",
    r#"{"_id":"x","id":"y","project":"z","views":{"main":1},"state":"deleted"}"#,
];

pub async fn any_json_comes_back_byte_for_byte(store: SharedStore) {
    for (n, served) in AWKWARD.iter().enumerate() {
        let name = format!("awkward-{n}");
        let document = Document { hidden: Some((*served).to_owned()), ..cart(&name, served) };
        insert(&store, &document).await;
        assert_eq!(get(&store, &name).await, Some(document));
        let view = store.view(SHOP, Kind::Cart, &by_id(&name), MAIN).await.unwrap();
        assert_eq!(view.as_deref(), Some(*served));
    }
    let selectors = (0..AWKWARD.len()).map(|n| by_id(&format!("awkward-{n}"))).collect();
    let views = store.views(SHOP, Kind::Cart, selectors, MAIN).await.unwrap();
    let views: Vec<&str> = views.iter().map(|view| view.as_deref().unwrap()).collect();
    assert_eq!(views, AWKWARD);
}

pub async fn optional_views_come_and_go(store: SharedStore) {
    let product = |rev: i64, views: &[&'static str]| {
        let mut document = cart("p", "{}");
        document.key.kind = Kind::Product;
        document.rev = rev;
        document.views = views
            .iter()
            .map(|name| View { name, served: format!(r#"{{"is":"{name}","rev":{rev}}}"#) })
            .collect();
        document
    };
    insert(&store, &product(1, &[MAIN, "staged"])).await;
    let view = async |name| store.view(SHOP, Kind::Product, &by_id("p"), name).await.unwrap();
    assert_eq!(view("staged").await.as_deref(), Some(r#"{"is":"staged","rev":1}"#));
    assert_eq!(view("current").await, None, "not published yet");

    replace(&store, &product(2, &[MAIN, "staged", "current"])).await;
    assert_eq!(view("current").await.as_deref(), Some(r#"{"is":"current","rev":2}"#));

    replace(&store, &product(3, &[MAIN, "staged"])).await;
    assert_eq!(view("current").await, None, "unpublished again");
    assert_eq!(view(MAIN).await.as_deref(), Some(r#"{"is":"main","rev":3}"#));
}

pub async fn pending_documents_are_seen_by_get_alone(store: SharedStore) {
    let pending = Document { visibility: Visibility::Pending, ..claiming("a", &["key=k"]) };
    insert(&store, &pending).await;
    let by_key = Selector::key("k");
    assert_eq!(get(&store, "a").await, Some(pending.clone()));
    assert_eq!(store.get(SHOP, Kind::Cart, &by_key).await.unwrap(), Some(pending.clone()));
    for selector in [by_id("a"), by_key.clone()] {
        assert_eq!(store.view(SHOP, Kind::Cart, &selector, MAIN).await.unwrap(), None);
        assert_eq!(store.views(SHOP, Kind::Cart, vec![selector], MAIN).await.unwrap(), vec![None]);
    }
    let live = Document { visibility: Visibility::Live, ..next(&pending) };
    replace(&store, &live).await;
    for selector in [by_id("a"), by_key] {
        assert!(store.view(SHOP, Kind::Cart, &selector, MAIN).await.unwrap().is_some());
    }
}

pub async fn several_views_come_in_the_order_of_the_selectors(store: SharedStore) {
    for name in ["a", "b", "c"] {
        let key = format!("key=key-{name}");
        insert(&store, &claiming(name, &[&key])).await;
    }
    let selectors = vec![
        by_id("c"),
        by_id("missing"),
        Selector::key("key-a"),
        by_id("b"),
        Selector::key("nobody's"),
        by_id("c"),
        Selector::Claim(claim("sku=key-a")),
    ];
    let views = store.views(SHOP, Kind::Cart, selectors, MAIN).await.unwrap();
    let views: Vec<Option<&str>> = views.iter().map(Option::as_deref).collect();
    let (a, b, c) = (Some(r#"{"id":"a"}"#), Some(r#"{"id":"b"}"#), Some(r#"{"id":"c"}"#));
    assert_eq!(views, [c, None, a, b, None, c, None]);
    assert!(store.views(SHOP, Kind::Cart, Vec::new(), MAIN).await.unwrap().is_empty());
}

pub async fn a_store_answers_a_ping(store: SharedStore) {
    store.ping().await.unwrap();
}

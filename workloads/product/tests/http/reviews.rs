use super::shop::Shop;
use serde_json::{Value, json};

async fn product(shop: &Shop, key: &str) -> Value {
    shop.create("/product-types", json!({"key": key, "name": key, "description": ""})).await;
    let draft = json!({"key": key, "productType": {"key": key}, "name": {"en": key}, "slug": {"en": key}, "publish": true});
    shop.create("/products", draft).await
}

#[tokio::test]
async fn a_review_is_made_changed_found_and_removed() {
    let shop = Shop::open().await;
    let shoe = product(&shop, "shoe").await;
    let target = json!({"typeId": "product", "id": shoe["id"]});
    let draft = json!({
        "key": "r1", "uniquenessValue": "ida-shoe", "locale": "de-AT", "authorName": "Ida", "title": "Gut",
        "target": {"typeId": "product", "key": "shoe"}, "rating": 80,
    });
    let made = shop.create("/reviews", draft).await;
    assert_eq!((&made["target"], &made["includedInStatistics"]), (&target, &json!(true)));
    let after = shop
        .update(
            "/reviews/key=r1",
            json!([
                {"action": "setRating", "rating": -100},
                {"action": "setText", "text": "Drückt."},
                {"action": "setTitle"},
                {"action": "setLocale", "locale": "de"},
                {"action": "setAuthorName", "authorName": "I. L."},
                {"action": "setKey", "key": "r2"},
            ]),
        )
        .await;
    assert_eq!(
        (&after["rating"], &after["text"], &after["locale"], &after["authorName"], after.get("title")),
        (&json!(-100), &json!("Drückt."), &json!("de"), &json!("I. L."), None)
    );
    shop.create("/reviews", json!({"rating": 1})).await;
    let id = shoe["id"].as_str().unwrap();
    let of_shoe = format!("/reviews?where=target(id=\"{id}\")%20and%20rating<0&expand=target");
    let found = shop.get(&of_shoe.replace('<', "%3C")).await;
    assert_eq!((&found["total"], &found["results"][0]["key"]), (&json!(1), &json!("r2")));
    assert_eq!(found["results"][0]["target"]["obj"]["key"], "shoe");
    assert_eq!(shop.update("/reviews/key=r2", json!([{"action": "setTarget"}])).await.get("target"), None);
    assert_eq!(shop.delete("/reviews/key=r2").await.0, 200);
    assert_eq!(shop.status_of("/reviews/key=r2").await, 404);
}

#[tokio::test]
async fn bad_reviews_are_refused_with_their_codes() {
    let shop = Shop::open().await;
    for (draft, code) in [
        (json!({}), "InvalidInput"),
        (json!({"authorName": "Ida"}), "InvalidInput"),
        (json!({"rating": 101}), "InvalidField"),
        (json!({"rating": -101}), "InvalidField"),
        (json!({"rating": 1.5}), "InvalidJsonInput"),
        (json!({"rating": 1, "locale": "german"}), "InvalidJsonInput"),
        (json!({"rating": 1, "uniquenessValue": ""}), "InvalidField"),
        (json!({"rating": 1, "uniquenessValue": "x".repeat(257)}), "InvalidField"),
        (json!({"rating": 1, "target": {"typeId": "category", "key": "c"}}), "InvalidJsonInput"),
        (json!({"rating": 1, "target": {"typeId": "product", "key": "none"}}), "ReferencedResourceNotFound"),
    ] {
        assert_eq!(shop.refused("/reviews", draft.clone()).await["code"], code, "{draft}");
    }
    shop.create("/reviews", json!({"key": "r1", "rating": 1})).await;
    let out_of_range = json!([{"action": "setRating", "rating": 1000}]);
    assert_eq!(shop.update_refused("/reviews/key=r1", out_of_range).await["code"], "InvalidField");
    let unheard = json!([{"action": "setUniquenessValue", "uniquenessValue": "x"}]);
    assert_eq!(shop.update_refused("/reviews/key=r1", unheard).await["code"], "InvalidJsonInput");
}

#[tokio::test]
async fn no_two_reviews_have_one_uniqueness_value_or_key() {
    let shop = Shop::open().await;
    shop.create("/reviews", json!({"key": "r1", "uniquenessValue": "ida-shoe", "rating": 1})).await;
    let error = shop.refused("/reviews", json!({"uniquenessValue": "ida-shoe", "rating": 2})).await;
    assert_eq!(
        (&error["code"], &error["field"], &error["duplicateValue"]),
        (&json!("DuplicateField"), &json!("uniquenessValue"), &json!("ida-shoe"))
    );
    assert_eq!(shop.refused("/reviews", json!({"key": "r1", "rating": 2})).await["field"], "key");
    assert_eq!(shop.delete("/reviews/key=r1").await.0, 200);
    shop.create("/reviews", json!({"uniquenessValue": "ida-shoe", "rating": 2})).await;
}

#[tokio::test]
async fn a_rating_that_changes_is_told() {
    let shop = Shop::open().await;
    let made = shop.create("/reviews", json!({"key": "r1", "title": "Good"})).await;
    let rate = |rating: Value| json!([{"action": "setRating", "rating": rating}]);
    shop.update("/reviews/key=r1", rate(json!(5))).await;
    let same = shop.update("/reviews/key=r1", rate(json!(5))).await;
    assert_eq!(same["version"], 2, "nothing changed");
    shop.update("/reviews/key=r1", rate(Value::Null)).await;
    let messages = shop.heard.messages().await;
    let told: Vec<_> = messages
        .iter()
        .map(|m| (m["type"].as_str().unwrap(), m.get("oldRating"), m.get("newRating")))
        .collect();
    let five = json!(5);
    assert_eq!(
        told,
        [
            ("ReviewCreated", None, None),
            ("ReviewRatingSet", None, Some(&five)),
            ("ReviewRatingSet", Some(&five), None)
        ]
    );
    assert_eq!(
        (&messages[0]["review"]["id"], &messages[1]["includedInStatistics"]),
        (&made["id"], &json!(true))
    );
}

#[tokio::test]
async fn reviews_need_the_scope_of_products() {
    let mut shop = Shop::open().await;
    shop.create("/reviews", json!({"key": "r1", "rating": 1})).await;
    shop.with_scopes("view_products");
    assert_eq!(shop.status_of("/reviews/key=r1").await, 200);
    assert_eq!(shop.raw("POST", "/reviews", Some(&json!({"rating": 1}))).await.0, 403);
    shop.with_scopes("manage_orders");
    assert_eq!(shop.status_of("/reviews").await, 403);
}

#[tokio::test]
async fn statistics_follow_every_change_of_a_rating_and_leave_the_version() {
    let shop = Shop::open().await;
    let (shoe, boot) = (product(&shop, "shoe").await, product(&shop, "boot").await);
    let of = |product: &Value| json!({"typeId": "product", "id": product["id"]});
    let statistics = async |key: &str| {
        let product = shop.get(&format!("/products/key={key}")).await;
        let projection = shop.get(&format!("/product-projections/key={key}")).await;
        assert_eq!(product.get("reviewRatingStatistics"), projection.get("reviewRatingStatistics"));
        assert_eq!(product["version"], 1);
        product.get("reviewRatingStatistics").cloned()
    };
    for (key, rating) in [("worst", -100), ("best", 100), ("middle", 1)] {
        shop.create("/reviews", json!({"key": key, "rating": rating, "target": of(&shoe)})).await;
    }
    shop.create("/reviews", json!({"key": "words", "text": "Nice.", "target": of(&shoe)})).await;
    let expected = json!({
        "averageRating": 0.33333, "highestRating": 100, "lowestRating": -100, "count": 3,
        "ratingsDistribution": {"-100": 1, "1": 1, "100": 1},
    });
    assert_eq!(statistics("shoe").await, Some(expected));
    let liked = "/product-projections?where=reviewRatingStatistics(count > 2 and averageRating > 0.3)";
    assert_eq!(shop.get(liked).await["total"], 1);

    let change =
        async |key: &str, action: Value| shop.update(&format!("/reviews/key={key}"), json!([action])).await;
    change("worst", json!({"action": "setTarget", "target": of(&boot)})).await;
    change("best", json!({"action": "setRating", "rating": 2})).await;
    change("middle", json!({"action": "setRating"})).await;
    change("words", json!({"action": "setRating", "rating": 2})).await;
    let shoes = statistics("shoe").await.unwrap();
    assert_eq!((&shoes["averageRating"], &shoes["ratingsDistribution"]), (&json!(2.0), &json!({"2": 2})));
    assert_eq!(statistics("boot").await.unwrap()["lowestRating"], -100);

    shop.delete("/reviews/key=worst").await;
    assert_eq!(statistics("boot").await, None, "nothing is left of the last rating");
    change("best", json!({"action": "setTarget"})).await;
    assert_eq!(statistics("shoe").await.unwrap()["count"], 1);
}

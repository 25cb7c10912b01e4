use super::shop::Shop;
use serde_json::{Value, json};

async fn made(shop: &Shop, key: &str, parent: Option<&str>) -> Value {
    let mut draft = json!({"key": key, "name": {"en": key}, "slug": {"en": key}});
    if let Some(parent) = parent {
        draft["parent"] = json!({"typeId": "category", "key": parent});
    }
    shop.create("/categories", draft).await
}

fn ids(category: &Value) -> Vec<&str> {
    category["ancestors"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect()
}

fn id(category: &Value) -> &str {
    category["id"].as_str().unwrap()
}

#[tokio::test]
async fn ancestors_are_listed_from_the_root_down() {
    let shop = Shop::open().await;
    let root = made(&shop, "root", None).await;
    let middle = made(&shop, "middle", Some("root")).await;
    let leaf = made(&shop, "leaf", Some("middle")).await;
    assert_eq!(ids(&root), [""; 0]);
    assert_eq!(ids(&leaf), [id(&root), id(&middle)]);
    assert_eq!(leaf["parent"], json!({"typeId": "category", "id": middle["id"]}));
    let expanded = shop.get("/categories/key=leaf?expand=ancestors[*].parent").await;
    assert_eq!(expanded["ancestors"][1]["obj"]["key"], "middle");
    assert_eq!(expanded["ancestors"][1]["obj"]["parent"]["obj"]["key"], "root");
}

#[tokio::test]
async fn moving_a_category_moves_all_below_it() {
    let shop = Shop::open().await;
    let other = made(&shop, "other", None).await;
    made(&shop, "root", None).await;
    let middle = made(&shop, "middle", Some("root")).await;
    let leaf = made(&shop, "leaf", Some("middle")).await;
    let twig = made(&shop, "twig", Some("leaf")).await;
    let parent = json!([{"action": "changeParent", "parent": {"key": "other"}}]);
    let moved = shop.update("/categories/key=middle", parent).await;
    assert_eq!(ids(&moved), [id(&other)]);
    assert_eq!(ids(&shop.get("/categories/key=leaf").await), [id(&other), id(&middle)]);
    let after = shop.get("/categories/key=twig").await;
    assert_eq!(ids(&after), [id(&other), id(&middle), id(&leaf)]);
    assert!(after["version"].as_i64() > twig["version"].as_i64());
}

#[tokio::test]
async fn a_category_cannot_be_put_below_itself() {
    let shop = Shop::open().await;
    for (key, parent) in [("root", None), ("middle", Some("root")), ("leaf", Some("middle"))] {
        made(&shop, key, parent).await;
    }
    for target in ["root", "middle", "leaf"] {
        let parent = json!([{"action": "changeParent", "parent": {"key": target}}]);
        assert_eq!(shop.update_refused("/categories/key=root", parent).await["code"], "InvalidOperation");
    }
}

#[tokio::test]
async fn deleting_a_category_deletes_all_below_it_and_takes_products_out() {
    let shop = Shop::open().await;
    let root = made(&shop, "root", None).await;
    made(&shop, "middle", Some("root")).await;
    let leaf = made(&shop, "leaf", Some("middle")).await;
    made(&shop, "beside", None).await;
    shop.create("/product-types", json!({"key": "t1", "name": "t", "description": ""})).await;
    let product = json!({
        "key": "p1", "productType": {"key": "t1"}, "name": {"en": "P"}, "slug": {"en": "p1"}, "publish": true,
        "categories": [{"key": "leaf"}, {"key": "beside"}, {"key": "middle"}],
        "categoryOrderHints": {leaf["id"].as_str().unwrap(): "0.5"},
    });
    shop.create("/products", product).await;
    let (status, gone) = shop.delete("/categories/key=root").await;
    assert_eq!((status, &gone["id"]), (200, &root["id"]));
    for key in ["root", "middle", "leaf"] {
        assert_eq!(shop.status_of(&format!("/categories/key={key}")).await, 404, "{key}");
    }
    let product = shop.get("/products/key=p1").await;
    for version in ["current", "staged"] {
        let data = &product["masterData"][version];
        assert_eq!(data["categories"].as_array().unwrap().len(), 1, "{version}");
        assert_eq!(data["categoryOrderHints"], json!({}));
    }
    made(&shop, "leaf", Some("beside")).await;
}

#[tokio::test]
async fn a_deletion_under_a_stale_version_deletes_nothing() {
    let shop = Shop::open().await;
    made(&shop, "root", None).await;
    made(&shop, "leaf", Some("root")).await;
    assert_eq!(shop.raw("DELETE", "/categories/key=root?version=7", None).await.0, 409);
    assert_eq!(shop.raw("DELETE", "/categories/key=root", None).await.0, 400);
    assert_eq!(shop.status_of("/categories/key=leaf").await, 200);
}

#[tokio::test]
async fn slugs_are_checked_and_unique_in_each_locale() {
    let shop = Shop::open().await;
    made(&shop, "one", None).await;
    let draft = |slug: Value| json!({"name": {"en": "x"}, "slug": slug});
    let error = shop.refused("/categories", draft(json!({"en": "one"}))).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("DuplicateField"), &json!("slug.en")));
    shop.create("/categories", draft(json!({"de": "one"}))).await;
    assert_eq!(shop.refused("/categories", draft(json!({"en": "with space"}))).await["code"], "InvalidField");
}

#[tokio::test]
async fn a_missing_order_hint_is_a_random_fraction() {
    let shop = Shop::open().await;
    let (a, b) = (made(&shop, "one", None).await, made(&shop, "two", None).await);
    for hint in [&a["orderHint"], &b["orderHint"]] {
        let digits = hint.as_str().unwrap().strip_prefix("0.").unwrap();
        assert!(digits.bytes().all(|b| b.is_ascii_digit()) && !digits.ends_with('0'), "{hint}");
    }
    assert_ne!(a["orderHint"], b["orderHint"]);
}

#[tokio::test]
async fn fields_and_assets_are_changed_by_their_actions() {
    let shop = Shop::open().await;
    let path = "/categories/key=one";
    made(&shop, "one", None).await;
    let after = shop
        .update(
            path,
            json!([
                {"action": "changeName", "name": {"en": "One"}},
                {"action": "setDescription", "description": {"en": "d"}},
                {"action": "changeOrderHint", "orderHint": "0.7"},
                {"action": "setExternalId", "externalId": "ext"},
                {"action": "setMetaTitle", "metaTitle": {"en": "t"}},
                {"action": "setMetaDescription", "metaDescription": {"en": "md"}},
                {"action": "setMetaKeywords", "metaKeywords": {"en": "k"}},
                {"action": "addAsset", "asset": {"key": "a1", "name": {"en": "A"}, "sources": [{"uri": "https://a"}]}},
                {"action": "addAsset", "asset": {"key": "a2", "name": {"en": "B"}, "sources": []}, "position": 0},
                {"action": "changeAssetName", "assetKey": "a1", "name": {"en": "AA"}},
                {"action": "setAssetDescription", "assetKey": "a1", "description": {"en": "ad"}},
                {"action": "setAssetTags", "assetKey": "a1", "tags": ["x"]},
                {"action": "setAssetSources", "assetKey": "a2", "sources": [{"uri": "https://b"}]},
            ]),
        )
        .await;
    assert_eq!((&after["orderHint"], &after["externalId"]), (&json!("0.7"), &json!("ext")));
    let assets = &after["assets"];
    assert_eq!((&assets[0]["key"], &assets[0]["sources"][0]["uri"]), (&json!("a2"), &json!("https://b")));
    assert_eq!((&assets[1]["name"], &assets[1]["tags"]), (&json!({"en": "AA"}), &json!(["x"])));
    let order = json!([assets[1]["id"], assets[0]["id"]]);
    let after = shop
        .update(
            path,
            json!([
                {"action": "changeAssetOrder", "assetOrder": order},
                {"action": "removeAsset", "assetId": assets[0]["id"]},
                {"action": "setAssetKey", "assetId": assets[1]["id"], "assetKey": null},
            ]),
        )
        .await;
    assert_eq!(after["assets"].as_array().unwrap().len(), 1);
    assert!(after["assets"][0].get("key").is_none());
    let missing = json!([{"action": "removeAsset", "assetKey": "a1"}]);
    assert_eq!(shop.update_refused(path, missing).await["code"], "InvalidOperation");
}

#[tokio::test]
async fn only_creation_and_slug_changes_are_told() {
    let shop = Shop::open().await;
    let one = made(&shop, "one", None).await;
    shop.update(
        "/categories/key=one",
        json!([{"action": "changeName", "name": {"en": "x"}}, {"action": "changeSlug", "slug": {"en": "new-slug"}}]),
    )
    .await;
    shop.delete("/categories/key=one").await;
    let messages = shop.heard.messages().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(
        (&messages[0]["type"], &messages[0]["category"]),
        (&json!("CategoryCreated"), &one),
        "with who made it"
    );
    assert_eq!(messages[1]["oldSlug"], json!({"en": "one"}));
}

#[tokio::test]
async fn an_order_hint_is_a_decimal_between_0_and_1() {
    let shop = Shop::open().await;
    let draft = |hint: &str| json!({"name": {}, "slug": {"en": hint.replace('.', "-")}, "orderHint": hint});
    for good in ["0.5", "0.10", "0.0", "1.0"] {
        assert_eq!(shop.create("/categories", draft(good)).await["orderHint"], good);
    }
    made(&shop, "one", None).await;
    for bad in ["", "1.5", "-0.5", "half", "0,5", "0.5e0", "0."] {
        let change = json!([{"action": "changeOrderHint", "orderHint": bad}]);
        assert_eq!(shop.update_refused("/categories/key=one", change).await["code"], "InvalidField", "{bad}");
    }
}

use super::products::{draft, shop};
use super::shop::Shop;
use serde_json::{Value, json};

const P1: &str = "/products/key=p1";

async fn published() -> Shop {
    let shop = shop().await;
    let mut draft = draft("p1");
    draft["publish"] = json!(true);
    draft["variants"] = json!([{"sku": "second"}]);
    shop.create("/products", draft).await;
    shop
}

async fn apply(shop: &Shop, actions: Value) -> Value {
    shop.update(P1, actions).await["masterData"].clone()
}

#[tokio::test]
async fn changes_are_staged_unless_they_say_otherwise() {
    let shop = published().await;
    let data = apply(&shop, json!([{"action": "changeName", "name": {"en": "staged"}}])).await;
    assert_eq!(
        (&data["staged"]["name"]["en"], &data["current"]["name"]["en"]),
        (&json!("staged"), &json!("p1"))
    );
    assert_eq!(data["hasStagedChanges"], true);
    let data =
        apply(&shop, json!([{"action": "setDescription", "description": {"en": "both"}, "staged": false}]))
            .await;
    assert_eq!(data["current"]["description"], json!({"en": "both"}));
    assert_eq!(
        (&data["staged"]["description"], &data["current"]["name"]["en"]),
        (&json!({"en": "both"}), &json!("p1"))
    );
    let data = apply(&shop, json!([{"action": "publish"}])).await;
    assert_eq!((&data["current"], &data["hasStagedChanges"]), (&data["staged"], &json!(false)));
}

#[tokio::test]
async fn staged_changes_are_reverted_as_a_whole_or_for_one_variant() {
    let shop = published().await;
    let before = shop.get(P1).await["masterData"]["current"].clone();
    apply(
        &shop,
        json!([
            {"action": "changeName", "name": {"en": "x"}},
            {"action": "removeVariant", "id": 2},
            {"action": "setProductVariantKey", "variantId": 1, "key": "master-key"},
        ]),
    )
    .await;
    let data = apply(&shop, json!([{"action": "revertStagedVariantChanges", "variantId": 2}])).await;
    assert_eq!(data["staged"]["variants"], before["variants"]);
    assert_eq!(
        (&data["staged"]["name"]["en"], &data["staged"]["masterVariant"]["key"]),
        (&json!("x"), &json!("master-key"))
    );
    let data = apply(&shop, json!([{"action": "revertStagedVariantChanges", "variantId": 1}])).await;
    assert_eq!(data["staged"]["masterVariant"], before["masterVariant"]);
    let data = apply(&shop, json!([{"action": "revertStagedChanges"}])).await;
    assert_eq!((&data["staged"], &data["hasStagedChanges"]), (&before, &json!(false)));
    let unknown = json!([{"action": "revertStagedVariantChanges", "variantId": 9}]);
    assert_eq!(shop.update_refused(P1, unknown).await["code"], "InvalidOperation");
}

#[tokio::test]
async fn variants_come_and_go_but_ids_are_never_reused_and_the_master_stays() {
    let shop = published().await;
    let data = apply(&shop, json!([
        {"action": "addVariant", "sku": "third", "key": "third", "attributes": [{"name": "serial", "value": "3"}]},
        {"action": "removeVariant", "sku": "third"},
        {"action": "addVariant", "sku": "fourth", "staged": false},
    ])).await;
    let ids = |data: &Value| {
        data["variants"].as_array().unwrap().iter().map(|v| v["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&data["staged"]), ids(&data["current"])), (vec![2, 4], vec![2, 4]));
    let data = apply(&shop, json!([{"action": "changeMasterVariant", "sku": "fourth"}])).await;
    assert_eq!((&data["staged"]["masterVariant"]["id"], ids(&data["staged"])), (&json!(4), vec![1, 2]));
    assert_eq!(data["current"]["masterVariant"]["id"], 1);
    for (action, code) in [
        (json!({"action": "removeVariant", "id": 4}), "InvalidOperation"),
        (json!({"action": "removeVariant", "id": 99}), "InvalidOperation"),
        (json!({"action": "removeVariant"}), "InvalidInput"),
        (json!({"action": "changeMasterVariant", "variantId": 99}), "InvalidOperation"),
        (json!({"action": "setSku", "variantId": 2, "sku": "fourth"}), "DuplicateField"),
        (json!({"action": "setAttribute", "name": "serial", "value": "x"}), "InvalidInput"),
    ] {
        assert_eq!(shop.update_refused(P1, json!([action])).await["code"], code, "{action}");
    }
}

#[tokio::test]
async fn a_sku_with_stock_is_not_taken_from_its_variant() {
    let shop = published().await;
    let sku = |sku: Value| json!([{"action": "setSku", "variantId": 1, "sku": sku, "staged": false}]);
    apply(&shop, sku(json!("in-stock"))).await;
    for change in [json!("other"), Value::Null] {
        assert_eq!(shop.update_refused(P1, sku(change)).await["code"], "InvalidOperation");
    }
    apply(&shop, sku(json!("in-stock"))).await;
}

#[tokio::test]
async fn prices_are_added_changed_keyed_replaced_and_removed() {
    let shop = published().await;
    let eur = |cents: i64| json!({"value": {"currencyCode": "EUR", "centAmount": cents}});
    let data =
        apply(&shop, json!([{"action": "addPrice", "sku": "second", "price": eur(5), "staged": false}]))
            .await;
    let price = data["current"]["variants"][0]["prices"][0].clone();
    assert_eq!(data["staged"]["variants"][0]["prices"][0], price);
    let data = apply(
        &shop,
        json!([
            {"action": "changePrice", "priceId": price["id"], "price": eur(6)},
            {"action": "setPriceKey", "priceId": price["id"], "key": "price-key"},
        ]),
    )
    .await;
    let staged = &data["staged"]["variants"][0]["prices"][0];
    assert_eq!(
        (&staged["id"], &staged["value"]["centAmount"], &staged["key"]),
        (&price["id"], &json!(6), &json!("price-key"))
    );
    assert_eq!(data["current"]["variants"][0]["prices"][0], price);
    let data = apply(&shop, json!([{"action": "publish", "scope": "Prices"}])).await;
    assert_eq!(
        (&data["current"]["variants"][0]["prices"][0]["value"]["centAmount"], &data["hasStagedChanges"]),
        (&json!(6), &json!(false))
    );
    let data = apply(&shop, json!([
        {"action": "setPrices", "variantId": 2, "prices": [eur(1), {"country": "DE", "value": {"currencyCode": "EUR", "centAmount": 2}}]},
        {"action": "removePrice", "priceId": price["id"], "staged": false},
    ])).await;
    assert_eq!(data["staged"]["variants"][0]["prices"].as_array().unwrap().len(), 2);
    assert_eq!(data["current"]["variants"][0]["prices"], json!([]));
    let missing = json!([{"action": "removePrice", "priceId": price["id"]}]);
    assert_eq!(shop.update_refused(P1, missing).await["code"], "InvalidOperation");
    let twice = json!([{"action": "addPrice", "variantId": 2, "price": eur(9)}]);
    assert_eq!(shop.update_refused(P1, twice).await["code"], "DuplicatePriceScope");
}

#[tokio::test]
async fn only_prices_of_published_products_are_published_by_themselves() {
    let shop = shop().await;
    shop.create("/products", draft("p1")).await;
    let prices = json!([{"action": "publish", "scope": "Prices"}]);
    assert_eq!(shop.update_refused(P1, prices).await["code"], "InvalidOperation");
}

#[tokio::test]
async fn images_and_assets_belong_to_a_variant() {
    let shop = published().await;
    let image = |url: &str| json!({"url": url, "dimensions": {"w": 1, "h": 2}});
    let data = apply(&shop, json!([
        {"action": "addExternalImage", "variantId": 1, "image": image("a"), "staged": false},
        {"action": "addExternalImage", "variantId": 1, "image": image("b")},
        {"action": "moveImageToPosition", "variantId": 1, "imageUrl": "b", "position": 0},
        {"action": "setImageLabel", "variantId": 1, "imageUrl": "b", "label": "B"},
        {"action": "addAsset", "sku": "p1", "asset": {"key": "a1", "name": {"en": "A"}, "sources": []}, "staged": false},
        {"action": "changeAssetName", "sku": "p1", "assetKey": "a1", "name": {"en": "AA"}},
    ])).await;
    let (staged, current) = (&data["staged"]["masterVariant"], &data["current"]["masterVariant"]);
    assert_eq!((&staged["images"][0]["label"], &staged["images"][1]["url"]), (&json!("B"), &json!("a")));
    assert_eq!(current["images"], json!([image("a")]));
    assert_eq!(
        (&staged["assets"][0]["name"]["en"], &current["assets"][0]["name"]["en"]),
        (&json!("AA"), &json!("A"))
    );
    assert_eq!(staged["assets"][0]["id"], current["assets"][0]["id"]);
    for (action, code) in [
        (json!({"action": "removeImage", "variantId": 1, "imageUrl": "none"}), "InvalidOperation"),
        (
            json!({"action": "moveImageToPosition", "variantId": 1, "imageUrl": "a", "position": 2}),
            "InvalidField",
        ),
        (json!({"action": "removeAsset", "variantId": 1, "assetKey": "none"}), "InvalidOperation"),
        (json!({"action": "removeAsset", "variantId": 1}), "InvalidInput"),
    ] {
        assert_eq!(shop.update_refused(P1, json!([action])).await["code"], code, "{action}");
    }
    let data = apply(
        &shop,
        json!([
            {"action": "moveImageToPosition", "variantId": 1, "imageUrl": "b", "position": 1, "staged": false},
            {"action": "setImageLabel", "variantId": 1, "imageUrl": "b", "label": "Only staged", "staged": false},
            {"action": "removeAsset", "variantId": 1, "assetKey": "a1", "staged": false},
        ]),
    )
    .await;
    assert_eq!(data["staged"]["masterVariant"]["images"][1]["label"], "Only staged");
    let remove =
        |url: &str| json!([{"action": "removeImage", "variantId": 1, "imageUrl": url, "staged": false}]);
    let data = apply(&shop, remove("b")).await;
    assert_eq!(data["current"]["masterVariant"]["assets"], json!([]));
    assert_eq!(data["hasStagedChanges"], false);
    let staged_only = json!([{"action": "removeImage", "variantId": 1, "imageUrl": "a"}]);
    apply(&shop, staged_only).await;
    let data = apply(&shop, remove("a")).await;
    assert_eq!(data["current"]["masterVariant"]["images"], json!([]), "it was in the current version only");
}

#[tokio::test]
async fn categories_and_their_hints_are_assigned() {
    let shop = published().await;
    let category = shop.create("/categories", json!({"key": "c1", "name": {}, "slug": {"en": "c1"}})).await;
    let id = category["id"].as_str().unwrap();
    let data = apply(
        &shop,
        json!([
            {"action": "addToCategory", "category": {"key": "c1"}, "orderHint": "0.1", "staged": false},
            {"action": "setCategoryOrderHint", "categoryId": id, "orderHint": "0.2"},
        ]),
    )
    .await;
    assert_eq!(
        (&data["staged"]["categoryOrderHints"][id], &data["current"]["categoryOrderHints"][id]),
        (&json!("0.2"), &json!("0.1"))
    );
    for hint in ["0.50", "1.5", "0.", "x"] {
        let action = json!([{"action": "setCategoryOrderHint", "categoryId": id, "orderHint": hint}]);
        assert_eq!(shop.update_refused(P1, action).await["code"], "InvalidField", "{hint}");
    }
    let other = json!([{"action": "setCategoryOrderHint", "categoryId": "other", "orderHint": "0.1"}]);
    assert_eq!(shop.update_refused(P1, other).await["code"], "InvalidOperation");
    let again = json!([{"action": "addToCategory", "category": {"key": "c1"}}]);
    let data = apply(&shop, again).await;
    assert_eq!(data["staged"]["categoryOrderHints"], json!({}), "it is removed where it is left out");
    assert_eq!(data["current"]["categoryOrderHints"], json!({id: "0.1"}));
    let data = apply(&shop, json!([{"action": "removeFromCategory", "category": {"id": id}}])).await;
    assert_eq!(
        (&data["staged"]["categories"], &data["staged"]["categoryOrderHints"]),
        (&json!([]), &json!({}))
    );
    assert_eq!(data["current"]["categories"], json!([{"typeId": "category", "id": id}]));
}

#[tokio::test]
async fn the_rest_of_the_fields_is_set_and_removed() {
    let shop = published().await;
    let product = shop
        .update(
            P1,
            json!([
                {"action": "setMetaTitle", "metaTitle": {"en": "t"}},
                {"action": "setMetaDescription", "metaDescription": {"en": "d"}},
                {"action": "setMetaKeywords", "metaKeywords": {"en": "k"}},
                {"action": "setSearchKeywords", "searchKeywords": {"en": [
                    {"text": "a"}, {"text": "b", "suggestTokenizer": {"type": "custom", "inputs": ["x"]}}]}},
                {"action": "setProductAttribute", "name": "origin", "value": "Kiel"},
                {"action": "setPriceMode", "priceMode": "Standalone"},
            ]),
        )
        .await;
    let staged = &product["masterData"]["staged"];
    assert_eq!((&staged["metaTitle"], &product["priceMode"]), (&json!({"en": "t"}), &json!("Standalone")));
    assert_eq!(
        staged["searchKeywords"]["en"][1]["suggestTokenizer"],
        json!({"type": "custom", "inputs": ["x"]})
    );
    assert_eq!(staged["attributes"], json!([{"name": "origin", "value": "Kiel"}]));
    let product =
        shop.update(P1, json!([{"action": "setMetaTitle"}, {"action": "setKey", "key": "renamed"}])).await;
    assert!(product["masterData"]["staged"].get("metaTitle").is_none());
    assert_eq!(shop.status_of("/products/key=renamed").await, 200);
}

#[tokio::test]
async fn an_update_without_effect_keeps_the_version() {
    let shop = published().await;
    let before = shop.get(P1).await;
    let after = shop
        .update(
            P1,
            json!([
                {"action": "publish"},
                {"action": "revertStagedChanges"},
                {"action": "changeName", "name": {"en": "p1"}},
                {"action": "setMetaTitle"},
            ]),
        )
        .await;
    assert_eq!(after, before);
}

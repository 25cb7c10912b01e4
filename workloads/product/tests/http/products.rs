use super::shop::Shop;
use serde_json::{Value, json};

/// A shop with a product type of many attributes.
pub async fn shop() -> Shop {
    let shop = Shop::open().await;
    let attribute = |name: &str, of: Value, constraint: &str| json!({"name": name, "type": of, "label": {}, "isRequired": false, "attributeConstraint": constraint});
    let mut origin = attribute("origin", json!({"name": "text"}), "None");
    origin["level"] = json!("Product");
    shop.create("/product-types", json!({
        "key": "plain", "name": "plain", "description": "",
        "attributes": [
            attribute("serial", json!({"name": "text"}), "Unique"),
            attribute("color", json!({"name": "lenum", "values": [{"key": "red", "label": {"en": "Red"}}, {"key": "blue", "label": {"en": "Blue"}}]}), "CombinationUnique"),
            attribute("size", json!({"name": "enum", "values": [{"key": "s", "label": "S"}, {"key": "m", "label": "M"}]}), "CombinationUnique"),
            attribute("brand", json!({"name": "text"}), "SameForAll"),
            origin,
        ],
    }))
    .await;
    shop
}

/// A draft with one variant of that sku.
pub fn draft(key: &str) -> Value {
    json!({
        "key": key, "productType": {"typeId": "product-type", "key": "plain"},
        "name": {"en": key}, "slug": {"en": key}, "masterVariant": {"sku": key},
    })
}

pub fn with(mut draft: Value, change: Value) -> Value {
    if let (Value::Object(draft), Value::Object(change)) = (&mut draft, change) {
        draft.extend(change);
    }
    draft
}

#[tokio::test]
async fn a_new_product_has_two_equal_versions_and_is_not_published() {
    let shop = shop().await;
    let product = shop.create("/products", draft("p1")).await;
    let data = &product["masterData"];
    assert_eq!(data["current"], data["staged"]);
    assert_eq!((&data["published"], &data["hasStagedChanges"]), (&json!(false), &json!(false)));
    let variant = &data["staged"]["masterVariant"];
    assert_eq!(
        variant,
        &json!({"id": 1, "sku": "p1", "prices": [], "attributes": [], "images": [], "assets": []})
    );
    assert_eq!(shop.status_of("/product-projections/key=p1").await, 404);
    let published = shop.create("/products", with(draft("p2"), json!({"publish": true}))).await;
    assert_eq!(published["masterData"]["published"], true);
    assert_eq!(shop.status_of("/product-projections/key=p2").await, 200);
}

#[tokio::test]
async fn a_product_may_have_no_master_variant_unless_it_has_others() {
    let shop = shop().await;
    let bare = json!({"productType": {"key": "plain"}, "name": {}, "slug": {"en": "bare"}});
    let product = shop.create("/products", bare.clone()).await;
    assert_eq!(product["masterData"]["current"]["masterVariant"]["id"], 1);
    let error = shop.refused("/products", with(bare, json!({"slug": {"en": "b2"}, "variants": [{}]}))).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("RequiredField"), &json!("masterVariant")));
}

#[tokio::test]
async fn skus_keys_and_slugs_are_unique_over_both_versions_of_all_products() {
    let shop = shop().await;
    shop.create("/products", draft("p1")).await;
    // The old sku and slug stay taken, as the current version still has them.
    shop.update("/products/key=p1", json!([{"action": "setSku", "variantId": 1, "sku": "new"}, {"action": "changeSlug", "slug": {"en": "new"}}])).await;
    for (change, field) in [
        (json!({"key": "p1"}), "key"),
        (json!({"masterVariant": {"sku": "p1"}}), "sku"),
        (json!({"masterVariant": {"sku": "new"}}), "sku"),
        (json!({"slug": {"en": "p1"}}), "slug.en"),
        (json!({"slug": {"de": "other", "en": "new"}}), "slug.en"),
    ] {
        let error = shop.refused("/products", with(draft("p2"), change.clone())).await;
        assert_eq!((&error["code"], &error["field"]), (&json!("DuplicateField"), &json!(field)), "{change}");
    }
    let twice = json!({"variants": [{"sku": "p2", "key": "other"}]});
    assert_eq!(shop.refused("/products", with(draft("p2"), twice)).await["field"], "sku");
    shop.update("/products/key=p1", json!([{"action": "publish"}])).await;
    shop.create(
        "/products",
        with(draft("p2"), json!({"slug": {"en": "p1"}, "masterVariant": {"sku": "p1"}})),
    )
    .await;
}

#[tokio::test]
async fn prices_of_a_variant_must_fit_together() {
    let shop = shop().await;
    let eur = |cents: i64| json!({"value": {"currencyCode": "EUR", "centAmount": cents}});
    let prices = |prices: Value| with(draft("p1"), json!({"masterVariant": {"sku": "p1", "prices": prices}}));
    assert_eq!(
        shop.refused("/products", prices(json!([eur(1), eur(2)]))).await["code"],
        "DuplicatePriceScope"
    );
    let dated = |from: &str| with(eur(1), json!({"validFrom": from}));
    let error = shop
        .refused("/products", prices(json!([dated("2024-01-01T00:00:00Z"), dated("2025-01-01T00:00:00Z")])))
        .await;
    assert_eq!(error["code"], "OverlappingPriceValidity");
    let keyed =
        json!([with(eur(1), json!({"key": "kk"})), with(eur(1), json!({"key": "kk", "country": "DE"}))]);
    assert_eq!(shop.refused("/products", prices(keyed)).await["code"], "DuplicatePriceKey");
    let tiered = json!([with(
        eur(5),
        json!({"tiers": [{"minimumQuantity": 1, "value": {"currencyCode": "EUR", "centAmount": 4}}]})
    )]);
    assert_eq!(shop.refused("/products", prices(tiered)).await["code"], "InvalidField");
    let product =
        shop.create("/products", prices(json!([eur(1), with(eur(2), json!({"country": "DE"}))]))).await;
    let price = &product["masterData"]["current"]["masterVariant"]["prices"][0];
    assert_eq!(
        price["value"],
        json!({"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1, "fractionDigits": 2})
    );
    assert!(price["id"].is_string());
}

#[tokio::test]
async fn a_published_product_is_not_deleted() {
    let shop = shop().await;
    shop.create("/products", with(draft("p1"), json!({"publish": true}))).await;
    let (status, error) = shop.delete("/products/key=p1").await;
    assert_eq!((status, &error["errors"][0]["code"]), (400, &json!("InvalidOperation")));
    shop.update("/products/key=p1", json!([{"action": "unpublish"}])).await;
    assert_eq!(shop.delete("/products/key=p1").await.0, 200);
    assert_eq!(shop.status_of("/products/key=p1").await, 404);
    shop.create("/products", draft("p1")).await;
}

#[tokio::test]
async fn references_must_lead_somewhere() {
    let shop = shop().await;
    for change in [json!({"productType": {"key": "none"}}), json!({"categories": [{"key": "none"}]})] {
        let error = shop.refused("/products", with(draft("p1"), change)).await;
        assert_eq!(error["code"], "ReferencedResourceNotFound");
    }
    let wrong = with(draft("p1"), json!({"productType": {"typeId": "category", "key": "plain"}}));
    assert_eq!(shop.refused("/products", wrong).await["code"], "InvalidJsonInput");
}

#[tokio::test]
async fn the_life_of_a_product_is_told_in_messages() {
    let shop = shop().await;
    shop.create("/categories", json!({"key": "c1", "name": {}, "slug": {"en": "c1"}})).await;
    shop.create("/products", draft("p1")).await;
    shop.update("/products/key=p1", json!([
        {"action": "changeName", "name": {"en": "silent"}},
        {"action": "changeSlug", "slug": {"en": "told"}},
        {"action": "addToCategory", "category": {"key": "c1"}},
        {"action": "addToCategory", "category": {"key": "c1"}},
        {"action": "addPrice", "variantId": 1, "price": {"value": {"currencyCode": "EUR", "centAmount": 1}}, "staged": false},
        {"action": "publish"},
        {"action": "publish"},
    ])).await;
    let price =
        shop.get("/products/key=p1").await["masterData"]["current"]["masterVariant"]["prices"][0].clone();
    let changed = json!({"value": {"currencyCode": "EUR", "centAmount": 2}});
    shop.update(
        "/products/key=p1",
        json!([
            {"action": "changePrice", "priceId": price["id"], "price": changed},
            {"action": "changePrice", "priceId": price["id"], "price": changed},
            {"action": "revertStagedChanges"},
            {"action": "unpublish"},
            {"action": "unpublish"},
        ]),
    )
    .await;
    shop.delete("/products/key=p1").await;
    let types: Vec<String> =
        shop.heard.message_types().await.into_iter().filter(|t| t.starts_with("Product")).collect();
    assert_eq!(
        types,
        [
            "ProductCreated",
            "ProductSlugChanged",
            "ProductAddedToCategory",
            "ProductPriceAdded",
            "ProductPublished",
            "ProductPriceChanged",
            "ProductRevertedStagedChanges",
            "ProductUnpublished",
            "ProductDeleted",
        ]
    );
    let messages = shop.heard.messages().await;
    let of = |name: &str| messages.iter().find(|m| m["type"] == name).unwrap().clone();
    let created = of("ProductCreated")["productProjection"].clone();
    assert_eq!(
        (&created["key"], &created["version"], &created["masterVariant"]["sku"]),
        (&json!("p1"), &json!(1), &json!("p1"))
    );
    let published = of("ProductPublished");
    assert_eq!((&published["scope"], &published["removedImageUrls"]), (&json!("All"), &json!([])));
    assert_eq!(
        (&published["productProjection"]["published"], &published["productProjection"]["version"]),
        (&json!(true), &json!(2))
    );
    let changed = of("ProductPriceChanged");
    assert_eq!(
        (&changed["oldPrice"], &changed["newPrice"]["value"]["centAmount"], &changed["staged"]),
        (&price, &json!(2), &json!(true))
    );
    assert_eq!(of("ProductSlugChanged")["oldSlug"], json!({"en": "p1"}));
    let last = of("ProductDeleted")["currentProjection"].clone();
    assert_eq!(
        (&last["id"], &last["version"], &last["masterVariant"]["sku"]),
        (&created["id"], &json!(3), &json!("p1"))
    );
}

#[tokio::test]
async fn slugs_and_keys_end_at_their_bounds() {
    let shop = shop().await;
    for (slug, good) in [
        ("ab", true),
        ("a", false),
        ("x".repeat(256).as_str(), true),
        ("x".repeat(257).as_str(), false),
        ("with space", false),
        ("ümlaut", false),
        ("A-_9", true),
    ] {
        let draft = with(draft("any"), json!({"key": null, "slug": {"de": slug}, "masterVariant": null}));
        let (status, answer) = shop.call("POST", "/products", Some(&draft)).await;
        assert_eq!(status, if good { 201 } else { 400 }, "{slug}: {answer}");
    }
    shop.create("/products", draft("first")).await;
    let both =
        json!({"key": "other", "slug": {"en": "fresh", "fr": "first"}, "masterVariant": {"sku": "other"}});
    shop.create("/products", with(draft("second"), both)).await;
}

#[tokio::test]
async fn windows_of_prices_may_touch_but_not_overlap() {
    let shop = shop().await;
    let price = |from: Option<&str>, until: Option<&str>| json!({"value": {"currencyCode": "EUR", "centAmount": 1}, "validFrom": from, "validUntil": until});
    let (a, b, c) =
        (Some("2024-01-01T00:00:00Z"), Some("2024-02-01T00:00:00Z"), Some("2024-03-01T00:00:00Z"));
    let before_b = Some("2024-01-31T23:59:59.999Z");
    for (prices, code) in [
        (json!([price(a, b), price(b, c)]), None),
        (json!([price(a, b), price(None, None)]), None),
        (json!([price(None, b), price(b, None)]), None),
        (json!([price(a, b), price(before_b, c)]), Some("OverlappingPriceValidity")),
        (json!([price(a, None), price(b, c)]), Some("OverlappingPriceValidity")),
        (json!([price(None, None), price(None, None)]), Some("DuplicatePriceScope")),
    ] {
        let draft = with(draft("p1"), json!({"masterVariant": {"sku": "p1", "prices": prices}}));
        let (status, answer) = shop.call("POST", "/products", Some(&draft)).await;
        match code {
            None => {
                assert_eq!(status, 201, "{answer}");
                shop.delete("/products/key=p1").await;
            }
            Some(code) => assert_eq!((status, &answer["errors"][0]["code"]), (400, &json!(code)), "{prices}"),
        }
    }
    for (from, until) in [(a, a), (b, a)] {
        let draft = with(draft("p1"), json!({"masterVariant": {"prices": [price(from, until)]}}));
        assert_eq!(shop.refused("/products", draft).await["code"], "InvalidField");
    }
}

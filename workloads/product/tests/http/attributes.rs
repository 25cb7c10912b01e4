//! What the attributes of a variant may be, and together with those of others.

use super::products::{draft, shop, with};
use super::shop::Shop;
use serde_json::{Value, json};

#[tokio::test]
async fn attribute_values_are_checked_and_stored_in_their_full_form() {
    let shop = Shop::open().await;
    let inner = shop
        .create(
            "/product-types",
            json!({"key": "inner", "name": "i", "description": "", "attributes": [
        {"name": "depth", "type": {"name": "number"}, "label": {}, "isRequired": false}]}),
        )
        .await;
    let nested = json!({"name": "nested", "typeReference": {"typeId": "product-type", "id": inner["id"]}});
    let target =
        shop.create("/product-types", json!({"key": "target", "name": "i", "description": ""})).await;
    let sized = json!({"name": "enum", "values": [{"key": "s", "label": "S"}]});
    let cases = [
        ("boolean", json!({"name": "boolean"}), json!(true), json!(true), json!("true")),
        ("text", json!({"name": "text"}), json!("x"), json!("x"), json!(1)),
        (
            "ltext",
            json!({"name": "ltext"}),
            json!({"en": "x", "de-AT": "y"}),
            json!({"en": "x", "de-AT": "y"}),
            json!({"english": "x"}),
        ),
        ("number", json!({"name": "number"}), json!(1.5), json!(1.5), json!("1.5")),
        ("enum", sized.clone(), json!("s"), json!({"key": "s", "label": "S"}), json!("xl")),
        (
            "enum2",
            sized.clone(),
            json!({"key": "s", "label": "ignored"}),
            json!({"key": "s", "label": "S"}),
            json!(1),
        ),
        (
            "money",
            json!({"name": "money"}),
            json!({"currencyCode": "EUR", "centAmount": 5}),
            json!({"type": "centPrecision", "currencyCode": "EUR", "centAmount": 5, "fractionDigits": 2}),
            json!({"currencyCode": "EUR"}),
        ),
        ("date", json!({"name": "date"}), json!("2024-02-29"), json!("2024-02-29"), json!("2023-02-29")),
        ("time", json!({"name": "time"}), json!("14:00:00.000"), json!("14:00:00.000"), json!("25:00:00")),
        (
            "datetime",
            json!({"name": "datetime"}),
            json!("2024-01-01T01:00:00+01:00"),
            json!("2024-01-01T00:00:00.000Z"),
            json!("2024-01-01"),
        ),
        (
            "reference",
            json!({"name": "reference", "referenceTypeId": "product-type"}),
            json!({"typeId": "product-type", "key": "target"}),
            json!({"typeId": "product-type", "id": target["id"]}),
            json!({"typeId": "product", "id": "x"}),
        ),
        (
            "set",
            json!({"name": "set", "elementType": sized}),
            json!(["s", "s"]),
            json!([{"key": "s", "label": "S"}]),
            json!("s"),
        ),
        (
            "nested",
            nested,
            json!([{"name": "depth", "value": 3}]),
            json!([{"name": "depth", "value": 3}]),
            json!([{"name": "width", "value": 3}]),
        ),
    ];
    let attributes: Vec<Value> = cases
        .iter()
        .map(|(name, of, ..)| json!({"name": format!("a-{name}"), "type": of, "label": {}, "isRequired": false}))
        .collect();
    shop.create(
        "/product-types",
        json!({"key": "plain", "name": "t", "description": "", "attributes": attributes}),
    )
    .await;
    for (at, (name, _, given, kept, bad)) in cases.iter().enumerate() {
        let of = |value: &Value| json!({"masterVariant": {"sku": name, "attributes": [{"name": format!("a-{name}"), "value": value}]}});
        let key = format!("product-{at}");
        let product = shop.create("/products", with(draft(&key), of(given))).await;
        assert_eq!(
            product["masterData"]["current"]["masterVariant"]["attributes"][0]["value"], *kept,
            "{name}"
        );
        let error = shop.refused("/products", with(draft("bad"), of(bad))).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("InvalidField"), &json!(format!("a-{name}"))),
            "{bad}"
        );
    }
    let unknown = json!({"masterVariant": {"attributes": [{"name": "unheard", "value": 1}]}});
    assert_eq!(shop.refused("/products", with(draft("bad"), unknown)).await["code"], "InvalidField");
}

#[tokio::test]
async fn required_attributes_must_have_a_value_at_their_level() {
    let shop = Shop::open().await;
    let required = |name: &str, level: &str| json!({"name": name, "type": {"name": "text"}, "label": {}, "isRequired": true, "level": level});
    shop.create(
        "/product-types",
        json!({"key": "plain", "name": "t", "description": "",
        "attributes": [required("of-variant", "Variant"), required("of-product", "Product")]}),
    )
    .await;
    let good = with(
        draft("p1"),
        json!({
            "masterVariant": {"attributes": [{"name": "of-variant", "value": "x"}]},
            "attributes": [{"name": "of-product", "value": "y"}],
        }),
    );
    let no_variant = with(good.clone(), json!({"masterVariant": {"sku": "x"}}));
    assert_eq!(shop.refused("/products", no_variant).await["field"], "of-variant");
    let no_product = with(good.clone(), json!({"attributes": []}));
    assert_eq!(shop.refused("/products", no_product).await["field"], "of-product");
    shop.create("/products", good).await;
    for action in [
        json!({"action": "setAttribute", "variantId": 1, "name": "of-variant"}),
        json!({"action": "setAttributeInAllVariants", "name": "of-variant", "value": null}),
        json!({"action": "setProductAttribute", "name": "of-product"}),
        json!({"action": "addVariant", "sku": "second"}),
    ] {
        assert_eq!(
            shop.update_refused("/products/key=p1", json!([action])).await["code"],
            "RequiredField",
            "{action}"
        );
    }
    let wrong_level = json!([{"action": "setProductAttribute", "name": "of-variant", "value": "x"}]);
    assert_eq!(shop.update_refused("/products/key=p1", wrong_level).await["code"], "InvalidField");
}

#[tokio::test]
async fn constraints_between_variants_are_kept() {
    let shop = shop().await;
    let variant = |sku: &str, attributes: Value| json!({"sku": sku, "attributes": attributes});
    let of = |a: Value, b: Value| {
        with(draft("p1"), json!({"masterVariant": variant("a1", a), "variants": [variant("b1", b)]}))
    };
    let value = |name: &str, value: &str| json!({"name": name, "value": value});
    for (a, b, code) in [
        (json!([value("serial", "x")]), json!([value("serial", "x")]), "DuplicateAttributeValue"),
        (
            json!([value("color", "red"), value("size", "s")]),
            json!([value("color", "red"), value("size", "s")]),
            "DuplicateAttributeValues",
        ),
        (json!([value("brand", "x")]), json!([value("brand", "y")]), "InvalidField"),
        (json!([value("brand", "x")]), json!([]), "InvalidField"),
    ] {
        assert_eq!(shop.refused("/products", of(a.clone(), b.clone())).await["code"], code, "{a} {b}");
    }
    let equal = with(draft("p1"), json!({"masterVariant": {}, "variants": [{}]}));
    assert_eq!(shop.refused("/products", equal).await["code"], "DuplicateVariantValues");
    let good = of(
        json!([value("serial", "x"), value("color", "red"), value("size", "s"), value("brand", "b")]),
        json!([value("serial", "y"), value("color", "red"), value("size", "m"), value("brand", "b")]),
    );
    shop.create("/products", good).await;
    let one = json!([{"action": "setAttribute", "sku": "b1", "name": "brand", "value": "c"}]);
    assert_eq!(shop.update_refused("/products/key=p1", one).await["code"], "InvalidField");
    let all = json!([{"action": "setAttributeInAllVariants", "name": "brand", "value": "c"}]);
    shop.update("/products/key=p1", all).await;
}

#[tokio::test]
async fn reference_attributes_must_lead_somewhere_and_many_are_asked_for_at_once() {
    let shop = Shop::open().await;
    let reference = json!({"name": "reference", "referenceTypeId": "category"});
    let attributes = [
        json!({"name": "one", "type": reference, "label": {}, "isRequired": false}),
        json!({"name": "many", "type": {"name": "set", "elementType": reference}, "label": {}, "isRequired": false}),
    ];
    let product_type = json!({"key": "plain", "name": "t", "description": "", "attributes": attributes});
    shop.create("/product-types", product_type).await;
    let mut categories = Vec::new();
    for at in 0..20 {
        let draft = json!({"key": format!("c-{at}"), "name": {}, "slug": {"en": format!("c-{at}")}});
        categories.push(shop.create("/categories", draft).await["id"].clone());
    }
    let named = |id: &Value| json!({"typeId": "category", "id": id});
    let ghost = named(&json!("7e3a4b0e-0000-4000-8000-000000000000"));
    let with_attribute = |key: &str, name: &str, value: &Value| {
        with(
            draft(key),
            json!({"masterVariant": {"sku": key, "attributes": [{"name": name, "value": value}]}}),
        )
    };
    let all: Vec<Value> = categories.iter().map(named).collect();
    shop.create("/products", with_attribute("p1", "many", &json!(all))).await;
    let mut with_ghost = all.clone();
    with_ghost.push(ghost.clone());
    for (name, value) in [("one", &ghost), ("many", &json!(with_ghost))] {
        let error = shop.refused("/products", with_attribute("bad", name, value)).await;
        assert_eq!(
            (&error["code"], &error["typeId"]),
            (&json!("ReferencedResourceNotFound"), &json!("category"))
        );
    }
    let set =
        |value: &Value| json!({"action": "setAttribute", "variantId": 1, "name": "one", "value": value});
    let changed = shop.update("/products/key=p1", all.iter().map(set).collect::<Vec<_>>().into()).await;
    let staged = &changed["masterData"]["staged"]["masterVariant"]["attributes"];
    assert!(staged.as_array().unwrap().contains(&json!({"name": "one", "value": all[19]})), "{staged:#}");
    let error = shop.update_refused("/products/key=p1", json!([set(&ghost)])).await;
    assert_eq!(error["id"], ghost["id"]);
}

#[tokio::test]
async fn equal_variants_are_refused_before_their_attributes_are_compared() {
    let shop = shop().await;
    let variant = |attributes: Value| json!({"attributes": attributes});
    let serial = |value: &str| json!([{"name": "serial", "value": value}]);
    for (master, other, code) in [
        (variant(json!([])), variant(json!([])), "DuplicateVariantValues"),
        (variant(serial("1")), variant(serial("1")), "DuplicateVariantValues"),
        (
            json!({"sku": "a1", "attributes": serial("1")}),
            json!({"sku": "a2", "attributes": serial("1")}),
            "DuplicateAttributeValue",
        ),
    ] {
        let draft = with(draft("p1"), json!({"masterVariant": master, "variants": [other]}));
        assert_eq!(shop.refused("/products", draft.clone()).await["code"], code, "{draft}");
    }
    let prices = |cents: i64| json!({"prices": [{"value": {"currencyCode": "EUR", "centAmount": cents}}]});
    shop.create("/products", with(draft("p1"), json!({"masterVariant": prices(1), "variants": [prices(2)]})))
        .await;
}

#[tokio::test]
async fn an_attribute_is_set_at_its_own_level_only() {
    let shop = shop().await;
    shop.create("/products", draft("p1")).await;
    for action in [
        json!({"action": "setAttribute", "variantId": 1, "name": "origin", "value": "here"}),
        json!({"action": "setAttributeInAllVariants", "name": "origin", "value": "here"}),
        json!({"action": "setProductAttribute", "name": "serial", "value": "1"}),
        json!({"action": "setAttribute", "variantId": 1, "name": "unheard-of", "value": "1"}),
    ] {
        assert_eq!(
            shop.update_refused("/products/key=p1", json!([action])).await["code"],
            "InvalidField",
            "{action}"
        );
    }
    let on_product = with(draft("p2"), json!({"attributes": [{"name": "serial", "value": "1"}]}));
    assert_eq!(shop.refused("/products", on_product).await["code"], "InvalidField");
}

use super::shop::{Shop, eventually};
use serde_json::{Value, json};

fn text(name: &str) -> Value {
    json!({"name": name, "type": {"name": "text"}, "label": {"en": name}, "isRequired": false})
}

fn sizes(name: &str, required: bool) -> Value {
    json!({
        "name": name, "label": {"en": name}, "isRequired": required,
        "type": {"name": "enum", "values": [{"key": "s", "label": "S"}, {"key": "m", "label": "M"}]},
    })
}

async fn made(shop: &Shop, key: &str, attributes: Value) -> Value {
    shop.create(
        "/product-types",
        json!({"key": key, "name": key, "description": "", "attributes": attributes}),
    )
    .await
}

#[tokio::test]
async fn every_attribute_type_is_kept_as_it_was_given_with_the_defaults_filled_in() {
    let shop = Shop::open().await;
    let inner = made(&shop, "inner", json!([text("inner-text")])).await;
    let types = json!([
        {"name": "boolean"}, {"name": "text"}, {"name": "ltext"}, {"name": "number"}, {"name": "money"},
        {"name": "date"}, {"name": "time"}, {"name": "datetime"},
        {"name": "enum", "values": [{"key": "a", "label": "A"}]},
        {"name": "lenum", "values": [{"key": "a", "label": {"en": "A"}}]},
        {"name": "reference", "referenceTypeId": "product"},
        {"name": "set", "elementType": {"name": "text"}},
        {"name": "set", "elementType": {"name": "nested", "typeReference": {"typeId": "product-type", "id": inner["id"]}}},
        {"name": "nested", "typeReference": {"typeId": "product-type", "id": inner["id"]}},
    ]);
    let attributes: Vec<Value> = types
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(at, of)| json!({"name": format!("a-{at}"), "type": of, "label": {}, "isRequired": true}))
        .collect();
    let made = made(&shop, "all", json!(attributes)).await;
    for (attribute, of) in made["attributes"].as_array().unwrap().iter().zip(types.as_array().unwrap()) {
        assert_eq!(&attribute["type"], of);
        assert_eq!(attribute["level"], "Variant");
        assert_eq!(attribute["attributeConstraint"], "None");
        assert_eq!(attribute["inputHint"], "SingleLine");
        assert_eq!(attribute["isSearchable"], true);
    }
}

#[tokio::test]
async fn bad_definitions_are_refused_with_their_codes() {
    let shop = Shop::open().await;
    let with = |attribute: Value| json!({"name": "t", "description": "", "attributes": [attribute]});
    for (change, code) in [
        (json!({"name": "x"}), "InvalidField"),
        (json!({"name": "with space"}), "InvalidField"),
        (json!({"level": "Product", "attributeConstraint": "Unique"}), "InvalidOperation"),
        (json!({"type": {"name": "unheard"}}), "InvalidJsonInput"),
        (
            json!({"type": {"name": "set", "elementType": {"name": "set", "elementType": {"name": "text"}}}}),
            "InvalidOperation",
        ),
        (json!({"type": {"name": "reference", "referenceTypeId": "weather"}}), "InvalidField"),
        (
            json!({"type": {"name": "nested", "typeReference": {"typeId": "product-type", "id": "none"}}}),
            "ReferencedResourceNotFound",
        ),
        (
            json!({"type": {"name": "enum", "values": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}}),
            "DuplicateEnumValues",
        ),
    ] {
        let mut attribute = text("good-name");
        for (name, value) in change.as_object().unwrap() {
            attribute[name] = value.clone();
        }
        assert_eq!(shop.refused("/product-types", with(attribute)).await["code"], code, "{change}");
    }
    let twice = json!({"name": "t", "description": "", "attributes": [text("same"), text("same")]});
    assert_eq!(shop.refused("/product-types", twice).await["code"], "AttributeDefinitionAlreadyExists");
}

#[tokio::test]
async fn one_name_has_one_type_in_all_product_types_but_enums_may_offer_other_values() {
    let shop = Shop::open().await;
    let first = made(&shop, "first", json!([text("material"), sizes("size", false)])).await;
    let mut number = text("material");
    number["type"] = json!({"name": "number"});
    let error =
        shop.refused("/product-types", json!({"name": "b", "description": "", "attributes": [number]})).await;
    assert_eq!(error["code"], "AttributeDefinitionTypeConflict");
    assert_eq!(error["conflictingProductTypeId"], first["id"]);
    let mut other_sizes = sizes("size", false);
    other_sizes["type"]["values"] = json!([{"key": "xl", "label": "XL"}]);
    made(&shop, "second", json!([other_sizes, text("material")])).await;
    let third = "/product-types/key=third";
    made(
        &shop,
        "third",
        json!([{"name": "weight", "type": {"name": "number"}, "label": {}, "isRequired": false}]),
    )
    .await;
    let rename =
        json!([{"action": "changeAttributeName", "attributeName": "weight", "newAttributeName": "material"}]);
    assert_eq!(shop.update_refused(third, rename).await["code"], "AttributeDefinitionTypeConflict");
}

#[tokio::test]
async fn definitions_are_added_changed_reordered_and_removed() {
    let shop = Shop::open().await;
    let path = "/product-types/key=shoe";
    made(&shop, "shoe", json!([text("one"), text("two")])).await;
    let after = shop
        .update(
            path,
            json!([
                {"action": "changeName", "name": "Shoe"},
                {"action": "changeDescription", "description": "For feet"},
                {"action": "addAttributeDefinition", "attribute": text("three")},
                {"action": "changeLabel", "attributeName": "one", "label": {"de": "Eins"}},
                {"action": "setInputTip", "attributeName": "one", "inputTip": {"en": "tip"}},
                {"action": "changeInputHint", "attributeName": "one", "newValue": "MultiLine"},
                {"action": "changeIsSearchable", "attributeName": "one", "isSearchable": false},
                {"action": "changeAttributeOrderByName", "attributeNames": ["three", "one", "two"]},
                {"action": "removeAttributeDefinition", "name": "two"},
                {"action": "changeAttributeName", "attributeName": "three", "newAttributeName": "drei"},
                {"action": "setKey", "key": "schuh"},
            ]),
        )
        .await;
    assert_eq!(
        (&after["name"], &after["description"], &after["key"]),
        (&json!("Shoe"), &json!("For feet"), &json!("schuh"))
    );
    assert_eq!(after["attributes"][0]["name"], "drei");
    let one = &after["attributes"][1];
    assert_eq!(
        (&one["label"], &one["inputTip"], &one["inputHint"], &one["isSearchable"]),
        (&json!({"de": "Eins"}), &json!({"en": "tip"}), &json!("MultiLine"), &json!(false))
    );
    assert_eq!(after["attributes"].as_array().unwrap().len(), 2);
    let path = "/product-types/key=schuh";
    for (action, code) in [
        (json!({"action": "removeAttributeDefinition", "name": "two"}), "AttributeNameDoesNotExist"),
        (
            json!({"action": "addAttributeDefinition", "attribute": text("one")}),
            "AttributeDefinitionAlreadyExists",
        ),
        (json!({"action": "changeAttributeOrderByName", "attributeNames": ["one"]}), "InvalidOperation"),
        (
            json!({"action": "changeAttributeOrderByName", "attributeNames": ["one", "one"]}),
            "InvalidOperation",
        ),
        (
            json!({"action": "changeAttributeConstraint", "attributeName": "one", "newValue": "Unique"}),
            "InvalidOperation",
        ),
        (
            json!({"action": "addPlainEnumValue", "attributeName": "one", "value": {"key": "a", "label": "A"}}),
            "InvalidOperation",
        ),
        (json!({"action": "unheardOf"}), "InvalidJsonInput"),
    ] {
        assert_eq!(shop.update_refused(path, json!([action])).await["code"], code, "{action}");
    }
}

#[tokio::test]
async fn constraints_can_only_be_given_up() {
    let shop = Shop::open().await;
    let mut unique = text("serial");
    unique["attributeConstraint"] = json!("Unique");
    let mut combined = text("colour");
    combined["attributeConstraint"] = json!("CombinationUnique");
    made(&shop, "t1", json!([unique, combined])).await;
    let to = |name: &str, value: &str| json!([{"action": "changeAttributeConstraint", "attributeName": name, "newValue": value}]);
    let after = shop.update("/product-types/key=t1", to("serial", "None")).await;
    assert_eq!(after["attributes"][0]["attributeConstraint"], "None");
    assert_eq!(
        shop.update_refused("/product-types/key=t1", to("colour", "None")).await["code"],
        "InvalidOperation"
    );
}

#[tokio::test]
async fn enum_values_are_added_renamed_relabelled_ordered_and_removed_also_in_sets() {
    let shop = Shop::open().await;
    let path = "/product-types/key=t1";
    let set = json!({
        "name": "tags", "label": {}, "isRequired": false,
        "type": {"name": "set", "elementType": {"name": "lenum", "values": [{"key": "a", "label": {"en": "A"}}]}},
    });
    made(&shop, "t1", json!([sizes("size", false), set])).await;
    let after = shop
        .update(
            path,
            json!([
                {"action": "addPlainEnumValue", "attributeName": "size", "value": {"key": "l", "label": "L"}},
                {"action": "addLocalizedEnumValue", "attributeName": "tags", "value": {"key": "b", "label": {"en": "B"}}},
                {"action": "changePlainEnumValueLabel", "attributeName": "size", "newValue": {"key": "l", "label": "Large"}},
                {"action": "changeLocalizedEnumValueLabel", "attributeName": "tags", "newValue": {"key": "b", "label": {"en": "Bee"}}},
                {"action": "changeEnumKey", "attributeName": "size", "key": "s", "newKey": "small"},
                {"action": "removeEnumValues", "attributeName": "size", "keys": ["m"]},
                {"action": "changePlainEnumValueOrder", "attributeName": "size",
                 "values": [{"key": "l", "label": "Large"}, {"key": "small", "label": "S"}]},
                {"action": "changeLocalizedEnumValueOrder", "attributeName": "tags",
                 "values": [{"key": "b", "label": {"en": "Bee"}}, {"key": "a", "label": {"en": "A"}}]},
            ]),
        )
        .await;
    assert_eq!(
        after["attributes"][0]["type"]["values"],
        json!([{"key": "l", "label": "Large"}, {"key": "small", "label": "S"}])
    );
    assert_eq!(after["attributes"][1]["type"]["elementType"]["values"][0]["label"], json!({"en": "Bee"}));
    for (action, code) in [
        (
            json!({"action": "addPlainEnumValue", "attributeName": "size", "value": {"key": "l", "label": "x"}}),
            "EnumKeyAlreadyExists",
        ),
        (
            json!({"action": "changeEnumKey", "attributeName": "size", "key": "none", "newKey": "x"}),
            "EnumKeyDoesNotExist",
        ),
        (
            json!({"action": "changeEnumKey", "attributeName": "size", "key": "small", "newKey": "l"}),
            "EnumKeyAlreadyExists",
        ),
        (
            json!({"action": "removeEnumValues", "attributeName": "size", "keys": ["none"]}),
            "EnumKeyDoesNotExist",
        ),
        (
            json!({"action": "changePlainEnumValueOrder", "attributeName": "size", "values": [{"key": "l", "label": "Large"}]}),
            "EnumValuesMustMatch",
        ),
        (
            json!({"action": "changePlainEnumValueLabel", "attributeName": "nope", "newValue": {"key": "l", "label": "L"}}),
            "AttributeNameDoesNotExist",
        ),
    ] {
        assert_eq!(shop.update_refused(path, json!([action])).await["code"], code, "{action}");
    }
}

#[tokio::test]
async fn a_product_type_is_not_deleted_while_products_or_other_types_use_it() {
    let shop = Shop::open().await;
    let inner = made(&shop, "inner", json!([text("inner-text")])).await;
    let nested = json!({"name": "set", "elementType": {"name": "nested", "typeReference": {"typeId": "product-type", "id": inner["id"]}}});
    made(&shop, "outer", json!([{"name": "parts", "type": nested, "label": {}, "isRequired": false}])).await;
    shop.create(
        "/products",
        json!({"key": "p1", "productType": {"key": "outer"}, "name": {"en": "P"}, "slug": {"en": "p1"}}),
    )
    .await;
    let (status, error) = shop.delete("/product-types/key=outer").await;
    assert_eq!(
        (status, &error["errors"][0]["code"], &error["errors"][0]["referencedBy"]),
        (400, &json!("ReferenceExists"), &json!("product"))
    );
    let (status, error) = shop.delete("/product-types/key=inner").await;
    assert_eq!((status, &error["errors"][0]["referencedBy"]), (400, &json!("product-type")));
    assert_eq!(shop.delete("/products/key=p1").await.0, 200);
    assert_eq!(shop.delete("/product-types/key=outer").await.0, 200);
    assert_eq!(shop.delete("/product-types/key=inner").await.0, 200);
}

#[tokio::test]
async fn changes_of_definitions_reach_existing_products() {
    let shop = Shop::open().await;
    made(&shop, "t1", json!([text("old-name"), text("doomed"), sizes("size", false)])).await;
    shop.create(
        "/products",
        json!({
            "key": "p1", "productType": {"key": "t1"}, "name": {"en": "P"}, "slug": {"en": "p1"}, "publish": true,
            "masterVariant": {"attributes": [
                {"name": "old-name", "value": "x"}, {"name": "doomed", "value": "y"}, {"name": "size", "value": "s"},
            ]},
        }),
    )
    .await;
    shop.update(
        "/product-types/key=t1",
        json!([
            {"action": "changeAttributeName", "attributeName": "old-name", "newAttributeName": "new-name"},
            {"action": "removeAttributeDefinition", "name": "doomed"},
            {"action": "changeEnumKey", "attributeName": "size", "key": "s", "newKey": "small"},
            {"action": "changePlainEnumValueLabel", "attributeName": "size", "newValue": {"key": "small", "label": "Small"}},
        ]),
    )
    .await;
    let expected = json!([{"name": "new-name", "value": "x"}, {"name": "size", "value": {"key": "small", "label": "Small"}}]);
    eventually(|| async {
        let projection = shop.get("/product-projections/key=p1").await;
        projection["masterVariant"]["attributes"] == expected && projection["hasStagedChanges"] == false
    })
    .await;
    shop.update(
        "/product-types/key=t1",
        json!([{"action": "removeEnumValues", "attributeName": "size", "keys": ["small"]}]),
    )
    .await;
    eventually(|| async {
        shop.get("/products/key=p1").await["masterData"]["staged"]["masterVariant"]["attributes"]
            .as_array()
            .unwrap()
            .len()
            == 1
    })
    .await;
}

#[tokio::test]
async fn a_value_of_a_required_enum_stays_while_a_product_has_it() {
    let shop = Shop::open().await;
    made(&shop, "t1", json!([sizes("size", true)])).await;
    shop.create(
        "/products",
        json!({
            "key": "p1", "productType": {"key": "t1"}, "name": {"en": "P"}, "slug": {"en": "p1"},
            "masterVariant": {"attributes": [{"name": "size", "value": "s"}]},
        }),
    )
    .await;
    let remove = |key: &str| json!([{"action": "removeEnumValues", "attributeName": "size", "keys": [key]}]);
    assert_eq!(shop.update_refused("/product-types/key=t1", remove("s")).await["code"], "EnumValueIsUsed");
    shop.update("/product-types/key=t1", remove("m")).await;
}

#[tokio::test]
async fn changes_of_definitions_reach_values_that_are_nested_in_other_types() {
    let shop = Shop::open().await;
    let reference = |inner: &Value| json!({"typeReference": {"typeId": "product-type", "id": inner["id"]}, "name": "nested"});
    let holds = |name: &str, of: Value| json!({"name": name, "type": of, "label": {}, "isRequired": false});
    let part = made(&shop, "part", json!([text("old-name"), sizes("size", true)])).await;
    let set = json!({"name": "set", "elementType": reference(&part)});
    let boxed = made(&shop, "box", json!([holds("content", reference(&part)), holds("spare", set)])).await;
    made(&shop, "pallet", json!([holds("boxes", reference(&boxed))])).await;
    let draft = |key: &str, attributes: Value| {
        json!({
            "key": key, "productType": {"key": key}, "name": {"en": "P"}, "slug": {"en": key},
            "masterVariant": {"attributes": attributes},
        })
    };
    let parts =
        |name: &str, size: Value| json!([{"name": name, "value": "x"}, {"name": "size", "value": size}]);
    let value = |name: &str, value: Value| json!({"name": name, "value": value});
    let given = parts("old-name", json!("s"));
    shop.create("/products", draft("box", json!([value("content", given.clone())]))).await;
    let remove = |key: &str| json!([{"action": "removeEnumValues", "attributeName": "size", "keys": [key]}]);
    assert_eq!(shop.update_refused("/product-types/key=part", remove("s")).await["code"], "EnumValueIsUsed");
    shop.update("/product-types/key=part", remove("m")).await;
    let set = json!([{"action": "setAttribute", "variantId": 1, "name": "spare", "value": [given]}]);
    shop.update("/products/key=box", set).await;
    let in_box = json!([value("content", given.clone()), value("spare", json!([given]))]);
    shop.create("/products", draft("pallet", json!([value("boxes", in_box)]))).await;
    shop.update(
        "/product-types/key=part",
        json!([
            {"action": "changeAttributeName", "attributeName": "old-name", "newAttributeName": "new-name"},
            {"action": "changeEnumKey", "attributeName": "size", "key": "s", "newKey": "small"},
        ]),
    )
    .await;
    let part = parts("new-name", json!({"key": "small", "label": "S"}));
    let expected = json!([value("content", part.clone()), value("spare", json!([part]))]);
    eventually(|| async {
        let attributes = async |key: &str| {
            let product = shop.get(&format!("/products/key={key}")).await;
            product["masterData"]["staged"]["masterVariant"]["attributes"].clone()
        };
        attributes("box").await == expected
            && attributes("pallet").await == json!([value("boxes", expected.clone())])
    })
    .await;
}

use crate::stage::{Stage, refused};
use serde_json::{Value, json};

fn draft(key: &str, fields: Value) -> Value {
    json!({"key": key, "name": {"en": key}, "resourceTypeIds": ["order", "store"], "fieldDefinitions": fields})
}

fn field(name: &str, field_type: Value) -> Value {
    json!({"name": name, "label": {"en": name}, "required": false, "type": field_type})
}

fn size() -> Value {
    field(
        "size",
        json!({"name": "Set", "elementType": {"name": "Enum", "values": [
            {"key": "s", "label": "Small"}, {"key": "m", "label": "Medium"},
        ]}}),
    )
}

#[tokio::test]
async fn a_type_shows_its_fields_with_the_default_hint() {
    let stage = Stage::new().await;
    let made = stage
        .made("/types", draft("shipping", json!([size(), field("note", json!({"name": "String"}))])))
        .await;
    assert_eq!(
        made["fieldDefinitions"][1],
        json!({
            "name": "note", "label": {"en": "note"}, "required": false, "type": {"name": "String"}, "inputHint": "SingleLine",
        })
    );
    assert_eq!(stage.get("/types/key=shipping").await.1["id"], made["id"]);
}

#[tokio::test]
async fn bad_definitions_are_refused() {
    let stage = Stage::new().await;
    let string = || json!({"name": "String"});
    let mut unknown = draft("bad", json!([]));
    unknown["resourceTypeIds"] = json!(["planet"]);
    let mut nothing = draft("bad", json!([]));
    nothing["resourceTypeIds"] = json!([]);
    for (draft, code) in [
        (draft("bad", json!([field("a", string())])), "InvalidField"),
        (draft("bad", json!([field("ab", string()), field("ab", string())])), "DuplicateField"),
        (draft("bad", json!([field("ab", json!({"name": "Text"}))])), "InvalidJsonInput"),
        (draft("b", json!([])), "InvalidJsonInput"),
        (unknown, "InvalidField"),
        (nothing, "InvalidField"),
    ] {
        assert_eq!(refused(&stage.post("/types", draft.clone()).await), code, "{draft}");
    }
    stage.made("/types", draft("taken", json!([]))).await;
    assert_eq!(refused(&stage.post("/types", draft("taken", json!([]))).await), "DuplicateField");
}

#[tokio::test]
async fn a_field_has_the_same_type_in_all_types_for_one_resource() {
    let stage = Stage::new().await;
    let note = |field_type: &str| field("note", json!({"name": field_type}));
    stage.made("/types", draft("one", json!([note("String")]))).await;
    assert_eq!(
        refused(&stage.post("/types", draft("two", json!([note("Number")]))).await),
        "InvalidOperation"
    );
    let mut elsewhere = draft("elsewhere", json!([note("Number")]));
    elsewhere["resourceTypeIds"] = json!(["customer"]);
    stage.made("/types", elsewhere).await;
    let same = stage.made("/types", draft("same", json!([note("String")]))).await;
    let empty = stage.made("/types", draft("empty", json!([]))).await;
    let add = |definition: Value| json!([{"action": "addFieldDefinition", "fieldDefinition": definition}]);
    assert_eq!(refused(&stage.change("/types", &empty, add(note("Boolean"))).await), "InvalidOperation");
    // A type does not conflict with itself.
    let again = json!([
        {"action": "removeFieldDefinition", "fieldName": "note"},
        {"action": "addFieldDefinition", "fieldDefinition": note("String")},
    ]);
    stage.changed("/types", &same, again).await;
}

#[tokio::test]
async fn hundreds_of_fields_are_compared_too() {
    let stage = Stage::new().await;
    let many: Vec<Value> =
        (0..350).map(|n| field(&format!("field-{n:-<30}"), json!({"name": "Date"}))).collect();
    stage.made("/types", draft("many", Value::Array(many.clone()))).await;
    let mut other = many;
    other[349]["type"] = json!({"name": "Time"});
    assert_eq!(refused(&stage.post("/types", draft("other", Value::Array(other))).await), "InvalidOperation");
}

#[tokio::test]
async fn fields_and_enum_values_are_changed() {
    let stage = Stage::new().await;
    let lenum = json!({"name": "LocalizedEnum", "values": [{"key": "x", "label": {"en": "X"}}]});
    let made = stage.made("/types", draft("one", json!([size(), field("letter", lenum)]))).await;
    let changed = stage.changed("/types", &made, json!([
        {"action": "changeKey", "key": "uno"},
        {"action": "changeName", "name": {"de": "Eins"}},
        {"action": "setDescription", "description": {"de": "Text"}},
        {"action": "addEnumValue", "fieldName": "size", "value": {"key": "l", "label": "Large"}},
        {"action": "changeEnumValueLabel", "fieldName": "size", "value": {"key": "s", "label": "Tiny"}},
        {"action": "changeEnumValueOrder", "fieldName": "size", "keys": ["l", "m", "s"]},
        {"action": "addLocalizedEnumValue", "fieldName": "letter", "value": {"key": "y", "label": {"en": "Y"}}},
        {"action": "changeLocalizedEnumValueLabel", "fieldName": "letter", "value": {"key": "x", "label": {"en": "Ex"}}},
        {"action": "changeLocalizedEnumValueOrder", "fieldName": "letter", "keys": ["y", "x"]},
        {"action": "changeLabel", "fieldName": "size", "label": {"en": "Size"}},
        {"action": "changeFieldDefinitionLabel", "fieldName": "letter", "label": {"en": "Letter"}},
        {"action": "changeInputHint", "fieldName": "letter", "inputHint": "MultiLine"},
        {"action": "changeFieldDefinitionOrder", "fieldNames": ["letter", "size"]},
    ])).await;
    assert_eq!(
        (&changed["key"], &changed["name"], &changed["version"]),
        (&json!("uno"), &json!({"de": "Eins"}), &json!(2))
    );
    let [letter, size] = changed["fieldDefinitions"].as_array().unwrap().as_slice() else {
        panic!("{changed}")
    };
    assert_eq!(
        size["type"]["elementType"]["values"],
        json!([
            {"key": "l", "label": "Large"}, {"key": "m", "label": "Medium"}, {"key": "s", "label": "Tiny"},
        ])
    );
    assert_eq!(
        letter["type"]["values"],
        json!([{"key": "y", "label": {"en": "Y"}}, {"key": "x", "label": {"en": "Ex"}}])
    );
    assert_eq!(
        (&letter["label"], &size["label"], &letter["inputHint"]),
        (&json!({"en": "Letter"}), &json!({"en": "Size"}), &json!("MultiLine"))
    );
}

#[tokio::test]
async fn changes_that_do_not_fit_are_refused() {
    let stage = Stage::new().await;
    let made =
        stage.made("/types", draft("one", json!([size(), field("note", json!({"name": "String"}))]))).await;
    for (action, code) in [
        (
            json!({"action": "addEnumValue", "fieldName": "size", "value": {"key": "s", "label": "S"}}),
            "EnumKeyAlreadyExists",
        ),
        (
            json!({"action": "changeEnumValueLabel", "fieldName": "size", "value": {"key": "xl", "label": "XL"}}),
            "EnumKeyDoesNotExist",
        ),
        (
            json!({"action": "changeEnumValueOrder", "fieldName": "size", "keys": ["m"]}),
            "EnumValuesMustMatch",
        ),
        (
            json!({"action": "addEnumValue", "fieldName": "note", "value": {"key": "s", "label": "S"}}),
            "InvalidOperation",
        ),
        (
            json!({"action": "addLocalizedEnumValue", "fieldName": "size", "value": {"key": "q", "label": {}}}),
            "InvalidOperation",
        ),
        (json!({"action": "removeFieldDefinition", "fieldName": "gone"}), "InvalidField"),
        (json!({"action": "changeFieldDefinitionOrder", "fieldNames": ["note"]}), "InvalidField"),
        (
            json!({"action": "addFieldDefinition", "fieldDefinition": field("note", json!({"name": "String"}))}),
            "DuplicateField",
        ),
    ] {
        assert_eq!(refused(&stage.change("/types", &made, json!([action])).await), code, "{action}");
    }
}

#[tokio::test]
async fn a_type_that_a_store_uses_stays() {
    let stage = Stage::new().await;
    let mut for_stores = draft("note", json!([field("note", json!({"name": "String"}))]));
    for_stores["resourceTypeIds"] = json!(["store"]);
    let note = stage.made("/types", for_stores).await;
    let custom = json!({"type": {"typeId": "type", "key": "note"}, "fields": {"note": "hello"}});
    let store = stage.made("/stores", json!({"key": "berlin", "custom": custom})).await;
    assert_eq!(
        store["custom"],
        json!({"type": {"typeId": "type", "id": note["id"]}, "fields": {"note": "hello"}})
    );
    let answer = stage.remove("/types", &note).await;
    assert_eq!(
        (refused(&answer), &answer.1["errors"][0]["referencedBy"]),
        ("ReferenceExists", &json!("store"))
    );
    stage.changed("/stores", &store, json!([{"action": "setCustomType"}])).await;
    assert_eq!(stage.remove("/types", &note).await.0, 200);
}

#[tokio::test]
async fn values_of_custom_fields_are_days_times_and_references_to_what_exists() {
    let stage = Stage::new().await;
    let channels = json!({"name": "Reference", "referenceTypeId": "channel"});
    let mut for_stores = draft(
        "various",
        json!([
            field("day", json!({"name": "Date"})),
            field("time", json!({"name": "Time"})),
            field("channel", channels.clone()),
            field("channels", json!({"name": "Set", "elementType": channels})),
        ]),
    );
    for_stores["resourceTypeIds"] = json!(["store"]);
    stage.made("/types", for_stores).await;
    let custom = |fields: Value| json!({"type": {"typeId": "type", "key": "various"}, "fields": fields});
    let shop = stage.made("/channels", json!({"key": "shop"})).await;
    let reference = json!({"typeId": "channel", "id": shop["id"]});
    let good = json!({
        "day": "2024-02-29", "time": "14:00:00.000", "channel": reference, "channels": [reference, reference],
    });
    let made = stage.made("/stores", json!({"key": "berlin", "custom": custom(good.clone())})).await;
    assert_eq!(made["custom"]["fields"]["channel"], reference);
    assert_eq!(made["custom"]["fields"]["channels"], json!([reference]));
    let dangling = json!({"typeId": "channel", "id": "00000000-0000-0000-0000-000000000000"});
    for (name, value, code) in [
        ("day", json!("2024-02-29T00:00:00Z"), "InvalidField"),
        ("day", json!("2023-02-29"), "InvalidField"),
        ("time", json!("2024-02-29T14:00:00"), "InvalidField"),
        ("time", json!("25:00:00"), "InvalidField"),
        ("channel", json!({"typeId": "store", "id": shop["id"]}), "InvalidField"),
        ("channel", dangling.clone(), "ReferencedResourceNotFound"),
        ("channels", json!([reference, dangling]), "ReferencedResourceNotFound"),
    ] {
        let draft = json!({"key": "paris", "custom": custom(json!({name: value}))});
        assert_eq!(refused(&stage.post("/stores", draft).await), code, "{name}: {value}");
        let set = json!([{"action": "setCustomField", "name": name, "value": value}]);
        assert_eq!(refused(&stage.change("/stores", &made, set).await), code, "{name}: {value}");
    }
}

#[tokio::test]
async fn custom_fields_are_set_removed_and_demanded() {
    let stage = Stage::new().await;
    let mut needed = field("needed", json!({"name": "Number"}));
    needed["required"] = json!(true);
    let mut for_stores =
        draft("note", json!([needed, field("note", json!({"name": "LocalizedString"})), size()]));
    for_stores["resourceTypeIds"] = json!(["store"]);
    stage.made("/types", for_stores).await;
    let mut for_channels = draft("other", json!([]));
    for_channels["resourceTypeIds"] = json!(["channel"]);
    stage.made("/types", for_channels).await;
    let custom = |key: &str, fields: Value| json!({"type": {"typeId": "type", "key": key}, "fields": fields});
    for (custom, code) in [
        (custom("note", json!({})), "RequiredField"),
        (custom("note", json!({"needed": null})), "RequiredField"),
        (custom("note", json!({"needed": "1"})), "InvalidField"),
        (custom("note", json!({"needed": 1, "unheard-of": 1})), "InvalidField"),
        (custom("note", json!({"needed": 1, "note": {"german": "x"}})), "InvalidField"),
        (custom("note", json!({"needed": 1, "size": ["xl"]})), "InvalidField"),
        (custom("note", json!({"needed": 1, "size": "s"})), "InvalidField"),
        (custom("other", json!({})), "InvalidOperation"),
        (custom("nowhere", json!({})), "ReferencedResourceNotFound"),
    ] {
        assert_eq!(
            refused(&stage.post("/stores", json!({"key": "berlin", "custom": custom})).await),
            code,
            "{custom}"
        );
    }
    let given = custom("note", json!({"needed": 1, "note": null, "size": ["s", "s", "m"]}));
    let made = stage.made("/stores", json!({"key": "berlin", "custom": given})).await;
    assert_eq!(made["custom"]["fields"], json!({"needed": 1, "size": ["s", "m"]}));
    let set = |name: &str, value: Value| json!({"action": "setCustomField", "name": name, "value": value});
    for (action, code) in [
        (set("needed", json!(null)), "RequiredField"),
        (set("note", json!(null)), "InvalidOperation"),
        (set("unheard-of", json!(1)), "InvalidField"),
    ] {
        assert_eq!(refused(&stage.change("/stores", &made, json!([action])).await), code, "{action}");
    }
    let both = json!([set("note", json!({"en": "x"})), set("size", json!(null))]);
    let changed = stage.changed("/stores", &made, both).await;
    assert_eq!(changed["custom"]["fields"], json!({"needed": 1, "note": {"en": "x"}}));
    let bare = stage.changed("/stores", &changed, json!([{"action": "setCustomType"}])).await;
    assert_eq!(bare.get("custom"), None);
    let no_type = stage.change("/stores", &bare, json!([set("needed", json!(1))])).await;
    assert_eq!(refused(&no_type), "InvalidOperation");
}

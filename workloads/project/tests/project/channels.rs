use crate::stage::{Stage, refused};
use serde_json::{Value, json};

#[tokio::test]
async fn a_channel_supplies_unless_it_says_otherwise() {
    let stage = Stage::new().await;
    assert_eq!(stage.made("/channels", json!({"key": "plain"})).await["roles"], json!(["InventorySupply"]));
    let made = stage.made("/channels", json!({"key": "shop", "roles": ["Primary", "Primary"]})).await;
    assert_eq!(made["roles"], json!(["Primary"]));
    let more = stage.changed("/channels", &made, json!([
        {"action": "addRoles", "roles": ["OrderExport", "Primary"]}, {"action": "removeRoles", "roles": ["Primary"]},
    ])).await;
    assert_eq!(more["roles"], json!(["OrderExport"]));
    let none = json!([{"action": "removeRoles", "roles": ["OrderExport"]}]);
    assert_eq!(refused(&stage.change("/channels", &more, none).await), "InvalidOperation");
    for (action, code) in [
        (json!({"action": "setRoles", "roles": []}), "InvalidOperation"),
        (json!({"action": "changeName", "name": {}}), "InvalidOperation"),
        (json!({"action": "setAddressCustomType"}), "InvalidInput"),
        (json!({"action": "setAddressCustomField", "name": "note", "value": "a"}), "InvalidInput"),
    ] {
        assert_eq!(refused(&stage.change("/channels", &more, json!([action])).await), code, "{action}");
    }
    assert_eq!(
        refused(&stage.post("/channels", json!({"key": "x1", "roles": []})).await),
        "InvalidOperation"
    );
    let reset = stage.changed("/channels", &more, json!([{"action": "setRoles"}])).await;
    assert_eq!(reset["roles"], json!(["InventorySupply"]));
    assert_eq!(
        refused(&stage.post("/channels", json!({"key": "x1", "roles": ["King"]})).await),
        "InvalidJsonInput"
    );
}

#[tokio::test]
async fn a_channel_lies_on_earth() {
    let stage = Stage::new().await;
    let at = |coordinates: Value| json!({"type": "Point", "coordinates": coordinates});
    let made = stage.made("/channels", json!({"key": "berlin", "geoLocation": at(json!([13.4, 52]))})).await;
    assert_eq!(made["geoLocation"], at(json!([13.4, 52])), "the numbers stay as they were sent");
    for (bad, code) in [
        (at(json!([181, 0])), "InvalidField"),
        (at(json!([0, -90.5])), "InvalidField"),
        (at(json!([13.4])), "InvalidJsonInput"),
        (json!({"type": "Polygon", "coordinates": [0, 0]}), "InvalidJsonInput"),
    ] {
        let draft = json!({"key": "bad", "geoLocation": bad});
        assert_eq!(refused(&stage.post("/channels", draft).await), code, "{bad}");
    }
    let near = "geoLocation%20within%20circle%2813.37%2C%2052.52%2C%20100000%29";
    assert_eq!(stage.get(&format!("/channels?where={near}")).await.1["total"], 1);
    let gone = stage.changed("/channels", &made, json!([{"action": "setGeoLocation"}])).await;
    assert_eq!(gone.get("geoLocation"), None);
}

#[tokio::test]
async fn a_channel_and_its_address_carry_custom_fields() {
    let stage = Stage::new().await;
    let definition =
        json!({"name": "note", "label": {"en": "note"}, "required": false, "type": {"name": "String"}});
    stage.made("/types", json!({
        "key": "note", "name": {"en": "note"}, "resourceTypeIds": ["channel", "address"], "fieldDefinitions": [definition],
    })).await;
    let custom = json!({"type": {"typeId": "type", "key": "note"}, "fields": {"note": "a"}});
    let address = json!({"country": "DE", "city": "Berlin", "custom": custom});
    let made = stage.made("/channels", json!({"key": "berlin", "address": address, "custom": custom})).await;
    assert_eq!(made["address"]["custom"]["fields"], json!({"note": "a"}));
    let changed = stage
        .changed(
            "/channels",
            &made,
            json!([
                {"action": "changeKey", "key": "bln"},
                {"action": "changeName", "name": {"en": "Berlin"}},
                {"action": "changeDescription", "description": {"en": "The one"}},
                {"action": "setCustomField", "name": "note", "value": "b"},
                {"action": "setAddressCustomField", "name": "note", "value": "c"},
            ]),
        )
        .await;
    assert_eq!(changed["custom"]["fields"], json!({"note": "b"}));
    assert_eq!(changed["address"]["custom"]["fields"], json!({"note": "c"}));
    assert_eq!(stage.get("/channels/key=bln").await.1, changed);
    let bare = stage
        .changed(
            "/channels",
            &changed,
            json!([
                {"action": "setCustomType"}, {"action": "setAddressCustomType"},
            ]),
        )
        .await;
    assert_eq!((bare.get("custom"), bare["address"].get("custom")), (None, None));
    let moved = stage.changed("/channels", &bare, json!([{"action": "setAddress"}])).await;
    let field = json!([{"action": "setAddressCustomType", "type": {"typeId": "type", "key": "note"}}]);
    assert_eq!(refused(&stage.change("/channels", &moved, field).await), "InvalidInput");
}

use crate::stage::{Stage, refused};
use serde_json::{Value, json};

async fn channel(stage: &Stage, key: &str, role: &str) -> Value {
    let made = stage.made("/channels", json!({"key": key, "roles": [role]})).await;
    json!({"typeId": "channel", "id": made["id"]})
}

#[tokio::test]
async fn a_store_shows_all_its_lists() {
    let stage = Stage::new().await;
    let sale = channel(&stage, "sale", "ProductDistribution").await;
    let supply = channel(&stage, "supply", "InventorySupply").await;
    let made = stage.made("/stores", json!({
        "key": "berlin", "name": {"en": "Berlin"}, "languages": ["de", "en", "de"], "countries": [{"code": "DE"}],
        "distributionChannels": [{"typeId": "channel", "key": "sale"}], "supplyChannels": [supply, supply],
    })).await;
    assert_eq!(made["languages"], json!(["de", "en"]));
    assert_eq!((&made["distributionChannels"], &made["supplyChannels"]), (&json!([sale]), &json!([supply])));
    assert_eq!(made["productSelections"], json!([]));
    let bare = stage.made("/stores", json!({"key": "bare"})).await;
    for list in ["languages", "countries", "distributionChannels", "supplyChannels", "productSelections"] {
        assert_eq!(bare[list], json!([]), "{list}");
    }
    let created = json!([{
        "type": "StoreCreated", "name": {"en": "Berlin"}, "languages": ["de", "en"], "countries": [{"code": "DE"}],
        "distributionChannels": [sale], "supplyChannels": [supply], "productSelections": [],
    }]);
    assert_eq!(Value::Array(stage.messages(&made).await), created);
}

#[tokio::test]
async fn a_store_takes_channels_with_the_role_and_languages_of_the_project() {
    let stage = Stage::new().await;
    let supply = channel(&stage, "supply", "InventorySupply").await;
    let answer = stage.post("/stores", json!({"key": "berlin", "distributionChannels": [supply]})).await;
    assert_eq!(refused(&answer), "MissingRoleOnChannel");
    let error = &answer.1["errors"][0];
    assert_eq!((&error["missingRole"], &error["channel"]), (&json!("ProductDistribution"), &supply));
    let answer = stage.post("/stores", json!({"key": "berlin", "languages": ["de", "it"]})).await;
    assert_eq!(refused(&answer), "ProjectNotConfiguredForLanguages");
    assert_eq!(answer.1["errors"][0]["languages"], json!(["it"]));
    let selection =
        json!([{"productSelection": {"typeId": "product-selection", "key": "summer"}, "active": true}]);
    let answer = stage.post("/stores", json!({"key": "berlin", "productSelections": selection})).await;
    assert_eq!(refused(&answer), "ReferencedResourceNotFound");
}

#[tokio::test]
async fn each_change_of_a_store_is_told_once() {
    let stage = Stage::new().await;
    let sale = channel(&stage, "sale", "ProductDistribution").await;
    let supply = channel(&stage, "supply", "InventorySupply").await;
    let made = stage.made("/stores", json!({"key": "berlin", "supplyChannels": [supply]})).await;
    let same = json!([
        {"action": "addSupplyChannel", "supplyChannel": supply},
        {"action": "removeCountry", "country": {"code": "FR"}},
        {"action": "setLanguages", "languages": []},
    ]);
    assert_eq!(stage.changed("/stores", &made, same).await, made);
    let changed = stage
        .changed(
            "/stores",
            &made,
            json!([
                {"action": "setName", "name": {"de": "Berlin", "en": "Berlin"}},
                {"action": "setLanguages", "languages": ["de", "fr"]},
                {"action": "setCountries", "countries": [{"code": "DE"}, {"code": "FR"}]},
                {"action": "addCountry", "country": {"code": "DE"}},
                {"action": "removeCountry", "country": {"code": "FR"}},
                {"action": "addDistributionChannel", "distributionChannel": sale},
                {"action": "setSupplyChannels"},
            ]),
        )
        .await;
    assert_eq!((&changed["countries"], &changed["supplyChannels"]), (&json!([{"code": "DE"}]), &json!([])));
    let told = stage.messages(&made).await;
    assert_eq!(
        Value::Array(told[1..].to_vec()),
        json!([
            {
                "type": "StoreNameSet", "name": {"de": "Berlin", "en": "Berlin"},
                "nameAllLocales": [{"de": "Berlin"}, {"en": "Berlin"}],
            },
            {"type": "StoreLanguagesChanged", "addedLanguages": ["de", "fr"]},
            {"type": "StoreCountriesChanged", "addedCountries": [{"code": "DE"}, {"code": "FR"}]},
            {"type": "StoreCountriesChanged", "removedCountries": [{"code": "FR"}]},
            {"type": "StoreDistributionChannelsChanged", "addedDistributionChannels": [sale]},
            {"type": "StoreSupplyChannelsChanged", "removedSupplyChannels": [supply]},
        ])
    );
}

#[tokio::test]
async fn stores_are_found_by_key_and_predicate() {
    let stage = Stage::new().await;
    let sale = channel(&stage, "sale", "ProductDistribution").await;
    stage
        .made(
            "/stores",
            json!({"key": "berlin", "countries": [{"code": "DE"}], "distributionChannels": [sale]}),
        )
        .await;
    stage.made("/stores", json!({"key": "paris", "countries": [{"code": "FR"}]})).await;
    for predicate in [
        "countries%28code%20%3D%20%22DE%22%29".to_owned(),
        format!("distributionChannels%28id%20%3D%20{}%29", sale["id"].to_string().replace('"', "%22")),
    ] {
        let (status, page) = stage.get(&format!("/stores?where={predicate}")).await;
        assert_eq!(
            (status, &page["total"], &page["results"][0]["key"]),
            (200, &json!(1), &json!("berlin")),
            "{page}"
        );
    }
    let expanded = stage.get("/stores/key=berlin?expand=distributionChannels%5B*%5D").await.1;
    assert_eq!(expanded["distributionChannels"][0]["obj"]["key"], "sale");
}

#[tokio::test]
async fn urls_of_the_storefront_are_set_told_and_absent_when_all_are_gone() {
    let stage = Stage::new().await;
    let urls = json!({
        "checkoutUrlTemplate": "https://shop.example/checkout/{checkoutId}", "orderUrlTemplate": null,
        "faqUrl": "https://shop.example/faq",
    });
    let made = stage.made("/stores", json!({"key": "berlin", "storefront": urls})).await;
    let expected = json!({
        "checkoutUrlTemplate": "https://shop.example/checkout/{checkoutId}", "faqUrl": "https://shop.example/faq",
    });
    assert_eq!(made["storefront"], expected);
    let bare = stage.made("/stores", json!({"key": "bare", "storefront": {"faqUrl": ""}})).await;
    assert_eq!(bare.get("storefront"), None);

    let names = [
        "checkoutUrlTemplate",
        "orderUrlTemplate",
        "termsOfServiceUrl",
        "privacyPolicyUrl",
        "refundPolicyUrl",
        "shippingPolicyUrl",
        "cookiePolicyUrl",
        "imprintUrl",
        "faqUrl",
        "contactUrl",
    ];
    let capital = |name: &str| format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let url = |name: &str| format!("https://shop.example/{name}/{{checkoutId}}/{{orderId}}");
    let set = names.map(|name| json!({"action": format!("set{}", capital(name)), name: url(name)}));
    let changed = stage.changed("/stores", &made, json!(set)).await;
    for name in names {
        assert_eq!(changed["storefront"][name], json!(url(name)));
    }
    assert_eq!(stage.changed("/stores", &changed, json!(set)).await, changed);
    let removed = names.map(|name| json!({"action": format!("set{}", capital(name)), name: null}));
    let emptied = stage.changed("/stores", &changed, json!(removed)).await;
    assert_eq!(emptied.get("storefront"), None);
    let told = stage.messages(&made).await;
    let told_set = names.map(|name| json!({"type": format!("Store{}Set", capital(name)), name: url(name)}));
    let told_removed = names.map(|name| json!({"type": format!("Store{}Set", capital(name))}));
    assert_eq!(Value::Array(told[1..].to_vec()), json!([told_set, told_removed].concat()));

    for (name, value) in [
        ("faqUrl", "http://shop.example/faq"),
        ("contactUrl", "/contact"),
        ("orderUrlTemplate", "https://shop.example/{checkoutId}"),
    ] {
        let action = json!({"action": format!("set{}", capital(name)), name: value});
        assert_eq!(
            refused(&stage.change("/stores", &emptied, json!([action])).await),
            "InvalidField",
            "{name}"
        );
        let draft = json!({"key": "other", "storefront": {name: value}});
        assert_eq!(refused(&stage.post("/stores", draft).await), "InvalidField", "{name}");
    }
}

#[tokio::test]
async fn product_selections_are_dangling_references_and_a_store_can_be_without() {
    let stage = Stage::new().await;
    let made = stage.made("/stores", json!({"key": "berlin"})).await;
    let named = json!({"typeId": "product-selection", "key": "summer"});
    for action in [
        json!({"action": "addProductSelection", "productSelection": named, "active": true}),
        json!({"action": "changeProductSelectionActive", "productSelection": named}),
        json!({"action": "setProductSelections", "productSelections": [{"productSelection": named}]}),
    ] {
        let answer = stage.change("/stores", &made, json!([action])).await;
        assert_eq!(refused(&answer), "ReferencedResourceNotFound", "{action}");
        assert_eq!(answer.1["errors"][0]["typeId"], "product-selection");
    }
    let none = json!([
        {"action": "removeProductSelection", "productSelection": named},
        {"action": "setProductSelections", "productSelections": []},
        {"action": "setProductSelections"},
    ]);
    assert_eq!(stage.changed("/stores", &made, none).await, made);
}

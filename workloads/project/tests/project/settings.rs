use crate::stage::{Stage, declared, refused};
use serde_json::{Value, json};

#[tokio::test]
async fn a_declared_project_shows_its_settings_and_no_id() {
    let stage = Stage::new().await;
    let (status, mut project) = stage.get("").await;
    assert_eq!(status, 200);
    assert!(project.as_object_mut().unwrap().remove("createdAt").is_some());
    let expected = json!({
        "version": 1, "key": "demo", "name": "Demo", "currencies": ["EUR", "USD"], "countries": ["DE", "US"],
        "languages": ["en", "de", "fr"],
        "messages": {"enabled": false, "deleteDaysAfterCreation": 15},
        "carts": {"deleteDaysAfterLastModification": 90, "countryTaxRateFallbackEnabled": false},
        "inventory": {"releaseExpiredReservations": true},
        "discounts": {"discountCombinationMode": "Stacking"},
    });
    assert_eq!(project, expected);
}

#[tokio::test]
async fn settings_are_changed_together_under_their_version() {
    let stage = Stage::new().await;
    let actions = json!([
        {"action": "changeName", "name": "Shop"},
        {"action": "changeCountries", "countries": ["FR", "FR"]},
        {"action": "changeCurrencies", "currencies": ["CHF"]},
        {"action": "changeLanguages", "languages": ["fr", "en"]},
        {"action": "changeMessagesEnabled", "messagesEnabled": true},
        {"action": "changeCountryTaxRateFallbackEnabled", "countryTaxRateFallbackEnabled": true},
        {"action": "changePriceRoundingMode", "priceRoundingMode": "HalfUp"},
        {"action": "changeTaxRoundingMode", "taxRoundingMode": "HalfDown"},
        {"action": "changeShoppingListsConfiguration", "shoppingListsConfiguration": {"deleteDaysAfterLastModification": 360}},
        {"action": "setShippingRateInputType", "shippingRateInputType": {"type": "CartClassification", "values": [{"key": "s", "label": {"en": "S"}}]}},
        {"action": "setReservationExpirationInMinutes", "reservationExpirationInMinutes": 30},
        {"action": "setReleaseExpiredReservations", "releaseExpiredReservations": false},
    ]);
    let (status, project) = stage.post("", json!({"version": 1, "actions": actions})).await;
    assert_eq!((status, &project["version"]), (200, &json!(2)), "{project}");
    assert_eq!(project["name"], "Shop");
    assert_eq!(project["countries"], json!(["FR"]));
    assert_eq!(project["languages"], json!(["fr", "en"]));
    assert_eq!(project["messages"], json!({"enabled": true, "deleteDaysAfterCreation": 15}));
    assert_eq!(
        project["carts"],
        json!({
            "deleteDaysAfterLastModification": 90, "countryTaxRateFallbackEnabled": true,
            "priceRoundingMode": "HalfUp", "taxRoundingMode": "HalfDown",
        })
    );
    assert_eq!(project["shippingRateInputType"]["values"][0]["key"], "s");
    assert_eq!(
        project["inventory"],
        json!({"reservationExpirationInMinutes": 30, "releaseExpiredReservations": false})
    );
    let (status, error) = stage.post("", json!({"version": 1, "actions": []})).await;
    assert_eq!((status, &error["errors"][0]["currentVersion"]), (409, &json!(2)));
}

#[tokio::test]
async fn settings_out_of_their_bounds_are_refused() {
    let stage = Stage::new().await;
    let carts = |days: i64| json!({"action": "changeCartsConfiguration", "cartsConfiguration": {"deleteDaysAfterLastModification": days}});
    let messages = |days: i64| json!({"action": "changeMessagesConfiguration", "messagesConfiguration": {"enabled": true, "deleteDaysAfterCreation": days}});
    let lists = |days: i64| json!({"action": "changeShoppingListsConfiguration", "shoppingListsConfiguration": {"deleteDaysAfterLastModification": days}});
    let minutes = |minutes: u32| json!({"action": "setReservationExpirationInMinutes", "reservationExpirationInMinutes": minutes});
    let twice = json!([{"key": "s", "label": {}}, {"key": "s", "label": {}}]);
    for (action, code) in [
        (carts(0), "InvalidField"),
        (carts(365_251), "InvalidField"),
        (carts(-1), "InvalidJsonInput"),
        (messages(0), "InvalidField"),
        (messages(91), "InvalidField"),
        (lists(0), "InvalidField"),
        (json!({"action": "changeName", "name": ""}), "InvalidField"),
        (json!({"action": "changeCurrencies", "currencies": []}), "InvalidField"),
        (json!({"action": "changeLanguages", "languages": []}), "InvalidOperation"),
        (minutes(0), "InvalidField"),
        (minutes(44_641), "InvalidField"),
        (json!({"action": "changeCurrencies", "currencies": ["XYZ"]}), "InvalidJsonInput"),
        (
            json!({"action": "setShippingRateInputType", "shippingRateInputType": {"type": "CartClassification", "values": twice}}),
            "DuplicateField",
        ),
        (json!({"action": "launchRockets"}), "InvalidJsonInput"),
    ] {
        assert_eq!(
            refused(&stage.post("", json!({"version": 1, "actions": [action]})).await),
            code,
            "{action}"
        );
    }
    for action in [carts(1), carts(365_250), messages(90), lists(365_250), minutes(1), minutes(44_640)] {
        let version = stage.get("").await.1["version"].clone();
        assert_eq!(stage.post("", json!({"version": version, "actions": [action]})).await.0, 200, "{action}");
    }
}

#[tokio::test]
async fn a_language_of_a_store_stays() {
    let stage = Stage::new().await;
    stage.made("/stores", json!({"key": "berlin", "languages": ["de"]})).await;
    let languages = |languages: Value| json!({"version": 1, "actions": [{"action": "changeLanguages", "languages": languages}]});
    assert_eq!(refused(&stage.post("", languages(json!(["en"]))).await), "LanguageUsedInStores");
    assert_eq!(stage.post("", languages(json!(["de", "en"]))).await.0, 200);
    let mut other = declared();
    other["languages"] = json!(["en"]);
    assert_eq!(refused(&stage.declare(&other).await), "LanguageUsedInStores");
}

#[tokio::test]
async fn the_manifest_changes_only_what_it_says_differently() {
    let stage = Stage::new().await;
    let rename = json!({"version": 1, "actions": [{"action": "changeName", "name": "Mine"}]});
    assert_eq!(stage.post("", rename).await.0, 200);
    assert_eq!(stage.declare(&declared()).await.0, 200);
    let project = stage.get("").await.1;
    assert_eq!(
        (&project["name"], &project["version"]),
        (&json!("Mine"), &json!(2)),
        "the same manifest changes nothing"
    );
    let mut more = declared();
    more["currencies"] = json!(["EUR", "GBP"]);
    assert_eq!(stage.declare(&more).await.0, 200);
    let project = stage.get("").await.1;
    assert_eq!((&project["name"], &project["currencies"]), (&json!("Mine"), &json!(["EUR", "GBP"])));
    assert_eq!(project["version"], 3);
    more["name"] = json!("Theirs");
    assert_eq!(stage.declare(&more).await.0, 200);
    assert_eq!(stage.get("").await.1["name"], "Theirs");
}

#[tokio::test]
async fn declaring_at_the_same_time_makes_one_project_with_one_initial_state() {
    let stage = Stage::new().await;
    let mut other = declared();
    other["key"] = json!("other");
    let (a, b, c) = tokio::join!(stage.declare(&other), stage.declare(&other), stage.declare(&other));
    assert_eq!((a.0, b.0, c.0), (200, 200, 200), "{a:?} {b:?} {c:?}");
    assert_eq!(stage.get("/states").await.1["total"], 1);
}

#[tokio::test]
async fn settings_demand_their_scope() {
    let stage = Stage::new().await;
    assert_eq!(stage.status_as("view_project_settings:demo", "GET", "").await, 200);
    assert_eq!(stage.status_as("view_project_settings:demo", "HEAD", "").await, 200);
    assert_eq!(stage.status_as("view_project_settings:demo", "POST", "").await, 403);
    assert_eq!(stage.status_as("manage_orders:demo", "GET", "").await, 403);
}

#[tokio::test]
async fn settings_for_what_is_not_built_yet_are_kept_and_shown() {
    let stage = Stage::new().await;
    let update = async |version: u32, actions: Value| {
        let (status, project) = stage.post("", json!({"version": version, "actions": actions})).await;
        assert_eq!((status, &project["version"]), (200, &json!(version + 1)), "{project}");
        project
    };
    let endpoint =
        |header: &str| json!({"url": "https://login.example/introspect", "authorizationHeader": header});
    let project = update(
        1,
        json!([
            {"action": "setExternalOAuth", "externalOAuth": endpoint("Bearer 0123456789abcdef")},
            {"action": "changeMyBusinessUnitStatusOnCreation", "status": "Active"},
            {"action": "setDiscountsConfiguration", "discountsConfiguration": {"discountCombinationMode": "Stacking"}},
            {"action": "setProductCatalogModel", "productCatalogModel": "Classic"},
        ]),
    )
    .await;
    assert_eq!(project["externalOAuth"], endpoint("****cdef"));
    assert_eq!(project["businessUnits"], json!({"myBusinessUnitStatusOnCreation": "Active"}));
    assert_eq!(project["productCatalogModel"], "Classic");
    let short =
        update(2, json!([{"action": "setExternalOAuth", "externalOAuth": endpoint("Bearer abc")}])).await;
    assert_eq!(short["externalOAuth"], endpoint("****"), "nothing of a short one is shown");
    let removed = update(3, json!([{"action": "setExternalOAuth"}])).await;
    assert_eq!(removed.get("externalOAuth"), None);
    for bad in [
        json!({"url": "login.example", "authorizationHeader": "Bearer abc"}),
        endpoint(" Bearer abc"),
        endpoint("ab"),
    ] {
        let action = json!({"action": "setExternalOAuth", "externalOAuth": bad});
        assert_eq!(
            refused(&stage.post("", json!({"version": 4, "actions": [action]})).await),
            "InvalidField"
        );
    }
    for action in [
        json!({"action": "setDiscountsConfiguration", "discountsConfiguration": {"discountCombinationMode": "BestDeal"}}),
        json!({"action": "setProductCatalogModel", "productCatalogModel": "Modular"}),
        json!({"action": "changeProductSearchIndexingEnabled", "enabled": true}),
    ] {
        let answer = stage.post("", json!({"version": 4, "actions": [action]})).await;
        assert_eq!(refused(&answer), "InvalidJsonInput", "what is not built is not there: {action}");
    }
}

//! What customers say of themselves, and their addresses.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn addresses_in_a_draft_are_found_by_their_place() {
    let world = World::open().await;
    let made = world
        .customer("ida@example.org", json!({
            "addresses": [{"country": "DE", "id": "mine"}, {"country": "AT"}, {"country": "FR"}, {"country": "US"}],
            "billingAddresses": [3], "defaultBillingAddress": 0, "shippingAddresses": [1, 1], "defaultShippingAddress": 1,
        }))
        .await;
    let ids: Vec<&Value> =
        made["addresses"].as_array().unwrap().iter().map(|address| &address["id"]).collect();
    assert_ne!(ids[0], "mine", "ids are ours");
    assert_eq!(made["billingAddressIds"], json!([ids[0], ids[3]]));
    assert_eq!(made["defaultBillingAddressId"], *ids[0]);
    assert_eq!(made["shippingAddressIds"], json!([ids[1]]));
    assert_eq!(made["defaultShippingAddressId"], *ids[1]);
}

#[tokio::test]
async fn an_address_comes_changes_and_goes_with_its_uses() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({})).await;
    let changed = world
        .update(
            &made,
            json!([
                {"action": "addAddress", "address": {"country": "DE", "key": "home", "city": "Berlin"}},
                {"action": "addAddress", "address": {"country": "AT", "key": "work"}},
                {"action": "setDefaultBillingAddress", "addressKey": "work"},
                {"action": "addBillingAddressId", "addressKey": "home"},
                {"action": "addBillingAddressId", "addressKey": "home"},
                {"action": "addShippingAddressId", "addressKey": "home"},
            ]),
        )
        .await;
    let (home, work) = (&changed["addresses"][0], &changed["addresses"][1]);
    assert_eq!(
        changed["billingAddressIds"],
        json!([home["id"], work["id"]]),
        "in the order of the addresses"
    );
    assert_eq!(changed["defaultBillingAddressId"], work["id"]);
    let moved = world
        .update(&made, json!([
            {"action": "changeAddress", "addressId": home["id"], "address": {"country": "DE", "key": "home", "city": "Bonn"}},
            {"action": "removeBillingAddressId", "addressKey": "work"},
            {"action": "setDefaultShippingAddress", "addressId": home["id"]},
        ]))
        .await;
    assert_eq!((&moved["addresses"][0]["id"], &moved["addresses"][0]["city"]), (&home["id"], &json!("Bonn")));
    assert_eq!(moved["defaultBillingAddressId"], Value::Null, "it went with its place in the list");
    let gone = world
        .update(
            &made,
            json!([
                {"action": "removeAddress", "addressKey": "home"},
                {"action": "setDefaultShippingAddress"},
            ]),
        )
        .await;
    assert_eq!(gone["addresses"].as_array().unwrap().len(), 1);
    assert_eq!((&gone["shippingAddressIds"], &gone["billingAddressIds"]), (&json!([]), &json!([])));
    assert_eq!(gone["defaultShippingAddressId"], Value::Null);

    let messages = world.heard.messages().await;
    let types: Vec<&str> = messages.iter().skip(1).map(|m| m["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "CustomerAddressAdded",
            "CustomerAddressAdded",
            "CustomerDefaultBillingAddressSet",
            "CustomerBillingAddressAdded",
            "CustomerShippingAddressAdded",
            "CustomerAddressChanged",
            "CustomerBillingAddressRemoved",
            "CustomerDefaultShippingAddressSet",
            "CustomerAddressRemoved",
        ]
    );
    assert_eq!(messages[6]["addressRoles"], json!(["Shipping", "Billing"]));
    assert_eq!(messages[9]["address"]["city"], "Bonn");
    for action in ["removeAddress", "addShippingAddressId", "setDefaultBillingAddress"] {
        let error = world.update_refused(&made, json!([{"action": action, "addressId": "none"}])).await;
        assert_eq!(error["code"], "InvalidOperation", "{action}");
    }
    world.update_refused(&made, json!([{"action": "removeAddress"}])).await;
}

#[tokio::test]
async fn only_what_really_changes_is_told() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({})).await;
    let actions = json!([
        {"action": "setFirstName", "firstName": "Ida"}, {"action": "setLastName", "lastName": "Lind"},
        {"action": "setTitle", "title": "Dr."}, {"action": "setDateOfBirth", "dateOfBirth": "1990-02-28"},
        {"action": "setCompanyName", "companyName": "Lind"}, {"action": "setExternalId", "externalId": "x-1"},
        {"action": "setMiddleName", "middleName": "M"}, {"action": "setSalutation", "salutation": "Ms"},
        {"action": "setVatId", "vatId": "DE1"}, {"action": "setKey", "key": "ida"}, {"action": "setLocale", "locale": "de"},
        {"action": "setCustomerNumber", "customerNumber": "1"},
    ]);
    let changed = world.update(&made, actions.clone()).await;
    assert_eq!(changed["version"], 2);
    let again = world.update(&made, actions).await;
    assert_eq!(again, changed, "nothing new, no new version");
    assert_eq!(
        world.heard.message_types().await,
        [
            "CustomerCreated",
            "CustomerFirstNameSet",
            "CustomerLastNameSet",
            "CustomerTitleSet",
            "CustomerDateOfBirthSet",
            "CustomerCompanyNameSet",
            "CustomerExternalIdSet",
        ]
    );
    let messages = world.heard.messages().await;
    assert_eq!(messages[1]["firstName"], "Ida");
    assert_eq!(messages[1]["sequenceNumber"], 2);
    let named = json!({"key": "ida", "externalId": "x-1", "customerNumber": "1"});
    assert_eq!(messages[1]["resourceUserProvidedIdentifiers"], named);
    let cleared =
        world.update(&made, json!([{"action": "setFirstName"}, {"action": "setKey", "key": null}])).await;
    assert_eq!((&cleared["firstName"], &cleared["key"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_customer_number_stays_and_is_unique() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({"customerNumber": "1", "key": "ida"})).await;
    for action in [
        json!({"action": "setCustomerNumber", "customerNumber": "2"}),
        json!({"action": "setCustomerNumber"}),
    ] {
        assert_eq!(world.update_refused(&made, json!([action])).await["code"], "InvalidOperation");
    }
    for (field, value) in [("customerNumber", "1"), ("key", "ida")] {
        let error = world
            .refused("/customers", json!({"email": "eve@example.org", "password": "x", field: value}))
            .await;
        assert_eq!((&error["code"], &error["field"]), (&json!("DuplicateField"), &json!(field)));
    }
    assert_eq!(world.get("/customers/key=ida").await["id"], made["id"]);
}

#[tokio::test]
async fn stores_are_told_with_those_before() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({})).await;
    let changed = world
        .update(
            &made,
            json!([
                {"action": "setStores", "stores": [{"key": "berlin"}]},
                {"action": "addStore", "store": {"key": "berlin"}},
                {"action": "addStore", "store": {"id": "store-paris"}},
                {"action": "removeStore", "store": {"key": "berlin"}},
            ]),
        )
        .await;
    assert_eq!(changed["stores"], json!([{"typeId": "store", "key": "paris"}]));
    let messages = world.heard.messages().await;
    assert_eq!(messages.len(), 4);
    assert_eq!((&messages[1]["type"], &messages[1]["oldStores"]), (&json!("CustomerStoresSet"), &json!([])));
    assert_eq!(
        messages[2]["stores"],
        json!([{"typeId": "store", "key": "berlin"}, {"typeId": "store", "key": "paris"}])
    );
    assert_eq!(world.login("ida@example.org", "secret").await, 400, "no global customer any more");
}

#[tokio::test]
async fn custom_fields_of_customers_and_addresses_are_told() {
    let world = World::open().await;
    let custom = json!({"type": {"typeId": "type", "key": "badge"}, "fields": {"colour": "red"}});
    let made = world
        .customer(
            "ida@example.org",
            json!({"custom": custom, "addresses": [{"country": "DE", "custom": custom}]}),
        )
        .await;
    let stored = json!({"type": {"typeId": "type", "id": "type-badge"}, "fields": {"colour": "red"}});
    assert_eq!((&made["custom"], &made["addresses"][0]["custom"]), (&stored, &stored));
    let address = &made["addresses"][0]["id"];
    world
        .update(&made, json!([
            {"action": "setCustomField", "name": "colour", "value": "blue"},
            {"action": "setCustomField", "name": "colour"},
            {"action": "setCustomType"},
            {"action": "setAddressCustomField", "addressId": address, "name": "colour", "value": "green"},
            {"action": "setAddressCustomType", "addressId": address},
            {"action": "setAddressCustomType", "addressId": address, "type": {"key": "badge"}, "fields": {}},
        ]))
        .await;
    let messages = world.heard.messages().await;
    let types: Vec<&str> = messages.iter().skip(1).map(|m| m["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "CustomerCustomFieldChanged",
            "CustomerCustomFieldRemoved",
            "CustomerCustomTypeRemoved",
            "CustomerAddressCustomFieldChanged",
            "CustomerAddressCustomTypeRemoved",
            "CustomerAddressCustomTypeSet",
        ]
    );
    assert_eq!((&messages[1]["value"], &messages[1]["previousValue"]), (&json!("blue"), &json!("red")));
    assert_eq!(messages[3]["previousTypeId"], "type-badge");
    assert_eq!(messages[4]["addressId"], *address);
    assert_eq!(messages[6]["customFields"]["fields"], json!({}));
}

#[tokio::test]
async fn customers_are_found_by_what_they_say() {
    let world = World::open().await;
    let made = world
        .customer(
            "ida@example.org",
            json!({"lastName": "Lind", "addresses": [{"country": "DE", "city": "Berlin"}]}),
        )
        .await;
    world.customer("eve@example.org", json!({})).await;
    for predicate in [
        "email = \"ida@example.org\"",
        "lastName = \"Lind\"",
        "addresses(city = \"Berlin\")",
        "dateOfBirth is not defined and lastName is defined",
    ] {
        let found = world.get(&format!("/customers?where={predicate}")).await;
        assert_eq!((&found["count"], &found["results"][0]["id"]), (&json!(1), &made["id"]), "{predicate}");
    }
    for hidden in ["passwordHash", "hidden", "passwordChanged", "passwordTokens"] {
        assert_eq!(world.status_of(&format!("/customers?where={hidden} is defined")).await, 400, "{hidden}");
        assert_eq!(world.status_of(&format!("/customers?sort={hidden}")).await, 400, "{hidden}");
    }
}

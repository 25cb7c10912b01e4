//! Customer groups, and belonging to them.

use crate::world::{World, eventually};
use serde_json::{Value, json};

async fn group(world: &World, key: &str) -> Value {
    world.post("/customer-groups", json!({"groupName": key, "key": key}), 201).await
}

#[tokio::test]
async fn a_group_lives_as_every_resource() {
    let world = World::open().await;
    let made = group(&world, "vip").await;
    assert_eq!((&made["name"], &made["key"]), (&json!("vip"), &json!("vip")));
    let actions = json!([
        {"action": "changeName", "name": "VIP"},
        {"action": "setKey", "key": "very-important"},
        {"action": "setCustomType", "type": {"key": "badge"}, "fields": {"colour": "gold"}},
        {"action": "setCustomField", "name": "colour", "value": "silver"},
    ]);
    let changed =
        world.post("/customer-groups/key=vip", json!({"version": 1, "actions": actions}), 200).await;
    assert_eq!((&changed["name"], &changed["version"]), (&json!("VIP"), &json!(2)));
    assert_eq!(changed["custom"]["fields"], json!({"colour": "silver"}));
    assert_eq!(
        world.heard.message_types().await,
        ["CustomerGroupCustomTypeSet", "CustomerGroupCustomFieldChanged"]
    );
    let error = world.refused("/customer-groups", json!({"groupName": ""})).await;
    assert_eq!(error["code"], "RequiredField");
    world.refused("/customer-groups", json!({"groupName": "other", "key": "very-important"})).await;
    let error = world.refused("/customer-groups", json!({"groupName": "VIP"})).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("DuplicateField"), &json!("name")));
}

#[tokio::test]
async fn a_group_with_customers_cannot_be_deleted() {
    let world = World::open().await;
    let (vip, trade) = (group(&world, "vip").await, group(&world, "trade").await);
    let draft = json!({"customerGroup": {"key": "vip"}, "customerGroupAssignments": [{"customerGroup": {"id": trade["id"]}}]});
    let made = world.customer("ida@example.org", draft).await;
    assert_eq!(made["customerGroup"], json!({"typeId": "customer-group", "id": vip["id"]}));
    let delete = async |key: &str| {
        world
            .call(
                &crate::world::Who::admin(),
                "DELETE",
                &format!("/customer-groups/key={key}?version=1"),
                Value::Null,
            )
            .await
    };
    for key in ["vip", "trade"] {
        let (status, body) = delete(key).await;
        assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("ReferenceExists")), "{key}");
    }
    world.update(&made, json!([{"action": "setCustomerGroup"}])).await;
    assert_eq!(delete("vip").await.0, 200);
}

#[tokio::test]
async fn a_change_of_groups_is_told_and_prices_the_carts_anew() {
    let world = World::open().await;
    let (vip, trade) = (group(&world, "vip").await, group(&world, "trade").await);
    let made = world.customer("ida@example.org", json!({})).await;
    let to = |id: &Value| json!({"customerGroup": {"typeId": "customer-group", "id": id}});
    let changed = world
        .update(&made, json!([
            {"action": "setCustomerGroup", "customerGroup": {"key": "vip"}},
            {"action": "addCustomerGroupAssignment", "customerGroupAssignment": to(&vip["id"])},
            {"action": "addCustomerGroupAssignment", "customerGroupAssignment": to(&vip["id"])},
            {"action": "setCustomerGroupAssignments", "customerGroupAssignments": [to(&vip["id"]), to(&trade["id"])]},
            {"action": "removeCustomerGroupAssignment", "customerGroup": {"key": "vip"}},
        ]))
        .await;
    assert_eq!(changed["customerGroupAssignments"], json!([to(&trade["id"])]));
    assert_eq!(
        world.heard.message_types().await,
        [
            "CustomerCreated",
            "CustomerGroupSet",
            "CustomerGroupAssignmentAdded",
            "CustomerGroupAssignmentsSet",
            "CustomerGroupAssignmentRemoved"
        ]
    );
    eventually(async || !world.asked("/reprice").is_empty()).await;
    let asked = &world.asked("/reprice")[0];
    assert_eq!(asked["customerId"], made["id"]);
    assert_eq!(asked["customerGroup"]["id"], vip["id"]);
    assert_eq!(asked["customerGroupAssignments"], json!([trade["id"]]));
    assert_eq!(world.asked("/check-reprice")[0], *asked, "before it is done");
    let error = world
        .update_refused(
            &made,
            json!([{"action": "removeCustomerGroupAssignment", "customerGroup": {"key": "vip"}}]),
        )
        .await;
    assert_eq!(error["code"], "InvalidOperation");
}

#[tokio::test]
async fn a_group_without_prices_for_the_cart_is_refused() {
    let world = World::open().await;
    let vip = group(&world, "vip").await;
    let made = world.customer("ida@example.org", json!({})).await;
    let set = json!([{"action": "setCustomerGroup", "customerGroup": {"key": "vip"}}]);
    let no_price = json!({"code": "MatchingPriceNotFound", "message": "no price"});
    world.cart_answers(json!({"statusCode": 400, "message": "no price", "errors": [no_price]}));
    assert_eq!(world.update_refused(&made, set.clone()).await["code"], "MatchingPriceNotFound");
    let held = world.get(&format!("/customers/{}", made["id"].as_str().unwrap())).await;
    assert_eq!((&held["version"], &held["customerGroup"]), (&json!(1), &Value::Null));
    world.cart_answers(Value::Null);
    let changed = world.update(&made, set.clone()).await;
    assert_eq!(changed["customerGroup"]["id"], vip["id"]);
    assert!(!world.asked("/reprice").is_empty(), "before the answer");
    let asked = world.asked("/check-reprice").len();
    world.update(&made, set).await;
    assert_eq!(world.asked("/check-reprice").len(), asked, "nothing changed");
}

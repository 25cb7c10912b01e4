//! Changing and resetting passwords, verifying e-mail addresses.

use crate::world::{Who, World};
use serde_json::{Value, json};

#[tokio::test]
async fn who_knows_the_password_changes_it() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let change = |version: i64, current: &str| json!({"id": ida["id"], "version": version, "currentPassword": current, "newPassword": "second"});
    let error = world.refused("/customers/password", change(1, "wrong")).await;
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("InvalidCurrentPassword"), &json!("The given current password does not match."))
    );
    assert_eq!(
        world.post("/customers/password", change(9, "secret"), 409).await["errors"][0]["code"],
        "ConcurrentModification"
    );
    let changed = world.post("/customers/password", change(1, "secret"), 200).await;
    assert_eq!(
        (&changed["password"], &changed["version"]),
        (&json!("****"), &json!(2)),
        "the change shows in the version"
    );
    assert_eq!(world.login("ida@example.org", "secret").await, 400);
    assert_eq!(world.login("ida@example.org", "second").await, 200);
    let last = world.heard.messages().await.pop().unwrap();
    assert_eq!((&last["type"], &last["reset"]), (&json!("CustomerPasswordUpdated"), &json!(false)));

    let me = Who::customer(&ida["id"]);
    let mine = json!({"version": 2, "currentPassword": "second", "newPassword": "third"});
    assert_eq!(world.call(&me, "POST", "/me/password", mine).await.0, 200);
    assert_eq!(world.login("ida@example.org", "third").await, 200);
    assert!(world.asked("/revoke-customer").is_empty(), "a change keeps the sessions");
}

#[tokio::test]
async fn a_token_resets_the_password_once_and_ends_all_sessions() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let token = world.post("/customers/password-token", json!({"email": "IDA@example.org"}), 200).await;
    assert_eq!(token["customerId"], ida["id"]);
    assert_eq!(token["createdAt"], token["lastModifiedAt"]);
    let value = token["value"].as_str().unwrap();
    assert_eq!(
        world.get(&format!("/customers/password-token={value}")).await,
        ida,
        "a token changes no version"
    );
    assert_eq!(world.status_of(&format!("/customers/email-token={value}")).await, 404);
    let error =
        world.refused("/customers/password/reset", json!({"tokenValue": value, "newPassword": ""})).await;
    assert_eq!(error["code"], "RequiredField");

    let reset = json!({"tokenValue": value, "newPassword": "second"});
    let changed = world.post("/customers/password/reset", reset.clone(), 200).await;
    assert_eq!(changed["version"], 2);
    assert_eq!(world.asked("/revoke-customer"), [json!({"customerId": ida["id"]})]);
    assert_eq!(world.login("ida@example.org", "second").await, 200);
    assert_eq!(
        world.post("/customers/password/reset", reset, 404).await["errors"][0]["code"],
        "ResourceNotFound"
    );
    assert_eq!(world.status_of(&format!("/customers/password-token={value}")).await, 404);
    let types = world.heard.message_types().await;
    assert_eq!(types, ["CustomerCreated", "CustomerPasswordTokenCreated", "CustomerPasswordUpdated"]);
    let messages = world.heard.messages().await;
    assert_eq!(messages[1]["value"], Value::Null, "a token of a day is not told");
    assert_eq!(messages[1]["resource"], json!({"typeId": "customer-password-token", "id": token["id"]}));
    assert_eq!(messages[2]["reset"], true);
    world.post("/customers/password-token", json!({"email": "eve@example.org"}), 404).await;
    world.refused("/customers/password-token", json!({"email": "ida@example.org", "ttlMinutes": 0})).await;
}

#[tokio::test]
async fn a_guest_resets_a_forgotten_password() {
    let world = World::open().await;
    world.customer("ida@example.org", json!({})).await;
    let token = world
        .post("/customers/password-token", json!({"email": "ida@example.org", "ttlMinutes": 10}), 200)
        .await;
    let reset = json!({"tokenValue": token["value"], "newPassword": "second"});
    let (status, body) = world.call(&Who::guest("anna"), "POST", "/me/password/reset", reset).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(world.login("ida@example.org", "second").await, 200);
    assert_eq!(world.heard.messages().await[1]["value"], token["value"], "a short-lived token is told");
}

#[tokio::test]
async fn an_address_is_verified_once_by_its_own_customer() {
    let world = World::open().await;
    let (ida, eve) = (
        world.customer("ida@example.org", json!({})).await,
        world.customer("eve@example.org", json!({})).await,
    );
    let token = world
        .post("/customers/email-token", json!({"id": ida["id"], "ttlMinutes": 60, "version": 1}), 200)
        .await;
    let confirm = json!({"tokenValue": token["value"]});
    let (status, _) =
        world.call(&Who::customer(&eve["id"]), "POST", "/me/email/confirm", confirm.clone()).await;
    assert_eq!(status, 404, "it is not hers");
    let (status, body) =
        world.call(&Who::customer(&ida["id"]), "POST", "/me/email/confirm", confirm.clone()).await;
    assert_eq!((status, &body["isEmailVerified"], &body["version"]), (200, &json!(true), &json!(2)));
    world.post("/customers/email/confirm", confirm, 404).await;
    let changed = world.update(&ida, json!([{"action": "changeEmail", "email": "ida@example.com"}])).await;
    assert_eq!(changed["isEmailVerified"], false);
    let types = world.heard.message_types().await;
    assert_eq!(types[2..], ["CustomerEmailTokenCreated", "CustomerEmailVerified", "CustomerEmailChanged"]);
    world.post("/customers/email-token", json!({"id": "none", "ttlMinutes": 60}), 404).await;
    world.post("/customers/email-token", json!({"id": ida["id"], "ttlMinutes": 60, "version": 1}), 409).await;
}

#[tokio::test]
async fn a_token_for_the_old_address_does_not_verify_the_new_one() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let token = world.post("/customers/email-token", json!({"id": ida["id"], "ttlMinutes": 60}), 200).await;
    world.update(&ida, json!([{"action": "changeEmail", "email": "ida@example.com"}])).await;
    world.post("/customers/email/confirm", json!({"tokenValue": token["value"]}), 404).await;
}

#[tokio::test]
async fn a_newer_token_ends_older_ones_if_it_says_so() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let make = async |alone: bool| {
        world
            .post(
                "/customers/email-token",
                json!({"id": ida["id"], "ttlMinutes": 60, "invalidateOlderTokens": alone}),
                200,
            )
            .await
    };
    let (first, second) = (make(false).await, make(false).await);
    let path = |token: &Value| format!("/customers/email-token={}", token["value"].as_str().unwrap());
    assert_eq!((world.status_of(&path(&first)).await, world.status_of(&path(&second)).await), (200, 200));
    let third = make(true).await;
    assert_eq!(third["invalidateOlderTokens"], true);
    assert_eq!((world.status_of(&path(&first)).await, world.status_of(&path(&third)).await), (404, 200));
}

#[tokio::test]
async fn no_answer_and_no_event_shows_a_hash() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let all = world.get("/customers").await.to_string();
    let told = serde_json::to_string(&world.heard.messages().await).unwrap();
    for text in [ida.to_string(), all, told] {
        assert!(!text.contains("argon2") && !text.contains("secret"), "{text}");
    }
}

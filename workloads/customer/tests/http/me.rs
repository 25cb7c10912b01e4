//! `me`: what the token says, and nothing else.

use crate::world::{Who, World, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn me_is_who_the_token_says() {
    let world = World::open().await;
    let (ida, eve) = (
        world.customer("ida@example.org", json!({})).await,
        world.customer("eve@example.org", json!({})).await,
    );
    for customer in [&ida, &eve] {
        let (status, body) = world.call(&Who::customer(&customer["id"]), "GET", "/me", Value::Null).await;
        assert_eq!((status, &body), (200, customer));
    }
    for method in ["GET", "POST", "DELETE"] {
        let (status, body) =
            world.call(&Who::guest("anna"), method, "/me", json!({"version": 1, "actions": []})).await;
        assert_eq!((status, &body["errors"][0]["code"]), (403, &json!("insufficient_scope")), "{method}");
        let nobody = Who { scopes: "manage_my_profile".into(), ..Who::default() };
        assert_eq!(world.call(&nobody, method, "/me", Value::Null).await.0, 403, "{method}");
    }
}

#[tokio::test]
async fn customers_edit_what_is_theirs_to_edit() {
    let world = World::open().await;
    let ida = world.customer("ida@example.org", json!({})).await;
    let me = Who::customer(&ida["id"]);
    let update = |actions: Value| json!({"version": 1, "actions": actions});
    for actions in [
        json!([{"action": "setKey", "key": "mine"}]),
        json!([{"action": "setCustomerGroup"}]),
        json!([{"action": "setAuthenticationMode", "authMode": "ExternalAuth"}]),
        json!([{"action": "setFirstName", "firstName": "Ida"}, {"action": "setExternalId", "externalId": "x"}]),
    ] {
        let (status, body) = world.call(&me, "POST", "/me", update(actions.clone())).await;
        assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("InvalidJsonInput")), "{actions}");
    }
    let (status, changed) =
        world.call(&me, "POST", "/me", update(json!([{"action": "setFirstName", "firstName": "Ida"}]))).await;
    assert_eq!((status, &changed["firstName"], &changed["version"]), (200, &json!("Ida"), &json!(2)));
    assert_eq!(changed["lastModifiedBy"]["customer"], json!({"typeId": "customer", "id": ida["id"]}));
    assert_eq!(world.call(&me, "POST", "/me", update(json!([]))).await.0, 409);

    assert_eq!(world.call(&me, "DELETE", "/me", Value::Null).await.0, 400);
    assert_eq!(world.call(&me, "DELETE", "/me?version=1", Value::Null).await.0, 409);
    let (status, gone) = world.call(&me, "DELETE", "/me?version=2", Value::Null).await;
    assert_eq!((status, &gone["id"]), (200, &ida["id"]));
    assert_eq!(world.call(&me, "GET", "/me", Value::Null).await.0, 404);
    assert!(world.heard.message_types().await.contains(&"CustomerDeleted".to_owned()));
    eventually(async || !world.asked("/revoke-customer").is_empty()).await;
    world.customer("ida@example.org", json!({})).await;
}

#[tokio::test]
async fn a_guest_signs_up_and_in_with_the_session_of_the_token() {
    let world = World::open().await;
    world.cart_answers(json!({"id": "cart-1"}));
    let anna = Who::guest("anna");
    let draft = json!({
        "email": "anna@example.org", "password": "secret", "addresses": [{"country": "DE"}], "defaultShippingAddress": 0,
        "key": "ignored", "isEmailVerified": true, "anonymousId": "another",
    });
    let (status, body) = world.call(&anna, "POST", "/me/signup", draft).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["cart"], json!({"id": "cart-1"}));
    let customer = &body["customer"];
    assert_eq!(
        (&customer["version"], &customer["isEmailVerified"], &customer["key"]),
        (&json!(1), &json!(false), &Value::Null)
    );
    assert_eq!(customer["defaultShippingAddressId"], customer["addresses"][0]["id"]);
    assert_eq!(customer["createdBy"]["anonymousId"], "anna");
    let asked = world.asked("/adopt");
    assert_eq!(
        (asked.len(), &asked[0]["anonymousId"], &asked[0]["customerId"]),
        (1, &json!("anna"), &customer["id"])
    );

    let login = json!({"email": "anna@example.org", "password": "secret", "activeCartSignInMode": "UseAsNewActiveCustomerCart"});
    let (status, body) = world.call(&Who::guest("berta"), "POST", "/me/login", login).await;
    assert_eq!((status, &body["customer"]), (200, customer), "signing in changes no customer");
    let asked = world.asked("/adopt");
    assert_eq!(
        (&asked[1]["anonymousId"], &asked[1]["mode"]),
        (&json!("berta"), &json!("UseAsNewActiveCustomerCart"))
    );
    let wrong = json!({"email": "anna@example.org", "password": "wrong"});
    assert_eq!(
        world.call(&anna, "POST", "/me/login", wrong).await.1["errors"][0]["code"],
        "InvalidCredentials"
    );
}

//! Who has an account, and who gets in.

use crate::world::{Who, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_customer_is_complete_and_shows_no_password() {
    let world = World::open().await;
    let made =
        world.customer("Ida@Example.org", json!({"firstName": "Ida", "dateOfBirth": "1990-02-28"})).await;
    assert_eq!(made["email"], "Ida@Example.org");
    assert_eq!(made["password"], "****");
    assert_eq!(made["version"], 1);
    assert_eq!(made["authenticationMode"], "Password");
    assert_eq!(made["isEmailVerified"], false);
    for list in ["addresses", "shippingAddressIds", "billingAddressIds", "stores", "customerGroupAssignments"]
    {
        assert_eq!(made[list], json!([]), "{list}");
    }
    let path = format!("/customers/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await, made);
    let messages = world.heard.messages().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["type"], "CustomerCreated");
    assert_eq!(messages[0]["customer"], made);
    assert!(!messages[0].to_string().contains("argon2"));
}

#[tokio::test]
async fn an_e_mail_address_has_one_account_whatever_its_case() {
    let world = World::open().await;
    world.customer("ida@example.org", json!({})).await;
    let error = world.refused("/customers", json!({"email": "IDA@example.org", "password": "x"})).await;
    assert_eq!(error["code"], "DuplicateField");
    assert_eq!(error["field"], "email");
    assert_eq!(error["duplicateValue"], "IDA@example.org", "as it was written");
    assert_eq!(error["message"], "There is already an existing customer with the provided email.");

    let other = world.customer("eve@example.org", json!({})).await;
    let error =
        world.update_refused(&other, json!([{"action": "changeEmail", "email": "Ida@Example.org"}])).await;
    assert_eq!(
        (&error["code"], &error["duplicateValue"]),
        (&json!("DuplicateField"), &json!("Ida@Example.org"))
    );
    world.update(&other, json!([{"action": "changeEmail", "email": "EVE@example.org"}])).await;
}

#[tokio::test]
async fn stores_have_customers_of_their_own() {
    let world = World::open().await;
    let berlin = json!({"stores": [{"typeId": "store", "key": "berlin"}]});
    let global = world.customer("ida@example.org", json!({})).await;
    let bound = world.customer("Ida@Example.org", berlin.clone()).await;
    assert_eq!(bound["stores"], json!([{"typeId": "store", "key": "berlin"}]));
    let mut again = json!({"email": "ida@example.org", "password": "x"});
    again.as_object_mut().unwrap().extend(berlin.as_object().unwrap().clone());
    assert_eq!(world.refused("/customers", again).await["code"], "DuplicateField");
    world.customer("ida@example.org", json!({"stores": [{"key": "paris"}]})).await;

    // Each gets in where it belongs.
    let answer = world.post("/login", json!({"email": "ida@example.org", "password": "secret"}), 200).await;
    assert_eq!(answer["customer"]["id"], global["id"]);
    let question = json!({"email": "IDA@example.org", "password": "secret", "store": "berlin"});
    assert_eq!(world.internal("/authenticate", question).await, (200, json!({"customerId": bound["id"]})));
    let question = json!({"email": "ida@example.org\nberlin", "password": "secret", "store": null});
    assert_eq!(world.internal("/authenticate", question).await.0, 400, "no address is another's store");

    // Leaving the last store makes a global customer, and there is one already.
    let error =
        world.update_refused(&bound, json!([{"action": "removeStore", "store": {"key": "berlin"}}])).await;
    assert_eq!(
        (&error["code"], &error["duplicateValue"]),
        (&json!("DuplicateField"), &bound["email"]),
        "as it was written when it was set"
    );
}

#[tokio::test]
async fn a_login_needs_address_and_password() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({})).await;
    let answer = world.post("/login", json!({"email": "IDA@EXAMPLE.ORG", "password": "secret"}), 200).await;
    assert_eq!(answer, json!({"customer": made}), "the customer as it was, and no cart");
    for (email, password) in
        [("ida@example.org", "Secret"), ("ida@example.org", ""), ("eve@example.org", "secret")]
    {
        let error = world.refused("/login", json!({"email": email, "password": password})).await;
        assert_eq!(error["code"], "InvalidCredentials", "{email} {password}");
        assert_eq!(error["message"], "Account with the given credentials not found.");
    }
    world.cart_answers(json!({"id": "cart-1"}));
    let login = json!({"email": "ida@example.org", "password": "secret", "updateProductData": true});
    let answer = world.post("/login", login, 200).await;
    assert_eq!(answer["cart"], json!({"id": "cart-1"}), "the active cart");
    let asked = world.asked("/adopt");
    let last = asked.last().unwrap();
    assert_eq!(
        (&last["customerId"], &last["updateProductData"]),
        (&made["id"], &json!(true)),
        "worked out anew"
    );
    assert!(last["anonymousId"].is_null() && last["anonymousCart"].is_null());
    world.cart_answers(json!({"statusCode": 400, "message": "no price", "errors": [{"code": "MatchingPriceNotFound", "message": "no price"}]}));
    let refused = world.refused("/login", json!({"email": "ida@example.org", "password": "secret"})).await;
    assert_eq!(refused["code"], "MatchingPriceNotFound");
    let (status, _) =
        world.internal("/authenticate", json!({"email": "a@b", "password": "x", "store": null})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_login_names_the_cart_that_goes_on() {
    let world = World::open().await;
    let made = world.customer("ida@example.org", json!({})).await;
    let login = json!({
        "email": "ida@example.org", "password": "secret", "anonymousCart": {"id": "guest-cart"},
        "anonymousCartSignInMode": "UseAsNewActiveCustomerCart", "anonymousId": "anna",
    });
    world.post("/login", login, 200).await;
    let asked = world.asked("/adopt");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["customerId"], made["id"]);
    assert_eq!(asked[0]["anonymousCart"], json!({"id": "guest-cart"}));
    assert_eq!(asked[0]["mode"], "UseAsNewActiveCustomerCart");
    assert_eq!(asked[0]["anonymousId"], "anna");
    assert_eq!(
        world.adopted_orders(),
        [json!({"customerId": made["id"], "anonymousId": "anna"})],
        "the guest's orders follow"
    );
    world
        .post("/login", json!({"email": "ida@example.org", "password": "wrong", "anonymousId": "anna"}), 400)
        .await;
    assert_eq!(world.asked("/adopt").len(), 1, "nobody adopts with a wrong password");
}

#[tokio::test]
async fn bad_drafts_are_refused_with_their_field() {
    let world = World::open().await;
    for (draft, code, field) in [
        (json!({"email": "ida@example.org"}), "RequiredField", "password"),
        (json!({"email": "ida@example.org", "password": ""}), "RequiredField", "password"),
        (json!({"email": "ida", "password": "x"}), "InvalidField", "email"),
        (json!({"email": "ida@example.org", "password": "x", "locale": "fr"}), "InvalidField", "locale"),
        (
            json!({"email": "ida@example.org", "password": "x", "defaultBillingAddress": 0}),
            "InvalidField",
            "defaultBillingAddress",
        ),
        (
            json!({"email": "ida@example.org", "password": "x", "addresses": [{"country": "DE"}], "shippingAddresses": [0, 1]}),
            "InvalidField",
            "shippingAddresses",
        ),
    ] {
        let error = world.refused("/customers", draft.clone()).await;
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{draft}");
    }
    for (draft, code) in [
        (json!({"password": "x"}), "InvalidJsonInput"),
        (json!({"email": "ida@example.org", "password": {}}), "InvalidJsonInput"),
        (
            json!({"email": "ida@example.org", "password": "x", "dateOfBirth": "28.2.1990"}),
            "InvalidJsonInput",
        ),
        (json!({"email": "ida@example.org", "password": "x", "shippingAddresses": [-1]}), "InvalidJsonInput"),
        (
            json!({"email": "ida@example.org", "password": "x", "customerGroup": {"key": "none"}}),
            "ReferencedResourceNotFound",
        ),
        (
            json!({"email": "ida@example.org", "password": "x", "stores": [{"key": "rome"}]}),
            "ReferencedResourceNotFound",
        ),
        (
            json!({"email": "ida@example.org", "password": "x", "addresses": vec![json!({"country": "DE"}); 501]}),
            "MaxResourceLimitExceeded",
        ),
        (json!({"email": "ida@example.org", "password": "x", "firstName": "x".repeat(2000)}), "InvalidInput"),
        (
            json!({"email": "ida@example.org", "password": "x", "addresses": [{"country": "DE", "key": "a b"}]}),
            "InvalidField",
        ),
        (
            json!({"email": "ida@example.org", "password": "x", "addresses": [{"country": "DE", "key": "home"}, {"country": "DE", "key": "home"}]}),
            "DuplicateField",
        ),
    ] {
        assert_eq!(world.refused("/customers", draft.clone()).await["code"], code, "{draft}");
    }
    assert_eq!(world.get("/customers").await["count"], 0);
}

#[tokio::test]
async fn who_authenticates_elsewhere_has_no_password() {
    let world = World::open().await;
    let draft = json!({"email": "ida@example.org", "authenticationMode": "ExternalAuth"});
    let made = world.post("/customers", draft, 201).await["customer"].clone();
    assert_eq!(made["password"], Value::Null);
    assert_eq!(world.login("ida@example.org", "").await, 400);
    let error = world.refused("/customers/password-token", json!({"email": "ida@example.org"})).await;
    assert_eq!(error["code"], "InvalidOperation");

    let error = world
        .update_refused(&made, json!([{"action": "setAuthenticationMode", "authMode": "Password"}]))
        .await;
    assert_eq!((&error["code"], &error["field"]), (&json!("RequiredField"), &json!("password")));
    let set = json!([{"action": "setAuthenticationMode", "authMode": "Password", "password": "new"}]);
    let changed = world.update(&made, set).await;
    assert_eq!((&changed["password"], &changed["authenticationMode"]), (&json!("****"), &json!("Password")));
    assert_eq!(world.login("ida@example.org", "new").await, 200);
    let unset = json!([{"action": "setAuthenticationMode", "authMode": "ExternalAuth"}]);
    assert_eq!(world.update(&made, unset).await["password"], Value::Null);
    assert_eq!(world.login("ida@example.org", "new").await, 400);
}

#[tokio::test]
async fn every_route_asks_for_its_scope_before_anything_else() {
    let world = World::open().await;
    let viewer = Who { scopes: "view_customers".into(), ..Who::default() };
    for path in [
        "/customers",
        "/customers/1",
        "/login",
        "/customers/password",
        "/customers/password-token",
        "/customers/password/reset",
        "/customers/email-token",
        "/customers/email/confirm",
        "/customer-groups",
        "/me",
        "/me/signup",
        "/me/login",
        "/me/password",
        "/me/password/reset",
        "/me/email/confirm",
    ] {
        let (status, body) = world.call(&viewer, "POST", path, json!("nonsense")).await;
        assert_eq!((status, &body["errors"][0]["code"]), (403, &json!("insufficient_scope")), "{path}");
    }
    assert_eq!(world.call(&viewer, "GET", "/customers", Value::Null).await.0, 200);
    let stranger = Who { scopes: "view_products".into(), ..Who::default() };
    for path in
        ["/customers", "/customers/1", "/customers/password-token=x", "/customers/email-token=x", "/me"]
    {
        assert_eq!(world.call(&stranger, "GET", path, Value::Null).await.0, 403, "{path}");
    }
}

//! Signing up with a guest's cart: all or nothing.

use crate::world::{World, eventually};
use kit::store::{DocKey, Selector, Visibility};
use serde_json::{Value, json};

fn draft(email: &str) -> Value {
    json!({"email": email, "password": "secret", "anonymousCart": {"typeId": "cart", "id": "guest-cart"}})
}

#[tokio::test]
async fn a_sign_up_whose_cart_is_refused_leaves_no_customer() {
    let world = World::open().await;
    world.cart_answers(json!({
        "statusCode": 400, "message": "no price",
        "errors": [{"code": "MatchingPriceNotFound", "message": "no price", "productId": "p", "variantId": 1}],
    }));
    let error = world.refused("/customers", draft("ida@example.org")).await;
    assert_eq!((&error["code"], &error["productId"]), (&json!("MatchingPriceNotFound"), &json!("p")));
    assert_eq!(world.get("/customers").await["total"], 0);
    assert_eq!(world.login("ida@example.org", "secret").await, 400);
    world.cart_answers(json!({"id": "guest-cart"}));
    let made = world.post("/customers", draft("ida@example.org"), 201).await;
    assert_eq!((&made["cart"]["id"], &made["customer"]["version"]), (&json!("guest-cart"), &json!(1)));
    assert_eq!(world.heard.message_types().await, ["CustomerCreated"], "of the one that was made");
}

#[tokio::test]
async fn while_the_carts_are_away_nobody_is_there_and_the_address_is_taken() {
    let world = World::open().await;
    world.no_carts();
    world.post("/customers", draft("ida@example.org"), 503).await;
    assert_eq!(world.get("/customers").await["total"], 0);
    world.cart_answers(json!({"id": "guest-cart"}));
    let error = world.refused("/customers", json!({"email": "ida@example.org", "password": "x"})).await;
    assert_eq!(error["code"], "DuplicateField");
    world.customer("eve@example.org", json!({})).await;
}

/// As the next start finds them after a crash: pending, and due.
async fn make_due(world: &World) {
    // A pending customer is found by its e-mail address in the store alone.
    let selector = Selector::Claim(kit::store::Claim::new("email", "ida@example.org"));
    let mut document = world.store.get("demo", api::Kind::Customer, &selector).await.unwrap().unwrap();
    assert_eq!(document.visibility, Visibility::Pending);
    let DocKey { project, .. } = &document.key;
    assert_eq!(project, "demo");
    let expected = document.rev;
    document.rev += 1;
    document.due_at = Some(api::Timestamp::from_millis(0));
    let write = kit::store::Write { expected_rev: Some(expected), document, events: Vec::new() };
    world.store.write(write).await.unwrap();
}

#[tokio::test]
async fn a_sign_up_that_was_cut_off_is_finished() {
    let world = World::open().await;
    world.no_carts();
    world.post("/customers", draft("ida@example.org"), 503).await;
    world.cart_answers(json!({"id": "guest-cart"}));
    make_due(&world).await;
    eventually(async || world.login("ida@example.org", "secret").await == 200).await;
    assert!(world.asked("/adopt").iter().any(|asked| asked["anonymousCart"]["id"] == "guest-cart"));
    assert_eq!(world.heard.message_types().await, ["CustomerCreated"]);
}

#[tokio::test]
async fn a_sign_up_that_was_cut_off_ends_when_its_cart_is_refused() {
    let world = World::open().await;
    world.no_carts();
    world.post("/customers", draft("ida@example.org"), 503).await;
    world.cart_answers(
        json!({"statusCode": 400, "message": "x", "errors": [{"code": "InvalidOperation", "message": "x"}]}),
    );
    make_due(&world).await;
    eventually(async || !world.asked("/adopt").is_empty()).await;
    eventually(async || {
        let draft = json!({"email": "ida@example.org", "password": "other"});
        world.call(&crate::world::Who::admin(), "POST", "/customers", draft).await.0 == 201
    })
    .await;
    world.cart_answers(Value::Null);
    assert_eq!(world.login("ida@example.org", "other").await, 200);
}

#[tokio::test]
async fn of_parallel_sign_ups_with_one_address_one_succeeds() {
    let world = World::open().await;
    let one = || world.call_owned("/customers", json!({"email": "ida@example.org", "password": "secret"}));
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400]);
    assert_eq!(world.get("/customers").await["total"], 1);
}

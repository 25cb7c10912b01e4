//! Bad input is refused with the contract's error: never a 500, never a panic, never half a change.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use commerce_tests::{Client, Stack};
use serde_json::{Value, json};

/// Status, code and a part of the message or detail.
async fn refuses(
    client: &Client,
    method: &str,
    path: &str,
    body: Option<String>,
    expected: (u16, &str, &str),
) {
    let answer = client.send(method, path, body).await;
    let (status, code, part) = expected;
    let error = &answer.body["errors"][0];
    let said = format!(
        "{} {}",
        error["message"].as_str().unwrap_or(""),
        error["detailedErrorMessage"].as_str().unwrap_or("")
    );
    assert_eq!((answer.status, answer.code()), (status, code), "{method} {path}: {:#}", answer.body);
    assert!(said.contains(part), "{method} {path}: '{said}' does not say '{part}'");
    assert_eq!(answer.body["message"], error["message"]);
    assert_eq!(answer.body["statusCode"], status);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_refused_with_the_path() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    let zone = admin.post("/zones", json!({"name": "Europe", "key": "europe"})).await.expect(201);
    let item = format!("/zones/{}", zone["id"].as_str().unwrap());
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for (path, body, part) in [
        ("/zones", "{", "EOF"),
        ("/zones", "", "empty"),
        ("/zones", "[]", ""),
        ("/zones", "{}", "name"),
        ("/zones", r#"{"name": 1}"#, "name"),
        ("/zones", r#"{"name": "x", "key": "no spaces"}"#, "key"),
        ("/zones", r#"{"name": "x", "locations": [{"country": "Germany"}]}"#, "locations[0].country"),
        ("/zones", deep.as_str(), ""),
        (item.as_str(), r#"{"version": 1, "actions": [{"action": "paintItBlack"}]}"#, "actions[0]"),
        (item.as_str(), r#"{"version": 1, "actions": [{"action": "changeName"}]}"#, "name"),
        (item.as_str(), r#"{"version": "one", "actions": []}"#, "version"),
    ] {
        refuses(&admin, "POST", path, Some(body.to_owned()), (400, "InvalidJsonInput", part)).await;
    }
    let unknown = admin
        .post("/zones", json!({"name": "Unknown", "colour": "blue", "description": null}))
        .await
        .expect(201);
    assert!(unknown.get("colour").is_none() && unknown.get("description").is_none());
    let all = admin.get("/zones").await.expect(200);
    assert_eq!(all["total"], 2, "nothing of what was refused is there");
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_it_is_read() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    let body = format!("{{\"name\": \"{}\"}}", "x".repeat(17 * 1024 * 1024));
    // The server may close the connection while the rest of the body is still being sent.
    if let Ok(answer) = admin.try_send("POST", "/zones", Some(body)).await {
        assert_eq!((answer.status, answer.code()), (413, "ContentTooLarge"));
    }
    admin.get("/zones").await.expect(200);
}

#[tokio::test]
async fn a_refused_action_undoes_the_ones_before_it() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    let zone = admin.post("/zones", json!({"name": "Europe", "key": "europe"})).await.expect(201);
    let actions = json!([{"action": "changeName", "name": "Elsewhere"}, {"action": "removeLocation", "location": {"country": "DE"}}]);
    let body = json!({"version": 1, "actions": actions}).to_string();
    refuses(&admin, "POST", "/zones/key=europe", Some(body), (400, "InvalidOperation", "location")).await;
    assert_eq!(admin.get("/zones/key=europe").await.expect(200), zone);
    let many: Vec<Value> =
        (0..501).map(|n| json!({"action": "changeName", "name": format!("{n}")})).collect();
    let answer = admin.post("/zones/key=europe", json!({"version": 1, "actions": many})).await;
    assert_eq!((answer.status, answer.code()), (400, "MaxResourceLimitExceeded"));
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    admin.post("/zones", json!({"name": "Europe"})).await.expect(201);
    let long = format!("name = \"{}\"", "x".repeat(20_000));
    let nested = format!("{}name = \"x\"{}", "not (".repeat(500), ")".repeat(500));
    for (query, part) in [
        ("limit=501".to_owned(), "Malformed parameter: limit:"),
        ("limit=-1".to_owned(), "Malformed parameter: limit:"),
        ("limit=many".to_owned(), "Malformed parameter: limit:"),
        ("offset=10001".to_owned(), "Malformed parameter: offset:"),
        ("withTotal=perhaps".to_owned(), "Malformed parameter: withTotal:"),
        ("sort=nonsense".to_owned(), "Malformed parameter: sort:"),
        ("sort=name%20sideways".to_owned(), "Malformed parameter: sort:"),
        (
            format!("where={}", encoded("name =")),
            "Malformed parameter: where: Syntax error while parsing 'where'",
        ),
        (format!("where={}", encoded("colour = \"x\"")), "The field 'colour' does not exist."),
        (format!("where={}", encoded("name = :missing")), "Missing input variable 'missing'."),
        (format!("where={}", encoded("name(en = \"x\")")), "Malformed parameter: where:"),
        (format!("where={}", encoded(&nested)), "Malformed parameter: where:"),
        (format!("where={}", encoded(&long)), "Malformed parameter: where:"),
    ] {
        refuses(&admin, "GET", &format!("/zones?{query}"), None, (400, "InvalidInput", part)).await;
    }
    for (path, part) in
        [("/zones/no-such-id", "no-such-id"), ("/zones/key=none", "none"), ("/nonsense", "nonsense")]
    {
        refuses(&admin, "GET", path, None, (404, "ResourceNotFound", part)).await;
    }
    refuses(&admin, "PUT", "/zones", Some("{}".to_owned()), (404, "ResourceNotFound", "zones")).await;
    let zones = admin.get("/zones?limit=0").await.expect(200);
    assert_eq!((zones["count"].as_i64(), zones["total"].as_i64()), (Some(0), Some(1)));
}

#[tokio::test]
async fn a_deletion_that_erases_data_says_so_with_true_or_false() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    let ada = json!({"email": "ada@example.com", "password": "correct horse"});
    let made = admin.post("/customers", ada.clone()).await.expect(201);
    let path = format!("/customers/{}?version=1&dataErasure", made["customer"]["id"].as_str().unwrap());
    for kind in ["/customers", "/carts", "/orders", "/reviews", "/custom-objects/box"] {
        let path = format!("{kind}/7e3a4b0e-0000-4000-8000-000000000000?version=1&dataErasure=perhaps");
        refuses(&admin, "DELETE", &path, None, (400, "InvalidInput", "Malformed parameter: dataErasure:"))
            .await;
    }
    refuses(&admin, "DELETE", &format!("{path}=1"), None, (400, "InvalidInput", "dataErasure")).await;
    assert_eq!(admin.send("DELETE", &format!("{path}=true"), None).await.status, 200);
    admin.post("/customers", ada).await.expect(201);
}

#[tokio::test]
async fn what_is_hidden_cannot_be_filtered_sorted_or_expanded() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    admin
        .post("/customers", json!({"email": "ada@example.com", "password": "correct horse"}))
        .await
        .expect(201);
    for hidden in ["passwordHash", "hidden", "secretHash"] {
        let predicate = encoded(&format!("{hidden} is defined"));
        refuses(
            &admin,
            "GET",
            &format!("/customers?where={predicate}"),
            None,
            (400, "InvalidInput", "does not exist"),
        )
        .await;
        refuses(&admin, "GET", &format!("/customers?sort={hidden}"), None, (400, "InvalidInput", "sort"))
            .await;
        let page = admin.get(&format!("/customers?expand={hidden}")).await.expect(200);
        assert!(!page.to_string().contains("argon2"), "a password hash is shown");
    }
}

#[tokio::test]
async fn a_stale_version_is_a_409_that_names_the_current_one() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    let zone = admin.post("/zones", json!({"name": "Europe", "key": "europe"})).await.expect(201);
    let rename = |version: i64, name: &str| json!({"version": version, "actions": [{"action": "changeName", "name": name}]});
    let second = admin.post("/zones/key=europe", rename(1, "Europa")).await.expect(200);
    let stale = admin.post("/zones/key=europe", rename(1, "Evropa")).await;
    assert_eq!((stale.status, stale.code()), (409, "ConcurrentModification"));
    assert_eq!(stale.body["errors"][0]["currentVersion"], second["version"]);
    let id = zone["id"].as_str().unwrap();
    let expected = format!(
        "Object {id} has a different version than expected. Expected: 1 - Actual: {}.",
        second["version"]
    );
    assert_eq!(stale.body["message"], expected);
    let without = admin.delete("/zones/key=europe").await;
    assert_eq!((without.status, without.code()), (400, "InvalidInput"));
    assert_eq!(admin.delete("/zones/key=europe?version=1").await.status, 409);
    let same = admin.post("/zones/key=europe", rename(2, "Europa")).await.expect(200);
    assert_eq!(same["version"], second["version"], "an action that changes nothing moves no version");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_is_answered_and_bounded() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    admin
        .post("/customers", json!({"email": "ada@example.com", "password": "correct horse"}))
        .await
        .expect(201);
    let attempts: Vec<_> = (0..200)
        .map(|n| {
            let admin = admin.clone();
            tokio::spawn(async move {
                admin
                    .post("/login", json!({"email": "ada@example.com", "password": format!("wrong {n}")}))
                    .await
            })
        })
        .collect();
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        assert!(
            matches!((answer.status, answer.code()), (400, "InvalidCredentials") | (503, "OverCapacity")),
            "{} {:#}",
            answer.status,
            answer.body
        );
    }
    let signed_in = admin
        .post("/login", json!({"email": "ada@example.com", "password": "correct horse"}))
        .await
        .expect(200);
    assert_eq!(signed_in["customer"]["email"], "ada@example.com");
}

#[tokio::test]
async fn what_is_not_built_is_not_there() {
    let stack = Stack::start(&["shop"]);
    let admin = stack.client("shop", "admin").await;
    for (method, path) in [
        ("POST", "/products/search"),
        ("POST", "/customers/search"),
        ("GET", "/product-projections/search"),
        ("POST", "/orders/quotes"),
        ("GET", "/shopping-lists"),
    ] {
        refuses(&admin, method, path, Some("{}".to_owned()), (404, "ResourceNotFound", "")).await;
    }
}

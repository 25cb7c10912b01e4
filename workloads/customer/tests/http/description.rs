//! What the service says of itself.

use crate::world::World;
use serde_json::Value;

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_route_is_described_and_every_schema_is_there() {
    let world = World::open().await;
    let (status, description) = world.internal("/description", Value::Null).await;
    assert_eq!(status, 200);
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let name = reference.rsplit('/').next().unwrap();
        // The gateway adds this one for all.
        assert!(name == "ErrorResponse" || description["schemas"].get(name).is_some(), "{reference}");
    }
    let mut operations: Vec<String> = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        operations.extend(item.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
        for (method, operation) in item.as_object().unwrap() {
            assert_ne!(operation["security"], Value::Array(Vec::new()), "{method} {path}");
        }
    }
    for expected in [
        "post /{projectKey}/customers",
        "get /{projectKey}/customers",
        "post /{projectKey}/customers/{id}",
        "delete /{projectKey}/customers/key={key}",
        "get /{projectKey}/customers/password-token={passwordToken}",
        "get /{projectKey}/customers/email-token={emailToken}",
        "post /{projectKey}/customers/password/reset",
        "post /{projectKey}/login",
        "get /{projectKey}/me",
        "post /{projectKey}/me/signup",
        "post /{projectKey}/customer-groups/key={key}",
    ] {
        assert!(operations.iter().any(|operation| operation == expected), "{expected}");
    }
}

use crate::stage::{Stage, refused};
use serde_json::{Value, json};

fn draft(key: &str, value: Value) -> Value {
    json!({"container": "box", "key": key, "value": value})
}

#[tokio::test]
async fn any_json_is_kept_but_for_members_that_are_null() {
    let stage = Stage::new().await;
    let value = json!({"a.b": 1, "$set": {"deep": [[1, null], [{"y": null, "z": true}]]}, "text": "Grüße", "big": 9_007_199_254_740_991_i64});
    let made = stage.made("/custom-objects", draft("one", value.clone())).await;
    let mut kept = value;
    kept["$set"]["deep"][1][0] = json!({"z": true});
    assert_eq!((&made["value"], &made["version"]), (&kept, &json!(1)));
    let (status, found) = stage.get("/custom-objects/box/one").await;
    assert_eq!((status, &found), (200, &made));
    assert!(found["createdBy"].is_object() && found["lastModifiedBy"].is_object());
    for simple in [json!(7), json!(1.5), json!(true), json!("text"), json!([]), json!({})] {
        let (status, put) = stage.post("/custom-objects", draft("one", simple.clone())).await;
        assert_eq!((status, &put["value"], &put["id"]), (200, &simple, &made["id"]));
    }
}

#[tokio::test]
async fn a_version_must_match_and_without_one_the_last_write_wins() {
    let stage = Stage::new().await;
    let put = async |value: i32, version: Option<i64>| {
        let mut draft = draft("one", json!(value));
        draft["version"] = json!(version);
        stage.post("/custom-objects", draft).await
    };
    assert_eq!(put(1, Some(3)).await.0, 409, "there is no version 3");
    assert_eq!(put(1, None).await.0, 201);
    let (status, second) = put(2, None).await;
    assert_eq!((status, &second["version"]), (200, &json!(2)));
    let (status, late) = put(3, Some(1)).await;
    assert_eq!((status, &late["errors"][0]["currentVersion"]), (409, &json!(2)));
    assert_eq!(put(3, Some(2)).await.1["version"], 3);
    assert_eq!(stage.delete("/custom-objects/box/one?version=1").await.0, 409);
    assert_eq!(stage.delete("/custom-objects/box/one").await.1["value"], 3);
    assert_eq!(stage.get("/custom-objects/box/one").await.0, 404);
    assert_eq!(stage.delete("/custom-objects/box/one").await.0, 404);
    assert_eq!(put(4, None).await.0, 201);
}

#[tokio::test]
async fn writers_of_a_new_object_make_one_object() {
    let stage = Stage::new().await;
    let writes = (0..16).map(|n| stage.post("/custom-objects", draft("one", json!(n))));
    let mut made = 0;
    for (status, body) in futures(writes).await {
        assert!([200, 201].contains(&status), "{body}");
        made += i32::from(status == 201);
    }
    assert_eq!((made, &stage.get("/custom-objects").await.1["total"]), (1, &json!(1)));
}

async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures::future::join_all(all).await
}

#[tokio::test]
async fn lists_are_filtered_by_container_and_value() {
    let stage = Stage::new().await;
    for (key, x) in [("two", 2), ("three", 3)] {
        stage.made("/custom-objects", draft(key, json!({"x": x, "word": key}))).await;
    }
    stage.made("/custom-objects", json!({"container": "other", "key": "two", "value": {"x": 9}})).await;
    let keys = async |query: &str| {
        let (status, page) = stage.get(&format!("/custom-objects{query}")).await;
        assert_eq!(status, 200, "{page}");
        page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys("/box?sort=key").await, ["three", "two"]);
    assert_eq!(keys("/box?sort=createdAt%20desc").await, ["three", "two"]);
    assert_eq!(keys("/box?where=value%28x%20%3E%202%20and%20word%20%3D%20%22three%22%29").await, ["three"]);
    assert_eq!(keys("?where=value%28x%20%3E%202%29&sort=container").await, ["three", "two"]);
    assert_eq!(keys("?where=container%20%3D%20%22other%22").await, ["two"]);
    assert_eq!(keys("/nothing").await, [""; 0]);
    let answer = stage.get("/custom-objects?sort=value.x").await;
    assert_eq!(refused(&answer), "InvalidInput");
    assert_eq!(
        answer.1["message"],
        "Malformed parameter: sort: Invalid query field 'value.x' in sort path. Sortable fields are: container, key, createdAt, lastModifiedAt."
    );
    assert_eq!(stage.status_as("view_orders:demo", "HEAD", "/custom-objects").await, 200);
    assert_eq!(
        stage.status_as("view_orders:demo", "HEAD", "/custom-objects?where=value%28x%20%3D%2077%29").await,
        404
    );
}

#[tokio::test]
async fn names_values_and_their_depth_are_checked() {
    let stage = Stage::new().await;
    for (draft, code) in [
        (json!({"container": "no spaces", "key": "x", "value": 1}), "InvalidJsonInput"),
        (json!({"container": "box", "key": "a/b", "value": 1}), "InvalidJsonInput"),
        (json!({"container": "box", "key": "x".repeat(257), "value": 1}), "InvalidJsonInput"),
        (json!({"container": "box", "key": "x"}), "InvalidJsonInput"),
        (json!({"container": "box", "key": "x", "value": null}), "RequiredField"),
    ] {
        assert_eq!(refused(&stage.post("/custom-objects", draft.clone()).await), code, "{draft}");
    }
    assert_eq!(stage.get("/custom-objects/no%20spaces/x").await.0, 404);
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(refused(&stage.post("/custom-objects", draft("deep", nested(101))).await), "InvalidInput");
    stage.made("/custom-objects", draft("deep", nested(100))).await;
    assert_eq!(stage.get("/custom-objects/box?expand=value").await.1["results"][0]["value"], nested(100));
}

#[tokio::test]
async fn any_of_four_scopes_will_do() {
    let stage = Stage::new().await;
    stage.made("/custom-objects", draft("one", json!(1))).await;
    for scope in ["products", "orders", "customers", "key_value_documents"] {
        assert_eq!(
            stage.status_as(&format!("view_{scope}:demo"), "GET", "/custom-objects/box/one").await,
            200
        );
        assert_eq!(
            stage.status_as(&format!("view_{scope}:demo"), "DELETE", "/custom-objects/box/one").await,
            403
        );
    }
    for path in ["", "/box", "/box/one"] {
        assert_eq!(
            stage.status_as("manage_stores:demo", "GET", &format!("/custom-objects{path}")).await,
            403
        );
    }
    assert_eq!(stage.status_as("manage_orders:demo", "DELETE", "/custom-objects/box/one").await, 200);
}

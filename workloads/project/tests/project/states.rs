use crate::stage::{Stage, refused};
use serde_json::{Value, json};

async fn state(stage: &Stage, key: &str, extra: Value) -> Value {
    let mut draft = json!({"key": key, "type": "OrderState"});
    draft.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    stage.made("/states", draft).await
}

#[tokio::test]
async fn every_project_has_the_built_in_initial_state() {
    let stage = Stage::new().await;
    let (status, initial) = stage.get("/states/key=Initial").await;
    assert_eq!(status, 200);
    assert_eq!(
        [&initial["type"], &initial["builtIn"], &initial["initial"]],
        [&json!("LineItemState"), &json!(true), &json!(true)]
    );
    assert_eq!(refused(&stage.remove("/states", &initial).await), "InvalidOperation");
    for action in [
        json!({"action": "changeKey", "key": "first"}),
        json!({"action": "changeType", "type": "OrderState"}),
        json!({"action": "changeInitial", "initial": false}),
    ] {
        assert_eq!(refused(&stage.change("/states", &initial, json!([action])).await), "InvalidOperation");
    }
    let named =
        stage.changed("/states", &initial, json!([{"action": "setName", "name": {"en": "New"}}])).await;
    assert_eq!(named["name"], json!({"en": "New"}));
}

#[tokio::test]
async fn a_state_is_initial_unless_said_otherwise_and_leads_where_it_says() {
    let stage = Stage::new().await;
    let done = state(&stage, "done", json!({"initial": false, "transitions": []})).await;
    assert_eq!(
        (&done["initial"], &done["transitions"], &done["builtIn"]),
        (&json!(false), &json!([]), &json!(false))
    );
    let to_done = json!({"typeId": "state", "id": done["id"]});
    let open =
        state(&stage, "open", json!({"transitions": [{"typeId": "state", "key": "done"}, to_done]})).await;
    assert_eq!((&open["initial"], &open["transitions"]), (&json!(true), &json!([to_done])));
    let free = stage.changed("/states", &open, json!([{"action": "setTransitions"}])).await;
    assert_eq!(free.get("transitions"), None);
}

#[tokio::test]
async fn transitions_stay_within_one_type() {
    let stage = Stage::new().await;
    let other = state(&stage, "other", json!({"type": "ProductState"})).await;
    let to_other = json!([{"typeId": "state", "key": "other"}]);
    let draft = json!({"key": "open", "type": "OrderState", "transitions": to_other});
    assert_eq!(refused(&stage.post("/states", draft).await), "InvalidOperation");
    let nowhere =
        json!({"key": "open", "type": "OrderState", "transitions": [{"typeId": "state", "key": "nowhere"}]});
    assert_eq!(refused(&stage.post("/states", nowhere).await), "ReferencedResourceNotFound");

    let open = state(&stage, "open", json!({})).await;
    let both = json!([{"action": "setTransitions", "transitions": to_other}, {"action": "changeType", "type": "ProductState"}]);
    let open = stage.changed("/states", &open, both).await;
    let back = json!([{"action": "changeType", "type": "OrderState"}]);
    assert_eq!(refused(&stage.change("/states", &open, back.clone()).await), "InvalidOperation");
    assert_eq!(
        refused(&stage.change("/states", &other, back).await),
        "InvalidOperation",
        "another state leads to it"
    );
}

#[tokio::test]
async fn roles_are_kept_once() {
    let stage = Stage::new().await;
    let review =
        json!({"type": "ReviewState", "roles": ["ReviewIncludedInStatistics", "ReviewIncludedInStatistics"]});
    let made = state(&stage, "shown", review).await;
    assert_eq!(made["roles"], json!(["ReviewIncludedInStatistics"]));
    let more = json!([{"action": "addRoles", "roles": ["ReviewIncludedInStatistics"]}]);
    assert_eq!(stage.changed("/states", &made, more).await, made);
    let less = json!([{"action": "removeRoles", "roles": ["ReviewIncludedInStatistics"]}]);
    assert_eq!(stage.changed("/states", &made, less).await["roles"], json!([]));
}

#[tokio::test]
async fn roles_are_those_of_the_type() {
    let stage = Stage::new().await;
    let made = state(&stage, "back", json!({"type": "LineItemState", "roles": ["Return"]})).await;
    for action in [
        json!({"action": "addRoles", "roles": ["ReviewIncludedInStatistics"]}),
        json!({"action": "setRoles", "roles": ["ReviewIncludedInStatistics"]}),
        json!({"action": "changeType", "type": "ReviewState"}),
    ] {
        let answer = stage.change("/states", &made, json!([action])).await;
        assert_eq!(refused(&answer), "InvalidOperation", "{action}");
    }
    let draft = json!({"key": "open", "type": "OrderState", "roles": ["Return"]});
    assert_eq!(refused(&stage.post("/states", draft).await), "InvalidOperation");
    let both = json!([
        {"action": "changeType", "type": "ReviewState"},
        {"action": "setRoles", "roles": ["ReviewIncludedInStatistics"]},
    ]);
    assert_eq!(stage.changed("/states", &made, both).await["type"], "ReviewState");
}

#[tokio::test]
async fn an_action_without_effect_moves_no_version() {
    let stage = Stage::new().await;
    let made = state(&stage, "open", json!({"name": {"en": "Open"}})).await;
    let same =
        json!([{"action": "setName", "name": {"en": "Open"}}, {"action": "changeInitial", "initial": true}]);
    assert_eq!(stage.changed("/states", &made, same).await, made);
}

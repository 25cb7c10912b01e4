//! What the manifest declares, followed while the processes run.

use commerce_tests::processes::{Plan, Processes, Servers, declared, declared_client};
use commerce_tests::{Answer, Client, PATIENCE};
use serde_json::json;
use std::time::{Duration, Instant};

async fn token(stack: &Processes, project: &str, client: &str) -> Option<Client> {
    let env = stack.env(project, client, 0);
    let answer = commerce_tests::http()
        .post(format!("{}/oauth/token", env["CTP_AUTH_URL"]))
        .basic_auth(&env["CTP_CLIENT_ID"], Some(&env["CTP_CLIENT_SECRET"]))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap();
    let body: serde_json::Value = answer.json().await.unwrap();
    let token = body["access_token"].as_str()?.to_owned();
    Some(Client::new(&env["CTP_API_URL"], project, token))
}

/// Waits until `asked` gives something.
async fn until<T, A: Future<Output = Option<T>>>(what: &str, mut asked: impl FnMut() -> A) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = asked().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_followed_and_what_users_change_beside_it_is_theirs() {
    let servers = Servers::shared();
    let plan = Plan { services: &["account", "project", "gateway"], ..Plan::default() };
    let mut stack = Processes::start(&servers, &plan).await;
    let shop = stack.client("shop", "admin", 0).await;

    // Users change what the manifest made: a setting, and one of its clients goes.
    let renamed = json!({"version": 1, "actions": [{"action": "changeName", "name": "Ours"}]});
    shop.post("", renamed).await.expect(200);
    let (limited, _) = (stack.env("shop", "limited", 0)["CTP_CLIENT_ID"].clone(), ());
    shop.delete(&format!("/api-clients/{limited}")).await.expect(200);

    // A restart fights over nothing.
    for replica in [0, 1] {
        for service in ["account", "project"] {
            stack.kill(service, replica);
        }
    }
    stack.start_all();
    stack.ready().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let project = shop.get("").await.expect(200);
    assert_eq!(project["name"], "Ours");
    assert!(token(&stack, "shop", "limited").await.is_none(), "the client that a user deleted stays deleted");

    // A second project comes, and the first one's languages and clients change.
    let mut changed = declared("shop");
    changed["languages"] = json!(["en", "de", "fr"]);
    changed["apiClients"].as_array_mut().unwrap().push(declared_client("shop", "viewer", &["view_orders"]));
    stack.declare(&[changed.clone(), declared("outlet")]);
    let outlet = until("the new project", || token(&stack, "outlet", "admin")).await;
    // Its clients are another service's than itself.
    until("the new project itself", async || (outlet.get("").await.status == 200).then_some(())).await;
    until("the new client", || token(&stack, "shop", "viewer")).await;
    let french = || async {
        let project: Answer = shop.get("").await;
        (project.body["languages"] == json!(["en", "de", "fr"])).then_some(project.body)
    };
    let project = until("the new language", french).await;
    assert_eq!(project["name"], "Ours", "what the manifest says as before is the users'");

    // The second project is taken out: it is closed, also to clients that users made, and nothing is erased.
    let draft = json!({"name": "own", "scope": "manage_project:outlet"});
    let made = outlet.post("/api-clients", draft).await.expect(201);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let own = commerce_tests::token(&stack.url("gateway", 0), id, secret).await;
    let own = Client::new(&stack.url("gateway", 0), "outlet", own);
    outlet.post("/channels", json!({"key": "kept"})).await.expect(201);
    stack.declare(&[changed.clone()]);
    until("the tokens of the closed project are out", || async {
        (own.get("").await.status == 401).then_some(())
    })
    .await;
    until("also at the other gateway", || async {
        let there = Client::new(&stack.url("gateway", 1), "outlet", outlet.token.clone());
        (there.get("").await.status == 401).then_some(())
    })
    .await;
    assert!(token(&stack, "outlet", "admin").await.is_none());
    shop.get("").await.expect(200);

    // Declared again, it is open again, with what was there.
    stack.declare(&[changed, declared("outlet")]);
    let outlet = until("the project is open again", || token(&stack, "outlet", "admin")).await;
    outlet.get("/channels/key=kept").await.expect(200);
    let again = commerce_tests::token(&stack.url("gateway", 0), id, secret).await;
    Client::new(&stack.url("gateway", 0), "outlet", again).get("").await.expect(200);
}

//! Stacks on a real broker and a real database: credentials, repair, and what deletion takes along.

use crate::servers::{Admin, quick, shared_kafka};
use crate::support::{Lab, Running, until};
use commerce_operator::names::{database, topic_prefix};
use crds::ServiceName;
use kube::api::{Patch, PatchParams};
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testbed::{KafkaOptions, KafkaServer, MongoServer, Sasl};

async fn mongodb() -> MongoServer {
    let server = || MongoServer::start_with_auth("root", "right-hunter2").unwrap();
    tokio::task::spawn_blocking(server).await.unwrap()
}

/// An operator that looks at brokers and databases all the time.
async fn operator(lab: &Lab) -> Running {
    let mut settings = lab.config();
    settings.backend_period = Duration::from_millis(500);
    settings.backend_limits = quick();
    settings.deletion_deadline = Duration::from_secs(30);
    lab.operator_with(settings, Arc::default()).await
}

async fn secret(lab: &Lab, name: &str, data: Value) {
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    let params = PatchParams::apply("tests").force();
    lab.objects("v1 Secret secrets").patch(name, &params, &Patch::Apply(&secret)).await.unwrap();
}

fn spec(broker: &Value) -> Value {
    json!({"deletionPolicy": "Delete", "kafka": {"external": broker},
        "mongodb": {"external": {"uriSecretRef": {"name": "mongo", "key": "uri"}}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_apart_never_shown_and_mended_by_a_change_of_their_secret() {
    let lab = Lab::new("credentials").await;
    let options = KafkaOptions::default().user(Sasl::ScramSha512, "shop", "right-hunter2");
    let kafka =
        tokio::task::spawn_blocking(move || KafkaServer::start_with(&options).unwrap()).await.unwrap();
    let mongodb = mongodb().await;
    let uri = |password: &str| json!({"uri": mongodb.uri().replace("right-hunter2", password)});
    let user =
        |password: &str| json!({"username": "shop", "password": password, "mechanism": "SCRAM-SHA-512"});
    secret(&lab, "mongo", uri("wrong-hunter2")).await;
    secret(&lab, "kafka", user("right-hunter2")).await;
    let operator = operator(&lab).await;
    lab.apply(
        "shop",
        spec(&json!({"bootstrapServers": kafka.address(), "authSecretRef": {"name": "kafka"}})),
    )
    .await;

    let mut told = vec![lab.reason("shop", "BackendsReady", "MongoAuthenticationFailed").await];
    lab.written("shop").await;
    secret(&lab, "kafka", user("wrong-hunter2")).await;
    secret(&lab, "mongo", uri("right-hunter2")).await;
    told.push(lab.reason("shop", "BackendsReady", "KafkaAuthenticationFailed").await);
    secret(&lab, "kafka", user("right-hunter2")).await;
    lab.reason("shop", "BackendsReady", "BackendsAsWanted").await;
    lab.event("shop", "UserCreated").await;
    lab.event("shop", "TopicCreated").await;

    assert!(told[0].contains("spec.mongodb") || told[0].contains(&mongodb.address()), "{told:?}");
    assert!(told[1].contains("credentials"), "{told:?}");
    let stack = serde_json::to_string(&lab.stacks().get("shop").await.unwrap()).unwrap();
    let events = format!("{:?}", lab.events("shop").await);
    assert!(!format!("{told:?}{stack}{events}").contains("hunter2"));
    lab.delete("shop").await;
    operator.stop().await;
}

/// The users in the database of a service.
async fn users(server: &MongoServer, lab: &Lab, service: ServiceName) -> usize {
    let client = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
    let database = client.database(&database(&lab.namespace, "shop", service));
    let found: Document = database.run_command(doc! { "usersInfo": 1 }).await.unwrap();
    found.get_array("users").unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_and_users_are_kept_as_wanted_and_go_with_their_stack_and_with_no_neighbour_of_its_name() {
    let (lab, neighbour) = (Lab::new("mine").await, Lab::new("theirs").await);
    let (kafka, mongodb) = (shared_kafka().await, mongodb().await);
    let mut operators = Vec::new();
    for lab in [&lab, &neighbour] {
        secret(lab, "mongo", json!({"uri": mongodb.uri()})).await;
        operators.push(operator(lab).await);
        lab.apply_whole("shop", spec(&json!({"bootstrapServers": kafka.address()}))).await;
    }
    for lab in [&lab, &neighbour] {
        lab.reason("shop", "BackendsReady", "BackendsAsWanted").await;
        lab.written("shop").await;
    }
    let admin = Admin::of(kafka.address());
    let [mine, theirs] = [&lab, &neighbour].map(|lab| topic_prefix(&lab.namespace, "shop"));
    until("the broker shows all topics", async || {
        let count = admin.topics(&mine).len();
        (count >= 10 && count == admin.topics(&theirs).len()).then_some(())
    })
    .await;
    let cart = format!("{mine}cart");
    let retention = admin.settings(&cart).await["retention.ms"].clone();

    // Somebody meddles.
    admin.delete(&format!("{mine}order")).await;
    admin.appear(&format!("{mine}order")).await;
    admin.alter(&cart, &[("retention.ms", "1000")]).await;
    admin.until(&cart, "retention.ms", &retention).await;
    let note = lab.event("shop", "TopicRepaired").await;
    assert!(note.contains(&cart) && note.contains("retention.ms"), "{note}");
    assert_eq!(users(&mongodb, &lab, ServiceName::Cart).await, 1);

    let before = admin.topics(&theirs);
    lab.delete("shop").await;
    let note = lab.event("shop", "Deleted").await;
    assert!(note.contains(&format!("topic {cart}")), "{note}");
    until("its topics are gone", async || admin.topics(&mine).is_empty().then_some(())).await;
    assert_eq!(users(&mongodb, &lab, ServiceName::Cart).await, 0);
    assert_eq!(admin.topics(&theirs), before);
    assert_eq!(users(&mongodb, &neighbour, ServiceName::Cart).await, 1);
    neighbour.reason("shop", "BackendsReady", "BackendsAsWanted").await;
    neighbour.delete("shop").await;
    for operator in operators {
        operator.stop().await;
    }
}

//! The quickstart becomes a shop that clients use unchanged.

use crate::shop::{operator, quickstart, shop};
use commerce_tests::cluster::{Namespace, eventually};
use serde_json::{Value, json};
use std::process::Command;

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn the_quickstart_as_it_is_becomes_ready_and_has_its_catalogue() {
    operator();
    let namespace = Namespace::new("as-it-is");
    let stack = namespace.stack("quickstart");
    stack.apply(&quickstart());
    stack.wait_ready();
    eventually("the sample catalogue is loaded", || {
        (stack.get("job", "quickstart-seed-demo")?["status"]["succeeded"] == 1).then_some(())
    });
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let client = stack.client("demo").await;
        let published = client.get("/product-projections?limit=1&withTotal=true").await.expect(200);
        assert!(published["total"].as_u64().unwrap() > 30, "{published}");
    });
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn kubectl_shows_how_a_stack_is() {
    let (stack, _turn) = shop();
    let table = stack.kubectl(&["get", "commercestacks"]);
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap(), ["NAME", "READY", "STATUS", "SERVICES", "VERSION", "ENDPOINT", "AGE"]);
    let row = lines.next().unwrap();
    assert_eq!(row[..4], ["quickstart", "True", "AllServicesReady", "8/8"], "{table}");
    assert_eq!(row[5], "http://quickstart-gateway.shops.svc", "{table}");
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn the_journeys_of_the_sdk_pass_through_the_gateways_service() {
    let (stack, _turn) = shop();
    let journeys = concat!(env!("CARGO_MANIFEST_DIR"), "/journeys");
    // The answers are kept, and compared by scripts/pods.sh with those of the stack in one process.
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(journeys).envs(stack.credentials("demo", "admin"));
    assert!(npm.status().unwrap().success(), "a journey failed");
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn every_replica_of_the_gateway_and_of_a_service_takes_its_share() {
    let (stack, _turn) = shop();
    let load = crate::load::Load::start(&stack);
    std::thread::sleep(std::time::Duration::from_secs(20));
    load.stop().expect_no_failure();
    for service in ["gateway", "cart", "product"] {
        for (pod, _) in stack.pods(service) {
            let path = format!("/api/v1/namespaces/{}/pods/{pod}:9090/proxy/metrics", stack.namespace);
            let metrics = stack.kubectl(&["get", "--raw", &path]);
            let served: u64 = metrics
                .lines()
                .filter(|line| line.starts_with("commerce_http_requests_total"))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
                .sum();
            assert!(served > 10, "{pod} answered {served} requests:\n{metrics}");
        }
    }
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_plain_consumer_reads_the_event_of_a_new_product_from_kafka() {
    let (stack, _turn) = shop();
    let name = format!("pods-{:x}", std::process::id());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let product: Value = runtime.block_on(async {
        let client = stack.client("demo").await;
        let kind = client
            .post("/product-types", json!({"name": name, "description": "", "key": name}))
            .await
            .expect(201);
        let draft = json!({"productType": {"typeId": "product-type", "id": kind["id"]},
            "name": {"en": name}, "slug": {"en": name}, "key": name});
        client.post("/products", draft).await.expect(201)
    });
    let consumer = format!(
        "java -cp '/opt/kafka/libs/*' org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server \
         quickstart-kafka.{}.svc:9092 --topic shops.quickstart.product --from-beginning --timeout-ms 15000 \
         --property print.headers=true",
        stack.namespace
    );
    let read =
        stack.kubectl(&["exec", "quickstart-kafka-0", "--", "bash", "-c", &format!("{consumer} || true")]);
    let id = product["id"].as_str().unwrap();
    let event =
        read.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("no event of {id} in {read}"));
    assert!(event.contains("ProductCreated") || event.contains("product.created"), "{event}");
}

//! What somebody breaks comes back.

use crate::shop::shop;
use commerce_tests::cluster::eventually;

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn killed_pods_come_back() {
    let (stack, _turn) = shop();
    let before = stack.pods("cart");
    let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
    stack.kubectl(&[&["delete", "pod", "--grace-period=0", "--force"], names.as_slice()].concat());
    eventually("other pods of the cart are there", || {
        let now = stack.pods("cart");
        (now.len() == 2 && now.iter().all(|pod| !before.contains(pod))).then_some(())
    });
    stack.wait_ready();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_hand_edited_deployment_and_a_deleted_secret_come_back_as_they_were() {
    let (stack, _turn) = shop();
    let image = |stack: &commerce_tests::cluster::Stack| {
        stack.get("deployment", "quickstart-cart").unwrap()["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    let (right, secret) = (image(&stack), stack.get("secret", "quickstart-cart-mongodb").unwrap());
    stack.kubectl(&["set", "image", "deployment/quickstart-cart", "commerce=example.com/other:1"]);
    eventually("the image is set back", || (image(&stack) == right).then_some(()));
    stack.kubectl(&["delete", "secret", "quickstart-cart-mongodb"]);
    let again = eventually("the Secret is back", || stack.get("secret", "quickstart-cart-mongodb"));
    assert_eq!(again["data"], secret["data"]);
    stack.wait_ready();
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_deleted_topic_comes_back() {
    let (stack, _turn) = shop();
    let topics = |what: &str| {
        let command = format!(
            "java -cp '/opt/kafka/libs/*' org.apache.kafka.tools.TopicCommand --bootstrap-server quickstart-kafka.shops.svc:9092 {what}"
        );
        stack.kubectl(&["exec", "quickstart-kafka-0", "--", "bash", "-c", &command])
    };
    let topic = "shops.quickstart.order";
    assert!(topics("--list").contains(topic));
    topics(&format!("--delete --topic {topic}"));
    eventually("the topic is back", || topics("--list").lines().any(|line| line == topic).then_some(()));
    stack.wait_ready();
}

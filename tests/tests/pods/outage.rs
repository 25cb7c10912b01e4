//! The database or the broker goes away while shoppers shop: nothing that was answered is lost.

use crate::load::Load;
use crate::shop::shop;
use commerce_tests::cluster::eventually;

fn survives_the_loss_of(pod: &str) {
    let (stack, _turn) = shop();
    let uid = |pod: &str| Some(stack.get("pod", pod)?["metadata"]["uid"].clone());
    let before = uid(pod);
    let load = Load::start(&stack);
    std::thread::sleep(std::time::Duration::from_secs(3));
    // Killed after a second, and gone before there is another: by force, two would be at the same files for a while,
    // and what the first one still took would be lost.
    stack.kubectl(&["delete", "pod", pod, "--grace-period=1"]);
    eventually("another pod is there", || uid(pod).filter(|now| Some(now) != before.as_ref()));
    eventually("it runs", || {
        (stack.get("pod", pod)?["status"]["containerStatuses"][0]["ready"] == true).then_some(())
    });
    stack.wait_ready();
    let tally = load.stop();
    assert!(!tally.orders.is_empty(), "no order was made: {:#?}", tally.bad.first());
    // Nobody is told that they are wrong when the shop is: a failure is no answer, or one of the server's kind.
    let unclean: Vec<_> =
        tally.bad.iter().filter(|bad| bad.status.is_some_and(|status| status < 500)).collect();
    assert!(unclean.is_empty(), "{unclean:#?}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = stack.client("demo").await;
        for order in &tally.orders {
            client.get(&format!("/orders/{order}")).await.expect(200);
        }
    });
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_database_that_is_restarted_loses_no_order() {
    survives_the_loss_of("quickstart-mongodb-0");
}

#[test]
#[ignore = "needs a cluster with nodes: scripts/pods.sh"]
fn a_broker_that_is_restarted_loses_no_order() {
    survives_the_loss_of("quickstart-kafka-0");
}

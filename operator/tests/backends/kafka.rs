//! What a pass does to topics, on a broker that works.

use crate::support::{Admin, found, made, on_broker, quick, reasons, settled, shared_kafka, topic};
use commerce_operator::backends::{BackendFinding, Backends, Limits, topics_of};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

const WEEK: &str = "604800000";

#[tokio::test]
async fn missing_topics_are_created_as_planned_and_a_second_pass_writes_nothing() {
    let kafka = shared_kafka().await;
    let text = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {name: shop}\nspec:\n  kafka: \
                {topics: {partitions: 2, retention: 3d}}\n";
    let stack = crds::validate(&crds::load(text, "test").unwrap()).unwrap();
    let plan = on_broker(kafka.address(), "create.shop.", topics_of(&stack.topics));
    let backends = Backends::new(quick());

    let findings = backends.reconcile(&plan).await;

    assert_eq!(reasons(&findings), ["TopicCreated"; 10], "{findings:?}");
    let admin = Admin::of(kafka.address());
    for topic in &plan.broker.as_ref().unwrap().topics {
        admin.appear(&format!("create.shop.{}", topic.name)).await;
    }
    assert_eq!(admin.partitions("create.shop.order"), Some(2));
    assert_eq!(admin.settings("create.shop.order").await["retention.ms"], "259200000");
    assert_eq!(admin.settings("create.shop.account").await["cleanup.policy"], "compact");

    let before = backends.counts().kafka_writes.get();
    settled(&backends, &plan).await;
    // Nor does one of another process, which knows nothing of the first.
    let restarted = Backends::new(quick());
    settled(&restarted, &plan).await;
    assert_eq!((backends.counts().kafka_writes.get(), restarted.counts().kafka_writes.get()), (before, 0));
}

#[tokio::test]
async fn an_edited_setting_is_set_back_and_what_others_have_set_beside_it_stays() {
    let kafka = shared_kafka().await;
    let topics = vec![topic("cart", 1, &[("cleanup.policy", "delete"), ("retention.ms", WEEK)])];
    let plan = on_broker(kafka.address(), "edit.shop.", topics);
    let (backends, admin) = (Backends::new(quick()), Admin::of(kafka.address()));
    made(&backends, &plan).await;

    let foreign = [("max.message.bytes", "2000000"), ("segment.bytes", "1048577")];
    admin.alter("edit.shop.cart", &[foreign[0], foreign[1], ("retention.ms", "1000")]).await;
    let writes = backends.counts().kafka_writes.get();
    let findings = backends.reconcile(&plan).await;

    let what = format!("retention.ms from 1000 to {WEEK}");
    assert_eq!(findings, [BackendFinding::TopicRepaired { topic: "edit.shop.cart".into(), what }]);
    assert_eq!(backends.counts().kafka_writes.get(), writes + 1);
    admin.until("edit.shop.cart", "retention.ms", WEEK).await;
    for (name, value) in foreign {
        assert_eq!(admin.settings("edit.shop.cart").await[name], value);
    }

    // A foreign setting alone is no reason to write.
    admin
        .alter(
            "edit.shop.cart",
            &[("max.message.bytes", "3000000"), ("retention.ms", WEEK), ("cleanup.policy", "delete")],
        )
        .await;
    assert_eq!(backends.reconcile(&plan).await, []);
    assert_eq!(backends.counts().kafka_writes.get(), writes + 1);
}

#[tokio::test]
async fn partitions_grow_and_never_shrink() {
    let kafka = shared_kafka().await;
    let plan = |partitions| on_broker(kafka.address(), "grow.shop.", vec![topic("cart", partitions, &[])]);
    let (backends, admin) = (Backends::new(quick()), Admin::of(kafka.address()));
    made(&backends, &plan(2)).await;

    let findings = backends.reconcile(&plan(5)).await;
    let topic = || "grow.shop.cart".to_owned();
    assert_eq!(findings, [BackendFinding::PartitionsGrown { topic: topic(), from: 2, to: 5 }]);
    admin.until_partitions(&topic(), 5).await;
    assert_eq!(backends.reconcile(&plan(5)).await, []);

    let writes = backends.counts().kafka_writes.get();
    let findings = backends.reconcile(&plan(3)).await;
    let [problem @ BackendFinding::TopicMismatch { path: "spec.kafka.topics.partitions", .. }] =
        &findings[..]
    else {
        panic!("{findings:?}");
    };
    assert!(problem.message().contains("has 5 partitions where 3 are asked for"), "{problem}");
    assert_eq!((admin.partitions(&topic()), backends.counts().kafka_writes.get()), (Some(5), writes));
}

#[tokio::test]
async fn a_topic_that_somebody_deletes_returns() {
    let kafka = shared_kafka().await;
    let plan = on_broker(kafka.address(), "gone.shop.", vec![topic("cart", 1, &[]), topic("order", 1, &[])]);
    let (backends, admin) = (Backends::new(quick()), Admin::of(kafka.address()));
    made(&backends, &plan).await;

    admin.delete("gone.shop.cart").await;
    // What one client sees no longer, another may see for a moment more.
    let findings = found(&backends, &plan).await;

    assert_eq!(findings, [BackendFinding::TopicCreated { topic: "gone.shop.cart".into() }]);
    admin.appear("gone.shop.cart").await;
    assert_eq!(backends.reconcile(&plan).await, []);
}

#[tokio::test]
async fn more_copies_than_brokers_are_a_finding_and_no_request() {
    let kafka = shared_kafka().await;
    let mut copies = topic("cart", 1, &[("min.insync.replicas", "2")]);
    let plan = |topic| on_broker(kafka.address(), "copies.shop.", vec![topic]);
    let backends = Backends::new(quick());
    copies.replication_factor = 3;
    let findings = backends.reconcile(&plan(copies.clone())).await;
    assert_eq!(reasons(&findings), ["TopicMismatch"]);
    assert!(findings[0].message().starts_with("spec.kafka.topics.replicationFactor: "), "{}", findings[0]);
    assert_eq!(backends.counts().kafka_writes.get(), 0);

    // A topic with one copy where three are asked for stays writable.
    let single = topic("cart", 1, &[]);
    made(&backends, &plan(single)).await;
    let findings = backends.reconcile(&plan(copies)).await;
    assert_eq!(reasons(&findings), ["TopicMismatch"]);
    let admin = Admin::of(kafka.address());
    assert_eq!(admin.settings("copies.shop.cart").await["min.insync.replicas"], "1");
}

#[tokio::test]
async fn removal_takes_the_topics_and_groups_of_one_stack_and_of_no_neighbour() {
    let kafka = shared_kafka().await;
    let admin = Admin::of(kafka.address());
    let backends = Backends::new(quick());
    let topics = || vec![topic("cart", 1, &[]), topic("order", 1, &[])];
    let plan = |prefix| on_broker(kafka.address(), prefix, topics());
    let neighbours = ["ns-b.shop.", "ns-a.shop2.", "ns-a.sho."];
    for prefix in neighbours.into_iter().chain(["ns-a.shop."]) {
        made(&backends, &plan(prefix)).await;
        commit(kafka.address(), &format!("{prefix}cart.orders"), &format!("{prefix}order"));
    }
    let mine = plan("ns-a.shop.");

    let mut retained = mine.clone();
    retained.delete = false;
    assert_eq!(backends.remove(&retained).await, Default::default());
    assert_eq!(admin.topics("ns-a.shop.").len(), 2);

    let report = backends.remove(&mine).await;
    let removed = ["topic ns-a.shop.cart", "topic ns-a.shop.order", "consumer group ns-a.shop.cart.orders"];
    assert_eq!((report.removed, report.left), (removed.map(str::to_owned).to_vec(), vec![]));
    admin.disappear("ns-a.shop.").await;
    assert!(admin.groups("ns-a.shop.").is_empty());
    for prefix in neighbours {
        assert_eq!(admin.topics(prefix).len(), 2, "{prefix}");
        assert_eq!(admin.groups(prefix), [format!("{prefix}cart.orders")]);
    }

    // What is gone is nothing to report.
    assert_eq!(backends.remove(&mine).await, Default::default());
}

/// Leaves a group that has read something.
fn commit(address: &str, group: &str, topic: &str) {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", address).set("group.id", group).create().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, 0, Offset::Offset(0)).unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}

#[tokio::test]
async fn a_hundred_stacks_on_one_broker_share_one_client_and_one_picture() {
    let kafka = shared_kafka().await;
    let backends = Backends::new(Limits::default());
    let plans: Vec<_> = (0..100)
        .map(|n| on_broker(kafka.address(), &format!("many-{n}.shop."), vec![topic("cart", 1, &[])]))
        .collect();

    let passes = plans.iter().map(|plan| backends.reconcile(plan));
    for findings in futures::future::join_all(passes).await {
        assert_eq!(reasons(&findings), ["TopicCreated"]);
    }
    assert_eq!((backends.clients().kafka_open, backends.clients().kafka_opened), (1, 1));

    let (writes, began) = (backends.counts().kafka_writes.get(), std::time::Instant::now());
    let passes = plans.iter().map(|plan| backends.reconcile(plan));
    for findings in futures::future::join_all(passes).await {
        assert_eq!(findings, []);
    }
    println!("100 stacks in {:?}", began.elapsed());
    assert_eq!((backends.counts().kafka_writes.get(), backends.clients().kafka_opened), (writes, 1));
    // One when it was opened, one or two as its age ran out, and none per stack.
    assert!(backends.counts().kafka_pictures.get() < 6, "{}", backends.counts().kafka_pictures.get());
}

#[tokio::test]
async fn clients_of_nobody_are_closed() {
    let kafka = shared_kafka().await;
    let backends = Backends::new(Limits { idle_after: Duration::from_millis(300), ..quick() });
    backends.reconcile(&on_broker(kafka.address(), "idle.shop.", vec![])).await;
    assert_eq!(backends.clients().kafka_open, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(backends.clients().kafka_open, 0);
}

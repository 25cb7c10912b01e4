//! Members of groups: slow ones, those that leave, and those that take over.

use crate::harness::*;
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig};
use kit::bus::{Consumer, EventBus};
use std::time::{Duration, Instant};

/// As impatient as a broker allows.
fn impatient(topics: &Topics) -> KafkaConfig {
    KafkaConfig {
        session_timeout: Duration::from_secs(6),
        max_poll_interval: Duration::from_secs(6),
        ..topics.config()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_works_for_long_keeps_its_place() {
    let topics = Topics::create(&shared(), &["order"], 2).await;
    let bus = KafkaBus::open(&impatient(&topics)).unwrap();
    bus.publish(series("order", "a", 1..=30)).await.unwrap();
    let mut member = join(&bus, "group", &["order"]).await;
    let first = member.next(10).await.unwrap();
    let assignments = member.assignments();
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert_eq!(member.assignments(), assignments, "it was thrown out");
    member.commit(&first).await.unwrap();
    let rest = read(&mut member, 30 - first.len()).await;
    assert_eq!([numbers(&first), numbers(&rest)].concat(), (1..=30).collect::<Vec<_>>());
    member.commit(&rest).await.unwrap();
    bus.publish(series("order", "a", 31..=32)).await.unwrap();
    assert_eq!(numbers(&read(&mut member, 2).await), [31, 32], "it reads on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_member_leaves_is_taken_over_at_once() {
    let topics = Topics::create(&shared(), &["order"], 4).await;
    // A session outlives the patience of this test: only leaving can explain a takeover.
    let config = KafkaConfig { session_timeout: PATIENCE * 2, ..topics.config() };
    let bus = KafkaBus::open(&config).unwrap();
    let (mut one, mut other) = (join(&bus, "group", &["order"]).await, join(&bus, "group", &["order"]).await);
    let both = async |one: &mut Box<dyn Consumer>, other: &mut Box<dyn Consumer>| {
        let wait = Duration::from_millis(300);
        let (a, b) = tokio::join!(
            tokio::time::timeout(wait, one.next(100)),
            tokio::time::timeout(wait, other.next(100))
        );
        [a, b].map(|found| found.map_or(Vec::new(), Result::unwrap))
    };
    let began = Instant::now();
    let mut round = 0;
    loop {
        round += 1;
        let keys = (0..16).map(|n| event("order", &format!("key-{n}"), round));
        bus.publish(keys.collect()).await.unwrap();
        let [a, b] = both(&mut one, &mut other).await;
        one.commit(&a).await.unwrap();
        other.commit(&b).await.unwrap();
        if !a.is_empty() && !b.is_empty() {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "one does all the work");
    }
    one.leave().await;
    bus.publish((0..16).map(|n| event("order", &format!("key-{n}"), round + 1)).collect()).await.unwrap();
    let last = |d: &kit::bus::Delivery| d.event.change_seq == round + 1;
    read_until(&mut other, |read| read.iter().filter(|d| last(d)).count() == 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_what_another_member_has_by_now_is_left_to_it() {
    let topics = Topics::create(&shared(), &["order"], 2).await;
    let bus = KafkaBus::open(&impatient(&topics)).unwrap();
    bus.publish((0..40).map(|n| event("order", &format!("key-{n}"), 1)).collect()).await.unwrap();
    let mut slow = join(&bus, "group", &["order"]).await;
    let all = read(&mut slow, 40).await;
    let quick = tokio::spawn(async move {
        let mut quick = join(&bus, "group", &["order"]).await;
        let found = tokio::time::timeout(PATIENCE, quick.next(100)).await.unwrap().unwrap();
        quick.commit(&found).await.unwrap();
        found
    });
    // The driver polls for the slow one, so that the other need not wait for it.
    let theirs = quick.await.unwrap();
    let partition = theirs[0].partition;
    assert!(theirs.iter().all(|delivery| delivery.partition == partition), "it has one of the two");
    slow.commit(&all).await.unwrap();
}

//! A stack's topics, made what the plan says: created, grown, their settings set back.

use super::client::Broker;
use super::diagnose::is_forbidden;
use super::picture::{Shape, Sight};
use super::settings::{Verdict, judge};
use crate::backends::topics::{MIN_IN_SYNC, TopicPlan};
use crate::backends::{BackendFinding, BrokerPlan};
use rdkafka::admin::{AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PARTITIONS: &str = "spec.kafka.topics.partitions";
const REPLICATION: &str = "spec.kafka.topics.replicationFactor";
const TOPICS: &str = "spec.kafka.topics";
/// How long to wait until settings that were written are shown.
const PATIENCE: Duration = Duration::from_secs(2);

/// A topic that there is, and one that there should be.
struct Wanted<'a> {
    name: String,
    plan: &'a TopicPlan,
}

/// Settings that are wrong.
struct Change<'a> {
    name: &'a str,
    /// Ours.
    config: BTreeMap<String, String>,
    /// What to write: ours and those of others.
    all: BTreeMap<String, String>,
    what: String,
}

/// Makes the topics right. What was done or is in the way goes into `findings`, also when it ends early.
///
/// # Errors
/// The broker can no longer be used.
pub(super) async fn reconcile(
    broker: &Arc<Broker>,
    plan: &BrokerPlan,
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let names: Vec<String> = plan.topics.iter().map(|topic| plan.full_name(topic)).collect();
    let (brokers, sights) = broker.sights(&names).await?;
    let (mut missing, mut present, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
    for ((name, plan), sight) in names.into_iter().zip(&plan.topics).zip(sights) {
        match sight {
            Sight::Missing => missing.push(Wanted { name, plan }),
            Sight::There(shape) => present.push((Wanted { name, plan }, shape)),
            Sight::Hidden => hidden.push(name),
            // The next pass knows more.
            Sight::Settling => {}
        }
    }
    forbidden(&hidden, "see", "Describe", findings);
    create(broker, missing, brokers, findings).await?;
    grow(broker, &present, findings).await?;
    repair(broker, &present, findings).await
}

async fn create(
    broker: &Arc<Broker>,
    missing: Vec<Wanted<'_>>,
    brokers: usize,
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let (possible, impossible): (Vec<_>, Vec<_>) = missing.into_iter().partition(|wanted| {
        usize::try_from(wanted.plan.replication_factor).is_ok_and(|copies| copies <= brokers)
    });
    findings.extend(impossible.into_iter().map(|wanted| BackendFinding::TopicMismatch {
        message: format!(
            "cannot be created with {} copies, as there are {brokers} brokers: lower it, or start more brokers",
            wanted.plan.replication_factor
        ),
        topic: wanted.name,
        path: REPLICATION,
    }));
    if possible.is_empty() {
        return Ok(());
    }
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let topics: Vec<NewTopic<'_>> = possible
        .iter()
        .map(|Wanted { name, plan }| {
            let copies = TopicReplication::Fixed(number(plan.replication_factor));
            let topic = NewTopic::new(name, number(plan.partitions), copies);
            plan.config.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
        })
        .collect();
    let (mut denied, mut hidden) = (Vec::new(), Vec::new());
    for result in broker.create(&topics).await? {
        match result {
            Ok(topic) => {
                let partitions =
                    possible.iter().find(|wanted| wanted.name == topic).map_or(1, |w| w.plan.partitions);
                broker.note(|picture| picture.expect(&topic, partitions)).await;
                findings.push(BackendFinding::TopicCreated { topic });
            }
            // Very young, made by another process; or the broker does not show it to us.
            Err((topic, Code::TopicAlreadyExists)) => {
                if broker.note(|picture| picture.expect_existing(&topic)).await {
                    hidden.push(topic);
                }
            }
            Err((topic, code)) if is_forbidden(code) => denied.push(topic),
            Err((topic, code)) => findings.push(not_created(topic, code)),
        }
    }
    forbidden(&denied, "create", "Create", findings);
    forbidden(&hidden, "see", "Describe", findings);
    Ok(())
}

async fn grow(
    broker: &Arc<Broker>,
    present: &[(Wanted<'_>, Shape)],
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let mut small = Vec::new();
    for (wanted, shape) in present {
        let Wanted { name, plan } = wanted;
        let mismatch = |path, message| BackendFinding::TopicMismatch { topic: name.clone(), path, message };
        if shape.partitions < plan.partitions {
            small.push((name, *shape, plan.partitions));
        } else if shape.partitions > plan.partitions {
            let there = shape.partitions;
            let message = format!(
                "has {there} partitions where {} are asked for, and Kafka takes none away: set {there}",
                plan.partitions
            );
            findings.push(mismatch(PARTITIONS, message));
        }
        if shape.copies != plan.replication_factor {
            let message = format!(
                "has {} copies where {} are asked for: change it with kafka-reassign-partitions, or correct the number",
                shape.copies, plan.replication_factor
            );
            findings.push(mismatch(REPLICATION, message));
        }
    }
    if small.is_empty() {
        return Ok(());
    }
    let growth: Vec<NewPartitions<'_>> = small
        .iter()
        .map(|(name, _, to)| NewPartitions::new(name, usize::try_from(*to).unwrap_or(usize::MAX)))
        .collect();
    let mut denied = Vec::new();
    for result in broker.grow(&growth).await? {
        match result {
            Ok(topic) => {
                if let Some((_, shape, to)) = small.iter().find(|(name, ..)| **name == topic) {
                    broker.note(|picture| picture.expect(&topic, *to)).await;
                    findings.push(BackendFinding::PartitionsGrown { topic, from: shape.partitions, to: *to });
                }
            }
            Err((topic, code)) if is_forbidden(code) => denied.push(topic),
            // Deleted or grown by somebody since: the next pass sees it.
            Err((_, Code::UnknownTopicOrPartition | Code::InvalidPartitions)) => {}
            Err((topic, code)) => {
                let message = format!("cannot get more partitions: {code}");
                findings.push(BackendFinding::TopicMismatch { topic, path: PARTITIONS, message });
            }
        }
    }
    forbidden(&denied, "add partitions to", "Alter", findings);
    Ok(())
}

async fn repair(
    broker: &Arc<Broker>,
    present: &[(Wanted<'_>, Shape)],
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let names: Vec<&str> = present.iter().map(|(wanted, _)| wanted.name.as_str()).collect();
    let settings = broker.settings(&names).await?;
    let mut wrong = Vec::new();
    let mut unreadable = Vec::new();
    for (Wanted { name, plan }, shape) in present {
        let config = possible_config(plan, *shape);
        match judge(&config, settings.get(name).map_or(&[], Vec::as_slice)) {
            Verdict::Right => {}
            Verdict::Wrong { all, what } => wrong.push(Change { name, config, all, what }),
            Verdict::Unreadable => unreadable.push(name.clone()),
            Verdict::Hidden(setting) => findings.push(BackendFinding::TopicMismatch {
                topic: name.clone(),
                path: TOPICS,
                message: format!(
                    "has a setting {setting} whose value is hidden, so no setting can be changed"
                ),
            }),
        }
    }
    // A topic that has just been deleted has none either; that is what the picture shows soon.
    unreadable.retain(|topic| broker.is_stubborn(topic));
    forbidden(&unreadable, "see the settings of", "DescribeConfigs", findings);
    if wrong.is_empty() {
        return Ok(());
    }
    let changes: Vec<AlterConfig<'_>> = wrong
        .iter()
        .map(|Change { name, all, .. }| {
            let change = AlterConfig::new(ResourceSpecifier::Topic(name));
            all.iter().fold(change, |change, (name, value)| change.set(name, value))
        })
        .collect();
    broker.alter(&changes).await?;
    let mut refused = Vec::new();
    for (name, what) in taken(broker, &wrong).await? {
        match what {
            Some(what) => findings.push(BackendFinding::TopicRepaired { topic: name, what }),
            // The first time, it may be slow to show.
            None if broker.is_stubborn(&name) => refused.push(name),
            None => {}
        }
    }
    forbidden(&refused, "change the settings of", "AlterConfigs", findings);
    Ok(())
}

/// Which changes the broker took, by reading them: it may be a moment before it shows them.
async fn taken(
    broker: &Broker,
    wrong: &[Change<'_>],
) -> Result<Vec<(String, Option<String>)>, BackendFinding> {
    let names: Vec<&str> = wrong.iter().map(|change| change.name).collect();
    let began = Instant::now();
    loop {
        let settings = broker.settings(&names).await?;
        let outcomes: Vec<_> = wrong
            .iter()
            .map(|change| {
                let shown = settings.get(change.name).map_or(&[][..], Vec::as_slice);
                let taken = judge(&change.config, shown) == Verdict::Right;
                (change.name.to_owned(), taken.then(|| change.what.clone()))
            })
            .collect();
        if outcomes.iter().all(|(_, what)| what.is_some()) || began.elapsed() > PATIENCE {
            return Ok(outcomes);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The settings that fit the topic as it is: to ask for more copies in sync than there are would stop all writes.
fn possible_config(plan: &TopicPlan, shape: Shape) -> BTreeMap<String, String> {
    let mut config = plan.config.clone();
    if shape.copies < plan.replication_factor {
        config.remove(MIN_IN_SYNC);
    }
    config
}

/// One finding for all topics to which a right is missing.
fn forbidden(topics: &[String], doing: &str, right: &str, findings: &mut Vec<BackendFinding>) {
    if !topics.is_empty() {
        findings.push(BackendFinding::KafkaForbidden {
            message: format!(
                "Kafka does not let the operator's user {doing} {}: grant it {right} on these topics",
                some(topics)
            ),
        });
    }
}

fn not_created(topic: String, code: Code) -> BackendFinding {
    let (path, message) = match code {
        Code::InvalidReplicationFactor => {
            (REPLICATION, "cannot have so many copies, as there are fewer brokers".to_owned())
        }
        Code::PolicyViolation => {
            (TOPICS, "is refused by a policy of the broker: change these settings, or the policy".to_owned())
        }
        Code::ThrottlingQuotaExceeded => {
            (TOPICS, "is refused for now by a quota of the broker; it is tried again".to_owned())
        }
        code => (TOPICS, format!("cannot be created: {code}")),
    };
    BackendFinding::TopicMismatch { topic, path, message }
}

/// The first few names.
fn some(topics: &[String]) -> String {
    let shown = topics.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match topics.len() {
        0..=3 => shown,
        all => format!("{shown} and {} more", all - 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_with_too_few_copies_is_not_made_unwritable() {
        let config = BTreeMap::from([(MIN_IN_SYNC.to_owned(), "2".to_owned())]);
        let plan = TopicPlan { name: "cart".into(), partitions: 1, replication_factor: 3, config };
        assert!(possible_config(&plan, Shape { partitions: 1, copies: 1 }).is_empty());
        assert_eq!(possible_config(&plan, Shape { partitions: 1, copies: 3 }), plan.config);
    }

    #[test]
    fn many_names_are_cut_short() {
        let names: Vec<String> = (1..=5).map(|n| format!("t{n}")).collect();
        assert_eq!(some(&names), "t1, t2, t3 and 2 more");
        assert_eq!(some(&names[..2]), "t1, t2");
    }
}

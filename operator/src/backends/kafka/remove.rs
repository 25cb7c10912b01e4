//! A stack's topics and consumer groups, removed: exactly its own, by full names.

use super::client::Broker;
use super::diagnose::is_forbidden;
use crate::backends::{BrokerPlan, RemovalReport};
use rdkafka::admin::TopicResult;
use rdkafka::error::RDKafkaErrorCode as Code;
use std::sync::Arc;

/// How reports name what was planned.
pub(super) fn planned(plan: &BrokerPlan) -> Vec<String> {
    plan.topics.iter().map(|topic| label("topic", &plan.full_name(topic))).collect()
}

/// Deletes the topics, then the groups that read them.
pub(super) async fn remove(broker: &Arc<Broker>, plan: &BrokerPlan, report: &mut RemovalReport) {
    let names: Vec<String> = plan.topics.iter().map(|topic| plan.full_name(topic)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match broker.delete(&names).await {
        Ok(results) => {
            broker.note(|picture| names.iter().for_each(|name| picture.forget(name))).await;
            sort("topic", results, report);
        }
        Err(why) => {
            names.iter().for_each(|name| report.left(label("topic", name), &why));
            return;
        }
    }
    let groups = match broker.groups(&plan.topic_prefix).await {
        Ok(groups) => groups,
        Err(why) => return report.left(format!("consumer groups {}*", plan.topic_prefix), why),
    };
    if groups.is_empty() {
        return;
    }
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    match broker.delete_groups(&groups).await {
        Ok(results) => sort("consumer group", results, report),
        Err(why) => groups.iter().for_each(|name| report.left(label("consumer group", name), &why)),
    }
}

fn sort(kind: &str, results: Vec<TopicResult>, report: &mut RemovalReport) {
    for result in results {
        match result {
            Ok(name) => report.removed(label(kind, &name)),
            Err((_, Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::GroupIdNotFound)) => {}
            Err((name, Code::NonEmptyGroup)) => report.left(label(kind, &name), "it still has members"),
            Err((name, Code::TopicDeletionDisabled)) => {
                report.left(label(kind, &name), "the broker has delete.topic.enable=false");
            }
            Err((name, code)) if is_forbidden(code) => {
                report.left(label(kind, &name), "the operator's user has no right to delete it");
            }
            Err((name, code)) => report.left(label(kind, &name), code),
        }
    }
}

fn label(kind: &str, name: &str) -> String {
    format!("{kind} {name}")
}

//! The rules of what the services stand on: database, event broker, topics.

use super::Report;
use super::names::{is_object, is_quantity, is_secret_key, is_server, not_an_object, wrong};
use crate::manifest::{ExternalKafka, Kafka, Managed, MongoDb, SecretKeyRef};
use crate::validated::{Broker, Database, ValidatedTopics, Volume};
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;

pub(super) fn database(given: MongoDb, report: &mut Report) -> Database {
    let MongoDb { managed, external } = given;
    report.at_most_one(&[("managed", managed.is_some()), ("external", external.is_some())], "spec.mongodb");
    match external {
        Some(external) => {
            secret(&external.uri_secret_ref, "spec.mongodb.external.uriSecretRef", report);
            if let Some(ca) = &external.ca_secret_ref {
                secret(ca, "spec.mongodb.external.caSecretRef", report);
            }
            Database::External { uri: external.uri_secret_ref, ca: external.ca_secret_ref }
        }
        None => Database::Managed(volume(managed, "spec.mongodb.managed", report)),
    }
}

pub(super) fn broker(given: Kafka, report: &mut Report) -> (Broker, ValidatedTopics) {
    let Kafka { managed, external, strimzi, topics } = given;
    let choice =
        [("managed", managed.is_some()), ("external", external.is_some()), ("strimzi", strimzi.is_some())];
    report.at_most_one(&choice, "spec.kafka");
    let broker = match (external, strimzi) {
        (Some(external), _) => external_broker(external, report),
        (None, Some(strimzi)) => {
            let good = is_object(&strimzi.cluster);
            report.demand(good, "spec.kafka.strimzi.cluster", not_an_object(&strimzi.cluster));
            Broker::Strimzi { cluster: strimzi.cluster }
        }
        (None, None) => Broker::Managed(volume(managed, "spec.kafka.managed", report)),
    };
    let topics = topics.unwrap_or_default();
    let path = "spec.kafka.topics";
    let validated = ValidatedTopics {
        partitions: report.number(topics.partitions, 6, 1, 1000, format_args!("{path}.partitions")),
        replication_factor: report.number(
            topics.replication_factor,
            1,
            1,
            9,
            format_args!("{path}.replicationFactor"),
        ),
        retention: match topics.retention.as_deref().map(duration) {
            None => Duration::from_secs(7 * DAY),
            Some(Some(retention)) => retention,
            Some(None) => {
                let rule = "a duration of 1 minute to 3650 days: a whole number and s, m, h or d, such as 7d";
                report.refuse(
                    format_args!("{path}.retention"),
                    wrong(topics.retention.as_deref().unwrap_or(""), rule),
                );
                Duration::ZERO
            }
        },
    };
    if matches!(broker, Broker::Managed { .. }) && validated.replication_factor > 1 {
        let message = "must be 1, because the managed Kafka has one node; use external or strimzi for copies";
        report.refuse(format_args!("{path}.replicationFactor"), message);
    }
    (broker, validated)
}

fn external_broker(given: ExternalKafka, report: &mut Report) -> Broker {
    let path = "spec.kafka.external";
    let ExternalKafka { bootstrap_servers, auth_secret_ref, tls } = given;
    // 2048 bytes hold some dozens of servers; a client needs two or three.
    report.demand(
        bootstrap_servers.len() <= 2048,
        format_args!("{path}.bootstrapServers"),
        "must have at most 2048 characters",
    );
    let servers: Vec<String> =
        bootstrap_servers.split(',').take(256).map(|server| server.trim().to_owned()).collect();
    if let Some(bad) = servers.iter().find(|server| !is_server(server)) {
        let rule = "a server: host:port, several separated by commas, such as kafka:9092";
        report.refuse(format_args!("{path}.bootstrapServers"), wrong(bad, rule));
    }
    if let Some(auth) = auth_secret_ref.as_ref().filter(|auth| !is_object(&auth.name)) {
        report.refuse(format_args!("{path}.authSecretRef.name"), not_an_object(&auth.name));
    }
    if let Some(ca) = tls.as_ref().and_then(|tls| tls.ca_secret_ref.as_ref()) {
        secret(ca, "spec.kafka.external.tls.caSecretRef", report);
    }
    Broker::External { bootstrap_servers: servers, auth: auth_secret_ref, tls }
}

fn secret(given: &SecretKeyRef, path: &str, report: &mut Report) {
    report.demand(is_object(&given.name), format_args!("{path}.name"), not_an_object(&given.name));
    let rule = "a key of a Secret: letters, digits, hyphens, underscores and dots";
    report.demand(is_secret_key(&given.key), format_args!("{path}.key"), wrong(&given.key, rule));
}

fn volume(given: Option<Managed>, path: &str, report: &mut Report) -> Volume {
    let Managed { storage, storage_class_name: class } = given.unwrap_or_default();
    let storage = storage.unwrap_or_else(|| "10Gi".to_owned());
    let size = wrong(&storage, "a size, such as 10Gi");
    report.demand(is_quantity(&storage), format_args!("{path}.storage"), size);
    if let Some(bad) = class.as_deref().filter(|class| !is_object(class)) {
        report.refuse(format_args!("{path}.storageClassName"), not_an_object(bad));
    }
    Volume { storage, class }
}

/// `7d`, `36h`, `90m`, `60s`: one minute to ten years.
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => DAY,
        _ => return None,
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let seconds = digits.parse::<u64>().ok().filter(|_| plain)?.checked_mul(unit)?;
    (60..=3650 * DAY).contains(&seconds).then(|| Duration::from_secs(seconds))
}

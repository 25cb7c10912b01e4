//! How the brokers are reached: the same options for every command that needs them.

use crate::Failure;
use adapters::bus::kafka::{KafkaConfig, KafkaSasl, KafkaTls};
use clap::Args;
use std::path::PathBuf;

/// Where the brokers are, and how to speak with them.
#[derive(Args)]
pub(crate) struct KafkaOptions {
    /// Kafka brokers: host:port[,host:port…]
    #[arg(long, env = "KAFKA_BROKER")]
    kafka_broker: Option<String>,
    /// Stands before the name of every topic and group
    #[arg(long, env = "KAFKA_TOPIC_PREFIX", default_value = "")]
    kafka_topic_prefix: String,
    /// Speaks TLS with the brokers
    #[arg(long, env = "KAFKA_TLS", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    kafka_tls: bool,
    /// Certificate authorities of the brokers, a PEM file; implies TLS
    #[arg(long, env = "KAFKA_CA_FILE")]
    kafka_ca_file: Option<PathBuf>,
    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with KAFKA_USERNAME and KAFKA_PASSWORD
    #[arg(long, env = "KAFKA_SASL_MECHANISM")]
    kafka_sasl_mechanism: Option<String>,
    /// The user at the brokers
    #[arg(long, env = "KAFKA_USERNAME")]
    kafka_username: Option<String>,
}

impl KafkaOptions {
    /// The settings of a client, with the password of the environment.
    pub(crate) fn check(self, client_id: String, password: Option<String>) -> Result<KafkaConfig, Failure> {
        let broker = self.kafka_broker.filter(|broker| !broker.is_empty()).ok_or_else(|| {
            let why = "events go through Kafka; give host:port[,host:port]";
            Failure::Use(format!("KAFKA_BROKER is not set: {why}"))
        })?;
        let mut kafka = KafkaConfig::new(broker, self.kafka_topic_prefix);
        kafka.client_id = client_id;
        kafka.tls = match (self.kafka_ca_file, self.kafka_tls) {
            (Some(file), _) => Some(KafkaTls::CaFile(file)),
            (None, true) => Some(KafkaTls::PublicRoots),
            (None, false) => None,
        };
        if let Some(mechanism) = self.kafka_sasl_mechanism.filter(|mechanism| !mechanism.is_empty()) {
            let mechanism =
                mechanism.parse().map_err(|error| Failure::Use(format!("KAFKA_SASL_MECHANISM: {error}")))?;
            let (username, password) =
                (self.kafka_username.unwrap_or_default(), password.unwrap_or_default());
            kafka.sasl = Some(KafkaSasl { mechanism, username, password });
        }
        Ok(kafka)
    }
}

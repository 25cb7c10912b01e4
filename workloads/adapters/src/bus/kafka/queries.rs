//! What the brokers are asked: whether they answer, what partitions a topic has, and where those end.

use super::producer::{Deliveries, Publisher};
use kit::bus::BusError;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a topic that is not known yet is asked for, and the pause between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(250);

impl Publisher {
    /// Asks over the producer's connections, on a thread that may wait: also when nobody waits for the answer any
    /// more, what it tells of the connections is noted.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Client<Deliveries>, Duration) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let (this, generation) = (Arc::clone(self), self.generation());
        let answer = tokio::task::spawn_blocking(move || {
            let answer = question(generation.client(), this.request_timeout);
            match &answer {
                Ok(_) => {
                    generation.answered();
                    this.trouble.over();
                }
                Err(error) if generation.silence() > this.silence => {
                    tracing::warn!(%error, "no broker has answered for long: the Kafka clients start anew");
                    this.renew(&generation);
                }
                Err(_) => {}
            }
            answer
        });
        answer.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// Whether a broker answers a question about a topic, be it there or not.
    pub(super) async fn ping(self: &Arc<Self>, topic: String) -> Result<(), BusError> {
        let asked = self.ask(move |client, limit| client.fetch_metadata(Some(&topic), limit).map(drop)).await;
        asked.map_err(|error| self.trouble.error("the brokers do not answer", &error))
    }

    /// The partitions of a topic, which is named whole.
    pub(super) async fn partitions(self: &Arc<Self>, topic: &str) -> Result<Vec<i32>, BusError> {
        self.ask_about(topic, partitions).await
    }

    /// The first and the next offset of each partition of a topic.
    pub(super) async fn ends(self: &Arc<Self>, topic: &str) -> Result<BTreeMap<i32, (i64, i64)>, BusError> {
        self.ask_about(topic, |client, topic, limit| {
            let ends = |partition| client.fetch_watermarks(topic, partition, limit);
            let partitions = partitions(client, topic, limit)?.into_iter();
            partitions.map(|partition| ends(partition).map(|ends| (partition, ends))).collect()
        })
        .await
    }

    async fn ask_about<T: Send + 'static>(
        self: &Arc<Self>,
        topic: &str,
        question: fn(&Client<Deliveries>, &str, Duration) -> Result<T, KafkaError>,
    ) -> Result<T, BusError> {
        let mut tries = 0;
        loop {
            let name = topic.to_owned();
            match self.ask(move |client, limit| question(client, &name, limit)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tries += 1;
                    if tries == TRIES || !passes(&error) {
                        return Err(self
                            .trouble
                            .error(&format!("the topic '{topic}' cannot be read"), &error));
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A topic may be new, or its partitions may be moving to other brokers.
fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
        )
    )
}

fn partitions(client: &Client<Deliveries>, topic: &str, limit: Duration) -> Result<Vec<i32>, KafkaError> {
    let answer = client.fetch_metadata(Some(topic), limit)?;
    let unknown = KafkaError::MetadataFetch(Code::UnknownTopicOrPartition);
    let known = answer.topics().iter().find(|known| known.name() == topic).ok_or_else(|| unknown.clone())?;
    // Looked at first: where there is an error, there may be no partitions to look at.
    if let Some(error) = known.error() {
        return Err(KafkaError::MetadataFetch(error.into()));
    }
    let partitions: Vec<i32> = known.partitions().iter().map(|partition| partition.id()).collect();
    if partitions.is_empty() { Err(unknown) } else { Ok(partitions) }
}

#[cfg(test)]
mod tests {
    use super::super::config::{KafkaConfig, client_config};
    use super::super::trouble::Trouble;
    use super::*;

    #[tokio::test]
    async fn clients_that_no_broker_answers_start_anew_also_when_whoever_asks_does_not_wait() {
        let config =
            KafkaConfig { request_timeout: Duration::from_millis(50), ..KafkaConfig::new("127.0.0.1:9", "") };
        let trouble = Arc::new(Trouble::new(&config));
        let publisher = Publisher::start(&config, &client_config(&config).unwrap(), &trouble).unwrap();
        let publisher = Arc::new(publisher);
        let (first, mut renewed) = (publisher.generation(), publisher.renewals());
        let asking = async {
            loop {
                let impatient = Duration::from_millis(5);
                let _ = tokio::time::timeout(impatient, publisher.ping("any".to_owned())).await;
                tokio::time::sleep(impatient).await;
            }
        };
        tokio::select! {
            told = tokio::time::timeout(Duration::from_secs(60), renewed.changed()) => told.unwrap().unwrap(),
            () = asking => {}
        }
        assert!(!Arc::ptr_eq(&first, &publisher.generation()));
    }
}

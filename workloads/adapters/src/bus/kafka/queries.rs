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

/// After how long without any answer a client of the library is given up. The library does not connect again by
/// itself if the brokers once told it that there are none, as a broker does that its controller has fenced off
/// for a moment.
pub(super) const SILENCE: Duration = Duration::from_secs(20);

impl Publisher {
    /// Asks over the producer's connections, on a thread that may wait.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Client<Deliveries>, Duration) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let (generation, limit) = (self.generation(), self.request_timeout);
        let asked = Arc::clone(&generation);
        let answer =
            tokio::task::spawn_blocking(move || asked.client().map(|client| question(client, limit)));
        match answer.await.ok().flatten().unwrap_or(Err(KafkaError::Canceled)) {
            Ok(answer) => {
                generation.answered();
                self.trouble.over();
                Ok(answer)
            }
            Err(error) => {
                if generation.silence() > SILENCE {
                    tracing::warn!(%error, "no broker has answered for long: the Kafka client starts anew");
                    self.retire(&generation);
                }
                Err(error)
            }
        }
    }

    /// Whether a broker answers a question about a topic, be it there or not.
    pub(super) async fn ping(&self, topic: String) -> Result<(), BusError> {
        let asked = self.ask(move |client, limit| client.fetch_metadata(Some(&topic), limit).map(drop)).await;
        asked.map_err(|error| self.trouble.error("the brokers do not answer", &error))
    }

    /// The partitions of a topic, which is named whole.
    pub(super) async fn partitions(&self, topic: &str) -> Result<Vec<i32>, BusError> {
        self.ask_about(topic, partitions).await
    }

    /// The first and the next offset of each partition of a topic.
    pub(super) async fn ends(&self, topic: &str) -> Result<BTreeMap<i32, (i64, i64)>, BusError> {
        self.ask_about(topic, |client, topic, limit| {
            let ends = |partition| client.fetch_watermarks(topic, partition, limit);
            let partitions = partitions(client, topic, limit)?.into_iter();
            partitions.map(|partition| ends(partition).map(|ends| (partition, ends))).collect()
        })
        .await
    }

    async fn ask_about<T: Send + 'static>(
        &self,
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

//! Followers: whole topics, read from their oldest event on, without a group.
//!
//! A follower reads every partition, those too that are added later, and goes on by itself when brokers
//! come back. It ends with its bus. Where a topic's partitions were added to, events of one key stand in
//! two partitions, and their order between the two is not known.

use super::config::millis;
use super::event;
use super::producer::Publisher;
use super::trouble::{Context, Trouble};
use crate::bus::hand_to;
use kit::bus::{BusError, Follower};
use rdkafka::consumer::{Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The pauses before a reader that failed starts anew.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];

impl ConsumerContext for Context {}

/// What followers of one bus have in common.
#[derive(Clone)]
pub(super) struct Followers {
    pub client: ClientConfig,
    pub publisher: Arc<Publisher>,
    pub trouble: Arc<Trouble>,
    pub prefix: String,
    pub refresh: Duration,
    /// Cancelled when the bus goes.
    pub stop: CancellationToken,
}

impl Followers {
    pub(super) fn new(
        client: &ClientConfig,
        publisher: &Arc<Publisher>,
        trouble: &Arc<Trouble>,
        prefix: &str,
        refresh: Duration,
    ) -> Self {
        let mut client = client.clone();
        client
            // The library wants a name, though nobody joins.
            .set("group.id", format!("{prefix}follow"))
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("queued.max.messages.kbytes", "8192")
            .set("fetch.queue.backoff.ms", millis(Duration::from_millis(50)));
        Self {
            client,
            publisher: Arc::clone(publisher),
            trouble: Arc::clone(trouble),
            prefix: prefix.to_owned(),
            refresh,
            stop: CancellationToken::new(),
        }
    }

    /// Begins to follow; returns when all that is there now was handed over.
    pub(super) async fn follow(&self, topic: &str, follower: Follower) -> Result<(), BusError> {
        let topic = format!("{}{topic}", self.prefix);
        let ends = self.publisher.ends(&topic).await?;
        let (told, caught_up) = oneshot::channel();
        let reader = Reader {
            topic,
            follower,
            positions: ends.keys().map(|partition| (*partition, None)).collect(),
            behind: ends
                .into_iter()
                .filter(|(_, (low, high))| low < high)
                .map(|(p, (_, high))| (p, high))
                .collect(),
            caught_up: Some(told),
        };
        tokio::spawn(reader.run(self.clone()));
        caught_up.await.map_err(|_| BusError::Failed("the bus was closed".to_owned()))
    }
}

/// One follower and where it is.
struct Reader {
    /// Its whole name.
    topic: String,
    follower: Follower,
    /// The next offset of each partition; `None` for its oldest.
    positions: BTreeMap<i32, Option<i64>>,
    /// Partitions that have not reached what was their end at the start.
    behind: BTreeMap<i32, i64>,
    /// Tells who waits for that.
    caught_up: Option<oneshot::Sender<()>>,
}

type Client = StreamConsumer<Context>;

impl Reader {
    async fn run(mut self, followers: Followers) {
        let [mut pause, longest] = PAUSES;
        self.tell();
        loop {
            match self.read(&followers).await {
                Ok(()) => return,
                Err(error) => {
                    let error = followers.trouble.error("following is interrupted", &error);
                    tracing::warn!(topic = self.topic, %error, "a follower starts anew");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = followers.stop.cancelled() => return,
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Reads until the bus goes, or until whoever waits for the start has gone.
    async fn read(&mut self, followers: &Followers) -> Result<(), KafkaError> {
        let context = Context { trouble: Arc::clone(&followers.trouble) };
        let client: Client = followers.client.create_with_context(context)?;
        let mut parts = TopicPartitionList::with_capacity(self.positions.len());
        for (partition, next) in &self.positions {
            let from = next.map_or(Offset::Beginning, Offset::Offset);
            parts.add_partition_offset(&self.topic, *partition, from)?;
        }
        let result = match client.assign(&parts) {
            Ok(()) => self.read_from(&client, followers).await,
            Err(error) => Err(error),
        };
        super::close(client);
        result
    }

    async fn read_from(&mut self, client: &Client, followers: &Followers) -> Result<(), KafkaError> {
        let mut refresh = tokio::time::interval(followers.refresh);
        refresh.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        refresh.reset();
        // Every partition tells at least where it ends.
        let (began, mut heard) = (Instant::now(), false);
        loop {
            let abandoned = async {
                match &mut self.caught_up {
                    Some(told) => told.closed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = client.recv() => match received {
                    Ok(message) => {
                        heard = true;
                        let (partition, next) = (message.partition(), message.offset() + 1);
                        self.positions.insert(partition, Some(next));
                        if let Some(delivery) = event::delivery(&message, &followers.prefix) {
                            hand_to(&self.follower, &delivery.event);
                        }
                        if self.behind.get(&partition).is_some_and(|end| next >= *end) {
                            self.reached(partition);
                        }
                    }
                    // The last offsets may hold nothing, where the topic is compacted.
                    Err(KafkaError::PartitionEOF(partition)) => {
                        heard = true;
                        self.reached(partition);
                    }
                    Err(error @ KafkaError::MessageConsumptionFatal(_)) => return Err(error),
                    Err(error) => tracing::debug!(topic = self.topic, %error, "nothing to follow for the moment"),
                },
                _ = refresh.tick() => {
                    if !heard && began.elapsed() > followers.publisher.silence {
                        // See the constant; it happens before the library knows the topic, too.
                        return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
                    }
                    self.grow(client, followers).await?;
                }
                () = abandoned => return Ok(()),
                () = followers.stop.cancelled() => return Ok(()),
            }
        }
    }

    fn reached(&mut self, partition: i32) {
        self.behind.remove(&partition);
        self.tell();
    }

    fn tell(&mut self) {
        if self.behind.is_empty()
            && let Some(told) = self.caught_up.take()
        {
            // Fails if whoever waited has gone, which the reader notices.
            let _ = told.send(());
        }
    }

    /// Reads partitions that were added.
    async fn grow(&mut self, client: &Client, followers: &Followers) -> Result<(), KafkaError> {
        // Asked again at the next tick if the brokers do not answer now.
        let Ok(partitions) = followers.publisher.partitions(&self.topic).await else { return Ok(()) };
        let added: Vec<i32> =
            partitions.into_iter().filter(|one| !self.positions.contains_key(one)).collect();
        if added.is_empty() {
            return Ok(());
        }
        let mut parts = TopicPartitionList::with_capacity(added.len());
        for partition in &added {
            parts.add_partition_offset(&self.topic, *partition, Offset::Beginning)?;
        }
        client.incremental_assign(&parts)?;
        tracing::info!(topic = self.topic, added = added.len(), "partitions were added");
        self.positions.extend(added.into_iter().map(|partition| (partition, None)));
        Ok(())
    }
}

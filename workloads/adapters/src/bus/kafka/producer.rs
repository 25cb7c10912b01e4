//! Publishing: an idempotent producer whose order survives errors.
//!
//! The order of a key must hold even when a publish fails in the middle and is repeated: what came later
//! must never be stored without what came before. So the producer is told never to give up on a message by
//! itself (deadlines are ours), never to leave a gap (an error that would leave one is fatal to it), and
//! after a failure nothing more is put into it: the next publish gets a new one.

use super::config::{KafkaConfig, KafkaOpenError, millis};
use super::event;
use super::trouble::{Context, Trouble};
use kit::bus::{BusError, Event};
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::{ClientConfig, Message as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Events that are handed to the library between two pauses for other tasks.
const AT_ONCE: usize = 256;
/// How long to wait for room in the library's queue.
const ROOM: Duration = Duration::from_millis(2);
/// How long a topic that is not known may be in the making before a publish to it fails.
const PROPAGATION: Duration = Duration::from_secs(5);

/// How long one wait for what the library tells lasts, and at most how long a producer outlives its last user. The
/// binding's wait spins for the last fraction of a millisecond: with its own threaded producer, which waits ten times
/// a second, that is a hundredth of a core for a service at rest.
const POLL: Duration = Duration::from_secs(1);

/// After so many questions in a row that no broker answers in time, the library's clients start anew.
const SILENT_QUESTIONS: u32 = 4;

/// Publishes for one bus.
pub(super) struct Publisher {
    client: ClientConfig,
    pub(super) trouble: Arc<Trouble>,
    pub(super) request_timeout: Duration,
    /// After how long without any answer the library's clients are given up. The library does not connect again by
    /// itself if the brokers once told it that there are none, as a broker does that its controller has fenced off for
    /// a moment.
    pub(super) silence: Duration,
    renewals: watch::Sender<u64>,
    prefix: String,
    timeout: Duration,
    largest: usize,
    current: Mutex<Arc<Generation>>,
}

/// One producer of the library, used until it fails.
pub(super) struct Generation {
    /// The thread that polls it has another hold, and closes it when that is the last.
    producer: Arc<BaseProducer<Deliveries>>,
    /// When a broker last answered it a question, or when it began.
    answered: Mutex<Instant>,
}

impl Generation {
    fn start(client: &ClientConfig, trouble: &Arc<Trouble>) -> Result<Arc<Self>, KafkaError> {
        let context = Deliveries { context: Context { trouble: Arc::clone(trouble) } };
        let producer: Arc<BaseProducer<Deliveries>> = Arc::new(client.create_with_context(context)?);
        let polled = Arc::clone(&producer);
        let poll = move || {
            while Arc::strong_count(&polled) > 1 {
                polled.poll(POLL);
            }
        };
        std::thread::Builder::new()
            .name("kafka-producer".to_owned())
            .spawn(poll)
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Arc::new(Self { producer, answered: Mutex::new(Instant::now()) }))
    }

    /// Notes that a broker answered.
    pub(super) fn answered(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// For how long no broker has answered.
    pub(super) fn silence(&self) -> Duration {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Its client, for questions.
    pub(super) fn client(&self) -> &Client<Deliveries> {
        self.producer.client()
    }
}

/// The events of one publish on their way.
pub(super) struct Batch {
    left: AtomicUsize,
    failure: Mutex<Option<Failure>>,
    done: Notify,
}

struct Failure {
    /// The first one's, and its topic.
    error: KafkaError,
    topic: String,
    /// The largest of those that a broker found too large: its size and id.
    too_large: Option<(usize, String)>,
}

impl Batch {
    fn of(count: usize) -> Self {
        Self { left: AtomicUsize::new(count), failure: Mutex::default(), done: Notify::new() }
    }

    fn fail(&self, error: &KafkaError, topic: &str, too_large: Option<(usize, String)>) {
        let mut failure = self.failure();
        let failure = failure.get_or_insert_with(|| Failure {
            error: error.clone(),
            topic: topic.to_owned(),
            too_large: None,
        });
        if too_large > failure.too_large {
            failure.too_large = too_large;
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, count: usize) {
        if self.left.fetch_sub(count, Ordering::AcqRel) == count {
            self.done.notify_one();
        }
    }
}

/// What the library tells of each message.
pub(super) struct Deliveries {
    context: Context,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Batch>;

    fn delivery(&self, result: &DeliveryResult<'_>, batch: Arc<Batch>) {
        if let Err((error, message)) = result {
            let too_large = error.rdkafka_error_code() == Some(Code::MessageSizeTooLarge);
            let too_large =
                too_large.then(|| (message.payload_len(), event::id_of(message).unwrap_or_default()));
            batch.fail(error, message.topic(), too_large);
        }
        batch.settle(1);
    }
}

impl Publisher {
    pub(super) fn start(
        config: &KafkaConfig,
        client: &ClientConfig,
        trouble: &Arc<Trouble>,
    ) -> Result<Self, KafkaOpenError> {
        let mut client = client.clone();
        client
            .set("enable.idempotence", "true")
            .set("enable.gapless.guarantee", "true")
            .set("acks", "all")
            // Never: see the module's contract.
            .set("message.timeout.ms", "0")
            .set("topic.metadata.propagation.max.ms", millis(PROPAGATION))
            // As other clients do, so that a key is in the same partition whoever writes it.
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "1")
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", "65536")
            // With room for what the library adds.
            .set("message.max.bytes", (config.max_event_bytes + 1024).to_string());
        let generation = Generation::start(&client, trouble);
        let generation = generation.map_err(|error| KafkaOpenError::Client(error.to_string()))?;
        Ok(Self {
            client,
            trouble: Arc::clone(trouble),
            prefix: config.topic_prefix.clone(),
            request_timeout: config.request_timeout,
            silence: config.request_timeout * SILENT_QUESTIONS,
            renewals: watch::Sender::new(0),
            timeout: config.publish_timeout,
            largest: config.max_event_bytes,
            current: Mutex::new(generation),
        })
    }

    /// The producer in use.
    pub(super) fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.current())
    }

    fn current(&self) -> MutexGuard<'_, Arc<Generation>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes in order; `Ok` when each is stored by all replicas that are in sync.
    pub(super) async fn publish(&self, events: Vec<Event>) -> Result<(), BusError> {
        if let Some(event) = events.iter().find(|event| event::size(event) > self.largest) {
            return Err(BusError::TooLarge(event.id.clone()));
        }
        if events.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + self.timeout;
        let generation = self.generation();
        let batch = Arc::new(Batch::of(events.len()));
        let mut handed = 0;
        for some in events.chunks(AT_ONCE) {
            handed += self.hand_over(&generation, some, &batch, deadline).await;
            if batch.failure().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        if handed < events.len() {
            batch.settle(events.len() - handed);
        }
        let in_time = tokio::time::timeout_at(deadline, batch.done.notified()).await.is_ok();
        let Some(failure) = batch.failure().take() else {
            if in_time {
                self.trouble.over();
                return Ok(());
            }
            self.retire(&generation);
            let late = KafkaError::MessageProduction(Code::MessageTimedOut);
            return Err(self.trouble.error("events could not be published", &late));
        };
        Err(self.refused(&generation, failure))
    }

    /// Puts events into the library's queue until one is refused; gives how many it took.
    async fn hand_over(
        &self,
        generation: &Generation,
        events: &[Event],
        batch: &Arc<Batch>,
        deadline: Instant,
    ) -> usize {
        for (taken, event) in events.iter().enumerate() {
            let topic = format!("{}{}", self.prefix, event.topic);
            let mut record = BaseRecord::with_opaque_to(&topic, Arc::clone(batch))
                .key(event.key.as_str())
                .payload(event.data.as_str())
                .headers(event::headers(event, &self.prefix));
            loop {
                if batch.failure().is_some() {
                    return taken;
                }
                match generation.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(Code::QueueFull), back))
                        if Instant::now() < deadline =>
                    {
                        record = back;
                        tokio::time::sleep(ROOM).await;
                    }
                    Err((error, _)) => {
                        batch.fail(&error, &topic, None);
                        return taken;
                    }
                }
            }
        }
        events.len()
    }

    /// The port's error for a batch that was not stored whole.
    fn refused(&self, generation: &Arc<Generation>, failure: Failure) -> BusError {
        let fatal = generation.client().fatal_error();
        let code = failure.error.rdkafka_error_code();
        // Where only the topic is missing, nothing of it was sent.
        if fatal.is_some() || !matches!(code, Some(Code::UnknownTopic | Code::UnknownTopicOrPartition)) {
            self.retire(generation);
        }
        if let Some((_, id)) = failure.too_large {
            return BusError::TooLarge(id);
        }
        let what = format!("events could not be published to '{}'", failure.topic);
        match (code, fatal) {
            (Some(Code::Fatal), Some((_, reason))) => BusError::Failed(format!("{what}: {reason}")),
            _ => self.trouble.error(&what, &failure.error),
        }
    }

    /// Puts a new producer in the place of one that no broker answers, and tells the bus's other clients.
    pub(super) fn renew(&self, silent: &Arc<Generation>) {
        self.retire(silent);
        self.renewals.send_modify(|count| *count += 1);
    }

    /// Changes whenever clients are to start anew.
    pub(super) fn renewals(&self) -> watch::Receiver<u64> {
        self.renewals.subscribe()
    }

    /// Puts a new producer in the place of one that failed. The old one ends with its last publish, and
    /// with it what it still had to send.
    fn retire(&self, failed: &Arc<Generation>) {
        let mut current = self.current();
        if !Arc::ptr_eq(&current, failed) {
            return;
        }
        match Generation::start(&self.client, &self.trouble) {
            Ok(next) => *current = next,
            Err(error) => tracing::error!(%error, "the Kafka client could not be made anew"),
        }
    }
}

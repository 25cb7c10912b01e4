//! The broker as tests use it: open, with users and TLS, with limits, killed and resumed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use commerce_testbed::{KafkaOptions, KafkaServer, Sasl};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, ClientContext, Message};

fn config(server: &KafkaServer, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", server.address());
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

/// Hears what goes wrong with a client's connections.
#[derive(Default)]
struct Refusals(Mutex<Vec<KafkaError>>);

impl ClientContext for Refusals {
    fn error(&self, error: KafkaError, _reason: &str) {
        self.0.lock().unwrap().push(error);
    }
}

impl ConsumerContext for Refusals {}

/// Whether a client with these settings is told of the cluster, or is refused.
async fn admitted(server: &KafkaServer, settings: &[(&str, &str)]) -> bool {
    let config = config(server, settings);
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer<_> = config.create_with_context(Refusals::default()).unwrap();
        let began = Instant::now();
        loop {
            if consumer.fetch_metadata(None, Duration::from_millis(250)).is_ok() {
                return true;
            }
            consumer.poll(Duration::ZERO); // delivers errors
            if !consumer.context().0.lock().unwrap().is_empty() {
                return false;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "neither admitted nor refused");
        }
    });
    asked.await.unwrap()
}

async fn topics(server: &KafkaServer) -> Vec<String> {
    let config = config(server, &[]);
    let asked = tokio::task::spawn_blocking(move || {
        let admin = AdminClient::<DefaultClientContext>::from_config(&config).unwrap();
        let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).unwrap();
        metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
    });
    asked.await.unwrap()
}

async fn create_topic(config: &ClientConfig, name: &str) {
    let admin = AdminClient::<DefaultClientContext>::from_config(config).unwrap();
    let topic = NewTopic::new(name, 3, TopicReplication::Fixed(1));
    let results = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
}

async fn send(config: &ClientConfig, topic: &str, payload: &[u8]) -> Result<(), KafkaError> {
    let producer: FutureProducer = FutureProducer::from_config(config).unwrap();
    let record = FutureRecord::to(topic).key("key").payload(payload);
    producer.send(record, Duration::from_secs(30)).await.map(drop).map_err(|(error, _)| error)
}

async fn receive(config: &ClientConfig, topic: &str) -> Vec<u8> {
    let mut config = config.clone();
    config.set("group.id", "readers").set("auto.offset.reset", "earliest");
    let consumer: StreamConsumer = StreamConsumer::from_config(&config).unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let message = tokio::time::timeout(Duration::from_secs(60), consumer.recv()).await.unwrap().unwrap();
    message.payload().unwrap().to_vec()
}

#[tokio::test]
async fn a_killed_broker_comes_back_with_its_records_where_it_was() {
    let mut server = KafkaServer::start().unwrap();
    let config = config(&server, &[("topic.metadata.refresh.interval.ms", "500")]);
    create_topic(&config, "orders").await;
    send(&config, "orders", b"one").await.unwrap();
    server.stop().unwrap();
    assert!(!admitted(&server, &[]).await);
    let began = Instant::now();
    server.resume().unwrap();
    eprintln!("the broker was back after {:?}", began.elapsed());
    assert_eq!(receive(&config, "orders").await, b"one");
    eprintln!("the record was back after {:?}", began.elapsed());
    send(&config, "orders", b"two").await.unwrap();
}

#[tokio::test]
async fn a_topic_that_nobody_created_is_not_there() {
    let server = KafkaServer::start().unwrap();
    let error =
        send(&config(&server, &[("message.timeout.ms", "5000")]), "unknown", b"one").await.unwrap_err();
    let code = error.rdkafka_error_code().unwrap();
    // The producer hopes for the topic until the record's time is over.
    let expected = [
        RDKafkaErrorCode::UnknownTopic,
        RDKafkaErrorCode::UnknownTopicOrPartition,
        RDKafkaErrorCode::MessageTimedOut,
    ];
    assert!(expected.contains(&code), "{error}");
    assert_eq!(topics(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn users_are_admitted_by_their_passwords_only() {
    for (mechanism, tls) in [(Sasl::Plain, false), (Sasl::ScramSha256, false), (Sasl::ScramSha512, true)] {
        let options =
            KafkaOptions::default().user(mechanism, "cart", "a-password").user(mechanism, "order", "another");
        let options = if tls { options.tls() } else { options };
        let server = KafkaServer::start_with(&options).unwrap();
        let ca = server.ca_file().map(|file| file.display().to_string()).unwrap_or_default();
        let user = |name, password| {
            let protocol = if tls { "sasl_ssl" } else { "sasl_plaintext" };
            vec![
                ("security.protocol", protocol),
                ("ssl.ca.location", ca.as_str()),
                ("sasl.mechanism", mechanism.name()),
                ("sasl.username", name),
                ("sasl.password", password),
            ]
        };
        assert!(admitted(&server, &user("cart", "a-password")).await, "{mechanism:?}");
        assert!(admitted(&server, &user("order", "another")).await, "{mechanism:?}");
        assert!(!admitted(&server, &user("cart", "another")).await, "{mechanism:?}");
        assert!(!admitted(&server, &[]).await, "{mechanism:?}");
    }
}

#[tokio::test]
async fn tls_is_trusted_by_its_authority_only() {
    let server = KafkaServer::start_with(&KafkaOptions::default().tls()).unwrap();
    let ca = server.ca_file().unwrap().display().to_string();
    let config = config(&server, &[("security.protocol", "ssl"), ("ssl.ca.location", &ca)]);
    create_topic(&config, "orders").await;
    send(&config, "orders", b"one").await.unwrap();
    assert_eq!(receive(&config, "orders").await, b"one");
    assert!(
        !admitted(&server, &[("security.protocol", "ssl")]).await,
        "the system's authorities do not know it"
    );
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused() {
    let server = KafkaServer::start_with(&KafkaOptions::default().message_max_bytes(2000)).unwrap();
    let config = config(&server, &[]);
    create_topic(&config, "orders").await;
    send(&config, "orders", &[b'a'; 1000]).await.unwrap();
    let error = send(&config, "orders", &[b'a'; 5000]).await.unwrap_err();
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge));
}

//! Users, passwords and certificates.

use crate::harness::*;
use commerce_adapters::bus::kafka::{KafkaBus, KafkaConfig, KafkaSasl, KafkaTls, SaslMechanism};
use kit::bus::{BusError, EventBus};
use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use testbed::{KafkaOptions, KafkaServer, Sasl};

const USER: &str = "shop";
/// The certificate of an authority that signed nothing here.
const STRANGER: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUHwU4QDxyLXnIFr3zxYEN398MUNAwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RyYW5nZXIwIBcNMjYxMTIxMTU0NTMxWhgPMjEyNjEwMjgx
NTQ1MzFaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE7siWcsM5WeRjsIY1CFGTsLVvZsdEri7yxHJr4eBel7kKSiDf9zeinl5o
Cq/XKWhNXqVGM7ryP3jccoBsiAaoIqNTMFEwHQYDVR0OBBYEFEMD1DLL0VPlWCSB
JoxZ+HHGJi34MB8GA1UdIwQYMBaAFEMD1DLL0VPlWCSBJoxZ+HHGJi34MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJlYWbeYakP3DucDR1/Iun/u
jHPBBAOLivzFfN3aNPXEAiAbWvQDoh+MnXPncPrOJuOc8VDOA8GjY7lWp6F/zOQA
NQ==
-----END CERTIFICATE-----
";
const PASSWORD: &str = "k3pt-s3cret.really";

async fn start(options: KafkaOptions) -> KafkaServer {
    tokio::task::spawn_blocking(move || KafkaServer::start_with(&options).unwrap()).await.unwrap()
}

fn sasl(mechanism: SaslMechanism, password: &str) -> Option<KafkaSasl> {
    Some(KafkaSasl { mechanism, username: USER.to_owned(), password: password.to_owned() })
}

/// The settings of an administrator who is told the same.
fn admin(config: &KafkaConfig) -> ClientConfig {
    let mut client = plain(&config.bootstrap_servers);
    let protocol = if config.tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" };
    if let Some(sasl) = &config.sasl {
        client
            .set("security.protocol", protocol)
            .set("sasl.mechanism", sasl.mechanism.as_str())
            .set("sasl.username", &sasl.username)
            .set("sasl.password", &sasl.password);
    }
    if let Some(KafkaTls::CaFile(path)) = &config.tls {
        client.set("ssl.ca.location", path.to_string_lossy());
    }
    client
}

async fn a_round_trip(config: &KafkaConfig) {
    let topics = Topics::create_by(admin(config), &config.bootstrap_servers, &["order"], 2, &[], None).await;
    let config = KafkaConfig { topic_prefix: topics.prefix.clone(), ..config.clone() };
    let bus = KafkaBus::open(&config).unwrap();
    bus.ping().await.unwrap();
    bus.publish(series("order", "a", 1..=5)).await.unwrap();
    let mut consumer = join(&bus, "group", &["order"]).await;
    let read = read(&mut consumer, 5).await;
    assert_eq!(numbers(&read), [1, 2, 3, 4, 5]);
    consumer.commit(&read).await.unwrap();
}

/// What each operation says; none may take long, none may tell the password.
async fn refusals(config: &KafkaConfig) -> Vec<String> {
    let config = KafkaConfig {
        publish_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(2),
        ..config.clone()
    };
    let bus = KafkaBus::open(&config).unwrap();
    let errors: [BusError; 3] = [
        bus.ping().await.unwrap_err(),
        bus.publish(vec![event("order", "a", 1)]).await.unwrap_err(),
        bus.join("group", &["order"]).await.err().unwrap(),
    ];
    let errors = errors.map(|error| format!("{error} {error:?}"));
    for error in &errors {
        assert!(!error.contains("s3cret") && !error.contains("wr0ng"), "{error}");
    }
    errors.to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scram_over_tls_with_an_authority_of_its_own() {
    let server = start(KafkaOptions::default().tls().user(Sasl::ScramSha512, USER, PASSWORD)).await;
    let ca = KafkaTls::CaFile(server.ca_file().unwrap());
    let config = KafkaConfig {
        tls: Some(ca.clone()),
        sasl: sasl(SaslMechanism::ScramSha512, PASSWORD),
        ..KafkaConfig::new(server.address(), "test.")
    };
    a_round_trip(&config).await;

    let wrong = KafkaConfig { sasl: sasl(SaslMechanism::ScramSha512, "wr0ng"), ..config.clone() };
    for error in refusals(&wrong).await {
        assert!(error.contains("refused the user or password"), "{error}");
    }
    let dir = TempDir::new().unwrap();
    let stranger = dir.path().join("stranger.crt");
    std::fs::write(&stranger, STRANGER).unwrap();
    let stranger = KafkaTls::CaFile(stranger);
    for tls in [stranger, KafkaTls::PublicRoots] {
        for error in refusals(&KafkaConfig { tls: Some(tls.clone()), ..config.clone() }).await {
            assert!(error.contains("no encrypted connection") && error.contains("certificate"), "{error}");
        }
    }
    for error in refusals(&KafkaConfig { tls: None, ..config.clone() }).await {
        assert!(error.contains("no broker can be reached") && error.contains("TLS"), "{error}");
    }
    let missing = KafkaTls::CaFile(PathBuf::from("no-such-file.crt"));
    let error = KafkaBus::open(&KafkaConfig { tls: Some(missing), ..config }).err().unwrap();
    assert!(error.to_string().contains("no-such-file.crt"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_without_a_user() {
    let server = start(KafkaOptions::default().tls()).await;
    let ca = server.ca_file().unwrap();
    let mut client = plain(server.address());
    client.set("security.protocol", "ssl").set("ssl.ca.location", ca.to_string_lossy());
    let topics = Topics::create_by(client, server.address(), &["order"], 1, &[], None).await;
    let config = KafkaConfig { tls: Some(KafkaTls::CaFile(ca)), ..topics.config() };
    KafkaBus::open(&config).unwrap().publish(vec![event("order", "a", 1)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_mechanisms() {
    let all = [(Sasl::Plain, SaslMechanism::Plain), (Sasl::ScramSha256, SaslMechanism::ScramSha256)];
    for (at_broker, mechanism) in all {
        let server = start(KafkaOptions::default().user(at_broker, USER, PASSWORD)).await;
        let config =
            KafkaConfig { sasl: sasl(mechanism, PASSWORD), ..KafkaConfig::new(server.address(), "test.") };
        a_round_trip(&config).await;
        for error in refusals(&KafkaConfig { sasl: sasl(mechanism, "wr0ng"), ..config.clone() }).await {
            assert!(error.contains("refused the user or password"), "{mechanism}: {error}");
        }
        let other = KafkaConfig { sasl: sasl(SaslMechanism::ScramSha512, PASSWORD), ..config };
        for error in refusals(&other).await {
            assert!(error.contains("SCRAM-SHA-512") || error.contains("mechanism"), "{error}");
        }
    }
}

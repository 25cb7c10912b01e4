//! What a [`KafkaBus`](super::KafkaBus) is told, its checks, and the client settings made of it.
//!
//! Checks need no broker. No message here holds the password.

use rdkafka::ClientConfig;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The largest CA file in bytes.
const CA_FILE_LIMIT: u64 = 1 << 20;
/// The longest prefix: a topic's name takes 249 bytes, ours are short.
const PREFIX_LIMIT: usize = 200;
/// The longest name, user or password.
const TEXT_LIMIT: usize = 1024;

/// Where the brokers are and how to speak with them.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port`, several parted by commas. Any that answers tells of the others.
    pub bootstrap_servers: String,
    /// Stands before every topic and group, so that stacks which share brokers never meet.
    pub topic_prefix: String,
    /// Encryption; `None` speaks plain text.
    pub tls: Option<KafkaTls>,
    /// Credentials; `None` names no user.
    pub sasl: Option<KafkaSasl>,
    /// How the brokers' logs and quotas call this process.
    pub client_id: String,
    /// How long one `publish` may take before it fails.
    pub publish_timeout: Duration,
    /// How long one question to the brokers may take.
    pub request_timeout: Duration,
    /// The largest message in bytes: data, key and attributes. Brokers take 1 MiB unless told otherwise.
    pub max_event_bytes: usize,
    /// After this time without a sign of life the group gives a member's partitions to others. Brokers
    /// take 6 s to 30 min unless told otherwise.
    pub session_timeout: Duration,
    /// A member that could not be polled for so long leaves its group. While a handler works, the driver
    /// polls for it, so only a process that hangs gets there.
    pub max_poll_interval: Duration,
    /// How often partitions that were added are looked for.
    pub metadata_refresh: Duration,
}

impl KafkaConfig {
    /// Plain text without credentials, and everything else as it should be.
    #[must_use]
    pub fn new(bootstrap_servers: impl Into<String>, topic_prefix: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic_prefix: topic_prefix.into(),
            tls: None,
            sasl: None,
            client_id: "commerce".to_owned(),
            publish_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(5),
            max_event_bytes: 1_000_000,
            session_timeout: Duration::from_secs(20),
            max_poll_interval: Duration::from_secs(300),
            metadata_refresh: Duration::from_secs(30),
        }
    }
}

/// Whom to trust when the connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KafkaTls {
    /// The certificate authorities that the system trusts.
    PublicRoots,
    /// Those in this PEM file and no others.
    CaFile(PathBuf),
}

/// A user and how it proves itself.
#[derive(Clone)]
pub struct KafkaSasl {
    /// How.
    pub mechanism: SaslMechanism,
    /// The user's name.
    pub username: String,
    /// Never shown.
    pub password: String,
}

impl fmt::Debug for KafkaSasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("KafkaSasl");
        shown.field("mechanism", &self.mechanism).field("username", &self.username).finish_non_exhaustive()
    }
}

/// The ways of proving who one is that brokers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaslMechanism {
    /// Sends the password as it is; only over TLS.
    Plain,
    /// Proves the password by hashes.
    ScramSha256,
    /// The same with longer ones.
    ScramSha512,
}

impl SaslMechanism {
    /// Its registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SaslMechanism {
    type Err = KafkaOpenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Plain, Self::ScramSha256, Self::ScramSha512];
        all.into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| KafkaOpenError::Mechanism(text.chars().take(40).collect()))
    }
}

/// Why a bus cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KafkaOpenError {
    /// An address is malformed.
    #[error("'{0}' is not a Kafka broker's address: give HOST:PORT, several parted by commas")]
    Servers(String),
    /// The prefix cannot be part of a topic's name.
    #[error("'{0}' cannot begin a topic's name: at most {PREFIX_LIMIT} letters, digits, '.', '_' and '-'")]
    Prefix(String),
    /// The mechanism is not known.
    #[error("'{0}' is not a SASL mechanism that is known: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")]
    Mechanism(String),
    /// The user's name or password is missing or malformed.
    #[error(
        "the Kafka {0} must have 1 to {TEXT_LIMIT} bytes and no control characters (its value is not shown)"
    )]
    Credentials(&'static str),
    /// The client id is malformed.
    #[error("'{0}' is not a Kafka client id: letters, digits, '.', '_' and '-'")]
    ClientId(String),
    /// The certificates cannot be read.
    #[error("the Kafka CA file {} cannot be used: {reason}", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The client library does not take the settings.
    #[error("the Kafka client could not be made: {0}")]
    Client(String),
}

/// Checks what a bus is told and gives the settings that all its clients share.
pub(super) fn client_config(config: &KafkaConfig) -> Result<ClientConfig, KafkaOpenError> {
    check(config)?;
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("client.id", &config.client_id)
        .set("allow.auto.create.topics", "false")
        .set("socket.keepalive.enable", "true")
        .set("log.connection.close", "false")
        // Brokers that come back are found within two seconds.
        .set("reconnect.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "2000")
        .set("topic.metadata.refresh.interval.ms", millis(config.metadata_refresh))
        .set_log_level(rdkafka::config::RDKafkaLogLevel::Info);
    let protocol = match (&config.tls, &config.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    client.set("security.protocol", protocol);
    match &config.tls {
        Some(KafkaTls::CaFile(path)) => {
            check_ca_file(path)?;
            client.set("ssl.ca.location", path.to_string_lossy());
        }
        // Finds the system's certificates wherever the distribution keeps them.
        Some(KafkaTls::PublicRoots) => drop(client.set("ssl.ca.location", "probe")),
        None => {}
    }
    if let Some(sasl) = &config.sasl {
        client
            .set("sasl.mechanism", sasl.mechanism.as_str())
            .set("sasl.username", &sasl.username)
            .set("sasl.password", &sasl.password);
    }
    Ok(client)
}

fn check(config: &KafkaConfig) -> Result<(), KafkaOpenError> {
    let shown = |text: &str| text.chars().take(80).collect::<String>();
    for server in config.bootstrap_servers.split(',') {
        if !is_address(server.trim()) {
            return Err(KafkaOpenError::Servers(shown(server)));
        }
    }
    if config.topic_prefix.len() > PREFIX_LIMIT || !config.topic_prefix.chars().all(is_name) {
        return Err(KafkaOpenError::Prefix(shown(&config.topic_prefix)));
    }
    if config.client_id.len() > TEXT_LIMIT || !config.client_id.chars().all(is_name) {
        return Err(KafkaOpenError::ClientId(shown(&config.client_id)));
    }
    if let Some(sasl) = &config.sasl {
        for (what, value) in [("user name", &sasl.username), ("password", &sasl.password)] {
            if value.is_empty() || value.len() > TEXT_LIMIT || value.chars().any(char::is_control) {
                return Err(KafkaOpenError::Credentials(what));
            }
        }
    }
    Ok(())
}

/// What names of topics, groups and clients are made of.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_ok = !host.is_empty()
        && host.len() <= 255
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-:[]".contains(c));
    host_ok && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The client library's own message does not say which file, so it is looked at first.
fn check_ca_file(path: &Path) -> Result<(), KafkaOpenError> {
    let refused = |reason: String| KafkaOpenError::CaFile { path: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
    if size > CA_FILE_LIMIT {
        return Err(refused(format!("it has {size} bytes, more than {CA_FILE_LIMIT}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(refused("it holds no certificate in PEM form".to_owned()));
    }
    Ok(())
}

/// A duration as the client library takes it.
pub(super) fn millis(duration: Duration) -> String {
    duration.as_millis().clamp(1, 86_400_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut KafkaConfig)) -> String {
        let mut config = KafkaConfig::new("kafka:9092", "shop.");
        change(&mut config);
        client_config(&config).unwrap_err().to_string()
    }

    fn sasl(username: &str, password: &str) -> Option<KafkaSasl> {
        let (username, password) = (username.to_owned(), password.to_owned());
        Some(KafkaSasl { mechanism: SaslMechanism::ScramSha256, username, password })
    }

    #[test]
    fn addresses_are_checked_one_by_one() {
        for good in ["kafka:9092", "a.b-c:1,10.0.0.1:65535", "[::1]:9092"] {
            assert!(client_config(&KafkaConfig::new(good, "")).is_ok(), "{good}");
        }
        for bad in ["", "kafka", "kafka:", ":9092", "a:9092,", "a:9092,b", "a:99999", "a:0", "a b:1", "x/y:1"]
        {
            let error = refused(|config| config.bootstrap_servers = bad.to_owned());
            assert!(error.contains("HOST:PORT"), "{bad}: {error}");
        }
    }

    #[test]
    fn what_cannot_name_a_topic_or_client_is_refused() {
        for bad in ["a b", "a/b", "ä", &"x".repeat(201)] {
            assert!(refused(|config| config.topic_prefix = bad.to_owned()).contains("topic's name"), "{bad}");
        }
        assert!(refused(|config| config.client_id = "a\nb".to_owned()).contains("client id"));
    }

    #[test]
    fn a_malformed_password_is_refused_without_being_shown() {
        for (user, password) in [("", "s3cret"), ("me", ""), ("me", "s3cret\n"), ("me", "s3cret\0")] {
            let error = refused(|config| config.sasl = sasl(user, password));
            assert!(error.contains("user name") || error.contains("password"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        let config = KafkaConfig { sasl: sasl("me", "s3cret"), ..KafkaConfig::new("kafka:9092", "") };
        assert!(!format!("{config:?}").contains("s3cret"));
        assert!(!format!("{:?}", client_config(&config).unwrap()).contains("s3cret"));
    }

    #[test]
    fn a_ca_file_that_holds_no_certificate_is_named() {
        let dir = tempfile::TempDir::new().unwrap();
        let (missing, empty) = (dir.path().join("missing.crt"), dir.path().join("empty.crt"));
        std::fs::write(&empty, "not a certificate").unwrap();
        for (path, reason) in [(missing, "No such file"), (empty, "no certificate in PEM form")] {
            let error = refused(|config| config.tls = Some(KafkaTls::CaFile(path.clone())));
            assert!(error.contains(path.to_str().unwrap()) && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn mechanisms_are_known_by_their_registered_names() {
        for mechanism in [SaslMechanism::Plain, SaslMechanism::ScramSha256, SaslMechanism::ScramSha512] {
            assert_eq!(mechanism.as_str().parse::<SaslMechanism>().unwrap(), mechanism);
        }
        let error = "GSSAPI".parse::<SaslMechanism>().unwrap_err();
        assert!(error.to_string().contains("SCRAM-SHA-256"), "{error}");
    }
}

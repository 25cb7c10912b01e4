//! What the client library says when something is wrong, in words that help, and where it is kept.
//!
//! Calls to the library end in a bare "timed out" or "transport failure"; the reason (a refused password,
//! an unknown certificate) comes in a message of its own, on another thread. [`Trouble`] remembers the
//! latest, so that the error of the call can tell it.

use super::config::KafkaConfig;
use kit::bus::BusError;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a reason counts for calls that fail after it.
const FRESH: Duration = Duration::from_secs(60);
/// How often the same reason is logged.
const REPEAT: Duration = Duration::from_secs(60);

/// The latest reason that one of a bus's clients gave; shared among them.
pub(super) struct Trouble {
    /// Never shown, should a message hold it.
    password: Option<String>,
    servers: String,
    latest: Mutex<Option<Latest>>,
}

struct Latest {
    reason: String,
    /// How much it says: see [`rank`].
    rank: u8,
    at: Instant,
    logged: Instant,
}

impl Trouble {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let password = config.sasl.as_ref().map(|sasl| sasl.password.clone());
        Self { password, servers: config.bootstrap_servers.clone(), latest: Mutex::default() }
    }

    /// Notes a reason, and logs it unless trouble was just logged that says as much.
    fn note(&self, code: Code, reason: &str) {
        let (rank, now) = (rank(code), Instant::now());
        let reason = self.clean(match code {
            Code::Authentication => format!("the broker refused the user or password: {reason}"),
            Code::SSL => format!("no encrypted connection to the broker: {reason}"),
            // The library keeps to itself that a broker hung up over another protocol.
            Code::AllBrokersDown => format!(
                "no broker can be reached at {}, or it expects TLS or a login other than it gets: {reason}",
                self.servers
            ),
            Code::BrokerTransportFailure | Code::Resolve => format!("no broker can be reached: {reason}"),
            _ => reason.to_owned(),
        });
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut logged = now;
        if let Some(known) = latest.as_ref().filter(|known| now - known.at < FRESH) {
            if known.rank > rank {
                return;
            }
            if known.rank == rank && now - known.logged < REPEAT {
                logged = known.logged;
            }
        }
        if logged == now {
            tracing::warn!(reason, "the event bus has trouble");
        }
        *latest = Some(Latest { reason, rank, at: now, logged });
    }

    /// Forgets it all: a call was answered.
    pub(super) fn over(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn clean(&self, text: String) -> String {
        match &self.password {
            Some(password) if text.contains(password.as_str()) => text.replace(password.as_str(), "(hidden)"),
            _ => text,
        }
    }

    /// The port's error for a failed call: what was tried, and why it failed.
    pub(super) fn error(&self, what: &str, error: &KafkaError) -> BusError {
        let code = error.rdkafka_error_code();
        let silence = matches!(
            code,
            None | Some(
                Code::BrokerTransportFailure
                    | Code::OperationTimedOut
                    | Code::AllBrokersDown
                    | Code::MessageTimedOut
                    | Code::WaitingForCoordinator
                    | Code::Resolve
                    | Code::SSL
                    | Code::Authentication
            )
        );
        let known = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| silence && known.at.elapsed() < FRESH);
        let why = match (known, code) {
            (Some(known), _) => known.reason.clone(),
            (None, Some(code)) => explain(code).map_or_else(|| code.to_string(), str::to_owned),
            (None, None) => error.to_string(),
        };
        BusError::Failed(self.clean(format!("{what}: {why}")))
    }
}

/// How much a reason says. "All brokers are down" follows each of the others and says least.
fn rank(code: Code) -> u8 {
    match code {
        Code::AllBrokersDown => 0,
        Code::Authentication | Code::SSL => 2,
        _ => 1,
    }
}

/// What an operator should make of an error.
fn explain(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            "the topic does not exist on the brokers; the operator creates it, or its creator must"
        }
        Code::TopicAuthorizationFailed => {
            "the user may not use this topic: grant it READ, WRITE and DESCRIBE"
        }
        Code::GroupAuthorizationFailed => "the user may not use this group: grant it READ and DESCRIBE",
        Code::ClusterAuthorizationFailed => "the user may not use the cluster: grant it IDEMPOTENT_WRITE",
        Code::OperationTimedOut | Code::MessageTimedOut => "the brokers did not answer in time",
        Code::BrokerTransportFailure | Code::AllBrokersDown => "no broker can be reached",
        Code::Authentication => "the broker refused the user or password",
        Code::MessageSizeTooLarge => "the message is larger than the topic takes",
        _ => return None,
    })
}

/// What every client of a bus is made with: passes its messages on.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) trouble: Arc<Trouble>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let message = self.trouble.clean(message.to_owned());
        if facility == "FAIL" {
            // "[thrd:…]: " says nothing to an operator.
            let reason = message.split_once("]: ").map_or(message.as_str(), |(_, reason)| reason);
            self.trouble.note(Code::BrokerTransportFailure, reason);
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, message, "Kafka client");
            }
            // The client's opinion of our settings, the same at each start.
            _ if facility == "CONFWARN" => tracing::debug!(facility, message, "Kafka client"),
            // What matters among these comes to `error` below, too, and is logged there.
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::info!(facility, message, "Kafka client");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, message, "Kafka client");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
        // Followers ask to be told where a partition ends, which is no trouble.
        if code != Code::PartitionEOF {
            self.trouble.note(code, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_partition_ends_is_no_reason_for_a_failure() {
        let trouble = Arc::new(Trouble::new(&KafkaConfig::new("kafka:9092", "")));
        let context = Context { trouble: Arc::clone(&trouble) };
        let told = || trouble.error("it failed", &KafkaError::Canceled).to_string();
        context.error(KafkaError::Global(Code::PartitionEOF), "reached end of partition at offset 7");
        assert!(!told().contains("reached end"), "{}", told());
        context.error(KafkaError::Global(Code::Authentication), "wrong password");
        assert!(told().contains("wrong password"), "{}", told());
    }
}

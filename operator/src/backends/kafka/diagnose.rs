//! From librdkafka's errors to findings that say what is wrong and how to mend it.
//!
//! A request to a broker that cannot be used ends as a timeout, whatever the cause. The cause goes to the
//! error callback of a client that polls for it, which the admin client does not; so on failure a second,
//! short-lived client tries the same and listens.

use crate::backends::BackendFinding;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const LISTEN: Duration = Duration::from_millis(250);
const MAX_DETAIL: usize = 240;

/// What a second client was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Diagnosis {
    Credentials(String),
    Encryption(String),
    Configuration(String),
    /// It works: the first failure has passed.
    Answers,
    Silent(Option<String>),
}

#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<(Code, String)>>,
}

impl ClientContext for Listener {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).push((code, reason.to_owned()));
        }
    }
}

impl ProducerContext for Listener {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

impl Diagnosis {
    /// Tries to connect and listens to why it fails. Blocks for up to `patience` and a little.
    pub(super) fn of(config: &ClientConfig, patience: Duration) -> Self {
        let secret = config.get("sasl.password").unwrap_or_default();
        let client: BaseProducer<Listener> =
            match BaseProducer::from_config_and_context(config, Listener::default()) {
                Ok(client) => client,
                Err(_) => return Self::Configuration("its settings do not fit together".to_owned()),
            };
        let began = Instant::now();
        loop {
            let answer = client.client().fetch_metadata(None, LISTEN);
            client.poll(Duration::ZERO);
            if answer.is_ok() {
                return Self::Answers;
            }
            let heard = client.context().heard.lock().unwrap_or_else(PoisonError::into_inner);
            let said = |codes: &[Code]| {
                heard.iter().find(|(code, _)| codes.contains(code)).map(|(_, reason)| tidy(reason, secret))
            };
            if let Some(reason) = said(&[Code::Authentication, Code::SaslAuthenticationFailed]) {
                return Self::Credentials(reason);
            }
            if let Some(reason) = said(&[Code::SSL]) {
                let untrusted = reason.contains("certificate verify failed");
                let plainly = "its certificate is not of an authority that is trusted, or not for this host";
                return Self::Encryption(if untrusted { plainly.to_owned() } else { reason });
            }
            if began.elapsed() >= patience {
                return Self::Silent(said(&[Code::BrokerTransportFailure, Code::Resolve]));
            }
        }
    }

    pub(super) fn finding(self, bootstrap: &[String]) -> BackendFinding {
        let servers = bootstrap.join(",");
        match self {
            Self::Credentials(reason) => BackendFinding::KafkaAuthenticationFailed {
                message: format!(
                    "Kafka at {servers} does not accept the credentials: {reason}. Correct user name, password \
                     or mechanism in the Secret that spec.kafka.external.authSecretRef names"
                ),
            },
            Self::Encryption(reason) => BackendFinding::KafkaUnreachable {
                message: format!(
                    "no TLS connection to Kafka at {servers}: {reason}. Check spec.kafka.external.tls, the \
                     authority in its caSecretRef, and whether this port speaks TLS"
                ),
            },
            Self::Configuration(reason) => BackendFinding::KafkaRefused {
                message: format!(
                    "no client for Kafka at {servers} can be made: {reason}. Check spec.kafka.external"
                ),
            },
            Self::Answers => unreachable(bootstrap, "it answered too slowly"),
            Self::Silent(reason) => {
                let reason = reason.unwrap_or_else(|| {
                    "it accepts connections but does not answer; perhaps one side speaks TLS or SASL and the other not"
                        .to_owned()
                });
                unreachable(bootstrap, &reason)
            }
        }
    }
}

/// The finding for a broker to which nothing gets through.
pub(super) fn unreachable(bootstrap: &[String], why: &str) -> BackendFinding {
    let servers = bootstrap.join(",");
    BackendFinding::KafkaUnreachable {
        message: format!(
            "Kafka at {servers} cannot be reached: {why}. Check that it runs, its address and port, and that \
             network policies let the operator through"
        ),
    }
}

/// The finding for a call into the client that panicked.
pub(super) fn broken(bootstrap: &[String]) -> BackendFinding {
    let servers = bootstrap.join(",");
    BackendFinding::KafkaRefused { message: format!("Kafka at {servers} gave an answer that cannot be read") }
}

/// The finding for a request that failed, by its error code.
pub(super) fn refused(error: &KafkaError, doing: &str, bootstrap: &[String]) -> BackendFinding {
    known(error, doing, bootstrap).unwrap_or_else(|| {
        unreachable(
            bootstrap,
            &format!(
                "it did not {doing} in time; perhaps the addresses that its brokers advertise are not \
                 reachable from here"
            ),
        )
    })
}

/// Like [`refused`], where the code alone tells the cause.
pub(super) fn known(error: &KafkaError, doing: &str, bootstrap: &[String]) -> Option<BackendFinding> {
    let servers = bootstrap.join(",");
    match code_of(error) {
        Some(
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::RequestTimedOut
            | Code::MessageTimedOut
            | Code::Resolve
            | Code::SSL,
        ) => None,
        Some(Code::Authentication | Code::SaslAuthenticationFailed) => {
            Some(Diagnosis::Credentials("the password or mechanism is wrong".to_owned()).finding(bootstrap))
        }
        Some(code) if is_forbidden(code) => Some(BackendFinding::KafkaForbidden {
            message: format!(
                "Kafka at {servers} does not let the operator's user {doing}. Grant it that right"
            ),
        }),
        Some(code) => Some(BackendFinding::KafkaRefused {
            message: format!("Kafka at {servers} did not {doing}: {code}"),
        }),
        None => Some(match error {
            // The value in question may be a secret.
            KafkaError::ClientConfig(_, why, setting, _) => {
                Diagnosis::Configuration(format!("{setting}: {why}")).finding(bootstrap)
            }
            KafkaError::ClientCreation(why) if why.contains("ssl.ca.pem") => {
                Diagnosis::Configuration("the authority's certificates are not in PEM format".to_owned())
                    .finding(bootstrap)
            }
            _ => BackendFinding::KafkaRefused {
                message: format!(
                    "Kafka at {servers} did not {doing}: the client made no sense of its answer"
                ),
            },
        }),
    }
}

/// The error's code, also of admin requests, for which the library's own function gives none.
fn code_of(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

pub(super) fn is_forbidden(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed | Code::ClusterAuthorizationFailed
    )
}

/// One line of bounded length, without where in librdkafka it happened, and never with the password.
fn tidy(reason: &str, secret: &str) -> String {
    let reason = reason.rsplit_once("/bootstrap: ").map_or(reason, |(_, reason)| reason);
    let reason = reason.split_once(" (after ").map_or(reason, |(reason, _)| reason);
    let line: String =
        reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_DETAIL).collect();
    let line = if secret.is_empty() { line } else { line.replace(secret, "…") };
    line.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line_without_the_password() {
        let reason = "sasl_ssl://kafka:9092/bootstrap: SASL authentication error: hunter2\nis wrong (after 303ms in state AUTH_REQ)";
        assert_eq!(tidy(reason, "hunter2"), "SASL authentication error: … is wrong");
        assert!(tidy(&"x".repeat(5000), "").len() <= MAX_DETAIL);
    }

    #[test]
    fn a_right_that_is_missing_is_told_from_a_broker_that_is_away() {
        let servers = ["kafka:9092".to_owned()];
        let forbidden =
            refused(&KafkaError::AdminOp(Code::ClusterAuthorizationFailed), "create topics", &servers);
        assert_eq!(forbidden.reason(), "KafkaForbidden");
        assert!(forbidden.message().contains("create topics"));
        let away = refused(&KafkaError::AdminOp(Code::OperationTimedOut), "create topics", &servers);
        assert_eq!(away.reason(), "KafkaUnreachable");
    }
}

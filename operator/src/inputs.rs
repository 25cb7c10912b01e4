//! What `dereference` found and `build` needs: the seed, and the contents of what the spec refers to.
//!
//! Nothing here shows a secret when it is printed for debugging.

use crate::names::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;

mod kafka;
mod mongodb;

pub use kafka::{KafkaAuth, Mechanism};
pub use mongodb::{Credentials, MongoUri};

/// Everything besides the stack itself that its objects depend on.
///
/// A stack whose references cannot be read is not built at all: an absent value here means that the spec
/// does not ask for one.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The seed in `S-root`.
    pub root: RootSeed,
    /// The connection string of an external MongoDB.
    pub mongodb_uri: Option<MongoUri>,
    /// PEM certificates of the authority of an external MongoDB.
    pub mongodb_ca: Option<String>,
    /// The SASL credentials of an external Kafka.
    pub kafka_auth: Option<KafkaAuth>,
    /// PEM certificates of the authority of an external Kafka.
    pub kafka_ca: Option<String>,
    /// Which optional kinds of object the cluster knows.
    pub available: Capabilities,
    /// The namespace of the operator, from which it reaches a managed database and broker; none means any.
    pub operator_namespace: Option<String>,
}

impl Inputs {
    /// The inputs of a stack that refers to nothing.
    #[must_use]
    pub fn new(root: RootSeed) -> Self {
        Self {
            root,
            mongodb_uri: None,
            mongodb_ca: None,
            kafka_auth: None,
            kafka_ca: None,
            available: Capabilities::default(),
            operator_namespace: None,
        }
    }
}

/// Which optional kinds of object the cluster knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `gateway.networking.k8s.io/v1` HTTPRoutes.
    pub http_route: bool,
}

/// The 32 random bytes from which every secret of a stack derives.
#[derive(Clone, PartialEq, Eq)]
pub struct RootSeed([u8; 32]);

impl RootSeed {
    /// A seed of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The seed in the key `seed` of `S-root`: 32 bytes.
    ///
    /// # Errors
    /// There are not exactly 32 bytes; the text says how many.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        bytes.try_into().map(Self).map_err(|_| format!("has {} bytes, but must have 32", bytes.len()))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits of its SHA-256, which tell two seeds apart and nothing more.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.0)[..4])
    }

    /// As the data of a Secret holds it.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Debug for RootSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootSeed({})", self.fingerprint())
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Guards `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for putting it where it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

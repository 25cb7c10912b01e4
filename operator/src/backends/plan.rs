//! What a stack needs outside of Kubernetes, as plain values.

use super::topics::TopicPlan;
use crate::inputs::{Credentials, KafkaAuth, SecretText};

/// The topics, database users and databases of one stack, and how their servers are reached.
#[derive(Debug, Clone)]
pub struct BackendPlan {
    /// `namespace/name`, for logs.
    pub stack: String,
    /// The broker and its topics; none where somebody else looks after them.
    pub broker: Option<BrokerPlan>,
    /// The database server and its users; none where somebody else looks after them.
    pub database: Option<DatabasePlan>,
    /// Whether [`super::Backends::remove`] removes anything: the deletion policy is Delete.
    pub delete: bool,
}

/// The topics of a stack and the broker that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerPlan {
    /// `host:port`, at least one.
    pub bootstrap: Vec<String>,
    /// Set if the connection is encrypted.
    pub tls: Option<Tls>,
    /// Set if the broker asks who one is.
    pub sasl: Option<KafkaAuth>,
    /// What every topic and consumer group of the stack begins with, ending in a dot: `default.shop.`.
    pub topic_prefix: String,
    /// The topics, by names without the prefix.
    pub topics: Vec<TopicPlan>,
}

impl BrokerPlan {
    /// The name of a topic on the broker.
    #[must_use]
    pub fn full_name(&self, topic: &TopicPlan) -> String {
        format!("{}{}", self.topic_prefix, topic.name)
    }
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM certificates of the authority to trust; the public authorities if there is none.
    pub ca_pem: Option<String>,
}

/// The database users of a stack and the server that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabasePlan {
    /// The connection string of a user who may administer users.
    pub admin_uri: SecretText,
    /// PEM certificates of the authority to trust; the public authorities if there is none.
    pub ca_pem: Option<String>,
    /// One per service.
    pub users: Vec<UserPlan>,
}

/// The database of a service and the user who may read and write it. The user lives in that database:
/// it is the `authSource` of the user's connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPlan {
    /// The database.
    pub database: String,
    /// The user; none on a server that asks for no password.
    pub credentials: Option<Credentials>,
}

//! A manifest after every rule and every default: what the operator builds from and `up` starts from.
//!
//! Only [`crate::validate`] makes these, so whoever holds one need not check again.

use crate::manifest::{DeletionPolicy, NameRef, ParentRef, Scheme, SecretKeyRef, Upgrades};
use crate::service::{Resources, ServiceName};
use std::collections::BTreeMap;
use std::time::Duration;

/// A stack that keeps all rules, with nothing left to default.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ValidatedStack {
    /// The name of the stack.
    pub name: String,
    /// Its namespace, if the manifest names one.
    pub namespace: Option<String>,
    /// The image of all services, if it is not that of the operator's release.
    pub image: Option<String>,
    /// At least one project; keys are unique.
    pub projects: Vec<ValidatedProject>,
    /// How the stack is reached from outside.
    pub edge: Edge,
    /// The database.
    pub database: Database,
    /// The event broker.
    pub broker: Broker,
    /// The topics.
    pub topics: ValidatedTopics,
    /// Every service that there is, also those that are off.
    pub services: BTreeMap<ServiceName, ValidatedService>,
    /// What happens to data when the stack is deleted.
    pub deletion_policy: DeletionPolicy,
    /// The operator changes nothing while this is set.
    pub paused: bool,
    /// Whether the stack follows an upgraded operator.
    pub upgrades: Upgrades,
    /// How often the generated secrets, but for those that guard data, were asked anew.
    pub secrets_rotation: u32,
}

impl ValidatedStack {
    /// The services that run, in the order of [`ServiceName::ALL`].
    pub fn enabled(&self) -> impl Iterator<Item = ServiceName> + '_ {
        self.services.iter().filter(|(_, service)| service.enabled).map(|(name, _)| *name)
    }
}

/// A declared project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidatedProject {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// At least one currency of ISO 4217, without repeats.
    pub currencies: Vec<String>,
    /// At least one country by two upper-case letters, without repeats.
    pub countries: Vec<String>,
    /// At least one language like `en` or `de-AT`, without repeats.
    pub languages: Vec<String>,
    /// Whether to load the sample catalogue.
    pub sample_data: bool,
    /// At least one API client; names are unique in the project.
    pub api_clients: Vec<ValidatedClient>,
}

/// A declared API client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidatedClient {
    /// The name.
    pub name: String,
    /// `<project>-<client>` in lower-case letters, digits and hyphens: unique in the stack, fit for the
    /// name of a file or a Secret.
    pub label: String,
    /// At least one scope name, without the project key and without repeats.
    pub scopes: Vec<String>,
    /// The life of an access token in seconds.
    pub access_token_validity_seconds: u32,
    /// How long a refresh token lives without use, in seconds.
    pub refresh_token_validity_seconds: u32,
}

impl ValidatedClient {
    /// The scopes as the API writes them: `manage_project:demo view_products:demo`.
    #[must_use]
    pub fn scope(&self, project: &str) -> String {
        let named: Vec<String> = self.scopes.iter().map(|scope| format!("{scope}:{project}")).collect();
        named.join(" ")
    }
}

/// How the stack is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge {
    /// The host name; present whenever the route is an Ingress.
    pub host: Option<String>,
    /// How clients reach the host.
    pub scheme: Scheme,
    /// What leads to the gateway.
    pub route: Route,
}

/// What leads to the gateway service from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Nothing.
    None,
    /// An Ingress of this class, or of the cluster's default.
    Ingress {
        /// The IngressClass.
        class: Option<String>,
        /// The Secret with the certificate.
        tls: Option<NameRef>,
    },
    /// An HTTPRoute attached to these Gateways, at least one.
    HttpRoute {
        /// The Gateways.
        parents: Vec<ParentRef>,
    },
}

/// The volume of a node that the operator runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its size, a Kubernetes quantity.
    pub storage: String,
    /// Its StorageClass; that of the cluster if there is none.
    pub class: Option<String>,
}

/// The database of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One node run by the operator.
    Managed(Volume),
    /// Somebody else's.
    External {
        /// Where the connection string is.
        uri: SecretKeyRef,
        /// Where the certificates of the authority to trust are.
        ca: Option<SecretKeyRef>,
    },
}

/// The event broker of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broker {
    /// One node run by the operator.
    Managed(Volume),
    /// Somebody else's.
    External {
        /// `host:port`, at least one.
        bootstrap_servers: Vec<String>,
        /// The Secret with SASL credentials.
        auth: Option<NameRef>,
        /// Whether and how the connection is encrypted.
        tls: Option<crate::manifest::KafkaTls>,
    },
    /// A cluster of the Strimzi operator.
    Strimzi {
        /// The name of the Kafka resource.
        cluster: String,
    },
}

/// Settings of the topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidatedTopics {
    /// Partitions of each topic, 1 to 1000.
    pub partitions: u32,
    /// Copies of each partition, 1 to 9; 1 on the managed broker.
    pub replication_factor: u32,
    /// How long events are kept.
    pub retention: Duration,
}

/// Settings of one service.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ValidatedService {
    /// Whether it runs.
    pub enabled: bool,
    /// Its own image, if it has one.
    pub image: Option<String>,
    /// How many pods it has.
    pub scale: Scale,
    /// CPU and memory of each pod.
    pub resources: Resources,
}

/// How many pods a service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Always this many, 1 to 100.
    Fixed(u32),
    /// As many as the load needs.
    Auto {
        /// The least, at least 1.
        min: u32,
        /// The greatest, not less than `min`.
        max: u32,
        /// The CPU utilization to aim at, in percent of the request.
        cpu_utilization: u32,
    },
}

//! The manifest: what a user asks of a stack. Every block may be left out.
//!
//! Doc comments here are what `kubectl explain commercestack.spec` prints. A choice (managed or
//! external, ingress or HTTPRoute) is an object with one optional field per alternative, of which at
//! most one may be given: the shape that CEL rules and structural schemas can express. The typed
//! choice is in [`crate::ValidatedStack`].

#![allow(clippy::duplicated_attributes, reason = "every printer column has a type of its own")]

use crate::project::Project;
use crate::rules::{IMAGE, LABEL, OBJECT, QUANTITY, RETENTION, SECRET_KEY, SERVERS, rule, rule_at};
use crate::service::{Defaults, Services};
use crate::status::CommerceStackStatus;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A commerce back end that speaks the commercetools HTTP API. `spec: {}` is a working stack: a managed
/// MongoDB and Kafka, one project named like the stack, and one API client named admin.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "commercestack.io",
    version = "v1alpha1",
    kind = "CommerceStack",
    plural = "commercestacks",
    shortname = "cstack",
    category = "commerce",
    namespaced,
    status = "CommerceStackStatus",
    derive = "PartialEq",
    validation = crate::rules::stack_name(),
    validation = crate::rules::default_project(),
    doc = "A commerce back end that speaks the commercetools HTTP API, made of services, a database and an event broker.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Services", type_ = "string", json_path = ".status.servicesReady"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".status.endpoint"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = crate::rules::of_spec()))]
pub struct CommerceStackSpec {
    /// The container image of all services. Default: the release of the operator that runs the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), extend("pattern" = IMAGE))]
    pub image: Option<String>,
    /// The projects of the stack, each with its own catalogue, customers and orders. Default: one project
    /// named like the stack. A project that is taken out is closed, never erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub projects: Vec<Project>,
    /// How the stack is reached from outside. Default: inside the cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// The database. Give managed or external, not both; the choice is for the life of the stack, because
    /// its data would stay behind. Default: managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongodb: Option<MongoDb>,
    /// The event broker and its topics. Give one of managed, external and strimzi; the choice is for the life
    /// of the stack, because events would stay behind. Default: managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka: Option<Kafka>,
    /// What holds for every service that does not say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Defaults>,
    /// Settings of single services, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Services>,
    /// What happens to data, topics and the Secrets that guard them when the stack is deleted. Default: Retain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// How the operator treats this stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

/// How the stack is reached from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    rule("!(has(self.ingress) && has(self.httpRoute))", "give only one of ingress and httpRoute"),
    rule_at(".host", "!has(self.ingress) || has(self.host)", "is missing; an ingress needs a host name"),
]))]
pub struct Gateway {
    /// The host name, such as shop.example.com.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub host: Option<String>,
    /// Whether clients reach the host by https or by http, as told to them in the Secrets of API clients.
    /// Default: https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// Publish through an Ingress. Needs a host; excludes httpRoute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
    /// Publish through an HTTPRoute of the Gateway API. Excludes ingress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_route: Option<HttpRoute>,
}

/// An Ingress in front of the gateway service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The IngressClass. Default: the default class of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub class_name: Option<String>,
    /// The Secret with the certificate for the host, of type kubernetes.io/tls. Default: what the Ingress
    /// controller has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<NameRef>,
}

/// An HTTPRoute in front of the gateway service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpRoute {
    /// The Gateways to attach to.
    #[schemars(length(min = 1, max = 32))]
    pub parent_refs: Vec<ParentRef>,
}

/// Whether clients reach the host by https or by http, as told to them in the Secrets of API clients.
/// Default: https.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// By TLS.
    #[default]
    Https,
    /// Without TLS.
    Http,
}

/// A Gateway of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// The name of the Gateway.
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub name: String,
    /// Its namespace. Default: the namespace of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), extend("pattern" = LABEL))]
    pub namespace: Option<String>,
    /// The listener of the Gateway. Default: all that accept the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub section_name: Option<String>,
}

/// The database: managed by the operator, or external.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    rule("!(has(self.managed) && has(self.external))", "give only one of managed and external"),
]))]
pub struct MongoDb {
    /// One MongoDB node run by the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<Managed>,
    /// A MongoDB that somebody else runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalMongoDb>,
}

/// A single node with its own volume, run by the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Managed {
    /// The size of the volume, such as 10Gi; can grow where the storage class allows it, never shrink.
    /// Default: 10Gi.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), extend("pattern" = QUANTITY))]
    pub storage: Option<String>,
    /// The StorageClass of the volume, for the life of the stack. Default: that of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub storage_class_name: Option<String>,
}

/// A MongoDB that somebody else runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalMongoDb {
    /// The Secret and key that hold the connection string of a user who may administer users. Each service
    /// gets a user and a database of its own. Without a user in the string none are made.
    pub uri_secret_ref: SecretKeyRef,
    /// The Secret and key with the PEM certificates of the authority to trust; needs tls=true in the
    /// connection string. Default: the public authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyRef>,
}

/// A key of a Secret in the namespace of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The name of the Secret.
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub name: String,
    /// The key in the Secret.
    #[schemars(length(min = 1, max = 253), extend("pattern" = SECRET_KEY))]
    pub key: String,
}

/// A Secret in the namespace of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameRef {
    /// The name of the Secret.
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub name: String,
}

/// The event broker and its topics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    rule("[has(self.managed), has(self.external), has(self.strimzi)].filter(given, given).size() <= 1",
        "give only one of managed, external and strimzi"),
    rule_at(".topics.replicationFactor",
        "has(self.external) || has(self.strimzi) || !has(self.topics) || !has(self.topics.replicationFactor) || self.topics.replicationFactor <= 1",
        "must be 1, because the managed Kafka has one node; use external or strimzi for copies"),
]))]
pub struct Kafka {
    /// One Kafka node run by the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<Managed>,
    /// A Kafka that somebody else runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalKafka>,
    /// A Kafka cluster of the Strimzi operator in the namespace of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strimzi: Option<Strimzi>,
    /// Settings of the topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics: Option<Topics>,
}

/// A Kafka that somebody else runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalKafka {
    /// One or more of host:port, separated by commas.
    #[schemars(length(min = 1, max = 2048), extend("pattern" = SERVERS))]
    pub bootstrap_servers: String,
    /// The Secret with the SASL credentials: the keys username and password, and perhaps mechanism
    /// (SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN). Default: no authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_secret_ref: Option<NameRef>,
    /// Encrypts the connection. Default: not encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
}

/// How the connection to Kafka is encrypted. An empty block trusts the public authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTls {
    /// The Secret and key with the PEM certificates of the authority to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyRef>,
}

/// A Kafka cluster of the Strimzi operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Strimzi {
    /// The name of the Kafka resource.
    #[schemars(length(min = 1, max = 253), extend("pattern" = OBJECT))]
    pub cluster: String,
}

/// Settings of the topics that the operator creates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topics {
    /// Partitions of each topic; can be raised, never lowered. Default: 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub partitions: Option<i32>,
    /// Copies of each partition. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub replication_factor: Option<i32>,
    /// How long events are kept: a whole number and s, m, h or d, such as 7d. Default: 7d.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), extend("pattern" = RETENTION))]
    pub retention: Option<String>,
}

/// What happens to data when the stack is deleted. Retain: volumes, databases, topics and the Secrets that
/// guard them stay. Delete: they are removed with the stack. Default: Retain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Volumes, databases, topics and the Secrets that guard them stay.
    #[default]
    Retain,
    /// They are removed with the stack.
    Delete,
}

/// How the operator treats this stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// While true the operator changes nothing of this stack. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Whether an upgraded operator moves this stack to its own release. Manual: the stack stays on
    /// status.release, and no pod restarts, until this is set to Automatic or spec.image is changed.
    /// Default: Manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrades: Option<Upgrades>,
    /// Raise this number to make all generated secrets anew, but for those that guard data. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub secrets_rotation: Option<i32>,
}

/// Whether an upgraded operator moves this stack to its own release. Manual: the stack stays on
/// status.release, and no pod restarts, until this is set to Automatic. Automatic: the stack follows the
/// operator. Default: Manual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Upgrades {
    /// The stack stays on the release that its status names.
    #[default]
    Manual,
    /// The stack follows the operator.
    Automatic,
}

//! What the operator reports about a stack. Users read it, nobody else writes it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The observed state of the stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommerceStackStatus {
    /// The generation of the spec that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The address of the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The release that the services run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The release that the stack is pinned to. An upgraded operator changes it only where
    /// spec.operation.upgrades is Automatic, or when that is set for once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseStatus>,
    /// Ready services of all that are switched on, such as 9/11.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services_ready: Option<String>,
    /// What the names of the stack's databases and database users begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub database_prefix: Option<String>,
    /// What the names of the stack's topics begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub topic_prefix: Option<String>,
    /// The fingerprint of the seed from which all of the stack's secrets derive: the first eight hexadecimal
    /// digits of its SHA-256. Once set, no other seed is ever used with the stack's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub root: Option<String>,
    /// What was written last, as one hash over all objects of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub applied_digest: Option<String>,
    /// A row per service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub services: Vec<ServiceStatus>,
    /// Ready always, Reconciling and Stalled while they are true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// A release: everything of the operator's own that goes into the stack's pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseStatus {
    /// The version of the services.
    pub version: String,
    /// Their container image, unless the spec names another.
    pub image: String,
    /// The container image of the managed MongoDB.
    #[serde(default)]
    pub mongodb_image: String,
    /// The container image of the managed Kafka.
    #[serde(default)]
    pub kafka_image: String,
    /// When nodes pull the images: Always, IfNotPresent or Never.
    #[serde(default)]
    pub pull_policy: String,
    /// The edition of the rules by which the operator makes objects from a spec.
    pub renderer: i32,
}

/// The observed state of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// The name of the service.
    pub name: String,
    /// Whether it serves.
    pub ready: bool,
    /// Pods that are ready.
    #[serde(default)]
    pub ready_replicas: i32,
    /// Pods that are wanted.
    #[serde(default)]
    pub replicas: i32,
    /// The release that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

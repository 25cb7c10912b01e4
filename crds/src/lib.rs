//! The CommerceStack manifest: types, schema and validation rules.
//!
//! One set of types serves the cluster and the laptop. The way of a manifest is
//! [`load`] (text to [`CommerceStack`], strict about what it does not know) and then [`validate`]
//! (every rule, every default, typed: a [`ValidatedStack`]). The operator skips [`load`], because the
//! API server has read and pruned the object already, and applies the same [`validate`].
//!
//! Nothing here does I/O except [`open`], and nothing knows Kubernetes clients.

mod definition;
mod error;
mod load;
mod manifest;
mod project;
mod rules;
mod schema;
mod service;
mod status;
mod validate;
mod validated;
mod yaml;

pub use definition::yaml;
pub use error::{InvalidSpec, Location, ManifestError};
pub use load::{MAX_BYTES, load, locate, open};
pub use manifest::{
    CommerceStack, CommerceStackSpec, DeletionPolicy, ExternalKafka, ExternalMongoDb, Gateway, HttpRoute,
    Ingress, Kafka, KafkaTls, Managed, MongoDb, NameRef, Operation, ParentRef, Scheme, SecretKeyRef, Strimzi,
    Topics, Upgrades,
};
pub use project::{ApiClient, Project};
pub use service::{Amounts, Autoscaling, Defaults, Quantity, Resources, Service, ServiceName, Services};
pub use status::{CommerceStackStatus, ReleaseStatus, ServiceStatus};
pub use validate::{RESERVED_PROJECT_KEYS, SCOPES, validate};
pub use validated::{
    Broker, Database, Edge, Route, Scale, ValidatedClient, ValidatedProject, ValidatedService,
    ValidatedStack, ValidatedTopics, Volume,
};

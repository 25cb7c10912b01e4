//! Every object of a stack, as a pure function of the validated spec, what it refers to, and the release.
//!
//! One file per kind of object. The same inputs give the same bytes; nothing here reads a clock, a random
//! number or a cluster. What must exist before something else comes earlier in the list, which is the order
//! in which it is applied.

mod autoscaler;
mod child;
mod config_map;
mod declared;
mod deployment;
mod disruption_budget;
mod http_route;
mod ingress;
mod job;
mod network_policy;
mod pod;
mod render;
mod secret;
mod service;
mod service_account;
mod stateful_set;
mod volume_claim;

pub use crate::inputs::{Capabilities, Inputs, KafkaAuth, MongoUri, RootSeed, SecretText};
pub use crate::release::Release;
pub use child::{Child, ChildId, Lifetime};
pub use render::{one as render_one, render};
pub use secret::root_secret;

use crate::access::{self, BrokerAccess, DatabaseAccess};
use crate::edges::has_database;
use crate::labels::{self, Component};
use crate::names;
use crate::secrets::Secrets;
use crds::{DeletionPolicy, Scheme, ServiceName, ValidatedStack};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Which stack it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid, for owner references.
    pub uid: String,
    /// The generation of its spec. No object depends on it.
    pub generation: i64,
}

/// Makes all objects of a stack, in the order in which they are applied.
#[must_use]
pub fn build(stack: &ValidatedStack, identity: &Identity, inputs: &Inputs, release: &Release) -> Vec<Child> {
    let cx = &Context {
        stack,
        identity,
        inputs,
        release,
        secrets: Secrets::new(&inputs.root, stack.secrets_rotation),
        database: access::database(stack, identity, inputs),
        broker: access::broker(stack, identity, inputs),
        endpoint: endpoint(stack, identity),
    };
    let mut children = Vec::new();
    service_account::build(cx, &mut children);
    secret::build(cx, &mut children);
    config_map::build(cx, &mut children);
    service::build(cx, &mut children);
    network_policy::build(cx, &mut children);
    volume_claim::build(cx, &mut children);
    stateful_set::build(cx, &mut children);
    deployment::build(cx, &mut children);
    job::build(cx, &mut children);
    disruption_budget::build(cx, &mut children);
    autoscaler::build(cx, &mut children);
    ingress::build(cx, &mut children);
    http_route::build(cx, &mut children);
    children
}

/// Where clients reach the gateway: by the host of the manifest, or else from inside of the cluster.
#[must_use]
pub fn endpoint(stack: &ValidatedStack, identity: &Identity) -> String {
    match (&stack.edge.host, stack.edge.scheme) {
        (Some(host), Scheme::Https) => format!("https://{host}"),
        (Some(host), Scheme::Http) => format!("http://{host}"),
        (None, _) => gateway_url(identity),
    }
}

fn gateway_url(identity: &Identity) -> String {
    format!("http://{}.{}.svc", names::service(&identity.name, ServiceName::Gateway), identity.namespace)
}

/// What every file here works from.
struct Context<'a> {
    stack: &'a ValidatedStack,
    identity: &'a Identity,
    inputs: &'a Inputs,
    release: &'a Release,
    secrets: Secrets<'a>,
    /// None if it is external and its connection string is not there.
    database: Option<DatabaseAccess>,
    broker: BrokerAccess,
    endpoint: String,
}

impl Context<'_> {
    /// The name of the stack.
    fn name(&self) -> &str {
        &self.identity.name
    }

    /// The services that are on and keep data.
    fn keepers(&self) -> impl Iterator<Item = ServiceName> + '_ {
        self.stack.enabled().filter(|service| has_database(*service))
    }

    /// Whether any project has sample data.
    fn seeds(&self) -> bool {
        self.stack.projects.iter().any(|project| project.sample_data)
    }

    /// The image of all services that have none of their own.
    fn image_of_stack(&self) -> &str {
        self.stack.image.as_deref().unwrap_or(&self.release.image)
    }

    fn image(&self, service: ServiceName) -> &str {
        let own = self.stack.services.get(&service).and_then(|settings| settings.image.as_deref());
        own.unwrap_or_else(|| self.image_of_stack())
    }

    /// What holds data or guards it outlives the stack, unless its policy says otherwise.
    fn lifetime_of_data(&self) -> Lifetime {
        match self.stack.deletion_policy {
            DeletionPolicy::Retain => Lifetime::Retained,
            DeletionPolicy::Delete => Lifetime::Owned,
        }
    }

    fn gateway_url(&self) -> String {
        gateway_url(self.identity)
    }

    /// Metadata of an object that belongs to one service.
    fn of_service(&self, name: &str, service: ServiceName) -> ObjectMeta {
        let component = if service == ServiceName::Gateway { Component::Edge } else { Component::Service };
        self.metadata(name, service.as_str(), component)
    }

    /// Metadata of an object that belongs to the whole stack.
    fn of_stack(&self, name: &str) -> ObjectMeta {
        self.metadata(name, "config", Component::Config)
    }

    fn metadata(&self, name: &str, label: &str, component: Component) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels::all(self.name(), label, component)),
            ..Default::default()
        }
    }
}

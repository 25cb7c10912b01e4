//! What the cluster does not remove by itself when a stack is deleted: topics, database users, databases,
//! and the root Secret. Only with deletionPolicy Delete, and never for longer than the deadline.
//!
//! The finalizer is there only while that policy is; with Retain nothing outside holds a stack up.

use crate::access;
use crate::backends::{BackendPlan, BrokerPlan, DatabasePlan, RemovalReport, Tls, UserPlan, topics_of};
use crate::build::{Identity, Inputs};
use crate::clock;
use crate::dereference::dereference;
use crate::events::Happening;
use crate::failure::Failure;
use crate::inputs::{RootSeed, SecretText};
use crate::kinds::KindId;
use crate::names;
use crate::operator::{Operator, identity};
use crate::problem::Problem;
use crate::queue::Finish;
use crate::reasons::{event, reason};
use crate::root::SEED;
use crate::status::{Facts, compose};
use crate::validate;
use crate::world::record::stack_of;
use crate::world::{ChildKey, Manifest, StackKey};
use crds::{Broker, CommerceStack, Database, DeletionPolicy, ValidatedStack};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;
use std::time::Duration;

/// The finalizer of stacks whose backends go with them.
pub const FINALIZER: &str = "commercestack.io/backends";

/// How long to wait between attempts at what could not be removed.
const RETRY: Duration = Duration::from_secs(10);

/// The topics and users of a stack. Those of a broker that another operator looks after are its own.
#[must_use]
pub fn backend_plan(stack: &ValidatedStack, identity: &Identity, inputs: &Inputs) -> BackendPlan {
    let broker = access::broker(stack, identity, inputs);
    let broker = BrokerPlan {
        bootstrap: broker.servers,
        tls: broker.tls.then_some(Tls { ca_pem: broker.ca }),
        sasl: broker.auth,
        topic_prefix: names::topic_prefix(&identity.namespace, &identity.name),
        topics: topics_of(&stack.topics),
    };
    let database = access::database(stack, identity, inputs).map(|database| DatabasePlan {
        admin_uri: SecretText::new(database.admin.expose()),
        ca_pem: database.ca,
        users: database
            .users
            .into_iter()
            .map(|user| UserPlan { database: user.database, credentials: user.credentials })
            .collect(),
    });
    BackendPlan {
        stack: format!("{}/{}", identity.namespace, identity.name),
        broker: Some(broker),
        database,
        delete: stack.deletion_policy == DeletionPolicy::Delete,
    }
}

fn has_finalizer(metadata: &ObjectMeta) -> bool {
    metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

impl Operator {
    /// Sets or takes away the finalizer, as the policy asks.
    pub(crate) async fn mark(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
        wanted: &ValidatedStack,
    ) -> Result<(), Failure> {
        let wants = wanted.deletion_policy == DeletionPolicy::Delete;
        if wants == has_finalizer(&stack.metadata) {
            return Ok(());
        }
        self.set_finalizer(key, &stack.metadata, wants).await
    }

    async fn set_finalizer(&self, key: &StackKey, metadata: &ObjectMeta, there: bool) -> Result<(), Failure> {
        let others = metadata.finalizers.iter().flatten().filter(|finalizer| *finalizer != FINALIZER);
        let mut finalizers: Vec<&str> = others.map(String::as_str).collect();
        if there {
            finalizers.push(FINALIZER);
        }
        let version = metadata.resource_version.as_deref().unwrap_or_default();
        self.cluster.change_stack(key, version, json!({"finalizers": finalizers})).await
    }

    /// Looks after a stack that is being deleted.
    pub(crate) async fn remove(&self, key: &StackKey, manifest: &Manifest) -> Result<Finish, Failure> {
        let metadata = manifest.metadata();
        if !has_finalizer(metadata) {
            return Ok(Finish::Done);
        }
        let report = match manifest {
            Manifest::Read(stack) if stack.spec.deletion_policy != Some(DeletionPolicy::Delete) => None,
            Manifest::Read(stack) => Some(self.remove_backends(key, stack).await?),
            Manifest::Unreadable(..) => Some(unknown("the spec cannot be read")),
        };
        let Some(report) = report else {
            self.set_finalizer(key, metadata, false).await?;
            return Ok(Finish::Done);
        };
        if !report.left.is_empty() && !self.is_overdue(metadata) {
            if let Manifest::Read(stack) = manifest {
                self.say_deleting(key, stack, &report).await?;
            }
            return Ok(Finish::Again(RETRY.min(self.config.deletion_deadline)));
        }
        self.remove_root(key).await?;
        let uid = metadata.uid.as_deref().unwrap_or_default();
        let happening = if report.left.is_empty() {
            Happening::normal(event::DELETED, format!("removed: {}", listed(&report.removed)))
        } else {
            let left: Vec<String> = report.left.iter().map(|(what, why)| format!("{what} ({why})")).collect();
            Happening::warning(event::DELETION_INCOMPLETE, format!("left: {}", listed(&left)))
        };
        self.events.tell(key, uid, happening);
        self.set_finalizer(key, metadata, false).await?;
        Ok(Finish::Done)
    }

    /// Removes what is on brokers and databases that stay. A managed one goes with its volume.
    async fn remove_backends(&self, key: &StackKey, stack: &CommerceStack) -> Result<RemovalReport, Failure> {
        let Ok(validated) = validate::spec(stack) else { return Ok(unknown("the spec breaks rules")) };
        let external = !matches!(validated.broker, Broker::Managed { .. });
        let external_database = matches!(validated.database, Database::External { .. });
        if !external && !external_database {
            return Ok(RemovalReport::default());
        }
        let read = dereference(&self.cluster, key, &validated).await?;
        // Names do not depend on the seed.
        let inputs = match validate::inputs(&validated, &read, RootSeed::new([0; 32])) {
            Ok(inputs) => inputs,
            Err(problems) => {
                let why: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
                return Ok(unknown(&why.join("; ")));
            }
        };
        let mut plan = backend_plan(&validated, &identity(key, stack), &inputs);
        plan.broker = plan.broker.filter(|_| external);
        plan.database = plan.database.filter(|_| external_database);
        Ok(self.backends.backends().remove(&plan).await)
    }

    async fn remove_root(&self, key: &StackKey) -> Result<(), Failure> {
        let name = names::root(&key.name);
        let Some(secret) = self.cluster.secret(&key.namespace, &name).await? else { return Ok(()) };
        let ours = stack_of(&secret.metadata).is_some_and(|stack| *stack == *key.name);
        if !ours || secret.data.is_none_or(|data| !data.contains_key(SEED)) {
            return Ok(());
        }
        let uid = secret.metadata.uid.unwrap_or_default();
        self.cluster.delete(&key.namespace, &ChildKey::new(KindId::secret(), &name), &uid).await
    }

    fn is_overdue(&self, metadata: &ObjectMeta) -> bool {
        let Some(since) = &metadata.deletion_timestamp else { return false };
        let waited = clock::now().duration_since(since.0);
        Duration::try_from(waited).unwrap_or_default() >= self.config.deletion_deadline
    }

    async fn say_deleting(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
        report: &RemovalReport,
    ) -> Result<(), Failure> {
        let left: Vec<String> = report.left.iter().map(|(what, why)| format!("{what}: {why}")).collect();
        let message = format!("still to remove: {}", listed(&left));
        let facts = Facts {
            generation: stack.metadata.generation,
            problems: vec![Problem::passing(reason::DELETING, message)],
            ..Facts::default()
        };
        let before = self.state.world().status(key).unwrap_or_default();
        let after = compose(&before, &facts, clock::now());
        self.write_status(key, stack, &before, after).await
    }
}

fn unknown(why: &str) -> RemovalReport {
    RemovalReport {
        removed: Vec::new(),
        left: vec![("topics and database users".to_owned(), why.to_owned())],
    }
}

fn listed(what: &[String]) -> String {
    const MOST: usize = 8;
    match what.len() {
        0 => "nothing".to_owned(),
        count if count > MOST => {
            format!("{} and {} more", what.get(..MOST).unwrap_or_default().join(", "), count - MOST)
        }
        _ => what.join(", "),
    }
}

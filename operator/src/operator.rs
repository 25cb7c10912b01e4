//! One pass over one stack: from what is wanted to what is there, and a status that says so.
//!
//! A pass under the circumstances of the last complete one makes no request at all.

use crate::apply::{self, Applied};
use crate::backend_watch::BackendWatch;
use crate::build::{self, Child, Identity, Inputs};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::dereference::dereference;
use crate::events::{Announcer, Happening};
use crate::failure::Failure;
use crate::kinds::KindId;
use crate::metrics::Metrics;
use crate::names;
use crate::pods::Pods;
use crate::problem::Problem;
use crate::queue::Finish;
use crate::reasons::{condition, event, reason};
use crate::release::Release;
use crate::state::State;
use crate::status::conditions::is_true;
use crate::status::{Built, Facts, Rows, compose, rows, transitions};
use crate::world::pass::Plan;
use crate::world::record::version;
use crate::world::{ChildKey, Manifest, Situation, StackKey, Wanted, World};
use crate::{clock, validate};
use crds::{Broker, CommerceStack, CommerceStackStatus, Database, Route, Upgrades, ValidatedStack};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Everything that passes share.
pub struct Operator {
    pub(crate) config: Config,
    pub(crate) cluster: Cluster,
    pub(crate) state: State,
    pub(crate) events: Announcer,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) backends: Arc<BackendWatch>,
    pub(crate) pods: Pods,
    pub(crate) turns: Semaphore,
}

/// How a pass ended.
pub(crate) struct Ended {
    /// For metrics.
    pub(crate) result: &'static str,
    /// For the queue.
    pub(crate) finish: Finish,
}

/// What came of bringing the objects of a stack to what is wanted.
struct Brought {
    /// When to look again, although nothing happens.
    again: Option<Instant>,
    /// Whether any of them was written.
    written: bool,
}

impl Operator {
    /// Looks after a stack once.
    pub(crate) async fn pass(&self, key: &StackKey) -> Ended {
        let manifest = self.state.world().manifest(key);
        match manifest {
            None => {
                self.backends.forget(key);
                self.pods.forget(key);
                self.metrics.stack_ready(&key.namespace, &key.name, None);
                Ended { result: "gone", finish: Finish::Done }
            }
            Some(manifest) if manifest.metadata().deletion_timestamp.is_some() => {
                self.backends.forget(key);
                self.pods.forget(key);
                ended(self.remove(key, &manifest).await, key)
            }
            Some(Manifest::Unreadable(metadata, error)) => {
                ended(self.unreadable(key, &metadata, &error).await, key)
            }
            Some(Manifest::Read(stack)) => ended(self.look_after(key, &stack).await, key),
        }
    }

    async fn look_after(&self, key: &StackKey, stack: &CommerceStack) -> Result<Finish, Failure> {
        let paused = stack.spec.operation.as_ref().and_then(|operation| operation.paused).unwrap_or(false);
        let mut facts = Facts { generation: stack.metadata.generation, paused, ..Facts::default() };
        let mut again = None;
        let mut written = false;
        let validated = validate::spec(stack);
        match &validated {
            _ if paused => self.backends.pause(key),
            Err(problems) => facts.problems.clone_from(problems),
            Ok(validated) => {
                let situation = self.state.world().situation(key);
                let settled = self.state.world().is_settled(key, situation.as_ref());
                if !settled {
                    match self.bring(key, stack, validated, &mut facts).await {
                        Ok(brought) => (again, written) = (brought.again, brought.written),
                        Err(problems) => facts.problems.extend(problems),
                    }
                }
                facts.problems.extend(self.route_problem(validated));
            }
        }
        let before = self.state.world().status(key).unwrap_or_default();
        if let Ok(validated) = &validated {
            let release = facts.built.as_ref().map(|built| &built.release).or(before.release.as_ref());
            let seen = self.state.world().readiness(key);
            let version = release.map(|release| release.version.as_str());
            let mut rows = rows(validated, &seen, &before.services, version);
            again = again.into_iter().chain(self.explain(key, &mut rows, &before, written).await).min();
            facts.rows = Some(rows);
        }
        facts.backends = self.backends.problems(key);
        if facts.backends.iter().flatten().any(|problem| problem.reason == reason::BACKENDS_STARTING)
            && facts.rows.as_ref().is_some_and(|rows| rows.backing.iter().all(|row| row.ready))
        {
            self.backends.look_again(key);
        }
        let failed = facts.problems.iter().any(Problem::is_worth_repeating);
        let after = compose(&before, &facts, clock::now());
        self.metrics.stack_ready(
            &key.namespace,
            &key.name,
            Some(is_true(&after.conditions, condition::READY)),
        );
        let written = self.write_status(key, stack, &before, after).await;
        if written.is_err() || failed {
            // What a whole pass found would be lost.
            self.state.world().unsettle(key);
        }
        written?;
        self.retract_acceptance(key, stack).await?;
        Ok(match again {
            _ if failed => Finish::Failed,
            Some(at) => Finish::Again(at.saturating_duration_since(Instant::now())),
            None => Finish::Done,
        })
    }

    /// Adds why services are not ready. Gives when to ask again.
    async fn explain(
        &self,
        key: &StackKey,
        rows: &mut Rows,
        before: &CommerceStackStatus,
        written: bool,
    ) -> Option<Instant> {
        if rows.is_ready() {
            self.pods.forget(key);
            return None;
        }
        let (troubles, next) = self.pods.troubles(&self.cluster, key, written).await;
        let said = before.conditions.iter().find(|condition| condition.type_ == condition::READY);
        rows.explain(&troubles, said.map_or("", |condition| condition.message.as_str()));
        Some(next)
    }

    /// Writes the status if it differs, and then tells what changed.
    pub(crate) async fn write_status(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
        before: &CommerceStackStatus,
        after: CommerceStackStatus,
    ) -> Result<(), Failure> {
        if self.state.world().has_status(key, &after) {
            self.state.world().status_found(key, after);
            return Ok(());
        }
        tracing::debug!(stack = %key, ?before, ?after, "the status differs");
        let uid = stack.metadata.uid.as_deref().unwrap_or_default();
        let written = self.cluster.write_status(key, uid, &after).await?;
        // What the API server made of it is what later watches tell.
        let kept = written.status.unwrap_or_default();
        self.state.world().status_written(key, version(&written.metadata), kept);
        for happening in transitions(before, &after) {
            self.events.tell(key, uid, happening);
        }
        Ok(())
    }

    /// Brings the objects of a stack to what its spec wants.
    async fn bring(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
        validated: &ValidatedStack,
        facts: &mut Facts,
    ) -> Result<Brought, Vec<Problem>> {
        let one = |failure: Failure| vec![Problem::of(&failure)];
        let available = self.state.world().available();
        let read = dereference(&self.cluster, key, validated).await.map_err(one)?;
        self.state.world().set_references(key, &read.versions());
        let identity = identity(key, stack);
        let (seed, root) = self.root(key, stack, &identity, read.root.as_ref()).await?;
        let mut inputs = validate::inputs(validated, &read, seed)?;
        inputs.available = available;
        inputs.operator_namespace = self.config.lease.as_ref().map(|lease| lease.namespace.clone());
        self.mark(key, stack, validated).await.map_err(one)?;

        let status = self.state.world().status(key).unwrap_or_default();
        let release = self.release(validated, &status);
        let children = build::build(validated, &identity, &inputs, &release);
        let children: Vec<(Child, Wanted)> =
            children.into_iter().map(known).collect::<Result<_, _>>().map_err(one)?;
        let wanted: Vec<Wanted> = children.iter().map(|(_, wanted)| wanted.clone()).collect();
        let digest = status.applied_digest.as_deref();
        let plan = self.state.world().plan(key, &identity.uid, &wanted, digest, Instant::now());
        // From here on only what is to be written is kept.
        let planned = apply::prepare(children, &plan).map_err(one)?;
        let cx = apply::Context {
            cluster: &self.cluster,
            state: &self.state,
            key,
            uid: &identity.uid,
            parallel: self.config.parallel_writes.0,
            turns: &self.turns,
        };
        let applied = apply::apply(cx, &planned, &plan).await;
        self.tell(key, &identity.uid, &plan, &applied);

        self.look_at_backends(key, validated, &identity, &inputs);
        facts.built = Some(Built {
            endpoint: build::endpoint(validated, &identity),
            release: release.status(),
            root: inputs.root.fingerprint(),
            database_prefix: names::database_prefix(&key.namespace, &key.name),
            topic_prefix: names::topic_prefix(&key.namespace, &key.name),
            digest: self.state.world().digest(key, &wanted).or(status.applied_digest),
        });
        facts.pending = applied.waiting();
        let complete = applied.is_complete();
        facts.problems.extend(applied.problems);
        let circumstances = Situation::of(&stack.metadata, root, &read.versions(), available);
        if complete {
            self.state.world().settle(key, &wanted, circumstances);
        } else {
            self.state.world().unsettle(key);
        }
        Ok(Brought { again: applied.again, written: !planned.is_empty() })
    }

    /// The release to render with: that of the status, unless the stack follows the operator.
    fn release(&self, stack: &ValidatedStack, status: &CommerceStackStatus) -> Release {
        match &status.release {
            Some(pinned) if stack.upgrades == Upgrades::Manual => {
                Release::pinned(pinned, &self.config.release)
            }
            _ => self.config.release.clone(),
        }
    }

    fn route_problem(&self, stack: &ValidatedStack) -> Option<Problem> {
        let missing =
            matches!(stack.edge.route, Route::HttpRoute { .. }) && !self.state.world().available().http_route;
        missing.then(|| {
            let message = "spec.gateway.httpRoute: the cluster does not serve HTTPRoutes of gateway.networking.k8s.io/v1; install the CRDs of the Gateway API";
            Problem::stalled(reason::HTTP_ROUTE_UNAVAILABLE, message)
        })
    }

    fn tell(&self, key: &StackKey, uid: &str, plan: &Plan, applied: &Applied) {
        const MOST: usize = 10;
        for (child, taken) in applied.repaired.iter().take(MOST) {
            self.metrics.drift_corrected();
            let note = format!("{child}: {}; set back", taken.tell());
            let happening = Happening::warning(event::DRIFT_CORRECTED, note);
            self.events.tell(key, uid, happening.action(&format!("Set {} of {child}", taken.field)));
        }
        for child in plan.lost.iter().take(MOST) {
            let note = format!("{child} was deleted by somebody and is made again");
            let happening = Happening::warning(event::OBJECT_RESTORED, note);
            self.events.tell(key, uid, happening.action(&format!("Restore {child}")));
        }
    }
}

pub(crate) fn identity(key: &StackKey, stack: &CommerceStack) -> Identity {
    Identity {
        namespace: key.namespace.to_string(),
        name: key.name.to_string(),
        uid: stack.metadata.uid.clone().unwrap_or_default(),
        generation: stack.metadata.generation.unwrap_or_default(),
    }
}

fn known(child: Child) -> Result<(Child, Wanted), Failure> {
    let id = child.id();
    let kind = KindId::find(&id.api_version, &id.kind).ok_or_else(|| {
        Failure::internal(format_args!("building {id}"), "objects of this kind are not watched")
    })?;
    let wanted = Wanted { key: ChildKey::new(kind, &id.name), desired: World::hash(&child.digest()) };
    Ok((child, wanted))
}

fn ended(outcome: Result<Finish, Failure>, key: &StackKey) -> Ended {
    match outcome {
        Ok(finish @ Finish::Failed) => Ended { result: "failed", finish },
        Ok(finish) => Ended { result: "ok", finish },
        Err(failure) => {
            tracing::warn!(stack = %key, "{failure}");
            Ended { result: "failed", finish: Finish::Failed }
        }
    }
}

impl Operator {
    /// Tells the look at backends what this stack wants.
    fn look_at_backends(&self, key: &StackKey, stack: &ValidatedStack, identity: &Identity, inputs: &Inputs) {
        let plan = crate::deletion::backend_plan(stack, identity, inputs);
        let set = |name: String| Some(ChildKey::new(KindId::find("apps/v1", "StatefulSet")?, &name));
        let wanted = crate::backend_watch::Wanted {
            uid: identity.uid.clone(),
            plan: Arc::new(plan),
            database: matches!(stack.database, Database::Managed { .. })
                .then(|| set(names::mongodb(&key.name)))
                .flatten(),
            broker: matches!(stack.broker, Broker::Managed { .. })
                .then(|| set(names::kafka(&key.name)))
                .flatten(),
        };
        self.backends.look_at(key, wanted);
    }
}

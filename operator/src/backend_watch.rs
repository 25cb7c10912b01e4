//! The periodic look at each stack's topics and database users, beside the passes over its objects, so that
//! a slow broker never holds them up. What is found becomes a condition at the stack's next pass.

use crate::backends::{BackendFinding, BackendPlan, Backends};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::events::{Announcer, Happening};
use crate::problem::Problem;
use crate::queue::{Finish, Policy, Queue, Wake};
use crate::reasons::reason;
use crate::state::State;
use crate::world::{ChildKey, StackKey};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// What to look at for a stack.
#[derive(Clone)]
pub struct Wanted {
    /// The uid of the stack.
    pub uid: String,
    /// The topics and users.
    pub plan: Arc<BackendPlan>,
    /// The managed database, which must run before its users are looked at.
    pub database: Option<ChildKey>,
    /// The managed broker, which must run before its topics are looked at.
    pub broker: Option<ChildKey>,
}

impl Wanted {
    fn is_same(&self, other: &Self) -> bool {
        let BackendPlan { broker, database, delete, .. } = &*self.plan;
        self.uid == other.uid
            && (&self.database, &self.broker) == (&other.database, &other.broker)
            && (broker, database, delete) == (&other.plan.broker, &other.plan.database, &other.plan.delete)
    }
}

#[derive(Default)]
struct Entry {
    wanted: Option<Wanted>,
    found: Option<Vec<Problem>>,
}

/// The look at backends.
pub struct BackendWatch {
    backends: Backends,
    entries: Mutex<HashMap<StackKey, Entry>>,
    queue: Queue<StackKey>,
    period: Duration,
    workers: usize,
}

impl fmt::Debug for BackendWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendWatch").field("period", &self.period).finish_non_exhaustive()
    }
}

impl BackendWatch {
    /// Nothing to look at yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let policy = Policy {
            debounce: Duration::from_millis(50),
            first_delay: config.backend_period,
            max_delay: config.backend_period,
            bulk_limit: config.backend_workers,
        };
        Self {
            backends: Backends::new(config.backend_limits),
            entries: Mutex::default(),
            queue: Queue::new(policy),
            period: config.backend_period,
            workers: config.backend_workers,
        }
    }

    /// The drivers, for removals.
    #[must_use]
    pub fn backends(&self) -> &Backends {
        &self.backends
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<StackKey, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on looks at this. At once if it is something else than before.
    pub fn look_at(&self, key: &StackKey, wanted: Wanted) {
        let mut entries = self.entries();
        let entry = entries.entry(key.clone()).or_default();
        let same = entry.wanted.as_ref().is_some_and(|before| before.is_same(&wanted));
        entry.wanted = Some(wanted);
        if !same {
            self.queue.wake(key, Wake::Noticed);
        }
    }

    /// Looks no longer, but remembers what was found.
    pub fn pause(&self, key: &StackKey) {
        if let Some(entry) = self.entries().get_mut(key) {
            entry.wanted = None;
        }
    }

    /// Forgets a stack.
    pub fn forget(&self, key: &StackKey) {
        self.entries().remove(key);
        self.queue.forget(key);
    }

    /// Looks again at once, because the managed database or broker of a stack came or went.
    pub fn look_again(&self, key: &StackKey) {
        if self.entries().get(key).is_some_and(|entry| entry.wanted.is_some()) {
            self.queue.wake(key, Wake::Noticed);
        }
    }

    /// What is in the way; none while nobody has looked.
    #[must_use]
    pub fn problems(&self, key: &StackKey) -> Option<Vec<Problem>> {
        self.entries().get(key)?.found.clone()
    }

    /// Looks at every stack in turn, for ever.
    pub async fn run(self: Arc<Self>, cluster: Cluster, state: State, events: Announcer) {
        let mut running = JoinSet::new();
        loop {
            while running.len() >= self.workers {
                running.join_next().await;
            }
            let key = self.queue.next().await;
            while running.try_join_next().is_some() {}
            let (this, cluster, state, events) =
                (Arc::clone(&self), cluster.clone(), state.clone(), events.clone());
            running.spawn(async move {
                let work = tokio::spawn({
                    let (this, key) = (Arc::clone(&this), key.clone());
                    async move { this.look(&key, &cluster, &state, &events).await }
                });
                // A fault in a driver must not end the look at a stack.
                let go_on = work.await.unwrap_or(true);
                let spread = this.period / 10;
                let spread = spread.mul_f64(rand::random_range(0.0..=1.0));
                this.queue.finish(
                    &key,
                    if go_on { Finish::Again(this.period.saturating_sub(spread)) } else { Finish::Done },
                );
            });
        }
    }

    /// Looks at a stack once. Returns whether to look again later.
    async fn look(&self, key: &StackKey, cluster: &Cluster, state: &State, events: &Announcer) -> bool {
        let Some(wanted) = self.entries().get(key).and_then(|entry| entry.wanted.clone()) else {
            return false;
        };
        if !cluster.fence().is_open() {
            return true;
        }
        let starting = |child: &Option<ChildKey>| {
            let child = child.as_ref()?;
            let runs = state
                .world()
                .record(key, child)
                .and_then(|record| record.readiness.as_ref().map(|r| r.ready > 0));
            let message = || format!("{child} does not run yet");
            (runs != Some(true)).then(|| Problem::passing(reason::BACKENDS_STARTING, message()))
        };
        let (no_database, no_broker) = (starting(&wanted.database), starting(&wanted.broker));
        let mut plan = BackendPlan::clone(&wanted.plan);
        plan.database = plan.database.filter(|_| no_database.is_none());
        plan.broker = plan.broker.filter(|_| no_broker.is_none());
        let findings = self.backends.reconcile(&plan).await;
        tell(key, &wanted.uid, &findings, events);
        let problems = findings.iter().filter(|finding| finding.is_problem());
        let problems = problems.map(|finding| Problem::passing(finding.reason(), finding.message()));
        let problems: Vec<Problem> = problems.chain(no_database).chain(no_broker).collect();
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(key) else { return false };
        if entry.found.as_ref() != Some(&problems) {
            entry.found = Some(problems);
            state.wake(key, Wake::Noticed);
        }
        true
    }
}

/// One event per kind of change.
fn tell(key: &StackKey, uid: &str, findings: &[BackendFinding], events: &Announcer) {
    let mut changes: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| !finding.is_problem()) {
        changes.entry(finding.reason()).or_default().push(finding.message());
    }
    for (reason, messages) in changes {
        const MOST: usize = 6;
        let mut note = messages.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join("; ");
        if messages.len() > MOST {
            note.push_str(&format!("; and {} more", messages.len() - MOST));
        }
        events.tell(key, uid, Happening::normal(reason, note));
    }
}

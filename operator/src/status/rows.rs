//! A row per service, from what its Deployment says.

use crate::kinds::KindId;
use crate::names;
use crate::pods::Trouble;
use crate::world::ChildKey;
use crate::world::readiness::Readiness;
use crds::{Broker, Database, Scale, ServiceStatus, ValidatedStack};
use std::collections::{BTreeMap, BTreeSet};

/// The services of a stack and what they stand on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// A row per service that is switched on.
    pub services: Vec<ServiceStatus>,
    /// The same for the managed database and broker.
    pub backing: Vec<ServiceStatus>,
    /// What keeps pods away, in the cluster's words.
    pub troubles: Vec<String>,
}

/// The rows of a stack. `before` are the rows that it has; a service shows its version once all of its pods
/// run it.
#[must_use]
pub fn rows(
    stack: &ValidatedStack,
    seen: &BTreeMap<ChildKey, Readiness>,
    before: &[ServiceStatus],
    version: Option<&str>,
) -> Rows {
    let mut rows = Rows::default();
    let mut row = |api: &str, kind: &str, object: String, name: &str, asked: u32| {
        let readiness = KindId::find(api, kind).and_then(|kind| seen.get(&ChildKey::new(kind, &object)));
        // Of one that was written a moment ago the watch may not have told yet.
        let readiness = readiness.cloned().unwrap_or(Readiness { wanted: asked, ..Readiness::default() });
        let ready = readiness.is_ready() && readiness.wanted > 0;
        if let Some(trouble) = readiness.trouble.as_deref().filter(|_| !ready) {
            rows.troubles.push(format!("{name}: {trouble}"));
        }
        let old = before.iter().find(|row| row.name == name).and_then(|row| row.version.clone());
        ServiceStatus {
            name: name.to_owned(),
            ready,
            ready_replicas: i32::try_from(readiness.ready).unwrap_or(i32::MAX),
            replicas: i32::try_from(readiness.wanted).unwrap_or(i32::MAX),
            version: if readiness.is_ready() { version.map(str::to_owned) } else { old },
        }
    };
    let asked = |service| match stack.services.get(&service).map(|service| service.scale) {
        Some(Scale::Fixed(replicas)) => replicas,
        Some(Scale::Auto { min, .. }) => min,
        None => 1,
    };
    let services = stack.enabled().map(|service| {
        let object = names::service(&stack.name, service);
        row("apps/v1", "Deployment", object, service.as_str(), asked(service))
    });
    let services: Vec<_> = services.collect();
    let mut backing = Vec::new();
    if matches!(stack.database, Database::Managed { .. }) {
        backing.push(row("apps/v1", "StatefulSet", names::mongodb(&stack.name), "mongodb", 1));
    }
    if matches!(stack.broker, Broker::Managed { .. }) {
        backing.push(row("apps/v1", "StatefulSet", names::kafka(&stack.name), "kafka", 1));
    }
    (rows.services, rows.backing) = (services, backing);
    rows
}

impl Rows {
    /// Whether everything is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.services.iter().chain(&self.backing).all(|row| row.ready)
    }

    /// `9/11`.
    #[must_use]
    pub fn summary(&self) -> String {
        let ready = self.services.iter().filter(|row| row.ready).count();
        format!("{ready}/{}", self.services.len())
    }

    /// Adds what is known of the pods, each with the name of its row; it says more than what the workload says. A cause
    /// that several have is told of one of them: of the one that the message so far, `said`, names, so that it does not
    /// change while more of the same turns up.
    pub fn explain(&mut self, pods: &[Trouble], said: &str) {
        let waiting = self.services.iter().chain(&self.backing).filter(|row| !row.ready);
        let waiting: BTreeSet<&str> = waiting.map(|row| row.name.as_str()).collect();
        let known = pods.iter().filter(|(name, _)| waiting.contains(name.as_str()));
        for (name, text) in known {
            self.troubles.retain(|trouble| !trouble.starts_with(&format!("{name}: ")));
            self.troubles.push(format!("{name}: {text}"));
        }
        self.troubles.sort_by_cached_key(|trouble| said.find(trouble.as_str()).unwrap_or(usize::MAX));
        let mut causes = BTreeSet::new();
        self.troubles.retain(|trouble| {
            let cause = trouble.split_once(": ").map_or(trouble.as_str(), |(_, cause)| cause);
            causes.insert(cause.to_owned())
        });
    }

    /// What is not ready, in words.
    #[must_use]
    pub fn waiting_for(&self) -> String {
        let waiting = self.services.iter().chain(&self.backing).filter(|row| !row.ready);
        let waiting: Vec<String> =
            waiting.map(|row| format!("{} ({}/{})", row.name, row.ready_replicas, row.replicas)).collect();
        let mut text = format!("waiting for {}", waiting.join(", "));
        for trouble in self.troubles.iter().take(3) {
            text.push_str("; ");
            text.push_str(trouble);
        }
        text
    }
}

//! Why the pods of a stack do not serve: what the cluster says of them, and what running services say of
//! themselves.
//!
//! Only stacks that are not ready are looked at, less and less often while nothing changes.

mod ask;
mod symptom;

use crate::cluster::Cluster;
use crate::labels::Component;
use crate::world::StackKey;
use crate::{clock, labels};
use futures::future::join_all;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
pub use symptom::Pod;
use symptom::{Symptom, symptom};
use tokio::time::Instant;

/// How long a stack that was written to may be on its way before anybody asks why.
const FIRST: Duration = Duration::from_secs(2);
/// Between looks that find the same again and again.
const MOST: Duration = Duration::from_secs(20);
/// Between two looks at any stacks, on average: where hundreds are not ready, each is looked at less often.
const EACH: Duration = Duration::from_millis(100);

/// Why a service, or the managed database or broker, does not serve: its name, and the words.
pub type Trouble = (String, String);

/// What was found of the stacks that are not ready.
#[derive(Debug, Default)]
pub struct Pods {
    looks: Mutex<HashMap<StackKey, Look>>,
}

#[derive(Debug, Clone)]
struct Look {
    next: Instant,
    pause: Duration,
    found: Vec<Trouble>,
}

impl Pods {
    fn looks(&self) -> MutexGuard<'_, HashMap<StackKey, Look>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stack is ready, or gone.
    pub fn forget(&self, key: &StackKey) {
        self.looks().remove(key);
    }

    /// Why a stack is not ready, as far as it is known, and when to ask again. One that was `written` to a moment ago is
    /// asked later: its pods know nothing yet, and nobody who changes a stack waits for a list of them. Any other is
    /// looked at at once: what an operator before this one found of it must not be unsaid for a moment.
    pub async fn troubles(
        &self,
        cluster: &Cluster,
        key: &StackKey,
        written: bool,
    ) -> (Vec<Trouble>, Instant) {
        let now = Instant::now();
        let fresh = || Look { next: now, pause: FIRST, found: Vec::new() };
        let mut look = {
            let mut looks = self.looks();
            let look = looks.entry(key.clone()).or_insert_with(fresh);
            if written {
                look.next = look.next.max(now + FIRST);
            }
            look.clone()
        };
        if now >= look.next {
            let found = look_at(cluster, key).await;
            let mut looks = self.looks();
            let most = MOST.max(EACH * u32::try_from(looks.len()).unwrap_or(u32::MAX));
            look.pause = if found == look.found { (look.pause * 2).min(most) } else { FIRST };
            look = Look { next: now + look.pause, found, ..look };
            looks.insert(key.clone(), look.clone());
        }
        (look.found, look.next)
    }
}

async fn look_at(cluster: &Cluster, key: &StackKey) -> Vec<Trouble> {
    let pods = match cluster.pods(key).await {
        Ok(pods) => pods,
        Err(failure) => {
            tracing::debug!(stack = %key, "{failure}");
            return Vec::new();
        }
    };
    let mut told = BTreeMap::new();
    let mut asked = BTreeMap::new();
    let now = clock::now();
    for pod in &pods {
        let label = |name: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(name));
        let Some(name) = label(labels::NAME) else { continue };
        let ours = [Component::Service, Component::Edge].map(Component::as_str);
        let serves = label(labels::COMPONENT).is_some_and(|component| ours.contains(&component.as_str()));
        match symptom(pod, now) {
            Some(Symptom::Told(text)) => {
                told.entry(name.clone()).or_insert(text);
            }
            Some(Symptom::Ask { address, before }) if serves => {
                asked.entry(name.clone()).or_insert((address, before));
            }
            Some(Symptom::Ask { before: Some(text), .. }) => {
                told.entry(name.clone()).or_insert(text);
            }
            _ => {}
        }
    }
    asked.retain(|name, _| !told.contains_key(name));
    let asking = asked
        .into_iter()
        .map(async |(name, (address, before))| Some((name, ask::ask(address).await.or(before)?)));
    told.extend(join_all(asking).await.into_iter().flatten());
    told.into_iter().collect()
}

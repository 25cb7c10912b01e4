//! Events: what happened to a stack, told once, in the background and never in the way.

use crate::cluster::Cluster;
use crate::failure::short;
use crate::world::StackKey;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// How many events may wait. What is told beyond is dropped: the status has what matters.
const WAITING: usize = 512;
/// The API server takes 1024 bytes.
const LONGEST_NOTE: usize = 900;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Whether somebody should look at it.
    pub warning: bool,
    /// One of the words in [`crate::reasons`].
    pub reason: &'static str,
    /// One or two sentences.
    pub note: String,
    /// What was done. Events of the same reason and action within minutes become one with a count.
    pub action: String,
}

impl Happening {
    /// Something that is as it should be.
    #[must_use]
    pub fn normal(reason: &'static str, note: impl Into<String>) -> Self {
        Self { warning: false, reason, note: note.into(), action: "Reconcile".to_owned() }
    }

    /// Something that somebody should look at.
    #[must_use]
    pub fn warning(reason: &'static str, note: impl Into<String>) -> Self {
        Self { warning: true, ..Self::normal(reason, note) }
    }

    /// The same with a word on what was done.
    #[must_use]
    pub fn action(self, action: &str) -> Self {
        // The API server takes 128 characters.
        Self { action: action.chars().take(120).collect(), ..self }
    }
}

/// Tells of events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Announcer {
    waiting: mpsc::Sender<(ObjectReference, Happening)>,
}

/// The other end, to be run as a task.
pub struct Publisher {
    waiting: mpsc::Receiver<(ObjectReference, Happening)>,
    recorder: Recorder,
    cluster: Cluster,
}

/// An announcer and what publishes for it.
#[must_use]
pub fn channel(cluster: &Cluster, identity: &str) -> (Announcer, Publisher) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reporter =
        Reporter { controller: "commercestack.io/operator".to_owned(), instance: Some(identity.to_owned()) };
    let recorder = Recorder::new(cluster.client(), reporter);
    (Announcer { waiting: sender }, Publisher { waiting: receiver, recorder, cluster: cluster.clone() })
}

impl Announcer {
    /// Tells what happened to the stack with this uid.
    pub fn tell(&self, key: &StackKey, uid: &str, what: Happening) {
        tracing::info!(stack = %key, reason = what.reason, "{}", what.note);
        let stack = ObjectReference {
            api_version: Some("commercestack.io/v1alpha1".to_owned()),
            kind: Some("CommerceStack".to_owned()),
            namespace: Some(key.namespace.to_string()),
            name: Some(key.name.to_string()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        };
        if self.waiting.try_send((stack, what)).is_err() {
            debug!(stack = %key, "too many events wait; this one is not published");
        }
    }
}

impl Publisher {
    /// Publishes until nobody can tell anything any more.
    pub async fn run(mut self) {
        while let Some((stack, what)) = self.waiting.recv().await {
            if !self.cluster.fence().is_open() {
                continue;
            }
            let event = Event {
                type_: if what.warning { EventType::Warning } else { EventType::Normal },
                reason: what.reason.to_owned(),
                note: Some(bounded(&what.note)),
                action: what.action,
                secondary: None,
            };
            let error = match self.cluster.bounded(self.recorder.publish(&event, &stack)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => crate::failure::Cause::of(&error, false).to_string(),
                Err(cause) => cause.to_string(),
            };
            warn!(reason = what.reason, "an event could not be published: {error}");
        }
    }
}

fn bounded(note: &str) -> String {
    if note.len() <= LONGEST_NOTE {
        return note.to_owned();
    }
    let cut = short(note);
    if cut.len() <= LONGEST_NOTE { cut } else { cut.chars().take(LONGEST_NOTE / 4).collect() }
}

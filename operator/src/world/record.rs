//! What the operator remembers of a child object: some hundred bytes, never the object.

use super::fields::{self, Hash};
use super::readiness::Readiness;
use crate::labels::MANAGER;
use crate::names::STACK_LABEL;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How often in a row a field may be taken before repairs are spaced out.
const TAKEN_BEFORE_CONFLICT: u32 = 5;
/// A quiet time after which takings are no longer in a row.
const QUIET: Duration = Duration::from_secs(600);
const LONGEST_HOLD: Duration = Duration::from_secs(300);

/// What our last apply of an object wanted, and what the API server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The hash of the object that was applied.
    pub desired: Hash,
    /// The hash of our managed fields in the answer.
    pub own: Hash,
}

/// What is known of an object as it is.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Its uid.
    pub uid: Box<str>,
    /// Its resource version, which orders what is heard of it.
    pub version: u64,
    /// The hash of the fields that we own; none if we own none.
    pub own: Option<Hash>,
    /// Our last apply, if it is known.
    pub applied: Option<Applied>,
    /// The uid of the controller in its owner references.
    pub controller: Option<Box<str>>,
    /// Whether it carries the labels of the stack.
    pub labelled: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether we delete it to make it anew.
    pub replacing: bool,
    /// Whether the number of replicas is among the fields that we own.
    pub scales: bool,
    /// Nothing that the stack wants, and looked at already.
    pub ignored: bool,
    /// In which listing it was seen last.
    pub epoch: u8,
    /// Of a workload, how far it is.
    pub readiness: Option<Box<Readiness>>,
    /// What others did to our fields.
    pub drift: Option<Box<Drift>>,
}

/// What others did to fields of ours.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// Who owned what when our fields were found taken; empty after the repair.
    pub seen: Vec<ManagedFieldsEntry>,
    /// Repairs in a row.
    pub repairs: u32,
    /// When the last was made.
    pub last: Option<Instant>,
    /// Manager and field of the last.
    pub told: String,
}

impl Drift {
    /// Until when the next repair waits, if it does.
    #[must_use]
    pub fn hold(&self) -> Option<Instant> {
        let beyond = self.repairs.checked_sub(TAKEN_BEFORE_CONFLICT)?;
        let delay = Duration::from_secs(1).saturating_mul(1 << beyond.min(10)).min(LONGEST_HOLD);
        self.last.map(|last| last + delay)
    }

    /// Notes a repair.
    pub fn repaired(&mut self, told: String, now: Instant) {
        let quiet = self.last.is_none_or(|last| now.saturating_duration_since(last) > QUIET);
        self.repairs = if quiet { 1 } else { self.repairs.saturating_add(1) };
        self.last = Some(now);
        self.told = told;
        self.seen = Vec::new();
    }
}

/// A resource version as a number; such have grown with every change since Kubernetes had them.
#[must_use]
pub fn version(metadata: &ObjectMeta) -> u64 {
    metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// The stack that an object says it belongs to.
#[must_use]
pub fn stack_of(metadata: &ObjectMeta) -> Option<&str> {
    let labels = metadata.labels.as_ref()?;
    let managed = labels.get("app.kubernetes.io/managed-by").is_some_and(|manager| manager == MANAGER);
    labels.get(STACK_LABEL).filter(|_| managed).map(String::as_str)
}

impl Record {
    /// Takes in what was heard of the object. News older than what is known is dropped.
    /// Returns whether there was anything new to somebody who looks after the stack.
    pub fn observe(&mut self, metadata: ObjectMeta, readiness: Option<Readiness>, epoch: u8) -> bool {
        self.epoch = epoch;
        let version = version(&metadata);
        let uid = metadata.uid.as_deref().unwrap_or_default();
        let known = *self.uid == *uid;
        if known && version != 0 && version < self.version {
            return false;
        }
        let before = (self.own, self.deleting, self.controller.clone());
        let told = readiness.is_none() || self.readiness.as_deref() == readiness.as_ref();
        if !known {
            *self = Self { uid: uid.into(), drift: self.drift.take(), epoch, ..Self::default() };
        }
        self.version = version;
        let fields = fields::own_fields(&metadata);
        (self.own, self.scales) =
            (fields.as_deref().map(fields::hash), fields.as_deref().is_some_and(has_replicas));
        drop(fields);
        self.deleting = metadata.deletion_timestamp.is_some();
        self.labelled = stack_of(&metadata).is_some();
        self.controller = controller(&metadata);
        if let Some(readiness) = readiness {
            self.readiness = Some(Box::new(readiness));
        }
        if self.is_drifted() {
            let mut seen = metadata.managed_fields.unwrap_or_default();
            for fields in seen.iter_mut().filter_map(|entry| entry.fields_v1.as_mut()) {
                fields.0 = fields::as_tree(fields).into_owned();
            }
            self.drift.get_or_insert_default().seen = seen;
        }
        let same = known && before == (self.own, self.deleting, self.controller.clone());
        if !same {
            self.ignored = false;
        }
        !(same && told)
    }

    /// Takes in the answer to our apply.
    pub fn answered(&mut self, desired: Hash, metadata: &ObjectMeta, epoch: u8) {
        let version = version(metadata);
        let uid = metadata.uid.as_deref().unwrap_or_default();
        if *self.uid != *uid {
            *self = Self { uid: uid.into(), epoch, drift: self.drift.take(), ..Self::default() };
        }
        let fields = fields::own_fields(metadata);
        let own = fields.as_deref().map(fields::hash);
        self.applied = own.map(|own| Applied { desired, own });
        self.ignored = false;
        // A watch may have told of a later change already.
        if version >= self.version {
            self.version = version;
            (self.own, self.scales) = (own, fields.as_deref().is_some_and(has_replicas));
            self.deleting = metadata.deletion_timestamp.is_some();
            self.labelled = stack_of(metadata).is_some();
            self.controller = controller(metadata);
            if let Some(drift) = &mut self.drift {
                drift.seen = Vec::new();
            }
        }
    }

    /// Whether somebody took fields that our last apply left with us.
    #[must_use]
    pub fn is_drifted(&self) -> bool {
        self.applied.is_some_and(|applied| Some(applied.own) != self.own)
    }

    /// Whether a pass must look at it even if nothing else changed.
    #[must_use]
    pub fn wants_attention(&self) -> bool {
        !self.deleting && !self.ignored && (self.applied.is_none() || self.is_drifted())
    }

    /// Whether it is what an apply of this hash left.
    #[must_use]
    pub fn is_current(&self, desired: Hash) -> bool {
        self.applied.is_some_and(|applied| applied.desired == desired) && !self.is_drifted()
    }

    /// Whether it belongs to the stack with this uid.
    #[must_use]
    pub fn is_ours(&self, stack: &str) -> bool {
        match self.controller.as_deref() {
            Some(controller) if controller == stack => true,
            // The owner was an earlier stack of the same name, or a stranger who copied our labels. What an
            // earlier stack left holds fields of our own apply.
            Some(_) => self.labelled && self.own.is_some(),
            None => self.labelled || self.own.is_some(),
        }
    }

    /// Whether it was made for the stack and may be deleted once the stack no longer wants it. What guards
    /// data has no owner and stays.
    #[must_use]
    pub fn is_disposable(&self, stack: &str) -> bool {
        self.controller.as_deref() == Some(stack) && self.own.is_some() && !self.deleting
    }
}

fn has_replicas(own: &Value) -> bool {
    fields::contains(own, &["f:spec", "f:replicas"])
}

fn controller(metadata: &ObjectMeta) -> Option<Box<str>> {
    let owners = metadata.owner_references.iter().flatten();
    owners.into_iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str().into())
}

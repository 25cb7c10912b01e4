//! The step that says how a stack is: conditions, rows, endpoint. Pure; the caller writes what comes of it,
//! once per pass and only if it differs.

pub mod conditions;
mod rows;
mod transitions;

pub use rows::{Rows, rows};
pub use transitions::transitions;

use crate::problem::{Problem, foremost, told};
use crate::reasons::{condition, known, reason};
use conditions::{Said, find, is_true, merge};
use crds::{CommerceStackStatus, ReleaseStatus};
use jiff::Timestamp;

/// Everything that a status is made of.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The generation of the spec that was looked at.
    pub generation: Option<i64>,
    /// Whether the stack is paused.
    pub paused: bool,
    /// What is in the way.
    pub problems: Vec<Problem>,
    /// What is in the way at the broker or the database; none while nobody has looked.
    pub backends: Option<Vec<Problem>>,
    /// Objects that are still to be written, in words.
    pub pending: Option<String>,
    /// What only a whole pass tells; none to leave it as it is.
    pub built: Option<Built>,
    /// The services and how far they are; none to leave them as they are.
    pub rows: Option<Rows>,
}

/// What a whole pass tells.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// The address of the gateway.
    pub endpoint: String,
    /// The release that the stack is pinned to.
    pub release: ReleaseStatus,
    /// The fingerprint of the seed.
    pub root: String,
    /// What the names of databases begin with.
    pub database_prefix: String,
    /// What the names of topics begin with.
    pub topic_prefix: String,
    /// One hash over what is applied; none while not all of it is.
    pub digest: Option<String>,
}

/// The status that a stack is to have.
#[must_use]
pub fn compose(before: &CommerceStackStatus, facts: &Facts, now: Timestamp) -> CommerceStackStatus {
    let mut status = before.clone();
    if let Some(built) = &facts.built {
        status.endpoint = Some(built.endpoint.clone());
        status.version = Some(built.release.version.clone());
        status.release = Some(built.release.clone());
        status.root = Some(built.root.clone());
        status.database_prefix = Some(built.database_prefix.clone());
        status.topic_prefix = Some(built.topic_prefix.clone());
        status.applied_digest.clone_from(&built.digest);
    }
    if let Some(rows) = &facts.rows {
        status.services.clone_from(&rows.services);
        status.services_ready = Some(rows.summary());
    }
    // Paused, the generation that is acted on is still an earlier one.
    if !facts.paused {
        status.observed_generation = facts.generation;
    }
    status.conditions = merge(&before.conditions, say(before, facts), facts.generation, now);
    status
}

fn say(before: &CommerceStackStatus, facts: &Facts) -> Vec<Said> {
    let mut said = Vec::new();
    let ready = ready(before, facts);
    let (is_ready, why, message) = (ready.is, ready.reason, ready.message.clone());
    said.push(ready);
    let stalled = foremost(&facts.problems).filter(|problem| problem.stalls);
    if let Some(problem) = stalled {
        let message = told(&facts.problems, problem.reason);
        said.push(Said { kind: condition::STALLED, is: true, reason: problem.reason, message });
    } else if !is_ready && !facts.paused {
        said.push(Said { kind: condition::RECONCILING, is: true, reason: why, message });
    }
    if facts.paused {
        let message =
            "the operator changes nothing of the stack until spec.operation.paused is unset".to_owned();
        said.push(Said { kind: condition::PAUSED, is: true, reason: reason::PAUSED, message });
    }
    said.extend(backends_ready(before, facts));
    said
}

/// How the broker and the database are; what an earlier process found, while nobody has looked since.
fn backends_ready(before: &CommerceStackStatus, facts: &Facts) -> Option<Said> {
    let kind = condition::BACKENDS_READY;
    let Some(problems) = &facts.backends else {
        let found = find(&before.conditions, kind)?;
        let (is, reason) = (found.status == "True", known(&found.reason));
        return Some(Said { kind, is, reason, message: found.message.clone() });
    };
    let Some(first) = problems.first() else {
        let message = "topics and database users are as they should be".to_owned();
        return Some(Said { kind, is: true, reason: reason::BACKENDS_AS_WANTED, message });
    };
    let messages: Vec<&str> = problems.iter().take(3).map(|problem| problem.message.as_str()).collect();
    Some(Said { kind, is: false, reason: first.reason, message: messages.join("; ") })
}

fn ready(before: &CommerceStackStatus, facts: &Facts) -> Said {
    let kind = condition::READY;
    if let Some(problem) = foremost(&facts.problems) {
        let message = told(&facts.problems, problem.reason);
        return Said { kind, is: false, reason: problem.reason, message };
    }
    if let Some(pending) = &facts.pending {
        return Said { kind, is: false, reason: reason::WRITING_OBJECTS, message: pending.clone() };
    }
    match &facts.rows {
        Some(rows) if !rows.is_ready() => {
            return Said { kind, is: false, reason: reason::SERVICES_NOT_READY, message: rows.waiting_for() };
        }
        Some(_) => {}
        None => {
            // Nothing new is known of the services.
            let is = is_true(&before.conditions, kind);
            let reason = if is { reason::ALL_SERVICES_READY } else { reason::SERVICES_NOT_READY };
            return Said { kind, is, reason, message: String::new() };
        }
    }
    if let Some(backends) = backends_ready(before, facts).filter(|backends| !backends.is) {
        return Said { kind, ..backends };
    }
    let count = facts.rows.as_ref().map_or(0, |rows| rows.services.len());
    let message = format!("all {count} services are ready");
    Said { kind, is: true, reason: reason::ALL_SERVICES_READY, message }
}

#[cfg(test)]
mod tests;

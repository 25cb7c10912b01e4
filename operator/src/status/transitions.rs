//! What to tell about a change of status: each transition once, because the status before is what the last
//! pass, be it of an earlier process, wrote.

use super::conditions::{find, is_true};
use crate::events::Happening;
use crate::reasons::{condition, event, known as word, reason};
use crds::CommerceStackStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// The events between two statuses of a stack.
#[must_use]
pub fn transitions(before: &CommerceStackStatus, after: &CommerceStackStatus) -> Vec<Happening> {
    let mut happenings = Vec::new();
    let (old, new) = (&before.conditions, &after.conditions);
    let stalled = find(new, condition::STALLED);
    match (find(old, condition::STALLED), stalled) {
        (was, Some(now)) if was.is_none_or(|was| was.reason != now.reason) => {
            happenings.push(Happening::warning(word(&now.reason), now.message.clone()));
        }
        (Some(was), None) => {
            happenings.push(Happening::normal(event::RECOVERED, format!("{} is over", was.reason)));
        }
        _ => {}
    }
    if let Some(ready) = changed(old, new, condition::READY) {
        match ready.status.as_str() {
            "True" => happenings.push(Happening::normal(reason::ALL_SERVICES_READY, ready.message.clone())),
            // What stalls the stack was told above.
            _ if stalled.is_some_and(|stalled| stalled.reason == ready.reason) => {}
            _ if is_true(old, condition::READY) => {
                happenings.push(Happening::warning(word(&ready.reason), ready.message.clone()));
            }
            _ => {}
        }
    }
    if let Some(backends) = changed(old, new, condition::BACKENDS_READY) {
        let what = (word(&backends.reason), backends.message.clone());
        if backends.reason == reason::BACKENDS_STARTING && !is_true(old, condition::BACKENDS_READY) {
            // So begins every stack with managed backends.
        } else if backends.status == "False" {
            happenings.push(Happening::warning(what.0, what.1));
        } else if find(old, condition::BACKENDS_READY).is_some() {
            happenings.push(Happening::normal(what.0, what.1));
        }
    }
    match (is_true(old, condition::PAUSED), is_true(new, condition::PAUSED)) {
        (false, true) => {
            happenings.push(Happening::normal(reason::PAUSED, "the operator changes nothing of the stack"));
        }
        (true, false) => {
            happenings.push(Happening::normal(event::RESUMED, "the operator looks after the stack again"));
        }
        _ => {}
    }
    if let (Some(was), Some(now)) = (&before.release, &after.release)
        && was != now
    {
        let note = format!("from {} ({}) to {} ({})", was.version, was.image, now.version, now.image);
        happenings.push(Happening::normal(event::UPGRADED, note));
    }
    happenings
}

/// The condition of a type, if its status or reason is another than before.
fn changed<'a>(before: &[Condition], after: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    let now = find(after, kind)?;
    let was = find(before, kind);
    was.is_none_or(|was| (&was.status, &was.reason) != (&now.status, &now.reason)).then_some(now)
}

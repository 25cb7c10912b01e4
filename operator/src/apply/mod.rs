//! The step that writes: each child whose step asks for it, in waves, and then deletes what nothing wants.
//!
//! What cannot be written does not keep the rest from it, unless the API server is away. Objects of others
//! are never touched: where nothing is known of a child, it is looked for before it is made.

mod child;
mod drift;

pub use drift::{Taken, taken};

use crate::build::Child;
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::kinds::LAST_WAVE;
use crate::problem::Problem;
use crate::reasons::reason;
use crate::state::State;
use crate::world::pass::{Orphan, Plan};
use crate::world::{ChildKey, StackKey, Step, Wanted};
use child::{Done, Task};
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Whose children are written, and with what.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The API server.
    pub cluster: &'a Cluster,
    /// What is known.
    pub state: &'a State,
    /// The stack.
    pub key: &'a StackKey,
    /// Its uid.
    pub uid: &'a str,
    /// How many of its children are written at once.
    pub parallel: usize,
    /// The turns of all stacks.
    pub turns: &'a Semaphore,
}

/// What came of writing.
#[derive(Debug, Default)]
pub struct Applied {
    /// What could not be written, and why.
    pub problems: Vec<Problem>,
    /// Children that wait for something.
    pub pending: Vec<String>,
    /// When to look again, although nothing happens.
    pub again: Option<Instant>,
    /// Repaired drift.
    pub repaired: Vec<(ChildKey, Taken)>,
}

/// A child that is not as it is wanted.
pub struct Planned {
    /// What it is known by.
    wanted: Wanted,
    /// The object as it is sent: a tenth of what it takes in memory otherwise, and many stacks wait for their turn.
    text: Box<RawValue>,
    /// Whether somebody else is to say how many pods it has.
    is_scaled: bool,
    /// What to do.
    step: Step,
}

/// Keeps of the children what the plan has to do with.
///
/// # Errors
/// An object cannot be written as JSON.
pub fn prepare(children: Vec<(Child, Wanted)>, plan: &Plan) -> Result<Vec<Planned>, Failure> {
    let steps = children.into_iter().zip(&plan.steps).filter(|(_, step)| **step != Step::Keep);
    let planned = steps.map(|((child, wanted), step)| {
        let text = serde_json::value::to_raw_value(&child.object);
        let text = text
            .map_err(|error| Failure::internal(format_args!("writing {}", wanted.key), error.to_string()))?;
        let is_scaled = child.kind() == "Deployment" && child.object.data.pointer("/spec/replicas").is_none();
        Ok(Planned { wanted, text, is_scaled, step: *step })
    });
    planned.collect()
}

/// Does what the plan says.
pub async fn apply(cx: Context<'_>, planned: &[Planned], plan: &Plan) -> Applied {
    let mut applied = Applied::default();
    for wave in 0..=LAST_WAVE {
        let mut waiting = planned.iter().filter(|one| one.wanted.key.kind.get().wave == wave);
        let mut running: FuturesUnordered<_> =
            waiting.by_ref().take(cx.parallel).map(|one| write(cx, one)).collect();
        let mut over = false;
        while let Some((key, outcome)) = running.next().await {
            over |= applied.note(key, outcome);
            running.extend(waiting.next().filter(|_| !over).map(|one| write(cx, one)));
        }
        if over {
            return applied.in_order();
        }
    }
    delete(cx, &plan.orphans, &mut applied).await;
    applied.in_order()
}

async fn write<'a>(cx: Context<'a>, one: &'a Planned) -> (&'a ChildKey, Result<Done, Failure>) {
    (&one.wanted.key, Task { cx, one }.run().await)
}

async fn dispose<'a>(cx: Context<'a>, orphan: &'a Orphan) -> (&'a Orphan, Result<(), Failure>) {
    let _turn = cx.turns.acquire().await;
    (orphan, cx.cluster.delete(&cx.key.namespace, &orphan.key, &orphan.uid).await)
}

async fn delete(cx: Context<'_>, orphans: &[Orphan], applied: &mut Applied) {
    let tasks: Vec<_> = orphans.iter().map(|orphan| dispose(cx, orphan)).collect();
    let mut running = stream::iter(tasks).buffer_unordered(cx.parallel);
    while let Some((orphan, outcome)) = running.next().await {
        match outcome {
            Ok(()) => cx.state.world().deleted(cx.key, orphan),
            Err(failure) => applied.problems.push(Problem::of(&failure)),
        }
    }
}

impl Applied {
    /// What ends first differs from pass to pass; what is said must not.
    fn in_order(mut self) -> Self {
        self.problems.sort_by(|one, other| one.message.cmp(&other.message));
        self.pending.sort();
        self
    }

    /// Notes how a child ended. Returns whether the pass is over.
    fn note(&mut self, key: &ChildKey, outcome: Result<Done, Failure>) -> bool {
        match outcome {
            Ok(Done::Written) => {}
            Ok(Done::Repaired(taken)) => self.repaired.push((key.clone(), taken)),
            Ok(Done::Pending(why, again)) => {
                self.pending.push(format!("{key} {why}"));
                self.again = self.again.into_iter().chain(again).min();
            }
            Ok(Done::Held(until, told)) => {
                let message = format!("{key}: {told} again and again; it is set back less and less often");
                self.problems.push(Problem::stalled(reason::FIELD_CONFLICT, message));
                self.again = Some(self.again.map_or(until, |again| again.min(until)));
            }
            Ok(Done::Taken) => {
                let message =
                    format!("{key} exists and is not of this stack; remove it, or rename the stack");
                self.problems.push(Problem::stalled(reason::NAME_TAKEN, message));
            }
            Err(failure) => {
                self.problems.push(Problem::of(&failure));
                return failure.ends_pass();
            }
        }
        false
    }

    /// Whether every child is as it is wanted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && self.pending.is_empty()
    }

    /// What is still to be written, in words.
    #[must_use]
    pub fn waiting(&self) -> Option<String> {
        const MOST: usize = 3;
        let first = self.pending.get(..MOST.min(self.pending.len())).unwrap_or_default().join("; ");
        match self.pending.len() {
            0 => None,
            count if count > MOST => Some(format!("{first}; and {} more", count - MOST)),
            _ => Some(first),
        }
    }
}

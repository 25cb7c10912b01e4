//! Which member of a group reads which partition, and how far the group has committed.

use super::PARTITIONS;
use super::log::Positions;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A partition: its topic's number and its own.
pub(super) type Part = (i64, usize);

/// A consumer group with its members of this process, which are all there are.
pub(super) struct Group {
    pub name: Arc<str>,
    /// Told of new events and of changes among the members.
    pub changed: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_member: u64,
    /// With the topics that they read, oldest member first.
    members: Vec<(u64, Vec<i64>)>,
    parts: HashMap<Part, PartState>,
}

#[derive(Default)]
struct PartState {
    reader: Option<u64>,
    committed: i64,
}

impl Group {
    pub(super) fn new(name: String) -> Self {
        Self { name: name.into(), changed: Arc::default(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member that reads these topics; `positions` are the stored ones.
    pub(super) fn enter(&self, positions: &[(i64, Positions)]) -> u64 {
        let mut state = self.state();
        state.last_member += 1;
        let member = state.last_member;
        for (topic, at) in positions {
            for (partition, offset) in at.iter().enumerate() {
                let part = state.parts.entry((*topic, partition)).or_default();
                part.committed = part.committed.max(*offset);
            }
        }
        state.members.push((member, positions.iter().map(|(topic, _)| *topic).collect()));
        drop(state);
        self.changed.notify_waiters();
        member
    }

    /// Takes a member out; its partitions are free.
    pub(super) fn leave(&self, member: u64) {
        let mut state = self.state();
        state.members.retain(|(other, _)| *other != member);
        for part in state.parts.values_mut().filter(|part| part.reader == Some(member)) {
            part.reader = None;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Lets go of partitions that are meant for another member, takes free ones that are meant for this
    /// one. Calls `lost` and `won` (with the committed offset) for each.
    pub(super) fn settle(
        &self,
        member: u64,
        topics: impl Iterator<Item = i64>,
        mut lost: impl FnMut(Part),
        mut won: impl FnMut(Part, i64),
    ) {
        let mut state = self.state();
        let mut freed = false;
        for topic in topics {
            let readers: Vec<u64> = state
                .members
                .iter()
                .filter(|(_, topics)| topics.contains(&topic))
                .map(|(id, _)| *id)
                .collect();
            for partition in 0..PARTITIONS {
                let meant = readers.get(partition % readers.len().max(1)) == Some(&member);
                let part = state.parts.entry((topic, partition)).or_default();
                if part.reader == Some(member) && !meant {
                    part.reader = None;
                    freed = true;
                    lost((topic, partition));
                } else if part.reader.is_none() && meant {
                    part.reader = Some(member);
                    won((topic, partition), part.committed);
                }
            }
        }
        drop(state);
        if freed {
            self.changed.notify_waiters();
        }
    }

    /// Moves what the group has committed on and gives all positions of the topics concerned.
    pub(super) fn commit(&self, offsets: &HashMap<Part, i64>) -> Vec<(i64, Positions)> {
        let mut state = self.state();
        let mut topics: Vec<i64> = Vec::new();
        for ((topic, partition), offset) in offsets {
            let part = state.parts.entry((*topic, *partition)).or_default();
            part.committed = part.committed.max(*offset);
            if !topics.contains(topic) {
                topics.push(*topic);
            }
        }
        let position = |topic: i64| {
            std::array::from_fn(|partition| {
                state.parts.get(&(topic, partition)).map_or(0, |part| part.committed)
            })
        };
        topics.into_iter().map(|topic| (topic, position(topic))).collect()
    }
}

//! One member of a group.

use super::group::{Group, Part};
use super::log::{Answer, Op, Positions, Topic, failed, read};
use super::{PARTITIONS, PORTION, Shared};
use kit::Boxed;
use kit::bus::{BusError, Consumer, Delivery};
use std::collections::HashMap;
use std::sync::Arc;

/// Where the member is in a partition.
#[derive(Clone, Copy)]
struct Place {
    /// Everything up to here was looked at.
    seen: i64,
    /// The newest event that was handed out; 0 for none since the partition was taken.
    handed: i64,
    /// What this member has committed, or found committed.
    committed: i64,
}

impl Place {
    /// Where to commit when nothing that was handed out is left undone.
    fn done(self) -> i64 {
        if self.handed <= self.committed { self.seen } else { self.committed }
    }
}

/// How far positions of idle partitions may lag behind before they are committed for their own sake
/// (they hold up retention).
const LAG: i64 = 10_000;

pub(super) struct LocalConsumer {
    shared: Arc<Shared>,
    group: Arc<Group>,
    member: u64,
    topics: Vec<Arc<Topic>>,
    places: HashMap<Part, Place>,
    /// The topic to look at first, so that none starves.
    turn: usize,
    /// How often partitions were taken or lost.
    assignments: u64,
}

impl LocalConsumer {
    pub(super) fn new(
        shared: Arc<Shared>,
        group: Arc<Group>,
        positions: Vec<(Arc<Topic>, Positions)>,
    ) -> Self {
        let stored: Vec<(i64, Positions)> = positions.iter().map(|(topic, at)| (topic.id, *at)).collect();
        let topics: Vec<Arc<Topic>> = positions.into_iter().map(|(topic, _)| topic).collect();
        topics.iter().for_each(|topic| topic.tell(&group.changed));
        let member = group.enter(&stored);
        Self { shared, group, member, topics, places: HashMap::new(), turn: 0, assignments: 0 }
    }

    fn settle(&mut self) {
        let (mut lost, mut won) = (Vec::new(), Vec::new());
        let topics = self.topics.iter().map(|topic| topic.id);
        self.group.settle(self.member, topics, |part| lost.push(part), |part, at| won.push((part, at)));
        self.assignments += u64::from(!lost.is_empty() || !won.is_empty());
        for part in lost {
            self.places.remove(&part);
        }
        for (part, committed) in won {
            self.places.insert(part, Place { seen: committed, handed: 0, committed });
        }
    }

    /// What is there for this member now.
    fn look(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        let mut found = Vec::new();
        self.turn = self.turn.wrapping_add(1);
        for n in 0..self.topics.len() {
            let topic = Arc::clone(&self.topics[(self.turn + n) % self.topics.len()]);
            if found.len() < max {
                self.look_at(&topic, max, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Reads a topic until a portion has something for this member.
    fn look_at(&mut self, topic: &Topic, max: usize, found: &mut Vec<Delivery>) -> Result<(), BusError> {
        let before = found.len();
        while found.len() == before && self.look_further(topic, max, found)? {}
        Ok(())
    }

    /// Reads the next portion of a topic; `false` when there is nothing more.
    fn look_further(
        &mut self,
        topic: &Topic,
        max: usize,
        found: &mut Vec<Delivery>,
    ) -> Result<bool, BusError> {
        let head = topic.head();
        let mine = (0..PARTITIONS).filter_map(|partition| self.places.get(&(topic.id, partition)));
        let Some(from) = mine.map(|place| place.seen).min().filter(|from| *from < head) else {
            return Ok(false);
        };
        let limit = (max - found.len()).min(PORTION);
        let portion = self.shared.readers.with(|db| read(db, topic, from, head, limit));
        let portion = portion.map_err(|error| failed(&error))?;
        let to = match portion.events.last() {
            Some(last) if !portion.complete => last.offset,
            _ => head,
        };
        for event in portion.events {
            let Ok(partition) = usize::try_from(event.partition) else { continue };
            let Some(place) = self.places.get_mut(&(topic.id, partition)) else { continue };
            if event.offset > place.seen {
                place.handed = event.offset;
                found.push(event);
            }
        }
        for partition in 0..PARTITIONS {
            if let Some(place) = self.places.get_mut(&(topic.id, partition)) {
                place.seen = place.seen.max(to);
            }
        }
        Ok(to < head)
    }

    /// Commits these offsets, and in their topics everything else that is done.
    async fn commit_offsets(&mut self, offsets: HashMap<Part, i64>) -> Result<(), BusError> {
        let mut all = offsets;
        let topics: Vec<i64> = all.keys().map(|(topic, _)| *topic).collect();
        for (part, place) in &mut self.places {
            if let Some(offset) = all.get(part) {
                place.committed = place.committed.max(*offset);
            }
            if topics.contains(&part.0) {
                let done = place.done();
                all.entry(*part).and_modify(|offset| *offset = done.max(*offset)).or_insert(done);
            }
        }
        let positions = self.group.commit(&all);
        let now = self.shared.clock.now().as_millis();
        let op = Op::Commit { group: Arc::clone(&self.group.name), positions, now };
        self.shared.writer.run(op).await.map(|_: Answer| ())
    }

    async fn commit_idle(&mut self) -> Result<(), BusError> {
        let lagging: HashMap<Part, i64> = self
            .places
            .iter()
            .filter(|(_, place)| place.done() - place.committed > LAG)
            .map(|(part, place)| (*part, place.done()))
            .collect();
        if lagging.is_empty() { Ok(()) } else { self.commit_offsets(lagging).await }
    }
}

impl Consumer for LocalConsumer {
    fn next(&mut self, max: usize) -> Boxed<'_, Result<Vec<Delivery>, BusError>> {
        Box::pin(async move {
            let changed = Arc::clone(&self.group.changed);
            loop {
                // Listening before looking: nothing that comes in between is missed.
                let mut told = std::pin::pin!(changed.notified());
                told.as_mut().enable();
                self.settle();
                let found = self.look(max.max(1))?;
                if !found.is_empty() {
                    return Ok(found);
                }
                self.commit_idle().await?;
                told.await;
            }
        })
    }

    fn commit<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Boxed<'a, Result<(), BusError>> {
        Box::pin(async move {
            let mut offsets: HashMap<Part, i64> = HashMap::new();
            for delivery in deliveries {
                let topic = self.topics.iter().find(|topic| topic.name == delivery.event.topic);
                let (Some(topic), Ok(partition)) = (topic, usize::try_from(delivery.partition)) else {
                    continue;
                };
                let offset = offsets.entry((topic.id, partition)).or_insert(0);
                *offset = delivery.offset.max(*offset);
            }
            if offsets.is_empty() {
                return Ok(());
            }
            self.commit_offsets(offsets).await
        })
    }

    fn assignments(&self) -> u64 {
        self.assignments
    }

    fn leave(self: Box<Self>) -> Boxed<'static, ()> {
        drop(self);
        Box::pin(futures::future::ready(()))
    }
}

impl Drop for LocalConsumer {
    fn drop(&mut self) {
        self.group.leave(self.member);
    }
}

//! The local event log: durable topics in one SQLite file, for a stack in one process.
//!
//! - A topic is one log; an event's partition comes from its key, and members of a group share the
//!   partitions. A partition changes hands only when its member asks for more events, so that two members
//!   never work on one key at the same time.
//! - Followers are called on the writer's thread after the commit and before `publish` returns; they must
//!   be quick and must not call the bus.
//! - **Retention**: an event may go when it is older than 7 days or 1,000,000 newer ones stand in its topic,
//!   and every group of the topic that was seen in the last 30 days has committed it. The newest event of
//!   each key in a topic that was ever followed stays for good, so that a follower can still rebuild what
//!   it keeps.

mod consumer;
mod group;
mod log;
mod retention;

use crate::bus::hand_to;
use crate::sqlite::open::{Format, OpenError, open_writer};
use crate::sqlite::readers::Readers;
use crate::sqlite::writer::Writer;
use consumer::LocalConsumer;
use group::Group;
use kit::Boxed;
use kit::bus::{BusError, Consumer, Event, EventBus, Follower};
use kit::clock::Clock;
use log::{Answer, LogMachine, Op, Topic};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const FORMAT: Format = Format { application: 0x0043_4231, version: 1 };
/// The largest event in bytes.
const LARGEST: usize = 8 << 20;
/// Partitions of a topic.
const PARTITIONS: usize = 4;
/// Events that are read at once.
const PORTION: usize = 500;
/// Bytes after which no more is read at once.
const PORTION_BYTES: usize = 4 << 20;

/// The log of a stack in one process.
pub struct LocalBus {
    shared: Arc<Shared>,
}

/// What the bus and its consumers work with.
struct Shared {
    // Before the writer: the last one to close the file works the write-ahead log into it.
    readers: Readers,
    writer: Writer<LogMachine>,
    groups: Mutex<HashMap<String, Arc<Group>>>,
    clock: Arc<dyn Clock>,
}

impl LocalBus {
    /// Opens or creates the file `path`. Only one process may have it open: see
    /// [`lock_data_dir`](crate::lock_data_dir).
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let db = open_writer(path, FORMAT, |db, _version| db.execute_batch(log::TABLES))?;
        let machine =
            LogMachine::load(&db, Arc::clone(&clock)).map_err(|error| OpenError::of_sqlite(path, &error))?;
        let readers = Readers::open(path, 2)?;
        let writer =
            Writer::start("bus-writer", db, machine).map_err(|error| OpenError::of_io(path, &error))?;
        Ok(Self { shared: Arc::new(Shared { writer, readers, groups: Mutex::default(), clock }) })
    }

    async fn topic(&self, name: &str) -> Result<Arc<Topic>, BusError> {
        match self.shared.writer.run(Op::Topic(name.to_owned())).await? {
            Answer::Topic(topic) => Ok(topic),
            _ => Err(BusError::Failed("the writer gave another answer".to_owned())),
        }
    }
}

impl EventBus for LocalBus {
    fn publish(&self, events: Vec<Event>) -> Boxed<'_, Result<(), BusError>> {
        let size = |event: &Event| event.data.len() + event.key.len() + event.kind.len() + event.id.len();
        if let Some(event) = events.iter().find(|event| size(event) > LARGEST) {
            let error = BusError::TooLarge(event.id.clone());
            return Box::pin(futures::future::ready(Err(error)));
        }
        if events.is_empty() {
            return Box::pin(futures::future::ready(Ok(())));
        }
        let published = self.shared.writer.run(Op::Publish(events));
        Box::pin(async move { published.await.map(drop) })
    }

    fn join(&self, group: &str, topics: &[&str]) -> Boxed<'_, Result<Box<dyn Consumer>, BusError>> {
        let name = group.to_owned();
        let mut topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        topics.sort_unstable();
        topics.dedup();
        Box::pin(async move {
            let now = self.shared.clock.now().as_millis();
            let joined = self.shared.writer.run(Op::Join { group: name.clone(), topics, now }).await?;
            let Answer::Joined(positions) = joined else {
                return Err(BusError::Failed("the writer gave another answer".to_owned()));
            };
            let group = {
                let mut groups = self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(groups.entry(name.clone()).or_insert_with(|| Arc::new(Group::new(name))))
            };
            let consumer = LocalConsumer::new(Arc::clone(&self.shared), group, positions);
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }

    fn follow(&self, topic: &str, follower: Follower) -> Boxed<'_, Result<(), BusError>> {
        let name = topic.to_owned();
        Box::pin(async move {
            let topic = self.topic(&name).await?;
            let mut from = 0;
            // Most of it here, so that the writer only has to add what is newest.
            while topic.head() - from > i64::try_from(PORTION).unwrap_or(i64::MAX) {
                let read = |db: &rusqlite::Connection| log::read(db, &topic, from, topic.head(), PORTION);
                let portion = self.shared.readers.with(read).map_err(|error| log::failed(&error))?;
                let Some(last) = portion.events.last() else { break };
                from = last.offset;
                portion.events.iter().for_each(|delivery| hand_to(&follower, &delivery.event));
                tokio::task::yield_now().await;
            }
            self.shared.writer.run(Op::Follow { topic: name, from, follower }).await.map(drop)
        })
    }

    fn ping(&self) -> Boxed<'_, Result<(), BusError>> {
        let result = if self.shared.writer.is_running() {
            Ok(())
        } else {
            Err(BusError::Failed("the writer has stopped".to_owned()))
        };
        Box::pin(futures::future::ready(result))
    }
}

//! The log itself: its tables, how it is read, and what its writer thread does.

use super::retention::Retention;
use super::{PARTITIONS, PORTION, PORTION_BYTES};
use crate::bus::hand_to;
use crate::sqlite::writer::{Machine, Stop};
use api::Timestamp;
use kit::bus::{BusError, Delivery, Event, Follower};
use kit::clock::Clock;
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// An event's `place` is its topic's number and its offset, which keeps topics together and in order.
/// Positions are what a group has committed in each partition: everything up to there is done.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS topic (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, followed INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE IF NOT EXISTS event (
        place INTEGER PRIMARY KEY, followed INTEGER NOT NULL, change_seq INTEGER NOT NULL, time INTEGER NOT NULL,
        event TEXT NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS event_key ON event (key, place) WHERE followed = 1;
    CREATE TABLE IF NOT EXISTS position (
        name TEXT NOT NULL, topic INTEGER NOT NULL, seen INTEGER NOT NULL,
        p0 INTEGER NOT NULL DEFAULT 0, p1 INTEGER NOT NULL DEFAULT 0, p2 INTEGER NOT NULL DEFAULT 0,
        p3 INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (name, topic)
    ) STRICT, WITHOUT ROWID;";

const APPEND: &str = "INSERT INTO event (place, followed, change_seq, time, event, type, key, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const JOIN: &str = "INSERT INTO position (name, topic, seen) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET seen = excluded.seen RETURNING p0, p1, p2, p3";
const COMMIT: &str = "UPDATE position SET seen = ?3, p0 = max(p0, ?4), p1 = max(p1, ?5), p2 = max(p2, ?6),
    p3 = max(p3, ?7) WHERE name = ?1 AND topic = ?2";

/// The bits of a place that hold the offset.
const OFFSET_BITS: u32 = 40;

/// Where an offset of a topic stands.
pub(super) fn place(topic: i64, offset: i64) -> i64 {
    (topic << OFFSET_BITS) | offset
}

/// The offset in a place.
pub(super) fn offset_of(place: i64) -> i64 {
    place & ((1 << OFFSET_BITS) - 1)
}

/// The partition of a key (FNV-1a).
pub(super) fn partition(key: &str) -> usize {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits of this hash differ least; fold the upper half in.
    usize::try_from((hash ^ (hash >> 32)) % 4).unwrap_or(0) % PARTITIONS
}

/// A topic as publishers and consumers share it.
pub(super) struct Topic {
    pub id: i64,
    pub name: String,
    /// The newest committed offset.
    head: AtomicI64,
    /// Told when `head` moves.
    waiting: Mutex<Vec<Arc<Notify>>>,
}

impl Topic {
    pub(super) fn head(&self) -> i64 {
        self.head.load(Ordering::Acquire)
    }

    /// Tells `waiting` of new events from now on.
    pub(super) fn tell(&self, waiting: &Arc<Notify>) {
        let mut known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|other| Arc::ptr_eq(other, waiting)) {
            known.push(Arc::clone(waiting));
        }
    }
}

/// What one look into a topic found.
pub(super) struct Portion {
    pub events: Vec<Delivery>,
    /// There is nothing more up to where it looked.
    pub complete: bool,
}

/// Reads up to `limit` events of a topic after one offset, up to another; fewer where they are large.
pub(super) fn read(
    db: &Connection,
    topic: &Topic,
    after: i64,
    to: i64,
    limit: usize,
) -> rusqlite::Result<Portion> {
    let mut statement = db.prepare_cached(
        "SELECT place, change_seq, time, event, type, key, data FROM event
         WHERE place > ?1 AND place <= ?2 ORDER BY place",
    )?;
    let mut rows = statement.query((place(topic.id, after), place(topic.id, to)))?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while events.len() < limit && bytes < PORTION_BYTES {
        let Some(row) = rows.next()? else { return Ok(Portion { events, complete: true }) };
        let event = delivery(row, topic)?;
        bytes += event.event.data.len();
        events.push(event);
    }
    Ok(Portion { events, complete: false })
}

fn delivery(row: &Row<'_>, topic: &Topic) -> rusqlite::Result<Delivery> {
    let key: String = row.get(5)?;
    Ok(Delivery {
        partition: i32::try_from(partition(&key)).unwrap_or(0),
        offset: offset_of(row.get(0)?),
        event: Event {
            change_seq: row.get(1)?,
            time: Timestamp::from_millis(row.get(2)?),
            id: row.get(3)?,
            kind: row.get(4)?,
            key,
            data: row.get(6)?,
            topic: topic.name.clone(),
        },
    })
}

pub(super) fn failed(error: &rusqlite::Error) -> BusError {
    BusError::Failed(error.to_string())
}

/// Committed offsets by partition.
pub(super) type Positions = [i64; PARTITIONS];

/// What the writer does.
pub(super) enum Op {
    /// Appends events.
    Publish(Vec<Event>),
    /// Finds or makes a topic.
    Topic(String),
    /// Finds or makes a group's positions.
    Join { group: String, topics: Vec<String>, now: i64 },
    /// Moves a group's positions on.
    Commit { group: Arc<str>, positions: Vec<(i64, Positions)>, now: i64 },
    /// Hands a topic's events after `from` to a follower, from now on.
    Follow { topic: String, from: i64, follower: Follower },
}

/// What it answers.
pub(super) enum Answer {
    /// It is done.
    Done,
    /// To [`Op::Topic`].
    Topic(Arc<Topic>),
    /// To [`Op::Join`].
    Joined(Vec<(Arc<Topic>, Positions)>),
    /// To [`Op::Follow`]: the newest event before the follower began.
    Following(i64),
}

struct Log {
    topic: Arc<Topic>,
    /// The newest offset given, committed or not.
    head: i64,
    followed: bool,
    /// Published to since the last tidying.
    touched: bool,
    followers: Vec<Follower>,
}

/// The writer's knowledge.
pub(super) struct LogMachine {
    logs: HashMap<String, Log>,
    retention: Retention,
}

impl LogMachine {
    pub(super) fn load(db: &Connection, clock: Arc<dyn Clock>) -> rusqlite::Result<Self> {
        let mut machine = Self { logs: HashMap::new(), retention: Retention::new(clock) };
        machine.reload(db)?;
        Ok(machine)
    }

    /// Brings the logs to what the file says, keeping who listens.
    fn reload(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut statement = db.prepare("SELECT id, name, followed FROM topic")?;
        let mut rows = statement.query([])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, name, followed): (i64, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let newest: Option<i64> = db.query_row(
                "SELECT max(place) FROM event WHERE place > ?1 AND place < ?2",
                (place(id, 0), place(id + 1, 0)),
                |row| row.get(0),
            )?;
            let head = newest.map_or(0, offset_of);
            let log = self.logs.entry(name.clone()).or_insert_with(|| Log::new(id, &name, head));
            (log.head, log.followed) = (head, followed);
            listed.push(name);
        }
        self.logs.retain(|name, _| listed.contains(name));
        Ok(())
    }

    fn log(&mut self, db: &Connection, name: &str) -> rusqlite::Result<&mut Log> {
        if !self.logs.contains_key(name) {
            db.prepare_cached("INSERT INTO topic (name) VALUES (?1)")?.execute([name])?;
            self.logs.insert(name.to_owned(), Log::new(db.last_insert_rowid(), name, 0));
        }
        self.logs.get_mut(name).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn publish(&mut self, db: &Connection, events: &[Event]) -> rusqlite::Result<()> {
        let mut statement = db.prepare_cached(APPEND)?;
        for event in events {
            let log = self.log(db, &event.topic)?;
            log.head += 1;
            statement.execute((
                place(log.topic.id, log.head),
                log.followed,
                event.change_seq,
                event.time.as_millis(),
                &event.id,
                &event.kind,
                &event.key,
                &event.data,
            ))?;
        }
        Ok(())
    }

    fn follow(&mut self, db: &Connection, name: &str) -> rusqlite::Result<i64> {
        let log = self.log(db, name)?;
        if !log.followed {
            log.followed = true;
            db.execute("UPDATE topic SET followed = 1 WHERE id = ?1", [log.topic.id])?;
            let ends = (place(log.topic.id, 0), place(log.topic.id + 1, 0));
            db.execute("UPDATE event SET followed = 1 WHERE place > ?1 AND place < ?2", ends)?;
        }
        Ok(log.head)
    }

    fn published(&mut self, events: &[Event]) {
        for event in events {
            let Some(log) = self.logs.get_mut(&event.topic) else { continue };
            log.touched = true;
            // Later events of the same transaction are committed too.
            log.topic.head.store(log.head, Ordering::Release);
            log.followers.iter().for_each(|follower| hand_to(follower, event));
        }
        self.retention.published(events.len());
    }

    /// Hands over what was published before the follower began, then lets it listen.
    fn begin(
        &mut self,
        db: &Connection,
        name: &str,
        mut from: i64,
        to: i64,
        follower: Follower,
    ) -> Result<(), BusError> {
        let Some(log) = self.logs.get_mut(name) else { return Ok(()) };
        while from < to {
            let portion = read(db, &log.topic, from, to, PORTION).map_err(|error| failed(&error))?;
            portion.events.iter().for_each(|delivery| hand_to(&follower, &delivery.event));
            from = portion.events.last().map_or(to, |last| last.offset);
        }
        log.followers.push(follower);
        Ok(())
    }
}

impl Log {
    fn new(id: i64, name: &str, head: i64) -> Self {
        let topic =
            Topic { id, name: name.to_owned(), head: AtomicI64::new(head), waiting: Mutex::default() };
        Self { topic: Arc::new(topic), head, followed: false, touched: false, followers: Vec::new() }
    }
}

impl Machine for LogMachine {
    type Op = Op;
    type Answer = Answer;
    type Error = BusError;

    fn apply(&mut self, db: &Connection, op: &Op) -> Result<Answer, Stop<BusError>> {
        Ok(match op {
            Op::Publish(events) => {
                self.publish(db, events)?;
                Answer::Done
            }
            Op::Topic(name) => Answer::Topic(Arc::clone(&self.log(db, name)?.topic)),
            Op::Join { group, topics, now } => {
                let mut positions = Vec::with_capacity(topics.len());
                for name in topics {
                    let topic = Arc::clone(&self.log(db, name)?.topic);
                    let row = |row: &Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
                    let at = db.prepare_cached(JOIN)?.query_row((group, topic.id, now), row)?;
                    positions.push((topic, at));
                }
                Answer::Joined(positions)
            }
            Op::Commit { group, positions, now } => {
                let mut statement = db.prepare_cached(COMMIT)?;
                let group: &str = group;
                for (topic, [p0, p1, p2, p3]) in positions {
                    statement.execute((group, topic, now, p0, p1, p2, p3))?;
                }
                Answer::Done
            }
            Op::Follow { topic, .. } => Answer::Following(self.follow(db, topic)?),
        })
    }

    /// A position that is lost means that events are delivered again, which consumers must expect.
    fn lazy(op: &Op) -> bool {
        matches!(op, Op::Commit { .. })
    }

    fn committed(&mut self, db: &Connection, op: Op, answer: Answer) -> Result<Answer, BusError> {
        match (op, &answer) {
            (Op::Publish(events), _) => self.published(&events),
            (Op::Follow { topic, from, follower }, Answer::Following(to)) => {
                self.begin(db, &topic, from, *to, follower)?;
            }
            _ => {}
        }
        Ok(answer)
    }

    fn rolled_back(&mut self, db: &Connection) {
        if let Err(error) = self.reload(db) {
            tracing::error!(%error, "the event log could not be read again after a failed write");
        }
    }

    fn tidy(&mut self, db: &Connection) {
        for log in self.logs.values_mut().filter(|log| log.touched) {
            log.touched = false;
            for waiting in log.topic.waiting.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                waiting.notify_waiters();
            }
        }
        let topics = self.logs.values().map(|log| (log.topic.id, log.head, log.followed));
        if let Err(error) = self.retention.tidy(db, topics) {
            tracing::warn!(%error, "old events could not be removed");
        }
    }

    fn failed(reason: String) -> BusError {
        BusError::Failed(reason)
    }
}

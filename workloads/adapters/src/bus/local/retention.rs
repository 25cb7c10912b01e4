//! Which events may go: see the rule in the module above. Works in small portions between transactions.

use super::log::{offset_of, place};
use kit::clock::Clock;
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::Arc;

/// Events that a topic keeps whatever their age.
const EVENTS: i64 = 1_000_000;
/// How long events are kept whatever their number, in milliseconds.
const AGE: i64 = 7 * 86_400_000;
/// A group that was not seen for so long is forgotten, in milliseconds.
const ABSENCE: i64 = 30 * 86_400_000;
/// New events between two looks.
const BETWEEN: usize = 10_000;
/// Events that are looked at in one go.
const PORTION: i64 = 1_000;

/// Removes old events.
pub(super) struct Retention {
    clock: Arc<dyn Clock>,
    /// Since the last look.
    published: usize,
    /// Where to go on, by topic: what stands before is gone, or kept for followers.
    reached: HashMap<i64, i64>,
}

impl Retention {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        // The first look is soon after the start.
        Self { clock, published: BETWEEN, reached: HashMap::new() }
    }

    pub(super) fn published(&mut self, events: usize) {
        self.published = self.published.saturating_add(events);
    }

    /// Takes a portion of each topic (number, newest offset, whether it was ever followed).
    pub(super) fn tidy(
        &mut self,
        db: &Connection,
        topics: impl Iterator<Item = (i64, i64, bool)>,
    ) -> rusqlite::Result<()> {
        if self.published < BETWEEN {
            return Ok(());
        }
        self.published = 0;
        let now = self.clock.now().as_millis();
        let transaction = db.unchecked_transaction()?;
        for (topic, head, followed) in topics {
            let looked_at = self.portion(db, topic, head, followed, now)?;
            if looked_at == PORTION {
                // There may be more: come again after the next transaction.
                self.published = BETWEEN;
            }
        }
        transaction.commit()
    }

    /// Gives the number of events that were looked at and were old enough.
    fn portion(
        &mut self,
        db: &Connection,
        topic: i64,
        head: i64,
        followed: bool,
        now: i64,
    ) -> rusqlite::Result<i64> {
        // Without any group, everything counts as done.
        let done: Option<i64> = db
            .prepare_cached("SELECT min(min(p0, p1, p2, p3)) FROM position WHERE topic = ?1 AND seen > ?2")?
            .query_row((topic, now - ABSENCE), |row| row.get(0))?;
        let from = self.reached.get(&topic).copied().unwrap_or(0);
        let mut old = Vec::new();
        {
            let mut statement = db.prepare_cached(
                "SELECT place, time, key FROM event WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3",
            )?;
            let to = place(topic, done.unwrap_or(head).min(head));
            let mut rows = statement.query((place(topic, from), to, PORTION))?;
            while let Some(row) = rows.next()? {
                let (place, time): (i64, i64) = (row.get(0)?, row.get(1)?);
                if time > now - AGE && offset_of(place) > head - EVENTS {
                    break;
                }
                old.push((place, if followed { Some(row.get::<_, String>(2)?) } else { None }));
            }
        }
        let Some((last, _)) = old.last() else {
            self.reached.remove(&topic);
            return Ok(0);
        };
        // A topic's newest event always stays: its offset says where the numbers go on.
        let (last, end) = (offset_of(*last), place(topic, head));
        let mut remove = db.prepare_cached("DELETE FROM event WHERE place = ?1")?;
        let mut newer = db.prepare_cached(
            "SELECT 1 FROM event WHERE followed = 1 AND key = ?1 AND place > ?2 AND place <= ?3 LIMIT 1",
        )?;
        let mut looked_at = 0;
        for (place, key) in old {
            looked_at += 1;
            let needed = match key {
                Some(key) => !newer.exists((key, place, end))?,
                None => false,
            };
            if !needed && place < end {
                remove.execute([place])?;
            }
        }
        // From the start again after the last portion: what was kept for followers may have newer ones by now.
        let reached = if looked_at < PORTION { 0 } else { last.min(head - 1) };
        self.reached.insert(topic, reached);
        Ok(looked_at)
    }
}

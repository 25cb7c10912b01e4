//! What is known about all topics of a broker: what it showed last, and what it has yet to show.
//!
//! A broker acknowledges a new topic seconds before it shows it, when it is busy. Without a memory of what it
//! acknowledged, each pass in between would create the topic again, in vain.

use crate::backends::BackendFinding;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a broker may take to show what it has acknowledged. If it then still says that the topic exists, it
/// gets twice as long, and so on.
const GRACE: Duration = Duration::from_secs(30);
/// After how many such times it does not want to show it.
const PATIENT: u32 = 2;
const FORGET: Duration = Duration::from_secs(600);

/// The partitions of a topic and how many copies each has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) partitions: u32,
    pub(super) copies: u32,
}

/// How a topic looks from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Missing,
    There(Shape),
    /// Changed a moment ago and not shown as it is now.
    Settling,
    /// It exists, but the broker does not show it.
    Hidden,
}

pub(super) struct Picture {
    taken: Instant,
    brokers: usize,
    topics: Result<HashMap<String, Shape>, BackendFinding>,
    expected: HashMap<String, Expected>,
}

/// What a topic will look like.
struct Expected {
    partitions: u32,
    since: Instant,
    /// How often the broker said that it exists, after it should have shown.
    overdue: u32,
}

impl Expected {
    fn new(partitions: u32, overdue: u32) -> Self {
        Self { partitions, since: Instant::now(), overdue }
    }

    fn is_due(&self) -> bool {
        self.since.elapsed() >= GRACE * 2_u32.saturating_pow(self.overdue.min(PATIENT))
    }

    fn is_hidden(&self) -> bool {
        self.overdue >= PATIENT
    }
}

impl Picture {
    pub(super) fn new(brokers: usize, topics: HashMap<String, Shape>) -> Self {
        Self { taken: Instant::now(), brokers, topics: Ok(topics), expected: HashMap::new() }
    }

    pub(super) fn is_older_than(&self, age: Duration) -> bool {
        self.taken.elapsed() >= age
    }

    /// Replaces what the broker showed; what it has yet to show stays expected.
    pub(super) fn renew(&mut self, seen: Result<Picture, BackendFinding>) {
        self.taken = Instant::now();
        match seen {
            Ok(seen) => {
                (self.brokers, self.topics) = (seen.brokers, seen.topics);
                if let Ok(topics) = &self.topics {
                    self.expected.retain(|name, expected| {
                        let shown =
                            topics.get(name).is_some_and(|shape| shape.partitions >= expected.partitions);
                        !shown && expected.since.elapsed() < FORGET
                    });
                }
            }
            Err(problem) => self.topics = Err(problem),
        }
    }

    /// How many brokers there are, and how each of the topics looks.
    pub(super) fn of(&self, names: &[String]) -> Result<(usize, Vec<Sight>), BackendFinding> {
        let topics = self.topics.as_ref().map_err(Clone::clone)?;
        let sights = names.iter().map(|name| self.sight(topics.get(name), self.expected.get(name)));
        Ok((self.brokers, sights.collect()))
    }

    fn sight(&self, shown: Option<&Shape>, expected: Option<&Expected>) -> Sight {
        let expected = expected.filter(|expected| !expected.is_due());
        match (shown, expected) {
            // Without partitions it is being created or deleted right now.
            (Some(Shape { partitions: 0, .. }), _) => Sight::Settling,
            (Some(shape), Some(expected)) if shape.partitions < expected.partitions => Sight::Settling,
            (Some(shape), _) => Sight::There(*shape),
            (None, Some(expected)) if expected.is_hidden() => Sight::Hidden,
            (None, Some(_)) => Sight::Settling,
            (None, None) => Sight::Missing,
        }
    }

    /// The broker has acknowledged that the topic has so many partitions.
    pub(super) fn expect(&mut self, name: &str, partitions: u32) {
        self.expected.insert(name.to_owned(), Expected::new(partitions, 0));
    }

    /// The broker says that the topic exists, which it does not show. Whether that is more than slowness.
    pub(super) fn expect_existing(&mut self, name: &str) -> bool {
        let overdue = self.expected.get(name).map_or(0, |expected| expected.overdue.saturating_add(1));
        let expected = Expected::new(0, overdue);
        let hidden = expected.is_hidden();
        self.expected.insert(name.to_owned(), expected);
        hidden
    }

    /// The topic is gone.
    pub(super) fn forget(&mut self, name: &str) {
        self.expected.remove(name);
        if let Ok(topics) = &mut self.topics {
            topics.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Shape = Shape { partitions: 2, copies: 1 };

    fn picture(topics: &[(&str, Shape)]) -> Picture {
        Picture::new(1, topics.iter().map(|(name, shape)| ((*name).to_owned(), *shape)).collect())
    }

    fn sight(picture: &Picture, name: &str) -> Sight {
        picture.of(&[name.to_owned()]).unwrap().1[0]
    }

    fn age(picture: &mut Picture, name: &str) {
        picture.expected.get_mut(name).unwrap().since = Instant::now().checked_sub(4 * GRACE).unwrap();
    }

    #[test]
    fn a_topic_that_was_created_is_not_missing_until_it_should_have_shown() {
        let mut picture = picture(&[]);
        assert_eq!(sight(&picture, "a"), Sight::Missing);
        picture.expect("a", 2);
        picture.renew(Ok(super::tests::picture(&[])));
        assert_eq!(sight(&picture, "a"), Sight::Settling);
        age(&mut picture, "a");
        assert_eq!(sight(&picture, "a"), Sight::Missing);
    }

    #[test]
    fn a_topic_that_was_shown_once_is_missing_as_soon_as_it_is_gone() {
        let mut picture = picture(&[]);
        picture.expect("a", 2);
        picture.renew(Ok(super::tests::picture(&[("a", TWO)])));
        assert_eq!(sight(&picture, "a"), Sight::There(TWO));
        picture.renew(Ok(super::tests::picture(&[])));
        assert_eq!(sight(&picture, "a"), Sight::Missing);
    }

    #[test]
    fn growth_that_is_not_shown_yet_is_not_asked_for_again() {
        let mut picture = picture(&[("a", TWO)]);
        picture.expect("a", 5);
        picture.renew(Ok(super::tests::picture(&[("a", TWO)])));
        assert_eq!(sight(&picture, "a"), Sight::Settling);
        let five = Shape { partitions: 5, copies: 1 };
        picture.renew(Ok(super::tests::picture(&[("a", five)])));
        assert_eq!(sight(&picture, "a"), Sight::There(five));
    }

    #[test]
    fn a_topic_that_exists_and_never_shows_is_hidden() {
        let mut picture = picture(&[]);
        // As slow as a broker may be.
        for _ in 0..PATIENT {
            assert!(!picture.expect_existing("a"));
            assert_eq!(sight(&picture, "a"), Sight::Settling);
            age(&mut picture, "a");
            assert_eq!(sight(&picture, "a"), Sight::Missing);
        }
        assert!(picture.expect_existing("a"));
        assert_eq!(sight(&picture, "a"), Sight::Hidden);
    }
}

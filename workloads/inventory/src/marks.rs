//! Marks: what orders took from an entry, so that it can be given back exactly once.
//!
//! Pure. Taking lowers the entry's quantities at once; the mark that it leaves says how much to give
//! back. A confirmed order's mark is dropped. An order that is given up leaves a mark of its own, which
//! refuses a late taking until the deadline. So the marks of an entry are those of the orders that are
//! being made, and few.

use api::inventory::InventoryEntry;
use api::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The marks of one entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Per order the units taken, and when to ask what became of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    taken: BTreeMap<Id, (i64, Timestamp)>,
    /// Orders that were given up, and until when that must be known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    refused: BTreeMap<Id, Timestamp>,
}

/// What is done to an entry for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Takes units.
    Take {
        /// The order.
        order: Id,
        /// How many of them must be there.
        firm: i64,
        /// How many are taken.
        total: i64,
        /// When to ask what became of the order.
        until: Timestamp,
    },
    /// Gives back what the order took.
    Give {
        /// The order.
        order: Id,
        /// Until when a late taking is refused; `None` if none can come.
        refuse_until: Option<Timestamp>,
    },
    /// The order stands.
    Confirm(Id),
    /// The order is still undecided: ask again then.
    Wait(Id, Timestamp),
    /// Nothing but what every write does: old marks go.
    Tidy,
}

/// What came of an [`Op`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is so now, or was before.
    Done,
    /// There are too few units; nothing was taken.
    Short,
    /// The order was given up before.
    Refused,
}

impl Marks {
    /// Applies one operation to the entry and its marks. Repeating it changes nothing.
    pub(crate) fn apply(&mut self, entry: &mut InventoryEntry, op: &Op) -> Outcome {
        match op {
            Op::Take { order, firm, total, until } => {
                if self.taken.contains_key(order) {
                    return Outcome::Done;
                }
                if self.refused.contains_key(order) {
                    return Outcome::Refused;
                }
                let short =
                    *firm > 0 && entry.available_quantity < *firm && entry.restockable_in_days.is_none();
                if short || !shift(entry, total.checked_neg()) {
                    return Outcome::Short;
                }
                self.taken.insert(order.clone(), (*total, *until));
            }
            Op::Give { order, refuse_until } => {
                if let Some((units, _)) = self.taken.remove(order) {
                    shift(entry, Some(units));
                }
                if let Some(until) = refuse_until {
                    self.refused.insert(order.clone(), *until);
                }
            }
            Op::Confirm(order) => {
                self.taken.remove(order);
            }
            Op::Wait(order, until) => {
                if let Some(mark) = self.taken.get_mut(order) {
                    mark.1 = *until;
                }
            }
            Op::Tidy => {}
        }
        Outcome::Done
    }

    /// Drops the refusals whose time is over.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.refused.retain(|_, until| *until > now);
    }

    /// The orders whose fate must be asked for by now.
    pub(crate) fn overdue(&self, now: Timestamp) -> Vec<Id> {
        self.taken.iter().filter(|(_, (_, until))| *until <= now).map(|(order, _)| order.clone()).collect()
    }

    /// When the marks need attention next.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.taken.values().map(|(_, until)| *until).chain(self.refused.values().copied()).min()
    }
}

/// Moves both quantities. `false`, and nothing is changed, if one would leave its range.
pub(crate) fn shift(entry: &mut InventoryEntry, by: Option<i64>) -> bool {
    let moved = by.and_then(|by| {
        Some((entry.quantity_on_stock.checked_add(by)?, entry.available_quantity.checked_add(by)?))
    });
    if let Some((stock, available)) = moved {
        entry.quantity_on_stock = stock;
        entry.available_quantity = available;
    }
    moved.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(units: i64) -> InventoryEntry {
        let value = serde_json::json!({"sku": "a", "quantityOnStock": units, "availableQuantity": units});
        serde_json::from_value(value).unwrap()
    }

    fn order(name: &str) -> Id {
        Id::parse(name).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn take(name: &str, firm: i64, total: i64) -> Op {
        Op::Take { order: order(name), firm, total, until: at(60) }
    }

    fn give(name: &str) -> Op {
        Op::Give { order: order(name), refuse_until: Some(at(60)) }
    }

    #[test]
    fn every_operation_repeated_changes_nothing() {
        let (mut entry, mut marks) = (entry(5), Marks::default());
        for op in [
            take("a", 2, 2),
            take("b", 1, 1),
            Op::Wait(order("a"), at(90)),
            give("b"),
            Op::Confirm(order("a")),
        ] {
            assert_eq!(marks.apply(&mut entry, &op), Outcome::Done);
            let once = (entry.clone(), marks.clone());
            assert_eq!(marks.apply(&mut entry, &op), Outcome::Done);
            assert_eq!((entry.clone(), marks.clone()), once, "{op:?} twice");
        }
        assert_eq!((entry.quantity_on_stock, entry.available_quantity), (3, 3));
    }

    #[test]
    fn the_last_unit_is_taken_once() {
        let (mut entry, mut marks) = (entry(1), Marks::default());
        assert_eq!(marks.apply(&mut entry, &take("a", 1, 1)), Outcome::Done);
        assert_eq!(marks.apply(&mut entry, &take("b", 1, 1)), Outcome::Short);
        assert_eq!(entry.available_quantity, 0);
        marks.apply(&mut entry, &give("a"));
        assert_eq!(marks.apply(&mut entry, &take("b", 1, 1)), Outcome::Done);
    }

    #[test]
    fn what_is_only_tracked_or_comes_again_may_go_below_zero() {
        let (mut tracked, mut marks) = (entry(1), Marks::default());
        assert_eq!(marks.apply(&mut tracked, &take("a", 0, 3)), Outcome::Done);
        assert_eq!(tracked.available_quantity, -2);
        let mut restocked = InventoryEntry { restockable_in_days: Some(0), ..entry(0) };
        assert_eq!(marks.apply(&mut restocked, &take("b", 1, 1)), Outcome::Done);
        assert_eq!(restocked.available_quantity, -1);
    }

    #[test]
    fn an_order_that_was_given_up_takes_nothing_later() {
        let (mut entry, mut marks) = (entry(5), Marks::default());
        marks.apply(&mut entry, &give("late"));
        assert_eq!(marks.apply(&mut entry, &take("late", 1, 1)), Outcome::Refused);
        assert_eq!(entry.available_quantity, 5);
        marks.tidy(at(59));
        assert_eq!(marks.due(), Some(at(60)));
        marks.tidy(at(60));
        assert_eq!(marks, Marks::default(), "nothing is left after the deadline");
    }

    #[test]
    fn a_quantity_never_wraps_around() {
        let (mut entry, mut marks) = (entry(i64::MIN + 1), Marks::default());
        assert_eq!(marks.apply(&mut entry, &take("a", 0, 2)), Outcome::Short);
        assert_eq!(entry.quantity_on_stock, i64::MIN + 1);
    }

    #[test]
    fn marks_survive_being_stored() {
        let (mut entry, mut marks) = (entry(5), Marks::default());
        marks.apply(&mut entry, &take("a", 2, 2));
        marks.apply(&mut entry, &give("b"));
        let text = serde_json::to_string(&marks).unwrap();
        assert_eq!(serde_json::from_str::<Marks>(&text).unwrap(), marks);
    }
}

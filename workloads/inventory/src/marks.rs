//! Marks: what orders took from an entry, so that it can be given back exactly once, and what is kept for carts.
//!
//! Pure. Taking lowers the entry's quantities at once; the mark that it leaves says how much to give
//! back. A confirmed order's mark is dropped. An order that is given up leaves a mark of its own, which
//! refuses a late taking until the deadline. So the marks of an entry are those of the orders that are
//! being made, and few.
//!
//! Units that are kept for a line of a cart stay in stock, but are not available. An order of the cart takes them with
//! the rest of what it takes; they are kept again if it is given up.

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
    /// What is kept, by line of a cart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<Id, Kept>,
    /// What was kept and an order took, by order and line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    redeemed: BTreeMap<Id, BTreeMap<Id, Kept>>,
}

/// Units that are kept for a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept {
    /// The line's cart.
    pub(crate) cart: Id,
    pub(crate) units: i64,
    /// When they are given back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires: Option<Timestamp>,
    /// When to ask whether the cart still wants them.
    pub(crate) ask: Timestamp,
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
        /// The lines for which units may be kept.
        lines: Vec<Id>,
    },
    /// Keeps this many units for a line.
    Keep {
        /// The line.
        line: Id,
        /// Its cart.
        cart: Id,
        /// How many from now on.
        units: i64,
        /// For how long, where the entry does not say; `None` without end.
        minutes: Option<i64>,
        /// Whether that time begins anew where the units stay the same.
        renew: bool,
        /// The time.
        now: Timestamp,
    },
    /// The cart still wants the units of the line: ask again then.
    Ask(Id, Timestamp),
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
    /// So many units are kept for the line.
    Keeps(i64),
}

/// How long after a change of what is kept the cart is asked about it: by then it was written, or never will be.
const ASK_MS: i64 = 60_000;

impl Marks {
    /// Applies one operation to the entry and its marks. Repeating it changes nothing.
    pub(crate) fn apply(&mut self, entry: &mut InventoryEntry, op: &Op) -> Outcome {
        match op {
            Op::Take { order, firm, total, until, lines } => {
                if self.taken.contains_key(order) {
                    return Outcome::Done;
                }
                if self.refused.contains_key(order) {
                    return Outcome::Refused;
                }
                let kept = lines.iter().filter_map(|line| self.kept.get(line)).map(|kept| kept.units);
                // What is kept is there, whatever became of the rest.
                let firm = firm.saturating_sub(kept.sum::<i64>());
                let short =
                    firm > 0 && entry.available_quantity < firm && entry.restockable_in_days.is_none();
                if short || !shift(entry, total.checked_neg()) {
                    return Outcome::Short;
                }
                let redeemed: BTreeMap<Id, Kept> =
                    lines.iter().filter_map(|line| self.kept.remove_entry(line)).collect();
                if !redeemed.is_empty() {
                    entry.available_quantity += redeemed.values().map(|kept| kept.units).sum::<i64>();
                    self.redeemed.insert(order.clone(), redeemed);
                }
                self.taken.insert(order.clone(), (*total, *until));
            }
            Op::Keep { line, cart, units, minutes, renew, now } => {
                return self.keep(entry, (line, cart), *units, (*minutes, *renew), *now);
            }
            Op::Ask(line, at) => {
                if let Some(kept) = self.kept.get_mut(line) {
                    kept.ask = *at;
                }
            }
            Op::Give { order, refuse_until } => {
                if let Some((units, _)) = self.taken.remove(order) {
                    shift(entry, Some(units));
                    for (line, kept) in self.redeemed.remove(order).unwrap_or_default() {
                        entry.available_quantity = entry.available_quantity.saturating_sub(kept.units);
                        self.kept.insert(line, kept);
                    }
                }
                if let Some(until) = refuse_until {
                    self.refused.insert(order.clone(), *until);
                }
            }
            Op::Confirm(order) => {
                self.taken.remove(order);
                self.redeemed.remove(order);
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

    fn keep(
        &mut self,
        entry: &mut InventoryEntry,
        (line, cart): (&Id, &Id),
        units: i64,
        (minutes, renew): (Option<i64>, bool),
        now: Timestamp,
    ) -> Outcome {
        let had = self.kept.get(line).map_or(0, |kept| kept.units);
        let more = units.saturating_sub(had);
        if units < 0 || (more > 0 && entry.available_quantity < more) {
            return Outcome::Keeps(had);
        }
        entry.available_quantity = entry.available_quantity.saturating_sub(more);
        if units == 0 {
            self.kept.remove(line);
        } else if more != 0 || renew {
            let minutes = minutes.map(|minutes| entry.reservation_expiration_in_minutes.unwrap_or(minutes));
            let expires = minutes.map(|minutes| now.plus_minutes(minutes));
            let kept = Kept { cart: cart.clone(), units, expires, ask: now.plus_millis(ASK_MS) };
            self.kept.insert(line.clone(), kept);
        }
        Outcome::Keeps(units)
    }

    /// What is kept and must be looked at by now.
    pub(crate) fn doubtful(&self, now: Timestamp) -> Vec<(Id, Kept)> {
        let due = |kept: &Kept| kept.next() <= now;
        self.kept
            .iter()
            .filter(|(_, kept)| due(kept))
            .map(|(line, kept)| (line.clone(), kept.clone()))
            .collect()
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
        let orders = self.taken.values().map(|(_, until)| *until).chain(self.refused.values().copied());
        orders.chain(self.kept.values().map(Kept::next)).min()
    }
}

impl Kept {
    /// When to look at it.
    fn next(&self) -> Timestamp {
        self.expires.map_or(self.ask, |expires| expires.min(self.ask))
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
        Op::Take { order: order(name), firm, total, until: at(60), lines: vec![order("line")] }
    }

    fn keep(line: &str, units: i64, minutes: Option<i64>) -> Op {
        Op::Keep { line: order(line), cart: order("cart"), units, minutes, renew: false, now: at(0) }
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
    fn what_is_kept_is_in_stock_but_not_available() {
        let (mut entry, mut marks) = (entry(5), Marks::default());
        assert_eq!(marks.apply(&mut entry, &keep("line", 3, None)), Outcome::Keeps(3));
        assert_eq!((entry.quantity_on_stock, entry.available_quantity), (5, 2));
        assert_eq!(marks.apply(&mut entry, &keep("other", 3, None)), Outcome::Keeps(0), "too few are left");
        assert_eq!(
            marks.apply(&mut entry, &keep("line", 6, None)),
            Outcome::Keeps(3),
            "it keeps what it had"
        );
        assert_eq!(marks.apply(&mut entry, &keep("line", 5, None)), Outcome::Keeps(5));
        assert_eq!(marks.apply(&mut entry, &take("a", 1, 1)), Outcome::Done, "the line's own order");
        let mut marks = Marks::default();
        entry.available_quantity = 5;
        marks.apply(&mut entry, &keep("line", 4, None));
        assert_eq!(marks.apply(&mut entry, &keep("line", 0, None)), Outcome::Keeps(0));
        assert_eq!((entry.available_quantity, marks), (5, Marks::default()));
    }

    #[test]
    fn an_order_takes_what_is_kept_and_gives_it_back_to_the_line() {
        let (mut entry, mut marks) = (entry(3), Marks::default());
        marks.apply(&mut entry, &keep("line", 3, None));
        // The merchant takes stock away; what is kept can still be ordered.
        shift(&mut entry, Some(-2));
        let before = (entry.clone(), marks.clone());
        assert_eq!(marks.apply(&mut entry, &take("a", 3, 3)), Outcome::Done);
        assert_eq!((entry.quantity_on_stock, entry.available_quantity), (-2, -2));
        marks.apply(&mut entry, &Op::Give { order: order("a"), refuse_until: None });
        assert_eq!((entry.clone(), marks.clone()), before);
        marks.apply(&mut entry, &take("a", 3, 3));
        marks.apply(&mut entry, &Op::Confirm(order("a")));
        assert_eq!((entry.available_quantity, marks), (-2, Marks::default()));
    }

    #[test]
    fn what_is_kept_is_looked_at_soon_and_when_it_expires() {
        let (mut entry, mut marks) = (entry(3), Marks::default());
        marks.apply(&mut entry, &keep("line", 1, Some(2)));
        marks.apply(&mut entry, &keep("other", 1, None));
        assert_eq!(marks.due(), Some(at(60)));
        marks.apply(&mut entry, &Op::Ask(order("line"), at(9_000)));
        marks.apply(&mut entry, &Op::Ask(order("other"), at(9_000)));
        assert_eq!(marks.due(), Some(at(120)), "when the units of the line expire");
        let doubtful: Vec<Id> = marks.doubtful(at(120)).into_iter().map(|(line, _)| line).collect();
        assert_eq!(doubtful, [order("line")]);
        entry.reservation_expiration_in_minutes = Some(1);
        marks.apply(&mut entry, &keep("line", 2, Some(2)));
        assert_eq!(marks.doubtful(at(60)).len(), 1, "the entry's own time counts");
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

//! What others ask of the inventory service: stock for orders.
//!
//! Every call names the order and is idempotent by it. A reservation takes the units off the entry at
//! once and leaves a mark by which they can be given back; confirming drops the mark. A mark that
//! nobody confirmed or released is resolved by asking the order service after its deadline.

use crate::cart::InventoryMode;
use crate::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /reserve`: takes stock for every line of an order, or for none. Answers `null`, also when the
/// order's stock was taken before; the error `OutOfStock` names the lines and SKUs that are short.
/// Refused with 409 after the deadline and after a release of the same order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserve {
    /// The order.
    pub order_id: Id,
    /// Until then the order is decided; a later call is refused.
    pub deadline: Timestamp,
    /// The lines; those of mode `None` are left out.
    pub lines: Vec<StockLine>,
}

/// `POST /hold`: keeps units for lines of a cart (inventory mode `ReserveOnCart`) until they are released, ordered or
/// expired. Answers `Vec<i64>`: the units that are kept for each line from now on. It says how many shall be kept, not
/// how many more, so it may be repeated. A line that cannot get more keeps what it had.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The cart.
    pub cart_id: Id,
    /// How long units are kept, where the entry does not say.
    pub minutes: i64,
    /// Whether they are given back when that time is over.
    pub expires: bool,
    /// Whether the time begins anew where the units stay the same.
    pub renew: bool,
    /// The lines.
    pub lines: Vec<HeldLine>,
}

/// Units of a SKU that are kept for a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldLine {
    /// The line.
    pub line_item_id: Id,
    /// Which entry.
    #[serde(flatten)]
    pub entry: EntryName,
    /// Units; 0 gives all back.
    pub quantity: i64,
}

/// Units of a SKU that an order needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockLine {
    /// Named in the error.
    pub line_item_id: Id,
    /// Which entry.
    #[serde(flatten)]
    pub entry: EntryName,
    /// Units.
    pub quantity: i64,
    /// What a shortage means (contract §7).
    pub mode: InventoryMode,
}

/// What an inventory entry is found by: its SKU and supply channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryName {
    /// The SKU.
    pub sku: String,
    /// The id of the supply channel; without one the entry without a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_channel: Option<Id>,
}

impl EntryName {
    /// The name of the claim by which entries are unique and found.
    pub const CLAIM: &'static str = "skuChannel";

    /// The value of the claim: `sku/` or `sku/channelId`. Ids hold no slash, so it is unambiguous.
    #[must_use]
    pub fn claim(&self) -> String {
        format!("{}/{}", self.sku, self.supply_channel.as_ref().map_or("", Id::as_str))
    }
}

/// `POST /release`: gives back what an order had taken. Where it had taken nothing, a mark refuses a
/// late reservation until the deadline. Answers `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The order.
    pub order_id: Id,
    /// The saga's deadline.
    pub deadline: Timestamp,
    /// Where it may have taken something.
    pub entries: Vec<EntryName>,
}

/// `POST /confirm`: the orders stand, their stock is gone for good. Answers `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirm {
    /// The orders.
    pub orders: Vec<ConfirmedOrder>,
    /// `false`: the marks go with the next write of their entries, which costs no write of its own;
    /// should that be forgotten in a crash, the inventory asks for the order later. `true`: before the
    /// answer, because the order is about to be deleted.
    #[serde(default)]
    pub at_once: bool,
}

/// An order that stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedOrder {
    /// The order.
    pub order_id: Id,
    /// Where it took something.
    pub entries: Vec<EntryName>,
}

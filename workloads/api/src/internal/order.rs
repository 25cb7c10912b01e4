//! What others ask of the order service.

use crate::{Id, Reference};
use serde::{Deserialize, Serialize};

/// `POST /outcomes`: what became of orders. Answers a list of [`Outcome`] in the same order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// The orders; at most 1,000.
    pub order_ids: Vec<Id>,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It stands.
    Confirmed,
    /// It is being made, or being undone.
    Pending,
    /// There is no such order and never will be.
    Gone,
}

/// `POST /verify`: folds an order's events again and compares. Answers [`Verified`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    /// The order.
    pub order_id: Id,
}

/// Whether an order's events give the state that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// They do.
    pub same: bool,
    /// How many events there are.
    pub events: usize,
}

/// `POST /adopt`: a guest becomes a customer; the orders of the guest's session become the customer's. Answers
/// `null`, and may be repeated.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptOrders {
    /// The customer, who need not be visible yet.
    pub customer_id: Id,
    /// The customer's group.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_group: Option<Reference>,
    /// The anonymous session.
    pub anonymous_id: String,
}

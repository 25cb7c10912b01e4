//! What others ask of the cart service.
//!
//! The steps of a checkout ([`PrepareCart`], [`OrderCart`], [`ReleaseCart`], [`ConfirmCart`]) name the order
//! and are idempotent by it. Every other call here may be repeated as well.

use crate::cart::CartMergeMode;
use crate::{Id, Reference, ResourceIdentifier, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /prepare`: works the cart out anew and checks that it can be ordered as it stands. Answers the
/// cart (`Stored<Cart>`), and changes nothing.
///
/// Errors: 409 of the version; `InvalidOperation` (ordered or merged, empty, no shipping address, a
/// variant that is gone, a missing external tax rate); `PriceChanged` with `lineItems` and `shipping`;
/// `ShippingMethodDoesNotMatchCart`; `InvalidItemShippingDetails`; `MatchingPriceNotFound`;
/// `MissingTaxRateForCountry`; `ReferencedResourceNotFound` for a cart that is not there, and 404 where only the
/// caller's own carts, or those of the caller's store, are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrepareCart {
    /// The cart.
    pub cart_id: Id,
    /// The version that the client knows.
    pub version: i64,
    /// The order that is being made.
    pub order_id: Id,
    /// Until then the order is decided.
    pub deadline: Timestamp,
    /// Only a cart of the caller's own is there.
    #[serde(default)]
    pub own: bool,
}

/// `POST /order`: marks the cart as ordered, under the version that was prepared. Answers the cart, also
/// when the same order marked it before.
///
/// Errors: 409 of the version, or after a release by the same order, or after the deadline;
/// `InvalidOperation` if another order has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCart {
    /// The cart.
    pub cart_id: Id,
    /// The version that [`PrepareCart`] named.
    pub version: i64,
    /// The order.
    pub order_id: Id,
    /// A later call is refused.
    pub deadline: Timestamp,
}

/// `POST /release`: gives a cart back that an order marked. If it did not, a tombstone refuses a late
/// [`OrderCart`] until the deadline. Answers `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseCart {
    /// The cart.
    pub cart_id: Id,
    /// The order.
    pub order_id: Id,
    /// The saga's deadline.
    pub deadline: Timestamp,
}

/// `POST /confirm`: the order stands. Answers `null`. Nothing depends on it but tidiness: a cart that an
/// order marked stays ordered until that order releases it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmCart {
    /// The cart.
    pub cart_id: Id,
    /// The order.
    pub order_id: Id,
}

/// `POST /adopt`: somebody signs up or in. A guest's cart becomes the customer's or goes into it (contract §5), the
/// session's other carts become the customer's too, and the active cart is worked out anew, without the lines that
/// are not valid any more. Answers the customer's active cart, or `null`.
///
/// The customer need not exist yet: a sign-up calls this first and makes no customer if it fails.
///
/// Errors: `ReferencedResourceNotFound` (no such cart), `InvalidOperation` (cart and id do not agree, or the
/// cart is a customer's), `MatchingPriceNotFound`, `MissingTaxRateForCountry`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptCart {
    /// The customer.
    pub customer_id: Id,
    /// The customer's e-mail; becomes the cart's unless it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// The customer's group.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_group: Option<Reference>,
    /// All groups that are assigned to the customer.
    #[serde(default)]
    pub customer_group_assignments: Vec<Id>,
    /// The anonymous session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anonymous_id: Option<String>,
    /// The cart, by id or key. Without it, the session's most recently modified active cart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anonymous_cart: Option<ResourceIdentifier>,
    /// What becomes of the guest's cart.
    #[serde(default)]
    pub mode: CartMergeMode,
    /// Refresh names and variants of the lines too.
    #[serde(default)]
    pub update_product_data: bool,
}

/// `POST /held`: for which of these lines the cart still wants units kept. Answers `Vec<bool>`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldLines {
    /// The cart.
    pub cart_id: Id,
    /// Its line items.
    pub line_item_ids: Vec<Id>,
}

/// `POST /reprice`: the customer's groups changed; works the active carts out anew. Answers `null`.
///
/// `POST /check-reprice`: whether that can be done with the most recently modified of them; nothing is changed.
/// Errors: `MatchingPriceNotFound`, `MissingTaxRateForCountry`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepriceCarts {
    /// The customer.
    pub customer_id: Id,
    /// The group now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_group: Option<Reference>,
    /// All assigned groups now.
    #[serde(default)]
    pub customer_group_assignments: Vec<Id>,
}

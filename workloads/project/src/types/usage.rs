//! Where custom fields of a type may stand: what is asked before the type is deleted.

use crate::references::quoted;
use api::Kind;

/// The kinds, and for each the predicate, by which resources use the type with this id for a resource type
/// id of [`super::RESOURCE_TYPE_IDS`]. What is not built has no places.
pub(super) fn places(resource_type_id: &str, id: &str) -> Vec<(Kind, String)> {
    let used = format!("custom(type(id = {}))", quoted(id));
    let inside = |field: &str| format!("{field}({used})");
    let in_variants = |list: &str| {
        let variant = format!("{list}({used})");
        let data = format!("masterVariant({variant}) or variants({variant})");
        format!("masterData(current({data}) or staged({data}))")
    };
    match resource_type_id {
        "category" => vec![(Kind::Category, used)],
        "channel" => vec![(Kind::Channel, used)],
        "store" => vec![(Kind::Store, used)],
        "customer" => vec![(Kind::Customer, used)],
        "customer-group" => vec![(Kind::CustomerGroup, used)],
        "inventory-entry" => vec![(Kind::InventoryEntry, used)],
        "review" => vec![(Kind::Review, used)],
        "shipping-method" => vec![(Kind::ShippingMethod, used)],
        "order" => vec![(Kind::Cart, used.clone()), (Kind::Order, used)],
        "line-item" => vec![(Kind::Cart, inside("lineItems")), (Kind::Order, inside("lineItems"))],
        "custom-line-item" => {
            vec![(Kind::Cart, inside("customLineItems")), (Kind::Order, inside("customLineItems"))]
        }
        "address" => {
            let of_order = format!("{} or {}", inside("shippingAddress"), inside("billingAddress"));
            vec![
                (Kind::Channel, inside("address")),
                (Kind::Customer, inside("addresses")),
                (Kind::Cart, of_order.clone()),
                (Kind::Order, of_order),
            ]
        }
        "asset" => vec![(Kind::Category, inside("assets")), (Kind::Product, in_variants("assets"))],
        "product-price" => vec![(Kind::Product, in_variants("prices"))],
        _ => Vec::new(),
    }
}

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
            let of_cart =
                ["shippingAddress", "billingAddress", "itemShippingAddresses"].map(inside).join(" or ");
            let of_cart = format!("{of_cart} or shipping({})", inside("shippingAddress"));
            let of_order = format!("{of_cart} or {}", shipped(&format!("deliveries({})", inside("address"))));
            vec![
                (Kind::Channel, inside("address")),
                (Kind::Customer, inside("addresses")),
                (Kind::Cart, of_cart),
                (Kind::Order, of_order),
            ]
        }
        "shipping" => {
            let used = format!("shippingCustomFields(type(id = {}))", quoted(id));
            let used = format!("{used} or shipping({used})");
            vec![(Kind::Cart, used.clone()), (Kind::Order, used)]
        }
        "order-delivery" => vec![(Kind::Order, shipped(&inside("deliveries")))],
        "order-parcel" => vec![(Kind::Order, shipped(&format!("deliveries({})", inside("parcels"))))],
        "order-return-item" => vec![(Kind::Order, format!("returnInfo({})", inside("items")))],
        "asset" => vec![(Kind::Category, inside("assets")), (Kind::Product, in_variants("assets"))],
        "product-price" => vec![(Kind::Product, in_variants("prices"))],
        _ => Vec::new(),
    }
}

/// What holds for the only shipping method, or for one of several.
fn shipped(inner: &str) -> String {
    format!("shippingInfo({inner}) or shipping(shippingInfo({inner}))")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::RESOURCE_TYPE_IDS;
    use kit::resource::model_of_body;
    use predicate::Model;
    use std::collections::HashMap;

    fn model(kind: Kind) -> Model {
        match kind {
            Kind::Category => model_of_body::<api::category::Category>(),
            Kind::Channel => model_of_body::<api::channel::Channel>(),
            Kind::Store => model_of_body::<api::store::Store>(),
            Kind::Customer => model_of_body::<api::customer::Customer>(),
            Kind::CustomerGroup => model_of_body::<api::customer_group::CustomerGroup>(),
            Kind::InventoryEntry => model_of_body::<api::inventory::InventoryEntry>(),
            Kind::Review => model_of_body::<api::review::Review>(),
            Kind::ShippingMethod => model_of_body::<api::shipping_method::ShippingMethod>(),
            Kind::Cart => model_of_body::<api::cart::Cart>(),
            Kind::Order => model_of_body::<api::order::Order>(),
            Kind::Product => model_of_body::<api::product::Product>(),
            other => panic!("{other} is not known to have custom fields"),
        }
    }

    #[test]
    fn all_places_are_fields_of_their_resources() {
        for (kind, predicate) in RESOURCE_TYPE_IDS.iter().flat_map(|id| places(id, "t1")) {
            let mut bound = predicate::parse(&predicate).unwrap().bind(&HashMap::new()).unwrap();
            bound.check(&model(kind)).unwrap_or_else(|error| panic!("{kind}: {predicate}: {error}"));
        }
    }
}

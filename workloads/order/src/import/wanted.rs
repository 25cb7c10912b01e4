//! All that an imported order names is asked for at once.

use super::lines::{initial_state, product_of};
use api::order::{ItemStateDraft, OrderImportDraft};
use api::{AddressDraft, CustomFieldsDraft, Kind, PriceDraft, ResourceIdentifier};
use kit::resource::{Context, Lookup, LookupBy};

pub(super) fn want(draft: &OrderImportDraft, cx: &Context<'_>) {
    let wants = Wants(cx);
    wants.0.want(initial_state());
    for (kind, identifier) in [
        (Kind::Store, &draft.store),
        (Kind::CustomerGroup, &draft.customer_group),
        (Kind::State, &draft.state),
    ] {
        wants.identifier(kind, identifier.as_ref());
    }
    if let Some(id) = &draft.customer_id {
        cx.want(Lookup::new(Kind::Customer, LookupBy::Id(id.clone())));
    }
    wants.custom(draft.custom.as_ref());
    let addresses = draft.shipping_address.iter().chain(&draft.billing_address);
    addresses.chain(&draft.item_shipping_addresses).for_each(|address| wants.address(address));
    for line in &draft.line_items {
        product_of(line).into_iter().for_each(|product| cx.want(product));
        wants.identifier(Kind::Channel, line.distribution_channel.as_ref());
        wants.identifier(Kind::Channel, line.supply_channel.as_ref());
        wants.custom(line.custom.as_ref());
        wants.states(line.state.as_deref());
        wants.price(&line.price);
        line.variant.prices.iter().flatten().for_each(|price| wants.price(price));
    }
    for line in &draft.custom_line_items {
        wants.identifier(Kind::TaxCategory, line.tax_category.as_ref());
        wants.custom(line.custom.as_ref());
        wants.states(line.state.as_deref());
    }
    if let Some(info) = &draft.shipping_info {
        wants.identifier(Kind::TaxCategory, info.tax_category.as_ref());
        wants.identifier(Kind::ShippingMethod, info.shipping_method.as_ref());
        for delivery in &info.deliveries {
            wants.custom(delivery.custom.as_ref());
            delivery.address.iter().for_each(|address| wants.address(address));
            delivery.parcels.iter().for_each(|parcel| wants.custom(parcel.custom.as_ref()));
        }
    }
}

struct Wants<'a, 'cx>(&'a Context<'cx>);

impl Wants<'_, '_> {
    fn identifier(&self, kind: Kind, identifier: Option<&ResourceIdentifier>) {
        if let Some(identifier) = identifier {
            self.0.want(Context::lookup_of(kind, identifier));
        }
    }

    fn custom(&self, custom: Option<&CustomFieldsDraft>) {
        self.identifier(Kind::Type, custom.map(|custom| &custom.type_ref));
    }

    fn address(&self, address: &AddressDraft) {
        self.custom(address.custom.as_ref());
    }

    fn states(&self, states: Option<&[ItemStateDraft]>) {
        states.into_iter().flatten().for_each(|held| self.identifier(Kind::State, Some(&held.state)));
    }

    fn price(&self, price: &PriceDraft) {
        self.identifier(Kind::CustomerGroup, price.customer_group.as_ref());
        self.identifier(Kind::Channel, price.channel.as_ref());
        self.custom(price.custom.as_ref());
    }
}

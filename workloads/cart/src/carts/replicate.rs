//! `replicate`: a new active cart with what a cart or an order holds, at the prices of now.

use super::Carts;
use api::cart::{
    CartDraft, CartOrigin, CartReplicateDraft, CustomLineItem, CustomLineItemDraft, CustomShippingDraft,
    ExternalTotalPrice, InventoryMode, ItemShippingDetails, ItemShippingDetailsDraft, LineItem,
    LineItemDraft, LineItemMode, LineItemPriceMode, MethodExternalTaxRateDraft, NewCustomShipping,
    NewShipping, Shipping, ShippingDraft, ShippingMode, ShippingRateInput, ShippingRateInputDraft,
    TaxCalculationMode, TaxMode,
};
use api::shipping_method::ShippingRateDraft;
use api::tax_category::{ExternalTaxRateDraft, TaxRate};
use api::{
    Address, AddressDraft, ApiError, CountryCode, CustomFields, CustomFieldsDraft, Id, KeyReference, Kind,
    Locale, Reference, ResourceIdentifier, Result, RoundingMode, TypedMoney, TypedMoneyDraft,
};
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Facts, Lookup, LookupBy, Lookups, Owner, Snapshot, Stop};
use serde::Deserialize;

/// What carts and orders have in common.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    customer_id: Option<Id>,
    customer_email: Option<String>,
    customer_group: Option<Reference>,
    anonymous_id: Option<String>,
    store: Option<KeyReference>,
    #[serde(default)]
    line_items: Vec<LineItem>,
    #[serde(default)]
    custom_line_items: Vec<CustomLineItem>,
    total_price: TypedMoney,
    #[serde(default)]
    tax_mode: TaxMode,
    tax_rounding_mode: Option<RoundingMode>,
    price_rounding_mode: Option<RoundingMode>,
    tax_calculation_mode: Option<TaxCalculationMode>,
    inventory_mode: Option<InventoryMode>,
    billing_address: Option<Address>,
    shipping_address: Option<Address>,
    #[serde(default)]
    item_shipping_addresses: Vec<Address>,
    shipping_mode: Option<ShippingMode>,
    shipping_info: Option<SourceShipping>,
    shipping_rate_input: Option<ShippingRateInput>,
    #[serde(default)]
    shipping: Vec<Shipping>,
    country: Option<CountryCode>,
    locale: Option<Locale>,
    origin: Option<CartOrigin>,
    custom: Option<CustomFields>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceShipping {
    shipping_method: Option<Reference>,
    tax_rate: Option<TaxRate>,
}

/// Makes the new cart.
pub(crate) async fn replicate(
    carts: &Collection<Carts>,
    lookups: &Lookups,
    request: &RequestInfo,
    access: &Access,
    draft: CartReplicateDraft,
) -> Result<Snapshot> {
    let Reference { type_id: kind, id } = &draft.reference;
    if !matches!(kind, Kind::Cart | Kind::Order) {
        return Err(ApiError::invalid_json(format!(
            "reference.typeId: expected 'cart' or 'order', but found '{kind}'"
        )));
    }
    let mut facts = Facts::default();
    lookups.fetch(request, vec![Lookup::new(*kind, LookupBy::Id(id.clone()))], &mut facts).await?;
    let now = carts.deps.clock.now();
    let cx = Context::new(now, SystemClock.new_id(now), request, &SystemClock, &facts);
    let found = cx.by_id::<Source>(*kind, id).map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Missing => ApiError::general(),
    })?;
    let source = found.filter(|source| shows(access, source));
    let source = source.ok_or_else(|| ApiError::referenced_not_found(kind.type_id(), ("id", id.as_str())))?;
    let new = CartDraft { key: draft.key, ..draft_of(&source.body)? };
    carts.create(request, &new).await
}

fn shows(access: &Access, source: &Source) -> bool {
    let is_of_owner = match &access.owner {
        None => true,
        Some(Owner::Customer(id)) => source.customer_id.as_ref() == Some(id),
        Some(Owner::Anonymous(id)) => source.anonymous_id.as_ref() == Some(id),
    };
    let in_store =
        access.store.as_ref().is_none_or(|key| source.store.as_ref().is_some_and(|held| held.key == *key));
    is_of_owner && in_store
}

fn draft_of(source: &Source) -> Result<CartDraft> {
    let external = source.tax_mode == TaxMode::External;
    let customer = source.customer_id.is_some();
    let group = source.customer_group.as_ref().filter(|_| !customer);
    let shipping = source.shipping_info.as_ref();
    let several = source.shipping.iter();
    Ok(CartDraft {
        customer_id: source.customer_id.clone(),
        customer_email: source.customer_email.clone(),
        customer_group: group.map(named),
        anonymous_id: source.anonymous_id.clone().filter(|_| !customer),
        store: source.store.as_ref().map(|store| ResourceIdentifier::by_key(Kind::Store, &store.key)),
        line_items: source
            .line_items
            .iter()
            .filter(|line| line.line_item_mode == LineItemMode::Standard)
            .map(|line| line_draft(line, external))
            .collect(),
        custom_line_items: source
            .custom_line_items
            .iter()
            .map(|line| custom_line_draft(line, external))
            .collect(),
        tax_mode: Some(source.tax_mode),
        external_tax_rate_for_shipping_method: shipping
            .and_then(|info| info.tax_rate.as_ref())
            .filter(|_| external)
            .map(rate_draft),
        price_rounding_mode: source.price_rounding_mode,
        tax_rounding_mode: source.tax_rounding_mode,
        tax_calculation_mode: source.tax_calculation_mode,
        inventory_mode: source.inventory_mode,
        billing_address: source.billing_address.as_ref().map(address_draft).transpose()?,
        shipping_address: source.shipping_address.as_ref().map(address_draft).transpose()?,
        shipping_method: shipping.and_then(|info| info.shipping_method.as_ref()).map(named),
        shipping_rate_input: source.shipping_rate_input.as_ref().map(input_draft),
        shipping_mode: source.shipping_mode,
        shipping: several
            .clone()
            .filter_map(|one| shipping_draft(one, external).transpose())
            .collect::<Result<_>>()?,
        custom_shipping: several
            .filter(|one| one.shipping_info.shipping_method.is_none())
            .map(|one| custom_shipping_draft(one, external))
            .collect::<Result<_>>()?,
        item_shipping_addresses: source
            .item_shipping_addresses
            .iter()
            .map(address_draft)
            .collect::<Result<_>>()?,
        country: source.country,
        locale: source.locale.clone(),
        origin: source.origin,
        custom: source.custom.as_ref().map(custom_draft),
        leave_out_invalid: true,
        ..CartDraft::new(source.total_price.currency_code)
    })
}

/// One of several shipping methods, if it is one of the platform's.
fn shipping_draft(one: &Shipping, external: bool) -> Result<Option<ShippingDraft>> {
    let Some(method) = &one.shipping_info.shipping_method else { return Ok(None) };
    let new = NewShipping {
        shipping_method: named(method),
        shipping_address: address_draft(&one.shipping_address)?,
        shipping_rate_input: one.shipping_rate_input.as_ref().map(input_draft),
        external_tax_rate: one.shipping_info.tax_rate.as_ref().filter(|_| external).map(rate_draft),
        custom: one.shipping_custom_fields.as_ref().map(custom_draft),
    };
    Ok(Some(ShippingDraft { key: one.shipping_key.clone(), new }))
}

fn custom_shipping_draft(one: &Shipping, external: bool) -> Result<CustomShippingDraft> {
    let info = &one.shipping_info;
    let rate = &info.shipping_rate;
    let new = NewCustomShipping {
        shipping_method_name: info.shipping_method_name.clone(),
        shipping_address: address_draft(&one.shipping_address)?,
        shipping_rate: ShippingRateDraft {
            price: rate.price.money(),
            free_above: rate.free_above.map(|money| money.money()),
            tiers: rate.tiers.clone(),
        },
        shipping_rate_input: one.shipping_rate_input.as_ref().map(input_draft),
        tax_category: info.tax_category.as_ref().map(named),
        external_tax_rate: info.tax_rate.as_ref().filter(|_| external).map(rate_draft),
        custom: one.shipping_custom_fields.as_ref().map(custom_draft),
    };
    Ok(CustomShippingDraft { key: one.shipping_key.clone(), new })
}

fn input_draft(input: &ShippingRateInput) -> ShippingRateInputDraft {
    match input {
        ShippingRateInput::Classification { key, .. } => {
            ShippingRateInputDraft::Classification { key: key.clone() }
        }
        ShippingRateInput::Score { score } => ShippingRateInputDraft::Score { score: *score },
    }
}

fn line_draft(line: &LineItem, external: bool) -> LineItemDraft {
    let given = |mode| line.price_mode == mode;
    LineItemDraft {
        key: line.key.clone(),
        product_id: Some(line.product_id.clone()),
        variant_id: Some(line.variant.id),
        sku: None,
        quantity: Some(line.quantity),
        added_at: None,
        distribution_channel: line.distribution_channel.as_ref().map(named),
        supply_channel: line.supply_channel.as_ref().map(named),
        external_price: given(LineItemPriceMode::ExternalPrice).then(|| money_draft(line.price.value)),
        external_total_price: given(LineItemPriceMode::ExternalTotal).then(|| ExternalTotalPrice {
            price: money_draft(line.price.value),
            total_price: line.total_price.money(),
        }),
        external_tax_rate: line.tax_rate.as_ref().filter(|_| external).map(rate_draft),
        per_method_external_tax_rate: line
            .per_method_tax_rate
            .iter()
            .filter(|_| external)
            .map(|held| MethodExternalTaxRateDraft {
                shipping_method_key: held.shipping_method_key.clone(),
                tax_rate: held.tax_rate.as_ref().map(rate_draft),
            })
            .collect(),
        inventory_mode: line.inventory_mode,
        shipping_details: line.shipping_details.as_ref().map(details_draft),
        custom: line.custom.as_ref().map(custom_draft),
    }
}

fn custom_line_draft(line: &CustomLineItem, external: bool) -> CustomLineItemDraft {
    CustomLineItemDraft {
        name: line.name.clone(),
        key: line.key.clone(),
        quantity: Some(line.quantity),
        money: money_draft(line.money),
        slug: line.slug.clone(),
        tax_category: line.tax_category.as_ref().map(named),
        external_tax_rate: line.tax_rate.as_ref().filter(|_| external).map(rate_draft),
        custom: line.custom.as_ref().map(custom_draft),
        shipping_details: line.shipping_details.as_ref().map(details_draft),
        price_mode: line.price_mode,
    }
}

fn named(reference: &Reference) -> ResourceIdentifier {
    ResourceIdentifier::by_id(reference.type_id, reference.id.clone())
}

fn money_draft(money: TypedMoney) -> TypedMoneyDraft {
    TypedMoneyDraft {
        precision: Some(money.precision),
        currency_code: money.currency_code,
        cent_amount: Some(money.cent_amount),
        precise_amount: money.precise_amount,
        fraction_digits: Some(money.fraction_digits),
    }
}

fn rate_draft(rate: &TaxRate) -> ExternalTaxRateDraft {
    ExternalTaxRateDraft {
        name: rate.name.clone(),
        amount: Some(rate.amount),
        included_in_price: rate.included_in_price,
        country: rate.country,
        state: rate.state.clone(),
        sub_rates: rate.sub_rates.clone(),
    }
}

fn details_draft(details: &ItemShippingDetails) -> ItemShippingDetailsDraft {
    ItemShippingDetailsDraft { targets: details.targets.clone() }
}

fn custom_draft(custom: &CustomFields) -> CustomFieldsDraft {
    CustomFieldsDraft { type_ref: named(&custom.type_ref), fields: custom.fields.clone() }
}

/// Both have the same fields; only the reference to the Type of custom fields is written differently.
fn address_draft(address: &Address) -> Result<AddressDraft> {
    let internal = |error: serde_json::Error| kit::peers::internal(&error);
    serde_json::from_value(serde_json::to_value(address).map_err(internal)?).map_err(internal)
}

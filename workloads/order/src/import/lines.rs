//! The lines of an imported order: variants that exist, at the prices of the draft.

use super::{in_currency, taxed};
use api::cart::{CustomLineItem, ItemState, LineItem, LineItemMode, LineItemPriceMode};
use api::channel::ChannelRole;
use api::order::{CustomLineItemImportDraft, LineItemImportDraft, OrderImportDraft};
use api::product::{Product, ProductData};
use api::state::INITIAL;
use api::store::Store;
use api::{
    ApiError, Key, Kind, Price, PriceDraft, ProductVariant, Reference, ResourceIdentifier, TypedMoney,
};
use kit::resource::{Context, Decision, Found, Lookup, LookupBy};
use kit::store::Claim;
use serde::de::IgnoredAny;

/// The resource type id of the custom fields of prices.
const PRICE: &str = "product-price";

/// The state of units that the draft says nothing of.
pub(super) fn initial_state() -> Lookup {
    Lookup::new(Kind::State, LookupBy::Claim(Claim::new("key", INITIAL)))
}

/// The product that a line names: by the SKU of a variant, or by its own id and that of the variant in it.
pub(super) fn product_of(line: &LineItemImportDraft) -> Result<Lookup, ApiError> {
    let by = match (&line.variant.sku, line.variant.id, &line.product_id) {
        (Some(sku), _, _) => LookupBy::Claim(Claim::new("sku", sku)),
        (None, Some(_), Some(id)) => LookupBy::Id(id.clone()),
        (None, Some(_), None) => return Err(ApiError::required_field("productId")),
        (None, None, Some(_)) => return Err(ApiError::required_field("variant.id")),
        (None, None, None) => return Err(ApiError::required_field("variant.sku")),
    };
    Ok(Lookup::new(Kind::Product, by))
}

/// Makes the lines of a draft.
pub(super) struct Lines<'a, 'cx> {
    draft: &'a OrderImportDraft,
    store: Option<&'a Found<Store>>,
    cx: &'a Context<'cx>,
    initial: Reference,
}

impl<'a, 'cx> Lines<'a, 'cx> {
    pub(super) fn of(
        draft: &'a OrderImportDraft,
        store: Option<&'a Found<Store>>,
        cx: &'a Context<'cx>,
    ) -> Decision<Self> {
        let initial = cx.find::<IgnoredAny>(initial_state())?;
        let initial =
            initial.ok_or_else(|| kit::peers::internal(&"the project has no built-in state 'Initial'"))?;
        let initial = Reference::new(Kind::State, initial.id().clone());
        Ok(Self { draft, store, cx, initial })
    }

    pub(super) fn line(&self, line: &LineItemImportDraft) -> Decision<LineItem> {
        let (cx, quantity) = (self.cx, line.quantity);
        let product = self.product(line)?;
        let (data, variant) = variant_of(&product.body, line).ok_or_else(|| no_variant(line))?;
        let variant = self.variant(variant, line)?;
        let price = self.price(&line.price)?;
        in_currency(self.draft, price.value.currency_code)?;
        let total_price = self.total(price.value, quantity)?;
        let units = (price.value, quantity);
        let (tax_rate, taxed_price) = taxed(self.draft, total_price, units, line.tax_rate.as_ref())?;
        Ok(LineItem {
            id: cx.new_id(),
            key: line.key.clone(),
            product_id: product.id().clone(),
            product_key: product.key.clone(),
            name: line.name.clone(),
            product_slug: Some(data.slug.clone()),
            product_type: product.product_type.clone(),
            variant,
            price,
            quantity,
            total_price,
            discounted_price_per_quantity: Vec::new(),
            taxed_price,
            taxed_price_portions: Vec::new(),
            state: self.all_initial(quantity),
            tax_rate,
            per_method_tax_rate: Vec::new(),
            supply_channel: self.channel(line.supply_channel.as_ref(), ChannelRole::InventorySupply)?,
            distribution_channel: self
                .channel(line.distribution_channel.as_ref(), ChannelRole::ProductDistribution)?,
            price_mode: LineItemPriceMode::Platform,
            line_item_mode: LineItemMode::Standard,
            inventory_mode: line.inventory_mode,
            shipping_details: None,
            reservation: None,
            custom: cx.custom(line.custom.as_ref(), "line-item")?,
            added_at: Some(cx.now),
            last_modified_at: Some(cx.now),
        })
    }

    pub(super) fn custom_line(&self, line: &CustomLineItemImportDraft) -> Decision<CustomLineItem> {
        let (cx, quantity) = (self.cx, line.quantity);
        if Key::parse(&line.slug).is_none() {
            return Err(ApiError::invalid_field("slug", line.slug.as_str()).into());
        }
        let money = TypedMoney::try_from(line.money)?;
        in_currency(self.draft, money.currency_code)?;
        let total_price = self.total(money, quantity)?;
        let (tax_rate, taxed_price) =
            taxed(self.draft, total_price, (money, quantity), line.tax_rate.as_ref())?;
        Ok(CustomLineItem {
            id: cx.new_id(),
            key: line.key.clone(),
            name: line.name.clone(),
            money,
            taxed_price,
            taxed_price_portions: Vec::new(),
            total_price,
            slug: line.slug.clone(),
            quantity,
            state: self.all_initial(quantity),
            tax_category: cx.reference_opt(Kind::TaxCategory, line.tax_category.as_ref())?,
            tax_rate,
            per_method_tax_rate: Vec::new(),
            discounted_price_per_quantity: Vec::new(),
            custom: cx.custom(line.custom.as_ref(), "custom-line-item")?,
            shipping_details: None,
            price_mode: line.price_mode,
        })
    }

    fn product(&self, line: &LineItemImportDraft) -> Decision<Found<Product>> {
        let found = self.cx.find::<Product>(product_of(line)?)?.ok_or_else(|| no_variant(line))?;
        if line.product_id.as_ref().is_some_and(|id| id != found.id()) {
            return Err(no_variant(line).into());
        }
        Ok(found)
    }

    /// The variant as the order keeps it: what the draft does not say is the product's.
    fn variant(&self, variant: &ProductVariant, line: &LineItemImportDraft) -> Decision<ProductVariant> {
        let mut variant = variant.clone();
        if let Some(drafts) = &line.variant.prices {
            variant.prices = drafts.iter().map(|draft| self.price(draft)).collect::<Decision<_>>()?;
            pricing::check_prices(&variant.prices)?;
        }
        if let Some(attributes) = &line.variant.attributes {
            variant.attributes = attributes.iter().filter(|held| !held.value.is_null()).cloned().collect();
        }
        if let Some(images) = &line.variant.images {
            variant.images.clone_from(images);
        }
        Ok(variant)
    }

    fn price(&self, draft: &PriceDraft) -> Decision<Price> {
        let group = self.cx.reference_opt(Kind::CustomerGroup, draft.customer_group.as_ref())?;
        let channel = self.cx.reference_opt(Kind::Channel, draft.channel.as_ref())?;
        let custom = self.cx.custom(draft.custom.as_ref(), PRICE)?;
        Ok(draft.clone().into_price(self.cx.new_id(), group, channel, custom)?)
    }

    fn total(&self, unit: TypedMoney, quantity: i64) -> Decision<TypedMoney> {
        let (mode, rounding) = (LineItemPriceMode::Platform, self.draft.price_rounding_mode);
        Ok(pricing::line_total(unit, quantity, mode, rounding)?)
    }

    fn channel(
        &self,
        identifier: Option<&ResourceIdentifier>,
        role: ChannelRole,
    ) -> Decision<Option<Reference>> {
        let Some(identifier) = identifier else { return Ok(None) };
        let channel = self.cx.channel(identifier, role)?;
        if let Some(store) = self.store {
            store.check_channel(&channel.id, role)?;
        }
        Ok(Some(channel))
    }

    fn all_initial(&self, quantity: i64) -> Vec<ItemState> {
        vec![ItemState { quantity, state: self.initial.clone() }]
    }
}

/// The variant that a line names, rather as it is published than as it is prepared.
fn variant_of<'p>(
    product: &'p Product,
    line: &LineItemImportDraft,
) -> Option<(&'p ProductData, &'p ProductVariant)> {
    let wanted = &line.variant;
    let is_it = |variant: &&ProductVariant| {
        wanted.id.is_none_or(|id| id == variant.id)
            && wanted.sku.as_ref().map_or(wanted.id.is_some(), |sku| variant.sku.as_ref() == Some(sku))
    };
    let versions = [&product.master_data.current, &product.master_data.staged];
    versions.into_iter().find_map(|data| Some((data, data.all_variants().find(is_it)?)))
}

/// 400: there is no such product, or it has no such variant.
fn no_variant(line: &LineItemImportDraft) -> ApiError {
    let by = match (&line.variant.sku, &line.product_id) {
        (None, Some(id)) => ("id", id.as_str()),
        (sku, _) => ("sku", sku.as_deref().unwrap_or_default()),
    };
    ApiError::referenced_not_found(Kind::Product.type_id(), by)
}

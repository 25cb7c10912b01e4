//! Tax rates and tax modes.

use super::taxable::{Portion, Taxable};
use super::{Held, known, ship};
use api::cart::{Cart, ExternalTaxAmountDraft, ShippingMode, Ships, TaxMode, TaxPortionDraft, TaxedPrice};
use api::tax_category::{ExternalTaxRateDraft, TaxCategory, TaxRate};
use api::{ApiError, Kind, Money, Reference, TypedMoney};
use kit::resource::{Context, Decision, Lookup, LookupBy};
use pricing::tax::TaxRounding;

/// How the cart rounds its taxes.
pub(super) fn rounding(cart: &Cart) -> TaxRounding {
    TaxRounding { mode: cart.tax_rounding_mode, calculation: cart.tax_calculation_mode }
}

/// A rate from outside, which only the tax mode `External` takes.
pub(super) fn external_rate(cart: &Cart, draft: Option<&ExternalTaxRateDraft>) -> Decision<Option<TaxRate>> {
    let Some(draft) = draft else { return Ok(None) };
    if cart.tax_mode != TaxMode::External {
        return Err(ApiError::invalid_operation("External tax rates need the tax mode 'External'.").into());
    }
    Ok(Some(pricing::external_tax_rate(draft.clone())?))
}

/// The rate and taxed price that an amount from outside makes of a net amount.
pub(super) fn external_amount(
    net: TypedMoney,
    draft: &ExternalTaxAmountDraft,
) -> Decision<(TaxRate, TaxedPrice)> {
    let rate = pricing::external_tax_rate(draft.tax_rate.clone())?;
    let taxed = pricing::tax_from_amount(net, draft.total_gross, &rate)?;
    Ok((rate, taxed))
}

/// Refuses tax amounts in other tax modes than `ExternalAmount`.
pub(super) fn needs_external_amounts(cart: &Cart) -> Decision<()> {
    if cart.tax_mode == TaxMode::ExternalAmount {
        return Ok(());
    }
    Err(ApiError::invalid_operation("Tax amounts need the tax mode 'ExternalAmount'.").into())
}

/// `setCartTotalTax`.
pub(super) fn set_total(cart: &mut Held, gross: Money, portions: &[TaxPortionDraft]) -> Decision<()> {
    needs_external_amounts(cart)?;
    let net = cart.total_price;
    let lines = cart.line_items.iter().filter_map(|line| line.taxed_price.as_ref());
    let custom_lines = cart.custom_line_items.iter().filter_map(|line| line.taxed_price.as_ref());
    let shipping = cart.infos().filter_map(|(_, info)| info.taxed_price.as_ref());
    let parts: Vec<&TaxedPrice> = lines.chain(custom_lines).chain(shipping).collect();
    let taxed = pricing::tax::tax_of_cart_from_amount(net, gross, portions.to_vec(), &parts)?;
    cart.body.taxed_price = Some(taxed);
    Ok(())
}

/// `changeTaxMode`: rates from outside stay as long as rates come from outside; else another mode begins without any.
pub(super) fn change_mode(cart: &mut Held, mode: TaxMode) {
    let from_outside = |mode| matches!(mode, TaxMode::External | TaxMode::ExternalAmount);
    let former = std::mem::replace(&mut cart.body.tax_mode, mode);
    if former == mode {
        return;
    }
    if from_outside(former) && from_outside(mode) {
        // In `ExternalAmount` the sum comes from outside too.
        cart.body.taxed_price = None;
        return;
    }
    drop_all(cart);
    cart.hidden.work.taxes = true;
}

/// Drops every tax rate and taxed price.
pub(super) fn drop_all(cart: &mut Held) {
    let cart = &mut cart.body;
    cart.line_items.iter_mut().for_each(Taxable::drop_taxes);
    cart.custom_line_items.iter_mut().for_each(Taxable::drop_taxes);
    for info in cart.infos_mut() {
        (info.tax_rate, info.taxed_price) = (None, None);
    }
    (cart.taxed_price, cart.taxed_shipping_price) = (None, None);
}

/// Works out the taxes of a line by its rates. Needs no look-up.
pub(super) fn of_item(
    item: &mut impl Taxable,
    (tax_mode, shipping_mode): (TaxMode, ShippingMode),
    rounding: TaxRounding,
) -> Decision<()> {
    let (unit, portions) = (item.unit(), item.portions(shipping_mode)?);
    for Portion { key, units, total } in &portions {
        let key = key.as_deref();
        let (mut rate, mut taxed) = (item.rate(key).cloned(), item.taxed(key).cloned());
        super::settle::tax(tax_mode, rounding, *total, &[(unit, *units)], &mut rate, &mut taxed)?;
        item.set_rate(key, rate);
        item.set_taxed(key, taxed);
    }
    if shipping_mode == ShippingMode::Multiple {
        let is_shipped = |key: &str| portions.iter().any(|portion| portion.key.as_deref() == Some(key));
        item.keep_methods(|key| tax_mode != TaxMode::Platform || is_shipped(key), is_shipped);
        let all = item.details().is_some_and(|details| details.valid);
        let taxed: Option<Vec<&TaxedPrice>> =
            portions.iter().map(|portion| item.taxed(portion.key.as_deref())).collect();
        let currency = item.total().currency_code;
        let sum = taxed.filter(|_| all).map(|taxed| pricing::add_taxed(currency, &taxed)).transpose()?;
        item.set_rate(None, None);
        item.set_taxed(None, sum);
    }
    Ok(())
}

/// Sets rate and amount from outside of a line; where there are several shipping methods, of what one of them ships.
pub(super) fn set_amount(
    item: &mut impl Taxable,
    mode: ShippingMode,
    key: Option<&str>,
    amount: Option<&ExternalTaxAmountDraft>,
) -> Decision<()> {
    let portion = item.portions(mode)?.into_iter().find(|portion| portion.key.as_deref() == key);
    let portion = portion.ok_or_else(|| {
        ApiError::invalid_operation("The shipping method does not ship anything of the line item.")
    })?;
    let (rate, taxed) = amount.map(|a| external_amount(portion.total, a)).transpose()?.unzip();
    item.set_rate(key, rate);
    item.set_taxed(key, taxed);
    Ok(())
}

/// Selects the tax rates that are to be selected, of lines, custom lines and shipping.
pub(super) fn select(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let has_address = cart.shipping_mode == ShippingMode::Multiple || cart.shipping_address.is_some();
    if cart.tax_mode != TaxMode::Platform || !has_address {
        return Ok(());
    }
    let lines = due(cart, &cart.line_items);
    let custom_lines = due(cart, &cart.custom_line_items);
    let all = cart.hidden.work.taxes;
    let shipping: Vec<Option<String>> = cart
        .infos()
        .filter(|(_, info)| all || info.tax_rate.is_none())
        .map(|(key, _)| key.map(str::to_owned))
        .collect();
    if lines.is_empty() && custom_lines.is_empty() && shipping.is_empty() {
        return Ok(());
    }
    for (at, _) in &custom_lines {
        want(cart.custom_line_items[*at].tax_category.as_ref(), cx);
    }
    for key in &shipping {
        want(cart.info(key.as_deref()).and_then(|info| info.tax_category.as_ref()), cx);
    }
    for (at, _) in &lines {
        let id = &cart.line_items[*at].product_id;
        if cart.hidden.work.product(id).is_none() {
            cx.want(known::product_by_id(id));
        }
    }
    let categories = lines.iter().map(|(at, _)| category_of(cart, *at, cx)).collect::<Decision<Vec<_>>>()?;
    categories.iter().for_each(|category| want(category.as_ref(), cx));
    for ((at, key), category) in lines.iter().zip(&categories) {
        let rate = rate_of(cart, key.as_deref(), category.as_ref(), cx)?;
        cart.body.line_items[*at].set_rate(key.as_deref(), rate);
    }
    for (at, key) in custom_lines {
        let category = cart.custom_line_items[at].tax_category.as_ref();
        let rate = rate_of(cart, key.as_deref(), category, cx)?;
        cart.body.custom_line_items[at].set_rate(key.as_deref(), rate);
    }
    for key in shipping {
        let category = cart.info(key.as_deref()).and_then(|info| info.tax_category.as_ref());
        let rate = rate_of(cart, key.as_deref(), category, cx)?;
        if let Some(info) = cart.body.info_mut(key.as_deref()) {
            info.tax_rate = rate;
        }
    }
    Ok(())
}

/// The items, by position and shipping method, whose tax rate is to be selected.
fn due<T: Taxable>(cart: &Held, items: &[T]) -> Vec<(usize, Option<String>)> {
    let work = &cart.hidden.work;
    let mut due = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let new = work.tax_of.contains(item.id());
        if work.taxes || new {
            let keys = item.keys(cart.shipping_mode).into_iter();
            let keys = keys.filter(|key| work.taxes || item.rate(key.as_deref()).is_none());
            due.extend(keys.map(|key| (at, key)));
        }
    }
    due
}

fn want(category: Option<&Reference>, cx: &Context<'_>) {
    if let Some(category) = category {
        cx.want(Lookup::new(Kind::TaxCategory, LookupBy::Id(category.id.clone())));
    }
}

/// The tax category of a line's product, also while the product is not published.
fn category_of(cart: &Held, at: usize, cx: &Context<'_>) -> Decision<Option<Reference>> {
    let id = &cart.line_items[at].product_id;
    if let Some(product) = known::product(cart, id, cx)? {
        return Ok(product.tax_category.clone());
    }
    Ok(known::any_product(id, cx)?.and_then(|product| product.tax_category.clone()))
}

/// The rate of a category for the address of a shipping method. Something without a category bears no tax.
fn rate_of(
    cart: &Cart,
    key: Option<&str>,
    category: Option<&Reference>,
    cx: &Context<'_>,
) -> Decision<Option<TaxRate>> {
    let (Some(category), Some(address)) = (category, ship::address_of(cart, key)) else { return Ok(None) };
    let found = cx.by_id::<TaxCategory>(Kind::TaxCategory, &category.id)?;
    let rates = found.as_ref().map_or(&[][..], |found| found.rates.as_slice());
    let select =
        |fallback| pricing::select_tax_rate(&category.id, rates, address.country, address.state(), fallback);
    // Whether the country's rate may serve a state matters only where the state has none of its own.
    let rate = match select(false) {
        Err(_) if address.state().is_some() && cx.project()?.carts.country_tax_rate_fallback_enabled => {
            select(true)
        }
        other => other,
    }?;
    Ok(Some(rate.clone()))
}

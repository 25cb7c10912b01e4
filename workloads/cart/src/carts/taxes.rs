//! Tax rates and tax modes.

use super::{Held, known};
use api::cart::{Cart, ExternalTaxAmountDraft, TaxMode, TaxPortionDraft, TaxedPrice};
use api::tax_category::{ExternalTaxRateDraft, TaxCategory, TaxRate};
use api::{ApiError, Id, Kind, Money, Reference, TypedMoney};
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
    cart: &Cart,
    net: TypedMoney,
    draft: &ExternalTaxAmountDraft,
) -> Decision<(TaxRate, TaxedPrice)> {
    needs_external_amounts(cart)?;
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
    let shipping = cart.shipping_info.iter().filter_map(|info| info.taxed_price.as_ref());
    let parts: Vec<&TaxedPrice> = lines.chain(custom_lines).chain(shipping).collect();
    let taxed = pricing::tax::tax_of_cart_from_amount(net, gross, portions.to_vec(), &parts)?;
    cart.body.taxed_price = Some(taxed);
    Ok(())
}

/// `changeTaxMode`: another mode begins without rates.
pub(super) fn change_mode(cart: &mut Held, mode: TaxMode) {
    if cart.tax_mode == mode {
        return;
    }
    cart.body.tax_mode = mode;
    drop_all(cart);
    cart.hidden.work.taxes = true;
}

/// Drops every tax rate and taxed price.
pub(super) fn drop_all(cart: &mut Held) {
    let cart = &mut cart.body;
    for line in &mut cart.line_items {
        (line.tax_rate, line.taxed_price) = (None, None);
    }
    for line in &mut cart.custom_line_items {
        (line.tax_rate, line.taxed_price) = (None, None);
    }
    if let Some(info) = &mut cart.shipping_info {
        (info.tax_rate, info.taxed_price) = (None, None);
    }
    (cart.taxed_price, cart.taxed_shipping_price) = (None, None);
}

/// Whether rates come from tax categories now.
pub(super) fn by_category(cart: &Cart) -> bool {
    cart.tax_mode == TaxMode::Platform && cart.shipping_address.is_some()
}

/// Selects the tax rates that are to be selected, of lines, custom lines and shipping.
pub(super) fn select(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    if !by_category(cart) {
        return Ok(());
    }
    let work = &cart.hidden.work;
    let (all, some) = (work.taxes, &work.tax_of);
    let due = |id: &Id, rate: &Option<TaxRate>| all || (rate.is_none() && some.contains(id));
    let lines: Vec<usize> = positions(&cart.line_items, |line| due(&line.id, &line.tax_rate));
    let custom_lines = positions(&cart.custom_line_items, |line| due(&line.id, &line.tax_rate));
    let shipping = cart.shipping_info.as_ref().is_some_and(|info| all || info.tax_rate.is_none());
    if lines.is_empty() && custom_lines.is_empty() && !shipping {
        return Ok(());
    }
    for &at in &custom_lines {
        want(cart.custom_line_items[at].tax_category.as_ref(), cx);
    }
    if shipping {
        want(cart.shipping_info.as_ref().and_then(|info| info.tax_category.as_ref()), cx);
    }
    for &at in &lines {
        let id = &cart.line_items[at].product_id;
        if cart.hidden.work.product(id).is_none() {
            cx.want(known::product_by_id(id));
        }
    }
    let categories = lines.iter().map(|&at| category_of(cart, at, cx)).collect::<Decision<Vec<_>>>()?;
    categories.iter().for_each(|category| want(category.as_ref(), cx));
    for (&at, category) in lines.iter().zip(&categories) {
        let rate = rate_of(cart, category.as_ref(), cx)?;
        cart.body.line_items[at].tax_rate = rate;
    }
    for at in custom_lines {
        let rate = rate_of(cart, cart.custom_line_items[at].tax_category.as_ref(), cx)?;
        cart.body.custom_line_items[at].tax_rate = rate;
    }
    if shipping {
        let category = cart.shipping_info.as_ref().and_then(|info| info.tax_category.as_ref());
        let rate = rate_of(cart, category, cx)?;
        if let Some(info) = &mut cart.body.shipping_info {
            info.tax_rate = rate;
        }
    }
    Ok(())
}

fn positions<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    items.iter().enumerate().filter(|(_, item)| wanted(item)).map(|(at, _)| at).collect()
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

/// The rate of a category for the cart's address. Something without a category bears no tax.
fn rate_of(cart: &Cart, category: Option<&Reference>, cx: &Context<'_>) -> Decision<Option<TaxRate>> {
    let (Some(category), Some(address)) = (category, &cart.shipping_address) else { return Ok(None) };
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

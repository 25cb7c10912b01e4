//! Settling: after all actions everything that is computed is worked out once.
//!
//! Order (contract §5): prices, line totals, tax rates, taxes of lines, shipping price and its tax, totals.
//! Nothing is looked up but what the actions made necessary.

use super::hidden::Work;
use super::prices::Scope;
use super::{Held, custom_lines, holds, known, limits, lines, retention, ship, taxes};
use api::cart::{CartState, FreezeStrategy, LineItem, LineItemPriceMode, Ships, TaxMode, TaxedPrice};
use api::product::ProductProjection;
use api::tax_category::TaxRate;
use api::{ApiError, Kind, TypedMoney};
use kit::resource::{Context, Decision, Found, Lookup, LookupBy};
use pricing::tax::TaxRounding;

/// Works everything out, and checks what must hold at the end.
pub(crate) fn settle(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    check_size(cart)?;
    work_out(cart, cx)?;
    ship::check_fit(cart)?;
    limits::check(cart, cx)?;
    retention::schedule(cart);
    holds::settle(cart, cx)?;
    forget_gone_products(cart);
    cart.hidden.work = Work::default();
    Ok(())
}

/// Works out prices, taxes, shipping and totals of what has changed so far. Actions that go by them have it done
/// before, so that they see the effects of earlier ones.
pub(super) fn work_out(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    keep_what_is_frozen(cart);
    want(cart, cx);
    if cart.hidden.work.shipping {
        ship::rate_anew(cart, cx)?;
    }
    select_prices(cart, cx)?;
    taxes::select(cart, cx)?;
    amounts(cart)?;
    ship::price(cart, cx)?;
    pricing::cart_totals(cart)?.apply(&mut cart.body);
    cart.hidden.work.is_worked_out();
    Ok(())
}

/// What is remembered of products that left the cart goes, but not for each line that leaves.
fn forget_gone_products(cart: &mut Held) {
    if cart.hidden.categories.len() > cart.line_items.len() {
        let lines = &cart.body.line_items;
        cart.hidden.categories.retain(|product, _| lines.iter().any(|line| line.product_id == *product));
    }
}

fn check_size(cart: &Held) -> Decision<()> {
    for (what, count, max) in [
        ("line items", cart.line_items.len(), lines::MAX_LINES),
        ("custom line items", cart.custom_line_items.len(), custom_lines::MAX_CUSTOM_LINES),
    ] {
        if count > max {
            return Err(ApiError::invalid_operation(format!("A cart has at most {max} {what}.")).into());
        }
    }
    Ok(())
}

/// A frozen cart keeps its prices, a hard-frozen one its shipping too.
fn keep_what_is_frozen(cart: &mut Held) {
    if cart.cart_state != CartState::Frozen {
        return;
    }
    let work = &mut cart.hidden.work;
    (work.prices, work.product_data, work.drop_gone) = (false, false, false);
    work.price_of.clear();
    if cart.body.freeze_strategy == Some(FreezeStrategy::HardFreeze) {
        work.shipping = false;
    }
}

/// Whether the product of a line must be known for its price.
fn needs_product(work: &Work, line: &LineItem) -> bool {
    if work.product_data || work.drop_gone {
        return true;
    }
    line.price_mode == LineItemPriceMode::Platform && (work.prices || work.price_of.contains(&line.id))
}

/// Asks at once for all that the steps below will need.
fn want(cart: &Held, cx: &Context<'_>) {
    let work = &cart.hidden.work;
    for line in &cart.line_items {
        if needs_product(work, line) && work.product(&line.product_id).is_none() {
            cx.want(known::product_by_id(&line.product_id));
        }
    }
    if work.prices || !work.price_of.is_empty() {
        known::want_store(cart, cx);
    }
    limits::want_changed(cart, cx);
    for (_, info) in cart.infos() {
        if let (true, Some(method)) = (work.shipping, &info.shipping_method) {
            cx.want(Lookup::new(Kind::ShippingMethod, LookupBy::Id(method.id.clone())));
        }
        if !info.shipping_rate.tiers.is_empty() {
            cx.want_project();
        }
    }
}

/// Selects the prices that are to be selected, and copies what is to be copied from the products.
fn select_prices(cart: &mut Held, cx: &Context<'_>) -> Decision<()> {
    let work = &cart.hidden.work;
    if !work.prices && !work.product_data && !work.drop_gone && work.price_of.is_empty() {
        return Ok(());
    }
    let mut known: Vec<(usize, Option<Found<ProductProjection>>)> = Vec::new();
    for (at, line) in cart.line_items.iter().enumerate() {
        if needs_product(work, line) {
            known.push((at, known::product(cart, &line.product_id, cx)?));
        }
    }
    let store = known::store(cart, cx)?;
    let of_store = store.as_deref().map(|store| &store.body);
    let scope = Scope::of(cart, cx)?;
    let mut gone = Vec::new();
    for (at, product) in known {
        let (refresh, drop_gone, all) =
            (cart.hidden.work.product_data, cart.hidden.work.drop_gone, cart.hidden.work.prices);
        if let Some(product) = &product {
            cart.hidden.remember(product);
        }
        let line = &mut cart.body.line_items[at];
        let variant = product.as_ref().and_then(|p| p.all_variants().find(|v| v.id == line.variant.id));
        if let (Some(product), Some(variant)) = (&product, variant) {
            line.product_slug = Some(lines::text(&product.slug, of_store));
            line.product_key.clone_from(&product.key);
            if refresh {
                line.name = lines::text(&product.name, of_store);
                line.product_type.clone_from(&product.product_type);
                line.variant = lines::snapshot(variant, of_store);
            }
        } else if drop_gone {
            gone.push(at);
            continue;
        }
        let wanted = all || cart.hidden.work.price_of.contains(&line.id);
        if wanted && line.price_mode == LineItemPriceMode::Platform {
            // A line survives the unpublishing of its product with the prices that it knew.
            let prices = product.as_ref().zip(variant).map(|(product, variant)| product.prices_of(variant));
            scope.price(line, prices)?;
        }
    }
    for at in gone.into_iter().rev() {
        cart.body.line_items.remove(at);
    }
    Ok(())
}

/// Works out totals and taxes of all lines. Needs no look-up.
fn amounts(cart: &mut Held) -> Decision<()> {
    let (price_rounding, rounding) = (cart.price_rounding_mode, taxes::rounding(cart));
    let modes = (cart.tax_mode, cart.shipping_mode);
    for line in &mut cart.body.line_items {
        if line.price_mode != LineItemPriceMode::ExternalTotal {
            let unit = pricing::unit_price(&line.price, line.quantity);
            line.total_price = pricing::line_total(unit, line.quantity, line.price_mode, price_rounding)?;
        }
        taxes::of_item(line, modes, rounding)?;
    }
    for line in &mut cart.body.custom_line_items {
        let platform = LineItemPriceMode::Platform;
        line.total_price = pricing::line_total(line.money, line.quantity, platform, price_rounding)?;
        taxes::of_item(line, modes, rounding)?;
    }
    Ok(())
}

/// The taxed price of something by its rate. A tax amount from outside stays as long as its net is the
/// price; else it and its rate go.
pub(super) fn tax(
    mode: TaxMode,
    rounding: TaxRounding,
    total: TypedMoney,
    units: &[(TypedMoney, i64)],
    rate: &mut Option<TaxRate>,
    taxed: &mut Option<TaxedPrice>,
) -> Decision<()> {
    match mode {
        TaxMode::Platform | TaxMode::External => {
            let by_rate = rate.as_ref().map(|rate| pricing::tax_of_line(total, units, rate, rounding));
            *taxed = by_rate.transpose()?;
        }
        TaxMode::ExternalAmount => {
            if taxed.as_ref().is_none_or(|taxed| taxed.total_net != total) {
                (*rate, *taxed) = (None, None);
            }
        }
        TaxMode::Disabled => (*rate, *taxed) = (None, None),
    }
    Ok(())
}

/// Everything anew, as `recalculate` does.
pub(crate) fn recalculate(cart: &mut Held, product_data: bool) {
    cart.hidden.work.everything();
    cart.hidden.work.product_data |= product_data;
}

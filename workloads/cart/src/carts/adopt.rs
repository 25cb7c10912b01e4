//! A guest becomes a customer: the guest's cart becomes the customer's, or its lines go into the customer's
//! own (contract §5); the other carts of the session become the customer's (§8). The target is written first, then the
//! source is marked as merged, so that a crash in between loses nothing: equal lines take the larger quantity, so a
//! second time changes nothing. Who brings nothing still has the active cart worked out anew. Who signs in on a store's
//! path has that store's carts alone.

use super::{ACTIVE, Carts, Held, holds, owner, settle, ship};
use api::cart::{Cart, CartMergeMode, CartState, LineItem, LineItemPriceMode, Ships};
use api::internal::cart::{AdoptCart, RepriceCarts};
use api::reference::By;
use api::{ApiError, Id, Kind, Result, Stored};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Decision, Edit, ListRequest, Stop, equals};
use kit::store::Selector;
use pricing::LineIdentity;

/// Carts of one page of a session; a session that made more is taken page by page.
const PAGE: u32 = 100;
/// Pages of one call. A session has a handful of carts; the bound keeps a call from running for ever.
const MAX_PAGES: usize = 50;
/// How often a cart is touched until it is the one modified last; two in one millisecond are in no order.
const MAX_TOUCHES: usize = 20;

fn change() -> Edit {
    Edit { expected_version: None, access: Access::PROJECT, visible: true }
}

/// The customer's active cart.
async fn active(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    customer: &Id,
    access: &Access,
) -> Result<Option<Stored<Cart>>> {
    let filter = equals(&format!("customerId = :value and {ACTIVE}"), customer.as_str())?;
    carts.latest(request, filter, access).await?.map(|text| read(&text)).transpose()
}

/// Adopts the guest's carts; gives the customer's active cart.
pub(crate) async fn adopt(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let cart = adopt_one(carts, request, by).await?;
    let Some(session) = &by.anonymous_id else { return Ok(cart) };
    let others = adopt_others(carts, request, by, session).await?;
    match cart {
        Some(cart) if others => go_on_with(carts, request, by, cart).await.map(Some),
        cart => Ok(cart),
    }
}

/// Adopts the one cart that the guest goes on with; gives the customer's active cart.
async fn adopt_one(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let own = active(carts, request, &by.customer_id, &Access::of(request)).await?;
    let (own, source) = match (own, source(carts, request, by).await?) {
        (None, None) => return Ok(None),
        (Some(own), None) => return renew(carts, request, &own.meta.id, by).await,
        (Some(own), Some(source)) if by.mode == CartMergeMode::MergeWithExistingCustomerCart => (own, source),
        (own, Some(source)) => return assign(carts, request, &source, own.as_ref(), by).await,
    };
    let mut merged = false;
    let target = Selector::Id(own.meta.id.clone());
    let edited = carts
        .edit(request, &target, &change(), |cart, cx| {
            merged = can_merge(cart, &source.body, cx)?;
            if merged { absorb(cart, &source.body, by, cx) } else { refresh(cart, by, cx) }
        })
        .await?;
    let Some(edited) = edited else {
        // The customer's cart went meanwhile.
        return assign(carts, request, &source, None, by).await;
    };
    if merged {
        let left = carts
            .edit(request, &Selector::Id(source.meta.id.clone()), &change(), |cart, _| {
                if cart.cart_state == CartState::Active {
                    cart.body.cart_state = CartState::Merged;
                }
                Ok(())
            })
            .await?;
        if let Some(left) = left {
            // What was kept for the guest's lines is free for their twins.
            holds::keep(carts, request, left).await?;
        }
    }
    Ok(Some(holds::keep(carts, request, edited).await?.json))
}

fn read(json: &str) -> Result<Stored<Cart>> {
    Stored::from_json(json).map_err(|error| kit::peers::internal(&error))
}

/// The guest's cart, if there is an active one.
async fn source(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
) -> Result<Option<Stored<Cart>>> {
    let Some(identifier) = &by.anonymous_cart else {
        let Some(id) = &by.anonymous_id else { return Ok(None) };
        let filter = equals(&format!("anonymousId = :value and {ACTIVE}"), id)?;
        let latest = carts.latest(request, filter, &Access::of(request)).await?;
        return latest.map(|text| read(&text)).transpose();
    };
    identifier.expect(Kind::Cart)?;
    let (selector, name) = match identifier.by() {
        By::Id(id) => (Selector::Id(id.clone()), ("id", id.as_str())),
        By::Key(key) => (Selector::key(key), ("key", key)),
    };
    let found = carts.get(request, &selector, &Access::of(request)).await?;
    let found = found.ok_or_else(|| ApiError::referenced_not_found(Kind::Cart.type_id(), name))?;
    let cart = read(&found)?;
    check_brought(&cart.body, by)?;
    let is_free = cart.customer_id.is_none() && cart.cart_state == CartState::Active;
    Ok(is_free.then_some(cart))
}

/// A cart that is brought must be nobody's, and of the session that is named. One that is the customer's already was
/// adopted before.
pub(super) fn check_brought(cart: &Cart, by: &AdoptCart) -> Result<()> {
    let message = match (&cart.customer_id, &by.anonymous_id) {
        (Some(held), _) if *held == by.customer_id => return Ok(()),
        (Some(_), _) => "The 'anonymousCart' belongs to a customer.",
        (None, Some(id)) if cart.anonymous_id.as_ref() != Some(id) => {
            "The 'anonymousId' is not the one of the 'anonymousCart'."
        }
        (None, _) => return Ok(()),
    };
    Err(ApiError::invalid_operation(message))
}

/// The customer's cart is worked out anew.
async fn renew(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    own: &Id,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let own = Selector::Id(own.clone());
    let edited = carts.edit(request, &own, &change(), |cart, cx| refresh(cart, by, cx)).await?;
    match edited {
        Some(edited) => Ok(Some(holds::keep(carts, request, edited).await?.json)),
        None => Ok(None),
    }
}

/// The guest's cart becomes the customer's, in place of the one that was active before.
async fn assign(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    source: &Stored<Cart>,
    former: Option<&Stored<Cart>>,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let source = Selector::Id(source.meta.id.clone());
    let edited = carts
        .edit(request, &source, &change(), |cart, cx| replace(cart, former.map(|cart| &cart.body), by, cx))
        .await?;
    Ok(edited.map(|edited| edited.json))
}

/// Gives the guest's cart to the customer. Tax rates are selected anew if there was no cart before, or if that one had
/// an address and this one has none (contract §5).
pub(super) fn replace(
    cart: &mut Held,
    former: Option<&Cart>,
    by: &AdoptCart,
    cx: &Context<'_>,
) -> Decision<()> {
    if cart.cart_state != CartState::Active || cart.customer_id.is_some() {
        return Ok(());
    }
    give(cart, by);
    let keeps_rates =
        former.is_some_and(|former| former.shipping_address.is_none() || cart.shipping_address.is_some());
    anew(cart, by, !keeps_rates, cx)
}

/// All other carts of the session become the customer's, whatever state they are in. Gives whether there were any.
async fn adopt_others(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
    session: &str,
) -> Result<bool> {
    let mut any = false;
    for _ in 0..MAX_PAGES {
        let filters = vec![equals("anonymousId = :value", session)?];
        let list = ListRequest { filters, sort: Vec::new(), limit: PAGE, offset: 0, count_to: None };
        let page = carts.page(request, list, &Access::of(request)).await?.results;
        for text in &page {
            let id = Selector::Id(read(text)?.meta.id);
            let edited =
                carts.edit(request, &id, &change(), |cart, cx| hand_over(cart, by, session, cx)).await?;
            any |= edited.is_some_and(|edited| edited.changed);
        }
        // A cart leaves the filter when it is adopted, so the next page is again the first.
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(any)
}

/// Gives a cart that the guest does not go on with to the customer. One that cannot be worked out anew keeps its
/// prices; its next change says so.
pub(super) fn hand_over(cart: &mut Held, by: &AdoptCart, session: &str, cx: &Context<'_>) -> Decision<()> {
    if cart.anonymous_id.as_deref() != Some(session) || cart.customer_id.is_some() {
        return Ok(());
    }
    give(cart, by);
    let mut anew = cart.clone();
    match refresh(&mut anew, by, cx) {
        Err(Stop::Refused(_)) => {}
        other => {
            other?;
            *cart = anew;
        }
    }
    Ok(())
}

/// The cart that the customer goes on with stays the one that was modified last.
async fn go_on_with(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
    cart: String,
) -> Result<String> {
    let id = read(&cart)?.meta.id;
    let mut json = cart;
    for _ in 0..MAX_TOUCHES {
        let latest = active(carts, request, &by.customer_id, &Access::of(request)).await?;
        if latest.is_none_or(|latest| latest.meta.id == id) {
            break;
        }
        let touched = carts.touch(request, &Selector::Id(id.clone())).await?;
        json = touched.map_or(json, |touched| touched.json);
    }
    Ok(json)
}

/// Makes a cart the customer's.
fn give(cart: &mut Held, by: &AdoptCart) {
    cart.body.customer_id = Some(by.customer_id.clone());
    cart.body.anonymous_id = None;
    owner::put_groups(cart, by.customer_group.clone(), by.customer_group_assignments.clone());
}

/// Works a cart out anew for its customer, without the lines that are not valid any more.
pub(super) fn refresh(cart: &mut Held, by: &AdoptCart, cx: &Context<'_>) -> Decision<()> {
    anew(cart, by, true, cx)
}

fn anew(cart: &mut Held, by: &AdoptCart, rates: bool, cx: &Context<'_>) -> Decision<()> {
    if !matches!(cart.cart_state, CartState::Active | CartState::Frozen) {
        return Ok(());
    }
    if cart.customer_email.is_none() {
        cart.body.customer_email.clone_from(&by.email);
    }
    owner::put_groups(cart, by.customer_group.clone(), by.customer_group_assignments.clone());
    settle::recalculate(cart, by.update_product_data);
    cart.hidden.work.taxes &= rates;
    cart.hidden.work.drop_gone = true;
    settle::settle(cart, cx)
}

/// Whether the guest's lines may go into the customer's cart. With another currency or tax mode they stay
/// where they are, and so while the customer's shipping method is not to be had.
pub(super) fn can_merge(own: &Held, guests: &Cart, cx: &Context<'_>) -> Decision<bool> {
    if own.cart_state != CartState::Active
        || own.currency() != guests.currency()
        || own.tax_mode != guests.tax_mode
    {
        return Ok(false);
    }
    for (key, _) in own.infos() {
        let method = ship::chosen(own, key, cx)?;
        if method.is_some_and(|method| !method.active || !ship::serves_store(&method, own)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the guest's lines into the customer's cart: equal ones take the larger quantity, others are added.
/// Custom line items and custom fields are not copied.
pub(super) fn absorb(own: &mut Held, guests: &Cart, by: &AdoptCart, cx: &Context<'_>) -> Decision<()> {
    for line in &guests.line_items {
        match pricing::line_to_grow(&own.line_items, &LineIdentity::of(line), line.price_mode) {
            Some(at) => {
                let held = &mut own.body.line_items[at];
                let larger = held.quantity.max(line.quantity);
                super::lines::put_quantity(held, larger, cx);
            }
            None if is_there_or_clashes(own, line) => {}
            None => {
                let taxed = own.shipping_address.is_none() || own.tax_mode == api::cart::TaxMode::Platform;
                let tax_rate = if taxed { None } else { line.tax_rate.clone() };
                let id = cx.new_id();
                own.body.line_items.push(LineItem {
                    id,
                    tax_rate,
                    taxed_price: None,
                    per_method_tax_rate: Vec::new(),
                    taxed_price_portions: Vec::new(),
                    shipping_details: None,
                    reservation: None,
                    last_modified_at: Some(cx.now),
                    ..line.clone()
                });
            }
        }
    }
    refresh(own, by, cx)
}

/// A line with an external price never merges; when it came over before, its twin is there. A line whose key
/// another line has stays behind.
fn is_there_or_clashes(own: &Cart, line: &LineItem) -> bool {
    own.line_items.iter().any(|held| {
        let twin = held.price_mode != LineItemPriceMode::Platform
            && held.price_mode == line.price_mode
            && held.added_at == line.added_at
            && LineIdentity::of(held) == LineIdentity::of(line)
            && held.price.id == line.price.id;
        twin || (line.key.is_some() && held.key == line.key)
    })
}

/// Whether the customer's active cart has prices and taxes for other groups; nothing is changed.
pub(crate) async fn check_reprice(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &RepriceCarts,
) -> Result<()> {
    let Some(cart) = active(carts, request, &by.customer_id, &Access::PROJECT).await? else { return Ok(()) };
    let try_it = |cart: &mut Held, cx: &mut Context<'_>| regroup(&mut cart.clone(), by, cx);
    carts.edit(request, &Selector::Id(cart.meta.id), &Edit::internal(), try_it).await.map(drop)
}

/// Works a cart out anew if its customer's groups are others now.
pub(super) fn regroup(cart: &mut Held, by: &RepriceCarts, cx: &Context<'_>) -> Decision<()> {
    if cart.cart_state != CartState::Active || cart.customer_id.as_ref() != Some(&by.customer_id) {
        return Ok(());
    }
    owner::put_groups(cart, by.customer_group.clone(), by.customer_group_assignments.clone());
    if cart.hidden.work.prices {
        settle::recalculate(cart, false);
    }
    settle::settle(cart, cx)
}

/// The customer's groups changed: the active carts follow. A cart that has no price for the new groups
/// stays as it is; its next change says so.
pub(crate) async fn reprice(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &RepriceCarts,
) -> Result<()> {
    let filter = equals("customerId = :value and cartState = \"Active\"", by.customer_id.as_str())?;
    let list = ListRequest { filters: vec![filter], sort: Vec::new(), limit: 500, offset: 0, count_to: None };
    for text in carts.page(request, list, &Access::PROJECT).await?.results {
        let id = read(&text)?.meta.id;
        let selector = Selector::Id(id.clone());
        let edited = carts.edit(request, &selector, &change(), |cart, cx| regroup(cart, by, cx)).await;
        match edited {
            Err(error) if error.status() >= 500 => return Err(error),
            Err(error) => {
                tracing::info!(cart = %id, %error, "a cart kept the prices of its customer's former group");
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

//! A guest becomes a customer: the guest's cart becomes the customer's, or its lines go into the customer's
//! own (contract §5). The target is written first, then the source is marked as merged, so that a crash in
//! between loses nothing: equal lines take the larger quantity, so a second time changes nothing. Who signs in on a
//! store's path has that store's carts alone.

use super::{ACTIVE, Carts, Held, holds, owner, settle, ship};
use api::cart::{Cart, CartMergeMode, CartState, LineItem, LineItemPriceMode};
use api::internal::cart::{ActiveCart, AdoptCart, RepriceCarts};
use api::reference::By;
use api::shipping_method::ShippingMethod;
use api::{ApiError, Id, Kind, Result, Stored};
use kit::http::RequestInfo;
use kit::resource::{Access, Collection, Context, Decision, Edit, ListRequest, equals};
use kit::store::Selector;
use pricing::LineIdentity;

fn change() -> Edit {
    Edit { expected_version: None, access: Access::PROJECT, visible: true }
}

/// The customer's active cart.
pub(crate) async fn active(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    of: &ActiveCart,
) -> Result<Option<String>> {
    let filter = equals(&format!("customerId = :value and {ACTIVE}"), of.customer_id.as_str())?;
    carts.latest(request, filter, &Access::of(request)).await
}

/// Adopts the guest's cart; gives the customer's active cart.
pub(crate) async fn adopt(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let own = active(carts, request, &ActiveCart { customer_id: by.customer_id.clone() }).await?;
    let Some(source) = source(carts, request, by).await? else { return Ok(own) };
    let source: Stored<Cart> = read(&source)?;
    if own.is_none() || by.mode == CartMergeMode::UseAsNewActiveCustomerCart {
        return assign(carts, request, &source.meta.id, by).await;
    }
    let own: Stored<Cart> = read(own.as_deref().unwrap_or_default())?;
    let mut merged = false;
    let target = Selector::Id(own.meta.id.clone());
    let edited = carts
        .edit(request, &target, &change(), |cart, cx| {
            merged = can_merge(cart, &source.body, cx)?;
            if merged { absorb(cart, &source.body, by, cx) } else { Ok(()) }
        })
        .await?;
    let Some(edited) = edited else {
        // The customer's cart went meanwhile.
        return assign(carts, request, &source.meta.id, by).await;
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
async fn source(carts: &Collection<Carts>, request: &RequestInfo, by: &AdoptCart) -> Result<Option<String>> {
    let Some(identifier) = &by.anonymous_cart else {
        let Some(id) = &by.anonymous_id else { return Ok(None) };
        let filter = equals(&format!("anonymousId = :value and {ACTIVE}"), id)?;
        return carts.latest(request, filter, &Access::of(request)).await;
    };
    identifier.expect(Kind::Cart)?;
    let (selector, name) = match identifier.by() {
        By::Id(id) => (Selector::Id(id.clone()), ("id", id.as_str())),
        By::Key(key) => (Selector::key(key), ("key", key)),
    };
    let found = carts.get(request, &selector, &Access::of(request)).await?;
    let found = found.ok_or_else(|| ApiError::referenced_not_found(Kind::Cart.type_id(), name))?;
    let cart = read(&found)?;
    if let Some(id) = &by.anonymous_id
        && cart.anonymous_id.as_ref().is_some_and(|held| held != id)
    {
        let message = "The 'anonymousId' is not the one of the 'anonymousCart'.";
        return Err(ApiError::invalid_operation(message));
    }
    match &cart.customer_id {
        Some(held) if *held == by.customer_id => Ok(None),
        Some(_) => Err(ApiError::invalid_operation("The 'anonymousCart' belongs to a customer.")),
        None => Ok(Some(found).filter(|_| cart.cart_state == CartState::Active)),
    }
}

/// The guest's cart becomes the customer's.
async fn assign(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    source: &Id,
    by: &AdoptCart,
) -> Result<Option<String>> {
    let edited = carts
        .edit(request, &Selector::Id(source.clone()), &change(), |cart, cx| {
            if cart.cart_state != CartState::Active || cart.customer_id.is_some() {
                return Ok(());
            }
            cart.body.customer_id = Some(by.customer_id.clone());
            cart.body.anonymous_id = None;
            refresh(cart, by, cx)
        })
        .await?;
    Ok(edited.map(|edited| edited.json))
}

/// Works a cart out anew for its customer, without the lines that are not valid any more.
fn refresh(cart: &mut Held, by: &AdoptCart, cx: &Context<'_>) -> Decision<()> {
    if cart.customer_email.is_none() {
        cart.body.customer_email.clone_from(&by.email);
    }
    owner::put_groups(cart, by.customer_group.clone(), by.customer_group_assignments.clone());
    settle::recalculate(cart, by.update_product_data);
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
    let Some(method) = own.shipping_info.as_ref().and_then(|info| info.shipping_method.as_ref()) else {
        return Ok(true);
    };
    let method = cx.by_id::<ShippingMethod>(Kind::ShippingMethod, &method.id)?;
    Ok(method.is_none_or(|method| method.active && ship::serves_store(&method, own)))
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

/// The customer's groups changed: the active carts follow. A cart that has no price for the new groups
/// stays as it is; its next change says so.
pub(crate) async fn reprice(
    carts: &Collection<Carts>,
    request: &RequestInfo,
    by: &RepriceCarts,
) -> Result<()> {
    let filter = equals("customerId = :value and cartState = \"Active\"", by.customer_id.as_str())?;
    let list =
        ListRequest { filters: vec![filter], sort: Vec::new(), limit: 500, offset: 0, with_total: false };
    for text in carts.page(request, list, &Access::PROJECT).await?.results {
        let id = read(&text)?.meta.id;
        let edited = carts
            .edit(request, &Selector::Id(id.clone()), &change(), |cart, cx| {
                if cart.cart_state != CartState::Active || cart.customer_id.as_ref() != Some(&by.customer_id)
                {
                    return Ok(());
                }
                owner::put_groups(cart, by.customer_group.clone(), by.customer_group_assignments.clone());
                settle::settle(cart, cx)
            })
            .await;
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

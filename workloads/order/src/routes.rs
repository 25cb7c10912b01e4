//! Routes of the order service beside the derived ones.

use crate::adopt::adopt;
use crate::checkout::Checkout;
use crate::new_order::entries;
use crate::orders::Orders;
use api::internal::inventory::{Confirm, ConfirmedOrder};
use api::internal::order::{Outcome, Outcomes, Verified, Verify};
use api::order::{MyOrderFromCartDraft, Order, OrderFromCartDraft, OrderImportDraft};
use api::{ApiError, Id, Kind, Result, ServiceName, Stored};
use axum::extract::{Path, RawQuery};
use axum::routing::{delete, post};
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, json, not_found, ok};
use kit::peers::{call, internal};
use kit::resource::{Access, Collection, Mine, Operation, Rules, expand, store_error};
use kit::service::ServiceBuilder;
use kit::store::{Claim, Selector, Visibility};
use serde::de::IgnoredAny;
use std::sync::Arc;

/// Orders asked for in one call.
const MAX_ORDERS: usize = 1_000;
/// An order younger than this may still have marks at the inventory that it would be asked for.
const SETTLED_MS: i64 = 15 * 60_000;

pub(crate) fn add(
    mut builder: ServiceBuilder,
    orders: &Arc<Collection<Orders>>,
    checkout: &Arc<Checkout>,
) -> ServiceBuilder {
    let resource = serde_json::json!({"$ref": "#/components/schemas/StoredOrder"});
    let draft = builder.parts().request::<OrderFromCartDraft>();
    let order = Operation::new("post", "/{projectKey}/orders", "Makes an order of a cart.")
        .scopes(["manage_orders"])
        .param("expand", "string")
        .takes(draft)
        .gives(201, Some(resource.clone()));
    let my_draft = builder.parts().request::<MyOrderFromCartDraft>();
    let my_order = Operation::new("post", "/{projectKey}/me/orders", "Makes an order of one's own cart.")
        .scopes([Orders::MY_SCOPE])
        .param("expand", "string")
        .takes(my_draft)
        .gives(201, Some(resource.clone()));
    let import_draft = builder.parts().request::<OrderImportDraft>();
    let import =
        Operation::new("post", "/{projectKey}/orders/import", "Takes over an order of another system.")
            .scopes(["manage_orders"])
            .param("expand", "string")
            .takes(import_draft)
            .gives(201, Some(resource.clone()));
    let removals = ["{id}", "order-number={orderNumber}"].map(|item| {
        Operation::new("delete", format!("/{{projectKey}}/orders/{item}"), "Deletes an order.")
            .scopes(["manage_orders"])
            .param("version", "integer")
            .param("dataErasure", "boolean")
            .param("expand", "string")
            .gives(200, Some(resource.clone()))
    });
    let (placing, placing_mine, importing) =
        (Arc::clone(checkout), Arc::clone(checkout), Arc::clone(checkout));
    let removing = Arc::clone(orders);
    let [lookups, my_lookups, import_lookups, lookups_too] = std::array::from_fn(|_| builder.lookups());
    let builder = builder
        .route(
            "/{project}/orders",
            &[order],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                request.caller.require_manage(Kind::Order)?;
                let params = Params::parse(query.as_deref())?;
                let draft: OrderFromCartDraft = json(&body)?;
                let made = placing.place(request.clone(), draft, &Access::of(&request)).await?;
                Reply::Ok(created(expand(&lookups, &request, &params, made).await?))
            }),
        )
        .route(
            "/{project}/me/orders",
            &[my_order],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                request.caller.require(&[Orders::MY_SCOPE.to_owned()])?;
                let access = Access::own(&request)?;
                let params = Params::parse(query.as_deref())?;
                let draft: MyOrderFromCartDraft = json(&body)?;
                let made = placing_mine.place(request.clone(), draft.into(), &access).await?;
                Reply::Ok(created(expand(&my_lookups, &request, &params, made).await?))
            }),
        )
        .route(
            "/{project}/orders/import",
            &[import],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                request.caller.require_manage(Kind::Order)?;
                let params = Params::parse(query.as_deref())?;
                let draft: OrderImportDraft = json(&body)?;
                let made = importing.import(request.clone(), draft).await?;
                Reply::Ok(created(expand(&import_lookups, &request, &params, made).await?))
            }),
        )
        .route(
            "/{project}/orders/{selector}",
            &removals,
            delete(
                move |request: RequestInfo,
                      Path((_, segment)): Path<(String, String)>,
                      RawQuery(query): RawQuery| async move {
                    request.caller.require_manage(Kind::Order)?;
                    let params = Params::parse(query.as_deref())?;
                    params.check_data_erasure()?;
                    let gone = remove(&removing, &request, &segment, &params).await?;
                    Reply::Ok(ok(expand(&lookups_too, &request, &params, gone).await?))
                },
            ),
        );
    internal_routes(builder, orders)
}

fn internal_routes(builder: ServiceBuilder, orders: &Arc<Collection<Orders>>) -> ServiceBuilder {
    let (asked, verifying, adopting) = (Arc::clone(orders), Arc::clone(orders), Arc::clone(orders));
    builder
        .internal(
            "/adopt",
            post(move |request: RequestInfo, body: Bytes| async move {
                adopt(&adopting, &request, &json(&body)?).await?;
                Reply::Ok(ok("null"))
            }),
        )
        .internal(
            "/outcomes",
            post(move |request: RequestInfo, body: Bytes| async move {
                let answers = outcomes(&asked, &request, json(&body)?).await?;
                Reply::Ok(ok(serde_json::to_string(&answers).map_err(|e| internal(&e))?))
            }),
        )
        .internal(
            "/verify",
            post(move |request: RequestInfo, body: Bytes| async move {
                let Verify { order_id } = json(&body)?;
                let verified = verify(&verifying, &request, &order_id).await?;
                Reply::Ok(ok(serde_json::to_string(&verified).map_err(|e| internal(&e))?))
            }),
        )
}

/// Deletes an order. Its stock is not given back (contract, Appendix E); so the inventory must first know
/// that it stood, or it would later take the missing order for one that was never made.
async fn remove(
    orders: &Collection<Orders>,
    request: &RequestInfo,
    segment: &str,
    params: &Params,
) -> Result<String> {
    let version = params.version()?.ok_or_else(|| {
        ApiError::malformed_parameter("version", "A version is required to delete a resource.")
    })?;
    let access = Access::of(request);
    let selector = match segment.strip_prefix("order-number=") {
        Some(number) => Selector::Claim(Claim::new("orderNumber", number)),
        None => Id::parse(segment).map(Selector::Id).ok_or_else(|| not_found(segment))?,
    };
    let found = orders.get(request, &selector, &access).await?.ok_or_else(|| not_found(segment))?;
    let order: Stored<Order> = Stored::from_json(&found).map_err(|e| internal(&e))?;
    let confirmed = ConfirmedOrder { order_id: order.id().clone(), entries: entries(&order.body) };
    let young = order.meta.created_at.plus_millis(SETTLED_MS) > orders.deps.clock.now();
    if young && !confirmed.entries.is_empty() {
        let confirm = Confirm { orders: vec![confirmed], at_once: true };
        call::<IgnoredAny>(orders.deps.peers.as_ref(), ServiceName::Inventory, "/confirm", request, &confirm)
            .await?;
    }
    let gone = orders.delete(request, &selector, &access, Some(version)).await?;
    Ok(gone.ok_or_else(|| not_found(segment))?.json)
}

async fn outcomes(
    orders: &Collection<Orders>,
    request: &RequestInfo,
    asked: Outcomes,
) -> Result<Vec<Outcome>> {
    if asked.order_ids.len() > MAX_ORDERS {
        return Err(ApiError::invalid_input(format!("More than {MAX_ORDERS} orders in one call.")));
    }
    let mut answers = Vec::with_capacity(asked.order_ids.len());
    for id in asked.order_ids {
        let found = orders.deps.store.get(request.project(), Orders::KIND, &Selector::Id(id)).await;
        answers.push(match found.map_err(|e| store_error(&e))?.map(|document| document.visibility) {
            Some(Visibility::Live) => Outcome::Confirmed,
            Some(Visibility::Pending) => Outcome::Pending,
            Some(Visibility::Deleted) | None => Outcome::Gone,
        });
    }
    Ok(answers)
}

async fn verify(orders: &Collection<Orders>, request: &RequestInfo, id: &Id) -> Result<Verified> {
    let found = orders.deps.store.get(request.project(), Orders::KIND, &Selector::Id(id.clone())).await;
    let document = found.map_err(|e| store_error(&e))?.ok_or_else(|| not_found(id.as_str()))?;
    let state = orders.state(&document)?;
    let same = state.hidden.fold(&state.body)? == state.body;
    Ok(Verified { same, events: state.hidden.length() })
}

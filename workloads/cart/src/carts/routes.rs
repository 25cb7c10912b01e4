//! The routes of carts beside the derived ones: active cart, replicate, merge; and what peers call.

use super::{ACTIVE, Carts, adopt, checkout, holds, prepare, replicate};
use api::cart::{CartReplicateDraft, MergeCartDraft};
use api::internal::cart::AdoptCart;
use api::{ApiError, Id, Kind, Result};
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, json, not_found, ok};
use kit::resource::{
    Access, Collection, Context, Facts, Lookup, LookupBy, Lookups, Mine, Operation, Stop, equals, expand,
};
use kit::service::ServiceBuilder;
use serde_json::{Value, json as value};
use std::sync::Arc;

/// Adds the public routes.
pub(crate) fn public(mut builder: ServiceBuilder, carts: &Arc<Collection<Carts>>) -> ServiceBuilder {
    let cart = value!({"$ref": "#/components/schemas/StoredCart"});
    let replicate_draft = builder.parts().request::<CartReplicateDraft>();
    let merge_draft = builder.parts().request::<MergeCartDraft>();
    let lookups = builder.lookups();
    let mine = [Carts::MY_SCOPE];

    let (c, l) = (Arc::clone(carts), Arc::clone(&lookups));
    let active = |method| {
        Operation::new(
            method,
            "/{projectKey}/me/active-cart",
            "Gets the token's most recently modified active cart.",
        )
        .scopes(mine)
        .param("expand", "string")
    };
    let active = [active("get").gives(200, Some(cart.clone())), active("head").gives(200, None)];
    builder = builder.route(
        "/{project}/me/active-cart",
        &active,
        get(move |request: RequestInfo, RawQuery(query): RawQuery| async move {
            let access = own(&request)?;
            let params = Params::parse(query.as_deref())?;
            let filter = equals(ACTIVE, "")?;
            let found = c.latest(&request, filter, &access).await?;
            let found = found.ok_or_else(|| {
                ApiError::new(
                    api::Code::ResourceNotFound,
                    "There is no active cart of this customer or guest.",
                )
            })?;
            Reply::Ok(ok(expand(&l, &request, &params, found).await?))
        }),
    );

    for (path, scope) in [("carts", "manage_orders"), ("me/carts", Carts::MY_SCOPE)] {
        let (c, l) = (Arc::clone(carts), Arc::clone(&lookups));
        let operation = Operation::new(
            "post",
            format!("/{{projectKey}}/{path}/replicate"),
            "Makes a cart like another one, or like an order.",
        )
        .scopes([scope])
        .param("expand", "string")
        .takes(replicate_draft.clone())
        .gives(201, Some(cart.clone()));
        let is_mine = scope == Carts::MY_SCOPE;
        builder = builder.route(
            &format!("/{{project}}/{path}/replicate"),
            &[operation],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                let access = if is_mine { own(&request)? } else { everyones(&request)? };
                let params = Params::parse(query.as_deref())?;
                let draft: CartReplicateDraft = json(&body)?;
                let made = replicate::replicate(&c, &l, &request, &access, draft).await?;
                Reply::Ok(created(expand(&l, &request, &params, made.json).await?))
            }),
        );
    }

    let (c, l) = (Arc::clone(carts), lookups);
    let operation = Operation::new(
        "post",
        "/{projectKey}/carts/customer-id={customerId}/merge",
        "Merges an anonymous cart into the customer's active one.",
    )
    .scopes(["manage_orders"])
    .param("expand", "string")
    .takes(merge_draft)
    .gives(200, Some(cart));
    builder.route(
        "/{project}/carts/{selector}/merge",
        &[operation],
        post(
            move |request: RequestInfo,
                  Path((_, segment)): Path<(String, String)>,
                  RawQuery(query): RawQuery,
                  body: Bytes| async move {
                everyones(&request)?;
                let params = Params::parse(query.as_deref())?;
                let customer = segment.strip_prefix("customer-id=").and_then(Id::parse);
                let customer = customer.ok_or_else(|| not_found(&segment))?;
                let merged = merge(&c, &l, &request, customer, json(&body)?).await?;
                let merged = merged.ok_or_else(|| not_found(&segment))?;
                Reply::Ok(ok(expand(&l, &request, &params, merged).await?))
            },
        ),
    )
}

fn everyones(request: &RequestInfo) -> Result<Access> {
    request.caller.require_manage(Kind::Cart)?;
    Ok(Access::of(request))
}

fn own(request: &RequestInfo) -> Result<Access> {
    request.caller.require(&[Carts::MY_SCOPE.to_owned()])?;
    Access::own(request)
}

async fn merge(
    carts: &Collection<Carts>,
    lookups: &Lookups,
    request: &RequestInfo,
    customer_id: Id,
    draft: MergeCartDraft,
) -> Result<Option<String>> {
    if draft.anonymous_cart.is_none() && draft.anonymous_id.is_none() {
        return Err(ApiError::invalid_input("One of 'anonymousCart' and 'anonymousId' is required."));
    }
    let mut facts = Facts::default();
    lookups
        .fetch(request, vec![Lookup::new(Kind::Customer, LookupBy::Id(customer_id.clone()))], &mut facts)
        .await?;
    let clock = carts.deps.clock.as_ref();
    let cx = Context::new(clock.now(), customer_id.clone(), request, clock, &facts);
    let customer = super::known::customer(&customer_id, &cx).map_err(|stop| match stop {
        Stop::Refused(_) => not_found(&format!("customer-id={customer_id}")),
        Stop::Missing => ApiError::general(),
    })?;
    let adopt = AdoptCart {
        customer_id,
        email: Some(customer.email.clone()),
        customer_group: customer.customer_group.clone(),
        customer_group_assignments: customer
            .customer_group_assignments
            .iter()
            .map(|assignment| assignment.customer_group.id.clone())
            .collect(),
        anonymous_id: draft.anonymous_id,
        anonymous_cart: draft.anonymous_cart,
        mode: draft.merge_mode,
        update_product_data: draft.update_product_data,
    };
    adopt::adopt(carts, request, &adopt).await
}

/// Adds what peers call.
pub(crate) fn internal(builder: ServiceBuilder, carts: &Arc<Collection<Carts>>) -> ServiceBuilder {
    macro_rules! route {
        ($builder:expr, $path:literal, $function:path, $answer:expr) => {{
            let carts = Arc::clone(carts);
            $builder.internal(
                $path,
                post(move |request: RequestInfo, body: Bytes| async move {
                    let body = json(&body)?;
                    let answer = $function(&carts, &request, &body).await?;
                    Reply::Ok(ok($answer(answer)))
                }),
            )
        }};
    }
    let text = |json: String| json;
    let perhaps = |json: Option<String>| json.unwrap_or_else(|| Value::Null.to_string());
    let nothing = |()| Value::Null.to_string();
    let builder = route!(builder, "/prepare", prepare::prepare, text);
    let builder = route!(builder, "/order", checkout::order, text);
    let builder = route!(builder, "/release", checkout::release, nothing);
    let builder = route!(builder, "/confirm", checkout::confirm, nothing);
    let builder = route!(builder, "/adopt", adopt::adopt, perhaps);
    let builder =
        route!(builder, "/held", holds::held, |wanted: Vec<bool>| serde_json::json!(wanted).to_string());
    let builder = route!(builder, "/check-reprice", adopt::check_reprice, nothing);
    route!(builder, "/reprice", adopt::reprice, nothing)
}

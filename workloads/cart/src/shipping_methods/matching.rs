//! `matching-cart`, `matching-location`, `matching-cart-location`: the active methods that would do, the
//! default one first, each with `isMatching` at the rate that would be used.

use super::ShippingMethods;
use crate::cart_predicate::CartPredicate;
use crate::carts::{Carts, ship};
use crate::zones::Zones;
use api::shipping_method::ShippingMethod;
use api::zone::Zone;
use api::{ApiError, CountryCode, CurrencyCode, Id, Kind, Result, Stored};
use axum::extract::RawQuery;
use axum::http::{Method, StatusCode};
use axum::routing::get;
use kit::http::{Params, Reply, RequestInfo, empty, ok};
use kit::resource::{Access, Collection, ListRequest, Lookups, Operation, expand};
use kit::service::ServiceBuilder;
use kit::store::Selector;
use pricing::Place;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// What the three routes need.
#[derive(Clone)]
struct Matching {
    methods: Arc<Collection<ShippingMethods>>,
    zones: Arc<Collection<Zones>>,
    carts: Arc<Collection<Carts>>,
    lookups: Arc<Lookups>,
}

/// Which route was asked.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Cart,
    Location,
    CartLocation,
}

/// Adds the three routes.
pub(crate) fn add_routes(
    mut builder: ServiceBuilder,
    methods: &Arc<Collection<ShippingMethods>>,
    zones: &Arc<Collection<Zones>>,
    carts: &Arc<Collection<Carts>>,
) -> ServiceBuilder {
    let matching = Matching {
        methods: Arc::clone(methods),
        zones: Arc::clone(zones),
        carts: Arc::clone(carts),
        lookups: builder.lookups(),
    };
    let page = json!({"$ref": "#/components/schemas/ShippingMethodPagedQueryResponse"});
    let _ = builder.parts();
    for (name, by, params) in [
        ("matching-cart", By::Cart, &[("cartId", "string")][..]),
        (
            "matching-location",
            By::Location,
            &[("country", "string"), ("state", "string"), ("currency", "string")],
        ),
        (
            "matching-cart-location",
            By::CartLocation,
            &[("cartId", "string"), ("country", "string"), ("state", "string")],
        ),
    ] {
        let describe = |method: &'static str| {
            Operation::new(
                method,
                format!("/{{projectKey}}/shipping-methods/{name}"),
                "Gets the shipping methods that match.",
            )
            .scopes(["view_orders", "view_shipping_methods", "manage_my_orders"])
            .params(params)
            .param("expand", "string")
        };
        let operations = [
            describe("get").gives(200, Some(page.clone())),
            describe("head").gives(200, None).gives(404, None),
        ];
        let matching = matching.clone();
        let handler =
            get(move |method: Method, request: RequestInfo, RawQuery(query): RawQuery| async move {
                matching.answer(by, &method, &request, query.as_deref()).await
            });
        builder = builder.route(&format!("/{{project}}/shipping-methods/{name}"), &operations, handler);
    }
    builder
}

impl Matching {
    async fn answer(&self, by: By, method: &Method, request: &RequestInfo, query: Option<&str>) -> Reply {
        let scopes = &request.caller.scopes;
        let of_store = request.caller.store.is_some() && scopes.allow("view_customers");
        if !of_store && !scopes.allow("manage_my_orders") {
            request.caller.require_view(Kind::ShippingMethod)?;
        }
        let params = Params::parse(query)?;
        let found = match by {
            By::Location => self.of_location(request, &params).await?,
            By::Cart | By::CartLocation => self.of_cart(by, request, &params).await?,
        };
        if *method == Method::HEAD {
            return Ok(empty(if found.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK }));
        }
        let texts: Vec<String> = found.iter().filter_map(|one| one.to_json().ok()).collect();
        let body = format!(
            "{{\"limit\":500,\"offset\":0,\"count\":{n},\"total\":{n},\"results\":[{}]}}",
            texts.join(","),
            n = texts.len()
        );
        Ok(ok(expand(&self.lookups, request, &params, body).await?))
    }

    async fn of_location(
        &self,
        request: &RequestInfo,
        params: &Params,
    ) -> Result<Vec<Stored<ShippingMethod>>> {
        let place = Place::new(country(params)?, params.get("state"));
        let currency = params
            .get("currency")
            .map(|text| {
                CurrencyCode::parse(text).ok_or_else(|| {
                    ApiError::malformed_parameter("currency", "Expected a currency code of ISO 4217.")
                })
            })
            .transpose()?;
        let zones = self.zones(request).await?;
        let mut methods = self.active(request).await?;
        methods.retain_mut(|method| {
            method.predicate.is_none()
                && pricing::mark_location(&mut method.body, place, currency, |id| zones.get(id))
        });
        Ok(methods)
    }

    async fn of_cart(
        &self,
        by: By,
        request: &RequestInfo,
        params: &Params,
    ) -> Result<Vec<Stored<ShippingMethod>>> {
        let id = params.get("cartId").and_then(Id::parse);
        let id =
            id.ok_or_else(|| ApiError::malformed_parameter("cartId", "The id of a cart is required."))?;
        let cart = self.carts.find(request, &Selector::Id(id.clone()), &Access::of(request)).await?;
        let cart =
            cart.ok_or_else(|| ApiError::referenced_not_found(Kind::Cart.type_id(), ("id", id.as_str())))?;
        let place = match (by, &cart.shipping_address) {
            (By::CartLocation, _) => Place::new(country(params)?, params.get("state")),
            (_, Some(address)) => Place::of(address),
            (_, None) => return Err(ApiError::invalid_operation("The cart has no shipping address.")),
        };
        let seen = ship::seen_by_predicates(&cart)?;
        let tier_type = ship::tier_type_of_request(&self.lookups, request).await?;
        let zones = self.zones(request).await?;
        let mut methods = self.active(request).await?;
        methods.retain_mut(|method| {
            ship::serves_store(&method.body, &cart.body)
                && method.predicate.as_deref().is_none_or(|text| CartPredicate::holds(text, &seen))
                && pricing::mark_used_rate(
                    &mut method.body,
                    place,
                    cart.currency(),
                    ship::inputs(&cart.body, cart.shipping_rate_input.as_ref(), tier_type),
                    |id| zones.get(id),
                )
        });
        Ok(methods)
    }

    /// The active methods, the default one first.
    async fn active(&self, request: &RequestInfo) -> Result<Vec<Stored<ShippingMethod>>> {
        let mut methods: Vec<Stored<ShippingMethod>> = all(&self.methods, request).await?;
        methods.retain(|method| method.active);
        methods.sort_by_key(|method| !method.is_default);
        Ok(methods)
    }

    async fn zones(&self, request: &RequestInfo) -> Result<HashMap<Id, Zone>> {
        let zones: Vec<Stored<Zone>> = all(&self.zones, request).await?;
        Ok(zones.into_iter().map(|zone| (zone.meta.id, zone.body)).collect())
    }
}

/// Up to 500 resources of a kind.
async fn all<R: kit::Rules>(
    collection: &Collection<R>,
    request: &RequestInfo,
) -> Result<Vec<Stored<R::Body>>> {
    let list = ListRequest { filters: Vec::new(), sort: Vec::new(), limit: 500, offset: 0, count_to: None };
    let page = collection.page(request, list, &Access::PROJECT).await?;
    page.results
        .iter()
        .map(|text| Stored::from_json(text).map_err(|error| kit::peers::internal(&error)))
        .collect()
}

fn country(params: &Params) -> Result<CountryCode> {
    params.get("country").and_then(CountryCode::parse).ok_or_else(|| {
        ApiError::malformed_parameter(
            "country",
            "A country code of ISO 3166-1 (two upper-case letters) is required.",
        )
    })
}

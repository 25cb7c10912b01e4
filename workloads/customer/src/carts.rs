//! What this service asks of the cart service. All of it may be repeated.

use crate::customers::{Customers, SignUp};
use crate::desk::Desk;
use api::cart::CartMergeMode;
use api::customer::Customer;
use api::internal::cart::{AdoptCart, RepriceCarts};
use api::internal::order::AdoptOrders;
use api::{Id, Result, ServiceName};
use kit::http::RequestInfo;
use kit::peers;
use kit::resource::State;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The JSON text of a cart, if there is one.
pub(crate) type Cart = Option<Box<RawValue>>;

impl Desk {
    /// Gives the customer what was anonymous, if anything, and tells the active cart, worked out anew.
    pub(crate) async fn adopt(
        &self,
        request: &RequestInfo,
        customer: &State<Customers>,
        anonymous: &SignUp,
        mode: CartMergeMode,
        update_product_data: bool,
    ) -> Result<Cart> {
        let adopt = AdoptCart {
            customer_id: customer.meta.id.clone(),
            email: Some(customer.email.clone()),
            customer_group: customer.customer_group.clone(),
            customer_group_assignments: groups(&customer.body),
            anonymous_id: anonymous.anonymous_id.clone(),
            anonymous_cart: anonymous.anonymous_cart.clone(),
            mode,
            update_product_data,
        };
        let cart = self.ask_cart(request, "/adopt", &adopt).await?;
        if let Some(anonymous_id) = &anonymous.anonymous_id {
            self.adopt_orders(request, customer, anonymous_id).await?;
        }
        Ok(cart)
    }

    /// Gives the customer the orders that were made as the guest.
    async fn adopt_orders(
        &self,
        request: &RequestInfo,
        customer: &State<Customers>,
        anonymous_id: &str,
    ) -> Result<()> {
        let adopt = AdoptOrders {
            customer_id: customer.meta.id.clone(),
            customer_group: customer.customer_group.clone(),
            anonymous_id: anonymous_id.to_owned(),
        };
        let peers = self.deps.peers.as_ref();
        peers::call::<IgnoredAny>(peers, ServiceName::Order, "/adopt", request, &adopt).await.map(drop)
    }

    /// Has the customer's carts worked out anew for the groups that it belongs to now.
    pub(crate) async fn reprice(&self, request: &RequestInfo, customer: &State<Customers>) -> Result<()> {
        self.ask_cart(request, "/reprice", &regrouped(customer)).await.map(drop)
    }

    /// Refuses groups for which the customer's active cart has no prices or taxes.
    pub(crate) async fn check_reprice(
        &self,
        request: &RequestInfo,
        customer: &State<Customers>,
    ) -> Result<()> {
        self.ask_cart(request, "/check-reprice", &regrouped(customer)).await.map(drop)
    }

    async fn ask_cart(
        &self,
        request: &RequestInfo,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<Cart> {
        peers::call(self.deps.peers.as_ref(), ServiceName::Cart, path, request, body).await
    }
}

fn regrouped(customer: &State<Customers>) -> RepriceCarts {
    RepriceCarts {
        customer_id: customer.meta.id.clone(),
        customer_group: customer.customer_group.clone(),
        customer_group_assignments: groups(&customer.body),
    }
}

fn groups(customer: &Customer) -> Vec<Id> {
    customer
        .customer_group_assignments
        .iter()
        .map(|assignment| assignment.customer_group.id.clone())
        .collect()
}

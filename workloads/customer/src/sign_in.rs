//! Signing in: who it is, and the cart that goes on from here, worked out anew. The customer does not change.

use crate::desk::{Desk, Found, sign_in_result};
use crate::sign_up::anonymous;
use api::Result;
use api::customer::{CustomerSignin, Password};
use api::internal::customer::{Authenticate, Authenticated};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::peers::internal;

impl Desk {
    /// Signs a customer in: a global one, or on a store's path one of that store's. Gives the answer's body.
    pub(crate) async fn sign_in(&self, request: &RequestInfo, sign_in: &CustomerSignin) -> Result<String> {
        let brought = anonymous(
            sign_in.anonymous_id.as_ref(),
            sign_in.anonymous_cart.as_ref(),
            sign_in.anonymous_cart_id.as_ref(),
        )?;
        let store = request.caller.store.as_ref();
        let Found { json, state } =
            self.authenticate(request.project(), &sign_in.email, &sign_in.password, store).await?;
        let brought = brought.unwrap_or_default();
        let mode = sign_in.anonymous_cart_sign_in_mode;
        let cart = self.adopt(request, &state, &brought, mode, sign_in.update_product_data).await?;
        Ok(sign_in_result(&json, cart.as_ref().map(|cart| cart.get())))
    }
}

/// `POST /authenticate` of the internal routes.
pub(crate) fn authenticate(desk: &Desk) -> MethodRouter {
    let desk = desk.clone();
    post(move |request: RequestInfo, body: Bytes| async move {
        let Authenticate { email, password, store } = json(&body)?;
        let found =
            desk.authenticate(request.project(), &email, &Password::new(password), store.as_ref()).await?;
        let answer = Authenticated { customer_id: found.state.meta.id };
        Reply::Ok(ok(serde_json::to_string(&answer).map_err(|e| internal(&e))?))
    })
}

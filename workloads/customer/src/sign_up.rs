//! Signing up.
//!
//! A customer who brings nothing is simply made. One who brings a guest's cart is made pending, which takes
//! the e-mail address but shows nothing; then the cart is adopted, and only then the customer is there. A cart
//! that cannot be adopted ends the customer again (contract §8). What a crash leaves pending, the recovery
//! loop finishes: adopting may be repeated.

use crate::carts::Cart;
use crate::customers::{Customers, NewCustomer, SignUp, created, email_taken};
use crate::desk::{Desk, sign_in_result};
use crate::limits;
use api::cart::CartMergeMode;
use api::customer::{AuthenticationMode, CustomerDraft};
use api::{ApiError, Code, Id, Kind, ResourceIdentifier, Result, StoreIdentifier};
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Edit, State};
use kit::store::{Selector, Visibility};

impl Desk {
    /// Makes a customer; gives the answer's body.
    pub(crate) async fn sign_up(&self, request: &RequestInfo, mut draft: CustomerDraft) -> Result<String> {
        if let Some(store) = request.caller.store.as_ref().filter(|_| draft.stores.is_empty()) {
            draft.stores = vec![StoreIdentifier::by_key(Kind::Store, store)];
        }
        limits::email(&draft.email)?;
        let sign_up = anonymous(
            draft.anonymous_id.as_ref(),
            draft.anonymous_cart.as_ref(),
            draft.anonymous_cart_id.as_ref(),
        )?;
        let password_hash = match (&draft.password, draft.authentication_mode) {
            (_, AuthenticationMode::ExternalAuth) => None,
            (Some(password), AuthenticationMode::Password) => Some(self.passwords.hash(password).await?),
            (None, AuthenticationMode::Password) => return Err(ApiError::required_field("password")),
        };
        let new = NewCustomer { draft, password_hash, sign_up };
        let as_written = |error: ApiError| as_written(error, Some(&new.draft.email));
        let Some(sign_up) = &new.sign_up else {
            let made = self.customers.create(request, &new).await.map_err(as_written)?;
            return Ok(sign_in_result(&made.json, None));
        };
        let now = self.deps.clock.now();
        let pending = self.customers.create_as(request, now, &new, Visibility::Pending).await;
        let pending = pending.map_err(as_written)?.state;
        let (json, cart) = self.settle_sign_up(request, &pending, sign_up).await?;
        Ok(sign_in_result(&json, cart.as_ref().map(|cart| cart.get())))
    }

    /// Adopts what was anonymous and makes the customer visible, or ends it if that is refused. When it is
    /// not known what became of the carts, the customer stays pending.
    pub(crate) async fn settle_sign_up(
        &self,
        request: &RequestInfo,
        pending: &State<Customers>,
        sign_up: &SignUp,
    ) -> Result<(String, Cart)> {
        let id = &pending.meta.id;
        let mode = CartMergeMode::default();
        match self.adopt(request, pending, sign_up, mode, false).await {
            Ok(cart) => {
                let json = self.edit_pending(request, id, appear).await?;
                Ok((json.ok_or_else(ApiError::unavailable)?, cart))
            }
            Err(refused) if refused.status() < 500 => {
                self.edit_pending(request, id, |state, _| {
                    state.visibility = Visibility::Deleted;
                    Ok(())
                })
                .await?;
                Err(refused)
            }
            Err(error) => Err(error),
        }
    }

    /// Changes a customer that is still pending; of one that is not any more, gives how it is.
    async fn edit_pending(
        &self,
        request: &RequestInfo,
        id: &Id,
        mut change: impl FnMut(&mut State<Customers>, &mut Context<'_>) -> Decision<()>,
    ) -> Result<Option<String>> {
        let selector = Selector::Id(id.clone());
        let edited = self
            .customers
            .edit(request, &selector, &Edit::internal(), |state, cx| match state.visibility {
                Visibility::Pending => change(state, cx),
                _ => Ok(()),
            })
            .await?;
        Ok(edited.map(|edited| edited.json))
    }
}

fn appear(state: &mut State<Customers>, cx: &mut Context<'_>) -> Decision<()> {
    state.visibility = Visibility::Live;
    state.hidden.sign_up = None;
    state.due_at = None;
    cx.emit(created(&state.meta, &state.body));
    Ok(())
}

/// What a guest brings along, if anything.
pub(crate) fn anonymous(
    anonymous_id: Option<&String>,
    cart: Option<&ResourceIdentifier>,
    cart_id: Option<&Id>,
) -> Result<Option<SignUp>> {
    if let Some(cart) = cart {
        cart.expect(Kind::Cart)?;
    }
    if anonymous_id.is_some_and(|id| id.is_empty() || id.len() > 256) {
        return Err(ApiError::invalid_input("An anonymousId has 1 to 256 characters."));
    }
    let by_id = || cart_id.map(|id| ResourceIdentifier::by_id(Kind::Cart, id.clone()));
    let brought =
        SignUp { anonymous_id: anonymous_id.cloned(), anonymous_cart: cart.cloned().or_else(by_id) };
    Ok((brought != SignUp::default()).then_some(brought))
}

/// The error that an e-mail address is taken, naming the address as the client wrote it.
pub(crate) fn as_written(error: ApiError, email: Option<&str>) -> ApiError {
    let about_email =
        error.items().first().is_some_and(|item| item.extra.get("field").is_some_and(|f| f == "email"));
    match email {
        Some(email) if error.code() == Code::DuplicateField && about_email => email_taken(email),
        _ => error,
    }
}

//! Passwords and tokens: changed, reset, confirmed.

use crate::customers::{Customers, Token, TokenKind};
use crate::desk::{Desk, Found};
use api::customer::{AuthenticationMode, CustomerToken, Password};
use api::internal::account::RevokeCustomer;
use api::{ApiError, Code, Id, Message, Result, ServiceName};
use kit::http::{RequestInfo, not_found};
use kit::peers;
use kit::resource::{Access, Edit, State};
use kit::store::Selector;
use serde_json::json;

/// The longest life of a token in minutes: a year.
const LONGEST_LIFE: i64 = 525_600;
/// Messages show a token's value up to this life in minutes (contract §8).
const SHOWN_UP_TO: i64 = 60;
/// When the recovery loop looks after a reset whose tokens are still to be withdrawn.
const REVOKE_MS: i64 = 15_000;

/// What a new token shall be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) kind: TokenKind,
    pub(crate) minutes: i64,
    /// Older tokens of the kind end.
    pub(crate) alone: bool,
}

/// A change of whatever version, or of the given one, if the path shows the customer.
fn seen(request: &RequestInfo, version: Option<i64>) -> Edit {
    Edit { expected_version: version, access: Access::of(request), visible: true }
}

impl Desk {
    /// Makes a token for a customer.
    pub(crate) async fn make_token(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        version: Option<i64>,
        wanted: Wanted,
    ) -> Result<Option<CustomerToken>> {
        let Wanted { kind, minutes, alone } = wanted;
        if !(1..=LONGEST_LIFE).contains(&minutes) {
            return Err(ApiError::invalid_field("ttlMinutes", minutes));
        }
        let value = self.deps.clock.secret();
        let now = self.deps.clock.now();
        let (id, expires_at) = (self.deps.clock.new_id(now), now.plus_minutes(minutes));
        let edited = self
            .customers
            .edit(request, selector, &seen(request, version), |state, cx| {
                if kind == TokenKind::Password && state.authentication_mode != AuthenticationMode::Password {
                    let message = "The customer signs in elsewhere (authenticationMode 'ExternalAuth') and has no password.";
                    return Err(ApiError::invalid_operation(message).into());
                }
                state.hidden.add(kind, Token::new(id.clone(), &value, now, expires_at, alone));
                let message = Message::new(kind.created())
                    .with("resource", json!({"typeId": kind.type_id(), "id": id}))
                    .with("customerId", &state.meta.id)
                    .with("expiresAt", expires_at)
                    .with("invalidateOlderTokens", alone);
                cx.emit(message.with("value", (minutes <= SHOWN_UP_TO).then_some(&value)));
                Ok(())
            })
            .await?;
        Ok(edited.map(|edited| CustomerToken {
            id,
            created_at: now,
            last_modified_at: now,
            customer_id: edited.state.meta.id,
            value,
            expires_at,
            invalidate_older_tokens: alone,
        }))
    }

    /// Makes a token to reset the password of the customer with this e-mail address: of the global one, or of the
    /// store's.
    pub(crate) async fn make_password_token(
        &self,
        request: &RequestInfo,
        email: &str,
        wanted: Wanted,
    ) -> Result<CustomerToken> {
        let selector = Selector::Claim(crate::customers::email_claim(email, request.caller.store.as_ref()));
        let made = self.make_token(request, &selector, None, wanted).await?;
        made.ok_or_else(|| not_found(&format!("email={email}")))
    }

    /// Changes a password that is known.
    pub(crate) async fn change_password(
        &self,
        request: &RequestInfo,
        id: &Id,
        version: i64,
        (current, new): (&Password, &Password),
    ) -> Result<String> {
        let Found { state, .. } = self.by_id(request, id).await?;
        if state.meta.version != version {
            return Err(ApiError::concurrent_modification(id.as_str(), version, state.meta.version));
        }
        let wrong =
            || ApiError::new(Code::InvalidCurrentPassword, "The given current password does not match.");
        let verified = state.hidden.password_hash;
        if !self.passwords.verify(current, verified.as_deref()).await? {
            return Err(wrong());
        }
        let hash = self.passwords.hash(new).await?;
        let changed = self
            .customers
            .edit(request, &Selector::Id(id.clone()), &seen(request, Some(version)), |state, cx| {
                // What was verified may have been replaced meanwhile.
                if state.hidden.password_hash != verified {
                    return Err(wrong().into());
                }
                replace_password(state, &hash);
                cx.emit(Message::new("CustomerPasswordUpdated").with("reset", false));
                Ok(())
            })
            .await?;
        changed.map(|changed| changed.json).ok_or_else(|| ApiError::not_found(id.as_str()))
    }

    /// Sets a new password by a token, and withdraws all OAuth tokens of the customer's.
    pub(crate) async fn reset_password(
        &self,
        request: &RequestInfo,
        token: &str,
        version: Option<i64>,
        new: &Password,
    ) -> Result<String> {
        let kind = TokenKind::Password;
        // Hashing is for those who have a token.
        let found = self.by_token(request, kind, token).await?;
        let id = found.state.meta.id;
        let hash = self.passwords.hash(new).await?;
        let changed = self
            .customers
            .edit(request, &Selector::Id(id.clone()), &seen(request, version), |state, cx| {
                state.hidden.check(kind, token, cx.now)?;
                replace_password(state, &hash);
                state.hidden.revoke = true;
                state.due_at = Some(cx.now.plus_millis(REVOKE_MS));
                cx.emit(Message::new("CustomerPasswordUpdated").with("reset", true));
                Ok(())
            })
            .await?
            .ok_or_else(|| kind.unknown())?;
        if let Err(error) = self.revoke(request, &id).await {
            tracing::warn!(%error, %id, "tokens will be withdrawn later");
        }
        Ok(changed.json)
    }

    /// Withdraws all OAuth tokens of a customer after a reset.
    pub(crate) async fn revoke(&self, request: &RequestInfo, id: &Id) -> Result<()> {
        self.revoke_tokens(request, id, false).await?;
        self.customers
            .edit(request, &Selector::Id(id.clone()), &Edit::internal(), |state, _| {
                state.hidden.revoke = false;
                state.due_at = None;
                Ok(())
            })
            .await
            .map(drop)
    }

    /// Asks the account service to withdraw all tokens that a customer has by now, who may be deleted.
    pub(crate) async fn revoke_tokens(&self, request: &RequestInfo, id: &Id, gone: bool) -> Result<()> {
        let body = RevokeCustomer { customer_id: id.clone(), gone };
        peers::call(self.deps.peers.as_ref(), ServiceName::Account, "/revoke-customer", request, &body).await
    }

    /// Verifies an e-mail address by a token; of the given customer, if any.
    pub(crate) async fn confirm_email(
        &self,
        request: &RequestInfo,
        token: &str,
        version: Option<i64>,
        owner: Option<&Id>,
    ) -> Result<String> {
        let kind = TokenKind::Email;
        let confirmed = self
            .customers
            .edit(request, &Selector::Claim(kind.claim(token)), &seen(request, version), |state, cx| {
                if owner.is_some_and(|owner| *owner != state.meta.id) {
                    return Err(kind.unknown().into());
                }
                state.hidden.check(kind, token, cx.now)?;
                state.hidden.tokens(kind).clear();
                if !state.is_email_verified {
                    state.is_email_verified = true;
                    cx.emit(Message::new("CustomerEmailVerified"));
                }
                Ok(())
            })
            .await?;
        confirmed.map(|confirmed| confirmed.json).ok_or_else(|| kind.unknown())
    }
}

/// A new password ends the tokens to reset the old one.
fn replace_password(state: &mut State<Customers>, hash: &str) {
    state.body.password = Some(Password::MASK.to_owned());
    state.body.password_changed = true;
    state.hidden.password_hash = Some(hash.to_owned());
    state.hidden.password_tokens.clear();
}

//! What the handlers of this service share, and how they find a customer.

use crate::customers::{Customers, TokenKind, email_claim};
use crate::passwords::Passwords;
use api::customer::Password;
use api::{ApiError, Code, Id, Key, Kind, Result};
use kit::http::{Params, RequestInfo};
use kit::resource::{Access, Collection, Lookups, State, expand, store_error};
use kit::service::Deps;
use kit::store::{MAIN, Selector, Visibility};
use std::sync::Arc;

/// The shared parts; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) deps: Deps,
    pub(crate) customers: Arc<Collection<Customers>>,
    pub(crate) passwords: Arc<Passwords>,
    lookups: Arc<Lookups>,
}

/// A customer as it is stored: what clients see of it as JSON text, and all of it.
pub(crate) struct Found {
    pub(crate) json: String,
    pub(crate) state: State<Customers>,
}

impl Desk {
    pub(crate) fn new(deps: Deps, customers: Arc<Collection<Customers>>, lookups: Arc<Lookups>) -> Self {
        Self { deps, customers, passwords: Arc::default(), lookups }
    }

    /// The customer whatever its visibility, unless it is deleted.
    pub(crate) async fn stored(&self, project: &str, selector: &Selector) -> Result<Option<Found>> {
        let found =
            self.deps.store.get(project, Kind::Customer, selector).await.map_err(|e| store_error(&e))?;
        let Some(document) = found else { return Ok(None) };
        let state = self.customers.state(&document)?;
        let json = document.view(MAIN).unwrap_or_default().to_owned();
        Ok(Some(Found { json, state }))
    }

    /// The customer if clients may see it.
    pub(crate) async fn find(&self, project: &str, selector: &Selector) -> Result<Option<Found>> {
        Ok(self.stored(project, selector).await?.filter(|found| found.state.visibility == Visibility::Live))
    }

    /// The customer if the path of the request shows it.
    async fn shown(&self, request: &RequestInfo, selector: &Selector) -> Result<Option<Found>> {
        let access = Access::of(request);
        let found = self.find(request.project(), selector).await?;
        Ok(found.filter(|found| access.shows::<Customers>(&found.state.body)))
    }

    /// The customer of that id; 404 without one.
    pub(crate) async fn by_id(&self, request: &RequestInfo, id: &Id) -> Result<Found> {
        let found = self.shown(request, &Selector::Id(id.clone())).await?;
        found.ok_or_else(|| ApiError::not_found(id.as_str()))
    }

    /// The customer that a token was made for; 404 without one, 400 if the token has expired.
    pub(crate) async fn by_token(
        &self,
        request: &RequestInfo,
        kind: TokenKind,
        value: &str,
    ) -> Result<Found> {
        let found = self.shown(request, &Selector::Claim(kind.claim(value))).await?;
        let found = found.ok_or_else(|| kind.unknown())?;
        found.state.hidden.check(kind, value, self.deps.clock.now())?;
        Ok(found)
    }

    /// The customer with this e-mail and password: a global one, or one of the store's.
    ///
    /// Errors: `InvalidCredentials`, as fast for an unknown address as for a wrong password;
    /// `OverCapacity` when too many sign in at once.
    pub(crate) async fn authenticate(
        &self,
        project: &str,
        email: &str,
        password: &Password,
        store: Option<&Key>,
    ) -> Result<Found> {
        let found = self.find(project, &Selector::Claim(email_claim(email, store))).await?;
        let hash = found.as_ref().and_then(|found| found.state.hidden.password_hash.as_deref());
        let same = self.passwords.verify(password, hash).await?;
        found.filter(|_| same).ok_or_else(|| {
            ApiError::new(Code::InvalidCredentials, "Account with the given credentials not found.")
        })
    }

    /// An answer with what the request's `expand` parameters name.
    pub(crate) async fn expanded(
        &self,
        request: &RequestInfo,
        query: Option<&str>,
        json: String,
    ) -> Result<String> {
        expand(&self.lookups, request, &Params::parse(query)?, json).await
    }
}

/// The body of the answers to signing up and signing in.
pub(crate) fn sign_in_result(customer: &str, cart: Option<&str>) -> String {
    match cart {
        Some(cart) => format!("{{\"customer\":{customer},\"cart\":{cart}}}"),
        None => format!("{{\"customer\":{customer}}}"),
    }
}

//! The account service: API clients, OAuth 2.0 tokens, signing keys, withdrawal of tokens.
//!
//! Access tokens are signed and checked without asking; refresh tokens are random, and only their
//! hashes are stored. All of it lives under one pseudo-project ([`STACK`]), because a client is known by
//! its id alone when it asks for a token.

mod clients;
mod credentials;
mod declarations;
mod declare;
mod keys;
mod oauth;
mod refresh;
mod revocation;

use kit::resource::{Operation, Schemas};
use kit::service::{Deps, Service, ServiceBuilder, kind_schema};
use kit::store::KindSchema;
use serde_json::json;
use std::sync::Arc;

/// Where documents are kept that belong to no single project. No project can have this key.
pub(crate) const STACK: &str = "*";

/// Longer than any access token can live.
pub(crate) const LONGEST_LIFE_DAYS: i64 = 7;

/// The kinds that the service's store holds.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![
        kind_schema::<clients::ApiClients>(),
        kind_schema::<keys::SigningKeys>(),
        kind_schema::<refresh::RefreshTokens>(),
        kind_schema::<revocation::RevocationDocs>(),
        kind_schema::<declarations::Declarations>(),
    ]
}

/// The service.
#[must_use]
pub fn service(deps: Deps) -> Service {
    let mut schemas = Schemas::default();
    schemas.add::<clients::ApiClients>();
    schemas.add::<keys::SigningKeys>();
    schemas.add::<refresh::RefreshTokens>();
    schemas.add::<revocation::RevocationDocs>();
    schemas.add::<declarations::Declarations>();
    let builder = ServiceBuilder::new(deps.clone(), &schemas);
    let account = Arc::new(Account {
        clients: builder.open(),
        refresh: builder.open(),
        revocations: builder.open(),
        declarations: builder.open(),
        keys: keys::Keys::new(builder.open()),
        withdrawn: kit::token::Revocations::default(),
        deps,
    });
    let builder = clients::routes(builder, &account);
    let builder = oauth::routes(builder, &account);
    let builder = refresh::recover(builder, &account);
    let builder = revocation::recover(builder, &account);
    let builder = clients::recover(builder, &account);
    let builder = revocation::follow(builder, &account);
    let keys = Arc::clone(&account);
    builder
        .route(
            "/.well-known/jwks.json",
            &[Operation::new("get", "/.well-known/jwks.json", "The public keys of access tokens (RFC 7517).")
                .gives(200, Some(json!({"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array"}}})))],
            axum::routing::get(move || {
                let account = Arc::clone(&keys);
                async move { keys::jwks(&account).await }
            }),
        )
        .internal("/keys", keys::public_keys(&account))
        .internal("/declare", declare::handler(&account))
        .internal("/revoke-customer", revocation::revoke_customer(&account))
        .build()
}

/// What the handlers of this service share.
pub(crate) struct Account {
    pub(crate) deps: Deps,
    pub(crate) clients: Arc<kit::resource::Collection<clients::ApiClients>>,
    pub(crate) refresh: Arc<kit::resource::Collection<refresh::RefreshTokens>>,
    pub(crate) revocations: Arc<kit::resource::Collection<revocation::RevocationDocs>>,
    pub(crate) declarations: Arc<kit::resource::Collection<declarations::Declarations>>,
    pub(crate) keys: keys::Keys,
    pub(crate) withdrawn: kit::token::Revocations,
}

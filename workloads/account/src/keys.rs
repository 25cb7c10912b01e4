//! The key pairs that access tokens are signed with. The private part is hidden state; the public part is
//! the resource's body.

use crate::{Account, STACK};
use api::internal::account::PublicKey;
use api::{ApiError, Id, Kind, Result};
use axum::routing::{MethodRouter, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kit::http::{Reply, RequestInfo, ok};
use kit::peers::internal;
use kit::resource::{Collection, Context, Decision, RouteSet, Rules};
use kit::store::{Claim, MAIN, Query};
use kit::token::Claims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The rules of signing keys: they are made once and only read.
pub(crate) struct SigningKeys;

/// The public part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SigningKeyBody {
    /// base64url of the public key.
    pub(crate) x: String,
}

/// The private part: the seed in base64url.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seed(String);

/// The seed of a new key.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SeedDraft(String);

impl Rules for SigningKeys {
    type Body = SigningKeyBody;
    type Hidden = Seed;
    type Draft = SeedDraft;
    type Action = api::internal::Never;

    const KIND: Kind = Kind::SigningKey;
    const ROUTES: RouteSet = RouteSet::NONE;

    fn create(draft: &SeedDraft, _: &mut Context<'_>) -> Decision<(SigningKeyBody, Seed)> {
        let key = key_of(&draft.0)?;
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        Ok((SigningKeyBody { x }, Seed(draft.0.clone())))
    }

    fn apply(_: &mut kit::State<Self>, action: &api::internal::Never, _: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    /// One key at a time: of several replicas that start at once, one makes it.
    fn claims(_: &SigningKeyBody) -> Vec<Claim> {
        vec![Claim::new("current", "current")]
    }
}

fn key_of(seed: &str) -> Result<SigningKey> {
    let bytes = URL_SAFE_NO_PAD.decode(seed).map_err(|e| internal(&e))?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| internal(&"a signing key has 32 bytes"))?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// Signs with the current key, which is made when it is first needed.
pub(crate) struct Keys {
    collection: Arc<Collection<SigningKeys>>,
    current: OnceCell<(Id, EncodingKey, PublicKey)>,
}

impl Keys {
    pub(crate) fn new(collection: Arc<Collection<SigningKeys>>) -> Self {
        Self { collection, current: OnceCell::new() }
    }

    /// The signed token of these claims.
    pub(crate) async fn sign(&self, claims: &Claims) -> Result<String> {
        let (kid, key, _) = self.current().await?;
        let header = Header { kid: Some(kid.to_string()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, key).map_err(|e| internal(&e))
    }

    /// The keys that tokens may be signed with.
    pub(crate) async fn public(&self) -> Result<Vec<PublicKey>> {
        Ok(vec![self.current().await?.2.clone()])
    }

    async fn current(&self) -> Result<&(Id, EncodingKey, PublicKey)> {
        self.current.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<(Id, EncodingKey, PublicKey)> {
        for _ in 0..10 {
            if let Some(found) = self.stored().await? {
                return Ok(found);
            }
            let seed = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
            let request = RequestInfo::system(STACK, "signing-key");
            match self.collection.create(&request, &SeedDraft(seed)).await {
                Ok(_) => {}
                // Another replica was first; its key is read in the next round.
                Err(error) if error.code() == api::Code::DuplicateField => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::unavailable())
    }

    async fn stored(&self) -> Result<Option<(Id, EncodingKey, PublicKey)>> {
        let query = Query {
            project: STACK.to_owned(),
            kind: Kind::SigningKey,
            view: MAIN,
            filters: Vec::new(),
            sort: Vec::new(),
            limit: 1,
            offset: 0,
            count_to: None,
            time_limit: Duration::from_secs(5),
        };
        let page = self.collection.deps.store.query(query).await.map_err(|e| internal(&e))?;
        let Some(text) = page.results.first() else { return Ok(None) };
        let meta: api::Meta = serde_json::from_str(text).map_err(|e| internal(&e))?;
        let selector = kit::store::Selector::Id(meta.id);
        let found = self
            .collection
            .deps
            .store
            .get(STACK, Kind::SigningKey, &selector)
            .await
            .map_err(|e| internal(&e))?;
        let Some(document) = found else { return Ok(None) };
        let state = self.collection.state(&document)?;
        let key = key_of(&state.hidden.0)?;
        // PKCS#8 of an Ed25519 seed (RFC 8410 §7): a fixed prefix and the 32 bytes.
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        der.extend_from_slice(&key.to_bytes());
        let id = state.meta.id.clone();
        let public = PublicKey { kid: id.to_string(), x: state.body.x };
        Ok(Some((id, EncodingKey::from_ed_der(&der), public)))
    }
}

/// The key set of RFC 7517.
pub(crate) async fn jwks(account: &Account) -> Reply {
    let keys: Vec<serde_json::Value> = account
        .keys
        .public()
        .await?
        .into_iter()
        .map(|k| serde_json::json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": k.kid, "x": k.x}))
        .collect();
    Ok(ok(serde_json::json!({ "keys": keys }).to_string()))
}

/// `POST /keys`.
pub(crate) fn public_keys(account: &Arc<Account>) -> MethodRouter {
    let account = Arc::clone(account);
    post(move || async move {
        let keys = account.keys.public().await?;
        Reply::Ok(ok(serde_json::to_string(&keys).map_err(|e| internal(&e))?))
    })
}

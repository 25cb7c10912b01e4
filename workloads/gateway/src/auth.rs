//! Token verification: signature once per token, expiry and withdrawal on every request.

use api::internal::account::PublicKey;
use api::{ApiError, Caller, Code, Result, ServiceName};
use axum::http::{HeaderMap, header};
use kit::bus::Follower;
use kit::clock::Clock;
use kit::http::RequestInfo;
use kit::peers::{self, Peers};
use kit::service::revocation_of;
use kit::token::{Claims, KeyRing, Refusal, Revocations, invalid_token};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Verified tokens that are remembered.
const REMEMBERED: usize = 20_000;
/// Milliseconds between two questions for the account service's keys.
const KEY_REFRESH_MS: i64 = 1_000;

/// A token whose signature is good, and the caller that it stands for in its own project.
struct Verified {
    claims: Claims,
    caller: Arc<Caller>,
}

/// Verifies tokens.
pub(crate) struct Auth {
    peers: Arc<dyn Peers>,
    clock: Arc<dyn Clock>,
    keys: KeyRing,
    /// When the keys were last asked for, in milliseconds; held while they are.
    keys_asked_at: tokio::sync::Mutex<i64>,
    withdrawn: Arc<Revocations>,
    verified: RwLock<HashMap<Box<str>, Arc<Verified>>>,
}

impl Auth {
    pub(crate) fn new(peers: Arc<dyn Peers>, clock: Arc<dyn Clock>) -> Self {
        Self {
            peers,
            clock,
            keys: KeyRing::default(),
            keys_asked_at: tokio::sync::Mutex::default(),
            withdrawn: Arc::default(),
            verified: RwLock::default(),
        }
    }

    /// Learns withdrawals from the events of the `account` topic.
    pub(crate) fn follower(&self) -> Follower {
        let (withdrawn, clock) = (Arc::clone(&self.withdrawn), Arc::clone(&self.clock));
        Arc::new(move |event| {
            if let Some(revocation) = revocation_of(event) {
                withdrawn.learn(revocation, clock.now());
            }
        })
    }

    /// The caller of a request to `project`. Under `me` the customer of a token who was deleted is not found, before
    /// the withdrawal of the token is known here and after; everywhere else the token is invalid.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        project: &str,
        is_me: bool,
    ) -> Result<Arc<Caller>> {
        let token = bearer(headers)?;
        let known = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let verified = match known {
            Some(verified) => verified,
            None => self.verify(token).await?,
        };
        self.withdrawn.check(&verified.claims, self.clock.now()).map_err(|refusal| match refusal {
            Refusal::CustomerGone(id) if is_me && verified.claims.project == project => {
                ApiError::not_found(id.as_str())
            }
            refusal => refusal.into(),
        })?;
        let caller = if verified.claims.project == project {
            Arc::clone(&verified.caller)
        } else {
            Arc::new(verified.claims.caller(project))
        };
        match headers.get("x-external-user-id").and_then(|v| v.to_str().ok()) {
            Some(user) if !user.is_empty() && user.len() <= 128 => {
                Ok(Arc::new(Caller { external_user_id: Some(user.to_owned()), ..(*caller).clone() }))
            }
            _ => Ok(caller),
        }
    }

    async fn verify(&self, token: &str) -> Result<Arc<Verified>> {
        if !self.keys.knows_key_of(token) {
            self.ask_for_keys(token).await?;
        }
        let claims = self.keys.verify(token)?;
        let caller = Arc::new(claims.caller(&claims.project));
        let verified = Arc::new(Verified { claims, caller });
        let now = self.clock.now().as_millis() / 1000;
        let mut known = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, v| v.claims.exp > now);
        }
        if known.len() >= REMEMBERED {
            // All of them alive: start again rather than grow; each costs one signature check.
            known.clear();
        }
        known.insert(token.into(), Arc::clone(&verified));
        Ok(verified)
    }

    /// Asks the account service for its keys, at most once a second, however many forged tokens come.
    /// Whoever comes while they are asked for waits for the answer.
    async fn ask_for_keys(&self, token: &str) -> Result<()> {
        let mut asked_at = self.keys_asked_at.lock().await;
        let now = self.clock.now().as_millis();
        if self.keys.knows_key_of(token) || now - *asked_at < KEY_REFRESH_MS {
            return Ok(());
        }
        let request = RequestInfo::system("*", "gateway-keys");
        let keys: Vec<PublicKey> =
            peers::call(self.peers.as_ref(), ServiceName::Account, "/keys", &request, &()).await?;
        self.keys.replace(&keys);
        *asked_at = now;
        Ok(())
    }
}

/// The token of the `Authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        return Err(ApiError::new(
            Code::AccessDenied,
            "This endpoint requires an access token: send it as 'Authorization: Bearer …'.",
        ));
    };
    let text = header.to_str().map_err(|_| invalid_token())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(invalid_token)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(invalid_token()) }
}

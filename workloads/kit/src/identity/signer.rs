//! Making tokens: signed once for each caller and called service, then used for most of their minute.

use super::keys::{self, KeyError};
use super::{Claims, Trust};
use crate::clock::Clock;
use crate::peers::internal;
use api::{Caller, Result, ServiceName};
use axum::http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Seconds that a token lives, and those of them in which it is sent.
const LIFE: i64 = 60;
const USED: i64 = 40;
/// Callers whose tokens are kept.
const KEPT: usize = 10_000;

/// A workload's own key.
pub struct Signer {
    name: ServiceName,
    file: PathBuf,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

struct State {
    text: String,
    key: EncodingKey,
    tokens: HashMap<Option<Arc<Caller>>, Vec<Token>>,
}

struct Token {
    to: ServiceName,
    until: i64,
    text: HeaderValue,
}

impl Signer {
    /// Reads the key of the workload `name`.
    pub fn open(name: ServiceName, file: &Path, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let text = keys::read(file)?;
        let key = keys::private(&text).ok_or_else(|| KeyError::Content(file.to_owned()))?;
        let state = RwLock::new(State { text, key, tokens: HashMap::new() });
        Ok(Self { name, file: file.to_owned(), clock, state })
    }

    /// The token of a call to `to`, on behalf of `caller` if there is one.
    pub fn token(&self, to: ServiceName, caller: Option<&Arc<Caller>>) -> Result<HeaderValue> {
        let now = self.clock.now().as_millis() / 1000;
        let caller = caller.cloned();
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let kept = state.tokens.get(&caller).and_then(|all| all.iter().find(|token| token.to == to));
            if let Some(token) = kept.filter(|token| token.until > now) {
                return Ok(token.text.clone());
            }
        }
        let claims = Claims {
            iss: self.name.as_str().to_owned(),
            aud: to.as_str().to_owned(),
            iat: now,
            exp: now + LIFE,
            caller: caller.as_deref().cloned(),
        };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let text = encode(&Header::new(Algorithm::EdDSA), &claims, &state.key).map_err(|e| internal(&e))?;
        let mut text = HeaderValue::try_from(text).map_err(|e| internal(&e))?;
        text.set_sensitive(true);
        if state.tokens.len() >= KEPT {
            state.tokens.retain(|_, all| all.iter().any(|token| token.until > now));
        }
        if state.tokens.len() >= KEPT {
            // All in use: start again rather than grow; each costs one signature.
            state.tokens.clear();
        }
        let all = state.tokens.entry(caller).or_default();
        all.retain(|token| token.to != to);
        all.push(Token { to, until: now + USED, text: text.clone() });
        Ok(text)
    }

    /// Reads the key file again; a key that was changed signs from now on. One that cannot be read leaves the
    /// last.
    pub fn reload(&self) -> Result<(), KeyError> {
        let text = keys::read(&self.file)?;
        if self.state.read().unwrap_or_else(PoisonError::into_inner).text == text {
            return Ok(());
        }
        let key = keys::private(&text).ok_or_else(|| KeyError::Content(self.file.clone()))?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { text, key, tokens: HashMap::new() };
        tracing::info!("calls to other services are signed with a new key");
        Ok(())
    }
}

/// Reads the keys again every second until `stop`; says once what is wrong with them.
pub async fn keep_current(signer: Arc<Signer>, trust: Arc<Trust>, stop: tokio_util::sync::CancellationToken) {
    let mut said = String::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
            () = stop.cancelled() => return,
        }
        let (signer, trust) = (Arc::clone(&signer), Arc::clone(&trust));
        // Files may be slow; their reading must not hold up requests.
        let read = tokio::task::spawn_blocking(move || signer.reload().and_then(|()| trust.reload())).await;
        match read {
            Ok(Err(error)) if said != error.to_string() => {
                tracing::warn!(%error, "keys could not be read again; those read last stay");
                said = error.to_string();
            }
            Ok(Ok(())) => said.clear(),
            _ => {}
        }
    }
}

//! Access tokens: what they say, and how any service checks them.
//!
//! A token is a JWT signed with Ed25519 by the account service. Whoever has the public keys can check
//! it without asking; withdrawn tokens are known from the `account` topic.

use api::internal::account::{PublicKey, Revocation, Revoked};
use api::{ApiError, Caller, Code, Id, Result, Scopes, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

/// Who issues tokens.
pub const ISSUER: &str = "commercestack";
/// A longer text is no token of ours.
const MAX_LENGTH: usize = 8_192;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// The token's own id.
    pub jti: String,
    /// The API client.
    pub client_id: String,
    /// The project.
    pub project: String,
    /// What was granted, space-separated, as the token answer shows it.
    pub scope: String,
    /// The customer, for tokens of the password flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
    /// The anonymous session, for tokens of that flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// Issued at: milliseconds since 1970, in the claim `iat_ms` because RFC 7519's `iat` counts seconds.
    pub iat_ms: i64,
    /// Expires: seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// The caller that the token stands for in `project`: without any scope or identity if the token is
    /// for another one.
    #[must_use]
    pub fn caller(&self, project: &str) -> Caller {
        let own = self.project == project;
        Caller {
            project: project.to_owned(),
            client_id: self.client_id.clone(),
            customer_id: self.customer_id.clone().filter(|_| own),
            anonymous_id: self.anonymous_id.clone().filter(|_| own),
            external_user_id: self
                .scope
                .split(' ')
                .find_map(|s| s.strip_prefix("external_user_id:"))
                .map(str::to_owned),
            store: None,
            scopes: if own { Scopes::of_project(&self.scope, project) } else { Scopes::default() },
        }
    }
}

/// The 401 for a token that is none, expired or withdrawn.
#[must_use]
pub fn invalid_token() -> ApiError {
    ApiError::new(Code::InvalidToken, "invalid_token")
}

/// The public keys that are known.
#[derive(Default)]
pub struct KeyRing(RwLock<HashMap<String, DecodingKey>>);

impl KeyRing {
    /// Takes these keys for the valid ones.
    pub fn replace(&self, keys: &[PublicKey]) {
        let keys = keys
            .iter()
            .filter_map(|k| Some((k.kid.clone(), DecodingKey::from_ed_components(&k.x).ok()?)))
            .collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether the key that the token names is known; the ring may be out of date if not.
    #[must_use]
    pub fn knows_key_of(&self, token: &str) -> bool {
        token.len() <= MAX_LENGTH
            && decode_header(token)
                .ok()
                .and_then(|h| h.kid)
                .is_none_or(|kid| self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&kid))
    }

    /// What the token says, if it is genuine. Expiry is the caller's to check against its own clock.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        if token.len() > MAX_LENGTH {
            return Err(invalid_token());
        }
        let kid = decode_header(token).ok().and_then(|h| h.kid).ok_or_else(invalid_token)?;
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.get(&kid).ok_or_else(invalid_token)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode::<Claims>(token, key, &validation).map(|data| data.claims).map_err(|_| invalid_token())
    }
}

impl Withdrawn {
    fn len(&self) -> usize {
        self.tokens.len() + self.clients.len() + self.projects.len() + self.customers.len()
    }
}

/// The withdrawals that are known. Bounded by forgetting those whose tokens have expired.
#[derive(Default)]
pub struct Revocations(RwLock<Withdrawn>);

#[derive(Default)]
struct Withdrawn {
    tokens: HashMap<String, Timestamp>,
    /// By client, by project, and by project and customer: tokens issued before the first instant, known until
    /// the second.
    clients: HashMap<String, (Timestamp, Timestamp)>,
    projects: HashMap<String, (Timestamp, Timestamp)>,
    customers: HashMap<(String, String), (Timestamp, Timestamp)>,
    /// Those of `customers` who were deleted.
    gone: HashSet<(String, String)>,
}

impl Revocations {
    /// Learns a withdrawal.
    pub fn learn(&self, revocation: Revocation, now: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let size = known.len();
        if size.is_power_of_two() && size >= 1024 {
            known.tokens.retain(|_, until| *until > now);
            known.clients.retain(|_, (_, until)| *until > now);
            known.projects.retain(|_, (_, until)| *until > now);
            known.customers.retain(|_, (_, until)| *until > now);
            let Withdrawn { customers, gone, .. } = &mut *known;
            gone.retain(|customer| customers.contains_key(customer));
        }
        let until = revocation.until;
        match revocation.of {
            Revoked::Token(jti) => drop(known.tokens.insert(jti, until)),
            Revoked::Client { client_id, issued_before } => {
                extend(known.clients.entry(client_id), issued_before, until);
            }
            Revoked::Project { project, issued_before } => {
                extend(known.projects.entry(project), issued_before, until);
            }
            Revoked::Customer { project, customer_id, issued_before, gone } => {
                let customer = (project, customer_id.to_string());
                if gone {
                    known.gone.insert(customer.clone());
                }
                extend(known.customers.entry(customer), issued_before, until);
            }
        }
    }

    /// Refuses claims that have expired or were withdrawn.
    pub fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        if claims.exp.saturating_mul(1000) <= now.as_millis() {
            return Err(Refusal::Invalid);
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.len() == 0 {
            return Ok(());
        }
        let before = |entry: Option<&(Timestamp, Timestamp)>| {
            entry.is_some_and(|(before, _)| claims.iat_ms < before.as_millis())
        };
        if known.tokens.contains_key(&claims.jti)
            || before(known.clients.get(&claims.client_id))
            || before(known.projects.get(&claims.project))
        {
            return Err(Refusal::Invalid);
        }
        let Some(id) = &claims.customer_id else { return Ok(()) };
        let customer = (claims.project.clone(), id.to_string());
        match before(known.customers.get(&customer)) {
            false => Ok(()),
            true if known.gone.contains(&customer) => Err(Refusal::CustomerGone(id.clone())),
            true => Err(Refusal::Invalid),
        }
    }
}

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It has expired or was withdrawn.
    Invalid,
    /// It was withdrawn because this customer of the token was deleted.
    CustomerGone(Id),
}

impl From<Refusal> for ApiError {
    fn from(_: Refusal) -> Self {
        invalid_token()
    }
}

/// Notes a withdrawal beside those before it: the latest instants count.
fn extend<K>(entry: Entry<'_, K, (Timestamp, Timestamp)>, issued_before: Timestamp, until: Timestamp) {
    let known = entry.or_insert((issued_before, until));
    *known = (known.0.max(issued_before), known.1.max(until));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(customer: Option<&str>, iat_ms: i64) -> Claims {
        let customer_id = customer.and_then(Id::parse);
        let claims = serde_json::json!({
            "iss": ISSUER, "jti": "t", "client_id": "c", "project": "demo", "scope": "",
            "customer_id": customer_id, "iat_ms": iat_ms, "exp": 100,
        });
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn a_withdrawal_says_whether_the_customer_is_gone() {
        let known = Revocations::default();
        let now = Timestamp::from_millis(10);
        for (customer, gone) in [("anna", false), ("bert", true)] {
            let customer_id = Id::parse(customer).unwrap();
            let of = Revoked::Customer { project: "demo".into(), customer_id, issued_before: now, gone };
            known.learn(Revocation { of, until: Timestamp::from_millis(1_000_000) }, now);
        }
        let check = |customer, iat| known.check(&claims(customer, iat), now);
        assert_eq!(check(Some("anna"), 9), Err(Refusal::Invalid));
        assert_eq!(check(Some("bert"), 9), Err(Refusal::CustomerGone(Id::parse("bert").unwrap())));
        assert_eq!(
            (check(Some("anna"), 10), check(Some("cleo"), 9), check(None, 9)),
            (Ok(()), Ok(()), Ok(()))
        );
        let late = Timestamp::from_millis(100_000);
        assert_eq!(
            known.check(&claims(Some("bert"), 9), late),
            Err(Refusal::Invalid),
            "it has expired as well"
        );
    }
}

//! What of a customer no client may see: hashes, tokens, and what is still to be done.

use api::{ApiError, Code, Id, ResourceIdentifier, Result, Timestamp};
use kit::store::Claim;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The hidden part of a customer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Secrets {
    /// In PHC form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_hash: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) password_tokens: Vec<Token>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) email_tokens: Vec<Token>,
    /// The sign-up that is not through yet; the customer is pending as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sign_up: Option<SignUp>,
    /// The password was reset: all tokens of the customer's are still to be withdrawn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) revoke: bool,
}

/// What was anonymous and becomes the customer's with the sign-up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUp {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) anonymous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) anonymous_cart: Option<ResourceIdentifier>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Password,
    Email,
}

impl TokenKind {
    /// The claim by which a customer is found.
    pub(crate) fn claim(self, value: &str) -> Claim {
        Claim::new(self.claim_name(), digest(value))
    }

    fn claim_name(self) -> &'static str {
        match self {
            Self::Password => "passwordToken",
            Self::Email => "emailToken",
        }
    }

    /// What messages about such tokens call them.
    pub(crate) fn type_id(self) -> &'static str {
        match self {
            Self::Password => "customer-password-token",
            Self::Email => "customer-email-token",
        }
    }

    /// The message that there is a new one.
    pub(crate) fn created(self) -> &'static str {
        match self {
            Self::Password => "CustomerPasswordTokenCreated",
            Self::Email => "CustomerEmailTokenCreated",
        }
    }

    fn expired(self) -> ApiError {
        match self {
            Self::Password => ApiError::new(
                Code::ExpiredCustomerPasswordToken,
                "The customer password token has expired. Ask for a new one.",
            ),
            Self::Email => ApiError::new(
                Code::ExpiredCustomerEmailToken,
                "The customer email token has expired. Ask for a new one.",
            ),
        }
    }

    /// The error for a token that was used, withdrawn, or never given out.
    pub(crate) fn unknown(self) -> ApiError {
        let what = match self {
            Self::Password => "password",
            Self::Email => "email",
        };
        let message =
            format!("The Resource with {what}Token was not found. The token is unknown, or was used.");
        ApiError::new(Code::ResourceNotFound, message)
    }
}

/// A token as it is stored; its value is known to who got it alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    pub(crate) id: Id,
    /// SHA-256 of the value: random values of 128 bits need no slow hash.
    digest: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    invalidate_older_tokens: bool,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Tokens of one kind that a customer has at a time; the oldest give way.
const TOKENS: usize = 20;

impl Token {
    /// The stored form of a token of that value.
    pub(crate) fn new(
        id: Id,
        value: &str,
        created_at: Timestamp,
        expires_at: Timestamp,
        alone: bool,
    ) -> Self {
        Self { id, digest: digest(value), created_at, expires_at, invalidate_older_tokens: alone }
    }
}

impl Secrets {
    /// The tokens of a kind.
    pub(crate) fn tokens(&mut self, kind: TokenKind) -> &mut Vec<Token> {
        match kind {
            TokenKind::Password => &mut self.password_tokens,
            TokenKind::Email => &mut self.email_tokens,
        }
    }

    /// Adds a token; older ones give way to one that stands alone, and when they are too many.
    pub(crate) fn add(&mut self, kind: TokenKind, token: Token) {
        let tokens = self.tokens(kind);
        if token.invalidate_older_tokens {
            tokens.clear();
        }
        if tokens.len() >= TOKENS {
            // Those that have expired are told from unknown ones as long as there is room.
            tokens.retain(|old| old.expires_at > token.created_at);
            let surplus = (tokens.len() + 1).saturating_sub(TOKENS);
            tokens.drain(..surplus);
        }
        tokens.push(token);
    }

    /// Checks that there is such a token and that it is still good.
    pub(crate) fn check(&self, kind: TokenKind, value: &str, now: Timestamp) -> Result<()> {
        let tokens = match kind {
            TokenKind::Password => &self.password_tokens,
            TokenKind::Email => &self.email_tokens,
        };
        let digest = digest(value);
        let token = tokens.iter().find(|token| token.digest == digest).ok_or_else(|| kind.unknown())?;
        if token.expires_at <= now { Err(kind.expired()) } else { Ok(()) }
    }

    /// Where the customer is found by its tokens.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let of = |kind: TokenKind, tokens: &[Token]| -> Vec<Claim> {
            tokens.iter().map(|token| Claim::new(kind.claim_name(), token.digest.as_str())).collect()
        };
        let mut claims = of(TokenKind::Password, &self.password_tokens);
        claims.extend(of(TokenKind::Email, &self.email_tokens));
        claims
    }
}

fn digest(value: &str) -> String {
    Sha256::digest(value.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn token(value: &str, created: i64, expires: i64, alone: bool) -> Token {
        Token::new(Id::parse(value).unwrap(), value, at(created), at(expires), alone)
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_for_its_purpose_only() {
        let mut secrets = Secrets::default();
        secrets.add(TokenKind::Email, token("abc", 0, 100, false));
        assert_eq!(secrets.check(TokenKind::Email, "abc", at(99)), Ok(()));
        let late = secrets.check(TokenKind::Email, "abc", at(100)).unwrap_err();
        assert_eq!(late.code(), Code::ExpiredCustomerEmailToken);
        let other = secrets.check(TokenKind::Password, "abc", at(1)).unwrap_err();
        assert_eq!(other.code(), Code::ResourceNotFound);
        assert_eq!(secrets.claims(), vec![TokenKind::Email.claim("abc")]);
        assert!(
            !serde_json::to_string(&secrets).unwrap().contains("\"abc\",\"createdAt"),
            "only the digest is kept"
        );
    }

    #[test]
    fn a_token_that_stands_alone_ends_the_older_ones() {
        let mut secrets = Secrets::default();
        secrets.add(TokenKind::Password, token("a", 0, 100, false));
        secrets.add(TokenKind::Password, token("b", 1, 100, false));
        assert_eq!(secrets.check(TokenKind::Password, "a", at(2)), Ok(()));
        secrets.add(TokenKind::Password, token("c", 2, 100, true));
        assert!(secrets.check(TokenKind::Password, "a", at(3)).is_err());
        assert_eq!(secrets.check(TokenKind::Password, "c", at(3)), Ok(()));
    }

    #[test]
    fn only_so_many_tokens_are_kept_and_the_newest_stay() {
        let mut secrets = Secrets::default();
        for n in 0..100 {
            secrets.add(TokenKind::Password, token(&format!("t{n}"), n, 1000, false));
        }
        assert_eq!(secrets.password_tokens.len(), TOKENS);
        assert_eq!(secrets.check(TokenKind::Password, "t99", at(100)), Ok(()));
        assert!(secrets.check(TokenKind::Password, "t79", at(100)).is_err());
    }
}

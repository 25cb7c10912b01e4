//! The account service: API clients, OAuth 2.0 tokens, signing keys.

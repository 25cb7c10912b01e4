//! Signing in.

use super::Password;
use crate::cart::CartMergeMode;
use crate::{Id, ResourceIdentifier};
use schemars::JsonSchema;
use serde::Deserialize;

/// The body of `POST /login`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerSignin {
    pub email: String,
    pub password: Password,
    /// `anonymousCart` says the same.
    pub anonymous_cart_id: Option<Id>,
    pub anonymous_cart: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub anonymous_cart_sign_in_mode: CartMergeMode,
    pub anonymous_id: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub update_product_data: bool,
}

/// The body of `POST /me/login`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyCustomerSignin {
    pub email: String,
    pub password: Password,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub active_cart_sign_in_mode: CartMergeMode,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub update_product_data: bool,
}

impl MyCustomerSignin {
    /// Signing in with the anonymous session of the token, if it has one.
    #[must_use]
    pub fn in_session(self, anonymous_id: Option<String>) -> CustomerSignin {
        CustomerSignin {
            email: self.email,
            password: self.password,
            anonymous_cart_id: None,
            anonymous_cart: None,
            anonymous_cart_sign_in_mode: self.active_cart_sign_in_mode,
            anonymous_id,
            update_product_data: self.update_product_data,
        }
    }
}

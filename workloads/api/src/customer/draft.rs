//! What customers are made from.

use super::{AuthenticationMode, CustomerGroupAssignmentDraft, Password};
use crate::CalendarDate;
use crate::{AddressDraft, CustomFieldsDraft, Key, Locale, ResourceIdentifier, StoreIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a customer is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    pub email: String,
    /// Required in the authentication mode `Password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salutation: Option<String>,
    /// The id of the cart that becomes the customer's; `anonymousCart` says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_cart_id: Option<crate::Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_cart: Option<ResourceIdentifier>,
    /// Whose carts and orders become the customer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<CalendarDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub addresses: Vec<AddressDraft>,
    /// A place in `addresses`, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_shipping_address: Option<u32>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub shipping_addresses: Vec<u32>,
    /// A place in `addresses`, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_billing_address: Option<u32>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub billing_addresses: Vec<u32>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub is_email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub customer_group_assignments: Vec<CustomerGroupAssignmentDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub stores: Vec<StoreIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub authentication_mode: AuthenticationMode,
}

/// What somebody who signs up may say of themselves.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MyCustomerDraft {
    pub email: String,
    pub password: Password,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salutation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<CalendarDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub addresses: Vec<AddressDraft>,
    /// A place in `addresses`, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_shipping_address: Option<u32>,
    /// A place in `addresses`, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_billing_address: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub stores: Vec<StoreIdentifier>,
}

impl MyCustomerDraft {
    /// The draft of a customer who signs up in the anonymous session of the token, if it has one.
    #[must_use]
    pub fn in_session(self, anonymous_id: Option<String>) -> CustomerDraft {
        CustomerDraft {
            key: None,
            customer_number: None,
            external_id: None,
            email: self.email,
            password: Some(self.password),
            first_name: self.first_name,
            last_name: self.last_name,
            middle_name: self.middle_name,
            title: self.title,
            salutation: self.salutation,
            anonymous_cart_id: None,
            anonymous_cart: None,
            anonymous_id,
            date_of_birth: self.date_of_birth,
            company_name: self.company_name,
            vat_id: self.vat_id,
            addresses: self.addresses,
            default_shipping_address: self.default_shipping_address,
            shipping_addresses: Vec::new(),
            default_billing_address: self.default_billing_address,
            billing_addresses: Vec::new(),
            is_email_verified: false,
            customer_group: None,
            customer_group_assignments: Vec::new(),
            custom: self.custom,
            locale: self.locale,
            stores: self.stores,
            authentication_mode: AuthenticationMode::Password,
        }
    }
}

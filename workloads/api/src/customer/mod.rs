//! Customers: who they are, where they live, how they sign in.

mod actions;
mod draft;
mod password;
mod sign_in;
mod token;

pub use actions::{AddressAt, CustomerAction, MY_ACTIONS};
pub use draft::{CustomerDraft, MyCustomerDraft};
pub use password::Password;
pub use sign_in::{CustomerSignin, MyCustomerSignin};
pub use token::{
    ChangePassword, ConfirmEmail, CreateEmailToken, CreatePasswordToken, CustomerToken, MyChangePassword,
    MyConfirmEmail, MyResetPassword, ResetPassword,
};

use crate::{
    Address, CalendarDate, CustomFields, Id, Key, KeyReference, Locale, Reference, ResourceIdentifier,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A customer. Without stores it is a global one; with stores it is known and signs in in those only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Cannot be changed once it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// As the customer wrote it; compared without regard to case.
    pub email: String,
    /// [`Password::MASK`] if there is a password. The hash is not part of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
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
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// One of `shippingAddressIds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_shipping_address_id: Option<Id>,
    /// In the order of `addresses`.
    #[serde(default)]
    pub shipping_address_ids: Vec<Id>,
    /// One of `billingAddressIds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_billing_address_id: Option<Id>,
    /// In the order of `addresses`.
    #[serde(default)]
    pub billing_address_ids: Vec<Id>,
    pub is_email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_group: Option<Reference>,
    #[serde(default)]
    pub customer_group_assignments: Vec<CustomerGroupAssignment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    /// One of the project's languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    #[serde(default)]
    pub stores: Vec<KeyReference>,
    pub authentication_mode: AuthenticationMode,
    /// Not part of the resource and never stored: set while a change of the password is decided, so that
    /// it moves the version although the mask stays the same.
    #[serde(skip)]
    #[schemars(skip)]
    pub password_changed: bool,
}

/// How a customer proves who they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum AuthenticationMode {
    #[default]
    Password,
    /// Elsewhere: the customer has no password here.
    ExternalAuth,
}

/// A group that a customer belongs to, for price selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerGroupAssignment {
    pub customer_group: Reference,
}

/// A [`CustomerGroupAssignment`] as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomerGroupAssignmentDraft {
    pub customer_group: ResourceIdentifier,
}

impl Customer {
    /// The address of that id.
    #[must_use]
    pub fn address(&self, id: &Id) -> Option<&Address> {
        self.addresses.iter().find(|address| address.id.as_ref() == Some(id))
    }
}

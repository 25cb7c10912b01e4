//! The update actions of customers.

use super::{AuthenticationMode, CustomerGroupAssignmentDraft, Password};
use crate::CalendarDate;
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{AddressDraft, Id, Key, Locale, ResourceIdentifier, StoreIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names one of the customer's addresses, by id or by key.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct AddressAt {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_key: Option<String>,
}

/// The update actions of customers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum CustomerAction {
    AddAddress {
        address: AddressDraft,
    },
    ChangeAddress {
        #[serde(flatten)]
        at: AddressAt,
        address: AddressDraft,
    },
    RemoveAddress(AddressAt),
    AddShippingAddressId(AddressAt),
    RemoveShippingAddressId(AddressAt),
    AddBillingAddressId(AddressAt),
    RemoveBillingAddressId(AddressAt),
    /// Without an address there is no default any more.
    SetDefaultShippingAddress(AddressAt),
    /// Without an address there is no default any more.
    SetDefaultBillingAddress(AddressAt),
    SetAddressCustomType {
        address_id: Id,
        #[serde(flatten)]
        set: SetCustomType,
    },
    SetAddressCustomField {
        address_id: Id,
        #[serde(flatten)]
        set: SetCustomField,
    },
    ChangeEmail {
        email: String,
    },
    /// `password` is required for the mode `Password`.
    SetAuthenticationMode {
        auth_mode: AuthenticationMode,
        password: Option<Password>,
    },
    SetFirstName {
        first_name: Option<String>,
    },
    SetLastName {
        last_name: Option<String>,
    },
    SetMiddleName {
        middle_name: Option<String>,
    },
    SetTitle {
        title: Option<String>,
    },
    SetSalutation {
        salutation: Option<String>,
    },
    SetDateOfBirth {
        date_of_birth: Option<CalendarDate>,
    },
    SetCompanyName {
        company_name: Option<String>,
    },
    SetVatId {
        vat_id: Option<String>,
    },
    SetExternalId {
        external_id: Option<String>,
    },
    SetKey {
        key: Option<Key>,
    },
    SetCustomerNumber {
        customer_number: Option<String>,
    },
    SetLocale {
        locale: Option<Locale>,
    },
    SetCustomerGroup {
        customer_group: Option<ResourceIdentifier>,
    },
    SetCustomerGroupAssignments {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        customer_group_assignments: Vec<CustomerGroupAssignmentDraft>,
    },
    AddCustomerGroupAssignment {
        customer_group_assignment: CustomerGroupAssignmentDraft,
    },
    RemoveCustomerGroupAssignment {
        customer_group: ResourceIdentifier,
    },
    SetStores {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        stores: Vec<StoreIdentifier>,
    },
    AddStore {
        store: StoreIdentifier,
    },
    RemoveStore {
        store: StoreIdentifier,
    },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

/// The update actions that customers may use on themselves (contract, Appendix A: me).
pub const MY_ACTIONS: &[&str] = &[
    "addAddress",
    "addBillingAddressId",
    "addShippingAddressId",
    "changeAddress",
    "changeEmail",
    "removeAddress",
    "removeBillingAddressId",
    "removeShippingAddressId",
    "setCompanyName",
    "setCustomField",
    "setCustomType",
    "setDateOfBirth",
    "setDefaultBillingAddress",
    "setDefaultShippingAddress",
    "setFirstName",
    "setLastName",
    "setLocale",
    "setMiddleName",
    "setSalutation",
    "setTitle",
    "setVatId",
];

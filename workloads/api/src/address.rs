//! Postal addresses, in customers, carts, orders and channels.

use crate::{CountryCode, CustomFields, CustomFieldsDraft, Id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! address {
    ($(#[$doc:meta])* $name:ident, $custom:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the API's own property names")]
        pub struct $name {
            #[serde(skip_serializing_if = "Option::is_none")]
            pub id: Option<Id>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub key: Option<String>,
            pub country: CountryCode,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub title: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub salutation: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub first_name: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub last_name: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub street_name: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub street_number: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub additional_street_info: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub postal_code: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub city: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub region: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub state: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub company: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub department: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub building: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub apartment: Option<String>,
            #[serde(rename = "pOBox", skip_serializing_if = "Option::is_none")]
            pub po_box: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub phone: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mobile: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub email: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub fax: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub additional_address_info: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub external_id: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub custom: Option<$custom>,
        }
    };
}

address!(
    /// An address as it is stored.
    Address,
    CustomFields
);
address!(
    /// An address as it comes in: its custom fields name their type by id or key.
    AddressDraft,
    CustomFieldsDraft
);

impl AddressDraft {
    /// The address with the custom fields that were checked for it.
    #[must_use]
    pub fn into_address(self, custom: Option<CustomFields>) -> Address {
        let AddressDraft {
            id,
            key,
            country,
            title,
            salutation,
            first_name,
            last_name,
            street_name,
            street_number,
            additional_street_info,
            postal_code,
            city,
            region,
            state,
            company,
            department,
            building,
            apartment,
            po_box,
            phone,
            mobile,
            email,
            fax,
            additional_address_info,
            external_id,
            custom: _,
        } = self;
        Address {
            id,
            key,
            country,
            title,
            salutation,
            first_name,
            last_name,
            street_name,
            street_number,
            additional_street_info,
            postal_code,
            city,
            region,
            state,
            company,
            department,
            building,
            apartment,
            po_box,
            phone,
            mobile,
            email,
            fax,
            additional_address_info,
            external_id,
            custom,
        }
    }
}

impl Address {
    /// The state, where the empty text counts as absent (contract §3).
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|s| !s.is_empty())
    }
}

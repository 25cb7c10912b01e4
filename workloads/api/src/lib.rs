//! The wire model of the commerce API: values, resources, drafts and update actions.
//!
//! A type here says what a JSON document may look like and keeps its own invariants (a currency is
//! one of ISO 4217, a key matches its pattern). It does no I/O and decides nothing that needs
//! another resource; that is the services' part.
//!
//! Every public field mirrors a property of the commercetools HTTP API of the same name in
//! camelCase; only what differs from that description is explained at the field.

pub mod account;
pub mod address;
pub mod asset;
pub mod caller;
pub mod cart;
pub mod category;
pub mod channel;
pub mod custom;
pub mod custom_object;
pub mod customer;
pub mod customer_group;
pub mod date;
pub mod error;
pub mod id;
pub mod in_store;
pub mod internal;
pub mod inventory;
pub mod kind;
pub mod localized;
pub mod message;
pub mod meta;
pub mod money;
pub mod order;
pub mod price;
pub mod product;
pub mod product_type;
pub mod product_variant;
pub mod project;
pub mod reference;
pub mod review;
pub mod shipping_method;
pub mod state;
pub mod store;
pub mod tax_category;
pub mod time;
pub mod type_definition;
pub mod zone;

pub use address::{Address, AddressDraft};
pub use caller::{Caller, Scopes};
pub use custom::{CustomFields, CustomFieldsDraft};
pub use date::CalendarDate;
pub use error::{ApiError, Code, ErrorItem, Result};
pub use id::{Id, Key};
pub use kind::{Kind, ServiceName};
pub use localized::{Locale, LocalizedString};
pub use message::Message;
pub use meta::{Attribution, Meta, Stored};
pub use money::{CountryCode, CurrencyCode, Money, RoundingMode, TypedMoney, TypedMoneyDraft};
pub use price::{Price, PriceDraft, PriceTier, PriceTierDraft};
pub use product_variant::ProductVariant;
pub use reference::{KeyReference, Reference, ResourceIdentifier, StoreIdentifier};
pub use tax_category::{Rate, TaxRate};
pub use time::Timestamp;

/// Reads JSON `null` as the default value, because the API treats `null` as absent everywhere.
pub fn null_as_default<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}

/// `true` for the value that `bool` fields are left out at.
#[must_use]
pub fn is_false(value: &bool) -> bool {
    !*value
}

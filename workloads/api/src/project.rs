//! The project: its settings.

use crate::{CountryCode, CurrencyCode, Locale, RoundingMode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A project's settings. Its key is also the id under which it is stored; answers leave the id out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Project {
    pub key: String,
    pub name: String,
    pub countries: Vec<CountryCode>,
    pub currencies: Vec<CurrencyCode>,
    pub languages: Vec<Locale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_until: Option<String>,
    pub messages: MessagesConfiguration,
    pub carts: CartsConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shopping_lists: Option<ShoppingListsConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input_type: Option<ShippingRateInputType>,
    #[serde(rename = "externalOAuth", skip_serializing_if = "Option::is_none")]
    pub external_oauth: Option<ExternalOAuth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_units: Option<BusinessUnitConfiguration>,
    #[serde(default)]
    pub inventory: InventoryConfiguration,
    #[serde(default)]
    pub discounts: DiscountsConfiguration,
    /// `Classic` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_catalog_model: Option<ProductCatalogModel>,
}

/// Whether messages can be queried, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MessagesConfiguration {
    pub enabled: bool,
    /// 1..=90 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_creation: Option<u32>,
}

/// Defaults of new carts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CartsConfiguration {
    /// 1..=365250 days; by default 90. Always there in a stored project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_last_modification: Option<u32>,
    /// Lets a rate for a country serve its states.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub country_tax_rate_fallback_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_rounding_mode: Option<RoundingMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rounding_mode: Option<RoundingMode>,
}

/// Defaults of new shopping lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShoppingListsConfiguration {
    /// 1..=365250 days.
    pub delete_days_after_last_modification: u32,
}

/// How long carts reserve stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct InventoryConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_expiration_in_minutes: Option<u32>,
    /// Whether expired reservations give their stock back.
    pub release_expired_reservations: bool,
}

impl Default for InventoryConfiguration {
    fn default() -> Self {
        Self { reservation_expiration_in_minutes: None, release_expired_reservations: true }
    }
}

/// How discounts are put together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct DiscountsConfiguration {
    pub discount_combination_mode: DiscountCombinationMode,
}

/// Whether product and cart discounts add up; the only mode that is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum DiscountCombinationMode {
    #[default]
    Stacking,
}

/// Where tokens of another server are introspected (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ExternalOAuth {
    pub url: String,
    /// Answers show its end at most.
    pub authorization_header: String,
}

/// How business units are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct BusinessUnitConfiguration {
    pub my_business_unit_status_on_creation: BusinessUnitStatus,
}

/// Whether a business unit can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum BusinessUnitStatus {
    Active,
    Inactive,
}

/// Where variants are kept; in their products is the only model that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ProductCatalogModel {
    Classic,
}

/// What the tiers of shipping rates depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum ShippingRateInputType {
    /// The sum of the items.
    CartValue,
    /// One of these keys, given with the cart.
    CartClassification {
        /// The keys with their labels.
        values: Vec<ClassificationValue>,
    },
    /// A number given with the cart.
    CartScore,
}

/// A key of [`ShippingRateInputType::CartClassification`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ClassificationValue {
    pub key: String,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub label: crate::LocalizedString,
}

/// The body of an answer: the settings with version and creation time, without an id.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProjectAnswer {
    pub version: i64,
    pub created_at: Timestamp,
    #[serde(flatten)]
    pub project: Project,
}

/// Changes of a project's settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub enum ProjectAction {
    ChangeName {
        name: String,
    },
    ChangeCountries {
        countries: Vec<CountryCode>,
    },
    ChangeCurrencies {
        currencies: Vec<CurrencyCode>,
    },
    ChangeLanguages {
        languages: Vec<Locale>,
    },
    ChangeMessagesEnabled {
        messages_enabled: bool,
    },
    ChangeMessagesConfiguration {
        messages_configuration: MessagesConfiguration,
    },
    ChangeCartsConfiguration {
        carts_configuration: CartsConfiguration,
    },
    ChangeCountryTaxRateFallbackEnabled {
        country_tax_rate_fallback_enabled: bool,
    },
    ChangePriceRoundingMode {
        price_rounding_mode: RoundingMode,
    },
    ChangeTaxRoundingMode {
        tax_rounding_mode: RoundingMode,
    },
    ChangeShoppingListsConfiguration {
        shopping_lists_configuration: ShoppingListsConfiguration,
    },
    SetShippingRateInputType {
        shipping_rate_input_type: Option<ShippingRateInputType>,
    },
    SetReservationExpirationInMinutes {
        reservation_expiration_in_minutes: Option<u32>,
    },
    SetReleaseExpiredReservations {
        release_expired_reservations: bool,
    },
    SetExternalOAuth {
        #[serde(rename = "externalOAuth")]
        external_oauth: Option<ExternalOAuth>,
    },
    ChangeMyBusinessUnitStatusOnCreation {
        status: BusinessUnitStatus,
    },
    SetDiscountsConfiguration {
        discounts_configuration: DiscountsConfiguration,
    },
    SetProductCatalogModel {
        product_catalog_model: ProductCatalogModel,
    },
}

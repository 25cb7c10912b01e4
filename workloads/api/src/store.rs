//! Stores: parts of a project with their own languages, countries and channels.

use crate::channel::ChannelRole;
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{
    ApiError, Code, CountryCode, CustomFields, CustomFieldsDraft, Id, Key, Locale, LocalizedString,
    Reference, ResourceIdentifier, Result,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Store {
    /// Never changes.
    pub key: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    /// Some of the project's.
    #[serde(default)]
    pub languages: Vec<Locale>,
    /// Without any, the store sells everywhere.
    #[serde(default)]
    pub countries: Vec<StoreCountry>,
    #[serde(default)]
    pub distribution_channels: Vec<Reference>,
    #[serde(default)]
    pub supply_channels: Vec<Reference>,
    /// Always empty: product selections are not built.
    #[serde(default)]
    pub product_selections: Vec<ProductSelectionSetting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    /// Absent rather than empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storefront: Option<Storefront>,
}

impl Store {
    /// Whether prices of a distribution channel count in the store. Those of no channel always do, and without
    /// channels of its own a store takes all.
    #[must_use]
    pub fn distributes(&self, channel: Option<&Id>) -> bool {
        channel.is_none_or(|channel| is_among(&self.distribution_channels, channel))
    }

    /// Whether the stock of a supply channel counts in the store.
    #[must_use]
    pub fn supplies(&self, channel: &Id) -> bool {
        is_among(&self.supply_channels, channel)
    }

    /// Refuses a channel that the store does not use for that role.
    pub fn check_channel(&self, channel: &Id, role: ChannelRole) -> Result<()> {
        let (what, used) = match role {
            ChannelRole::ProductDistribution => ("distribution", self.distributes(Some(channel))),
            _ => ("supply", self.supplies(channel)),
        };
        if used {
            return Ok(());
        }
        let message = format!("The channel '{channel}' is not a {what} channel of the store '{}'.", self.key);
        Err(ApiError::invalid_operation(message))
    }

    /// Refuses a country that the store does not sell in.
    pub fn check_country(&self, country: CountryCode) -> Result<()> {
        if self.countries.is_empty() || self.countries.iter().any(|held| held.code == country) {
            return Ok(());
        }
        let countries: Vec<Value> = self.countries.iter().map(|held| held.code.as_str().into()).collect();
        let message = format!("The country '{country}' is not configured in the store '{}'.", self.key);
        Err(ApiError::new(Code::CountryNotConfiguredInStore, message)
            .with("storeCountries", countries)
            .with("country", country.as_str()))
    }
}

fn is_among(channels: &[Reference], channel: &Id) -> bool {
    channels.is_empty() || channels.iter().any(|held| held.id == *channel)
}

/// A country that a store sells in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct StoreCountry {
    pub code: CountryCode,
}

/// A product selection of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductSelectionSetting {
    pub product_selection: Reference,
    pub active: bool,
}

/// A product selection as a draft names it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ProductSelectionSettingDraft {
    pub product_selection: ResourceIdentifier,
    /// By default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// Where customers find the pages of a store's shop: absolute `https` URLs, and two templates of RFC 6570 that have
/// the named variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Storefront {
    /// With `checkoutId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_url_template: Option<String>,
    /// With `orderId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_url_template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_of_service_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_policy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_policy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_policy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie_policy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imprint_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faq_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_url: Option<String>,
}

/// What a store is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct StoreDraft {
    pub key: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub languages: Vec<Locale>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub countries: Vec<StoreCountry>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub distribution_channels: Vec<ResourceIdentifier>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub supply_channels: Vec<ResourceIdentifier>,
    /// There are no product selections, so naming one is refused as a dangling reference.
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub product_selections: Vec<ProductSelectionSettingDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storefront: Option<Storefront>,
}

/// The update actions of stores.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum StoreAction {
    SetName {
        name: Option<LocalizedString>,
    },
    SetLanguages {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        languages: Vec<Locale>,
    },
    SetCountries {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        countries: Vec<StoreCountry>,
    },
    AddCountry {
        country: StoreCountry,
    },
    RemoveCountry {
        country: StoreCountry,
    },
    SetDistributionChannels {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        distribution_channels: Vec<ResourceIdentifier>,
    },
    AddDistributionChannel {
        distribution_channel: ResourceIdentifier,
    },
    RemoveDistributionChannel {
        distribution_channel: ResourceIdentifier,
    },
    SetSupplyChannels {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        supply_channels: Vec<ResourceIdentifier>,
    },
    AddSupplyChannel {
        supply_channel: ResourceIdentifier,
    },
    RemoveSupplyChannel {
        supply_channel: ResourceIdentifier,
    },
    SetProductSelections {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        product_selections: Vec<ProductSelectionSettingDraft>,
    },
    AddProductSelection(ProductSelectionSettingDraft),
    ChangeProductSelectionActive(ProductSelectionSettingDraft),
    RemoveProductSelection {
        product_selection: ResourceIdentifier,
    },
    SetCheckoutUrlTemplate {
        checkout_url_template: Option<String>,
    },
    SetOrderUrlTemplate {
        order_url_template: Option<String>,
    },
    SetTermsOfServiceUrl {
        terms_of_service_url: Option<String>,
    },
    SetPrivacyPolicyUrl {
        privacy_policy_url: Option<String>,
    },
    SetRefundPolicyUrl {
        refund_policy_url: Option<String>,
    },
    SetShippingPolicyUrl {
        shipping_policy_url: Option<String>,
    },
    SetCookiePolicyUrl {
        cookie_policy_url: Option<String>,
    },
    SetImprintUrl {
        imprint_url: Option<String>,
    },
    SetFaqUrl {
        faq_url: Option<String>,
    },
    SetContactUrl {
        contact_url: Option<String>,
    },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

//! Shipping of carts and orders: of one method, or of several.

use super::{Cart, ShippingMode, TaxedItemPrice};
use crate::order::{Delivery, Order};
use crate::shipping_method::{ShippingRate, ShippingRateDraft};
use crate::tax_category::{ExternalTaxRateDraft, TaxRate};
use crate::{
    Address, AddressDraft, ApiError, CustomFields, CustomFieldsDraft, LocalizedString, Reference,
    ResourceIdentifier, Result, Timestamp, TypedMoney,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The chosen shipping method, what it costs, and of an order what was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingInfo {
    pub shipping_method_name: String,
    /// After `freeAbove` and tiers.
    pub price: TypedMoney,
    pub shipping_rate: ShippingRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedItemPrice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<Reference>,
    /// Absent for a custom shipping method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<Reference>,
    /// Of orders.
    #[serde(default)]
    pub deliveries: Vec<Delivery>,
    pub shipping_method_state: ShippingMethodState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<EstimatedDelivery>,
}

/// One of several shipping methods, with its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Shipping {
    /// Unique in the cart; targets of lines name it.
    pub shipping_key: String,
    pub shipping_info: ShippingInfo,
    pub shipping_address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input: Option<ShippingRateInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_custom_fields: Option<CustomFields>,
}

/// What one of several shipping methods is made of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct NewShipping {
    pub shipping_method: ResourceIdentifier,
    pub shipping_address: AddressDraft,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input: Option<ShippingRateInputDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tax_rate: Option<ExternalTaxRateDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// What one of several shipping methods is made of that the platform does not know.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct NewCustomShipping {
    pub shipping_method_name: String,
    pub shipping_address: AddressDraft,
    pub shipping_rate: ShippingRateDraft,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_rate_input: Option<ShippingRateInputDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<ResourceIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tax_rate: Option<ExternalTaxRateDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
}

/// One of several shipping methods as it comes in with a cart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ShippingDraft {
    pub key: String,
    #[serde(flatten)]
    pub new: NewShipping,
}

/// One of several shipping methods that the platform does not know, as it comes in with a cart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct CustomShippingDraft {
    pub key: String,
    #[serde(flatten)]
    pub new: NewCustomShipping,
}

/// What has shipping: one method, or in the mode `Multiple` several by key.
pub trait Ships {
    /// One or several.
    fn mode(&self) -> ShippingMode;
    /// The only one, and the several.
    fn methods(&self) -> (Option<&ShippingInfo>, &[Shipping]);
    /// The only one, and the several.
    fn methods_mut(&mut self) -> (Option<&mut ShippingInfo>, &mut [Shipping]);

    /// All methods; those of several with their key.
    fn infos(&self) -> impl Iterator<Item = (Option<&str>, &ShippingInfo)> {
        let (one, several) = self.methods();
        let several = several.iter().map(|one| (Some(one.shipping_key.as_str()), &one.shipping_info));
        one.into_iter().map(|info| (None, info)).chain(several)
    }

    /// All methods.
    fn infos_mut(&mut self) -> impl Iterator<Item = &mut ShippingInfo> {
        let (one, several) = self.methods_mut();
        one.into_iter().chain(several.iter_mut().map(|one| &mut one.shipping_info))
    }

    /// The only method, or of several the one of that key.
    fn info(&self, key: Option<&str>) -> Option<&ShippingInfo> {
        self.infos().find(|(held, _)| *held == key).map(|(_, info)| info)
    }

    /// The only method, or of several the one of that key.
    fn info_mut(&mut self, key: Option<&str>) -> Option<&mut ShippingInfo> {
        let (one, several) = self.methods_mut();
        match key {
            None => one,
            Some(key) => {
                several.iter_mut().find(|one| one.shipping_key == key).map(|one| &mut one.shipping_info)
            }
        }
    }

    /// Refuses a `shippingKey` where there is one method, asks for it where there are several, and refuses what
    /// names none.
    fn check_key(&self, key: Option<&str>) -> Result<()> {
        let message = match (self.mode(), key) {
            (ShippingMode::Single, Some(_)) => {
                "In the shipping mode 'Single' there is no 'shippingKey'.".to_owned()
            }
            (ShippingMode::Multiple, None) => {
                "In the shipping mode 'Multiple' the 'shippingKey' is required.".to_owned()
            }
            _ if self.info(key).is_some() => return Ok(()),
            (_, None) => "There is no shipping method.".to_owned(),
            (_, Some(key)) => format!("There is no shipping method with the key '{key}'."),
        };
        Err(ApiError::invalid_operation(message))
    }
}

macro_rules! ships {
    ($type:ty) => {
        impl Ships for $type {
            fn mode(&self) -> ShippingMode {
                self.shipping_mode
            }
            fn methods(&self) -> (Option<&ShippingInfo>, &[Shipping]) {
                (self.shipping_info.as_ref(), &self.shipping)
            }
            fn methods_mut(&mut self) -> (Option<&mut ShippingInfo>, &mut [Shipping]) {
                (self.shipping_info.as_mut(), &mut self.shipping)
            }
        }
    };
}
ships!(Cart);
ships!(Order);

/// When a shipment is expected; at least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct EstimatedDelivery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Not before `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl EstimatedDelivery {
    /// A value as it comes in: an empty one is none.
    pub fn checked(value: Option<Self>) -> Result<Option<Self>> {
        if let Some(Self { from: Some(from), until: Some(until) }) = value
            && until < from
        {
            return Err(ApiError::invalid_field("estimatedDelivery.until", until.to_string()));
        }
        Ok(value.filter(|value| value.from.is_some() || value.until.is_some()))
    }
}

/// Whether the method's predicate fits the cart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ShippingMethodState {
    /// It does.
    #[default]
    MatchesCart,
    /// It did when the method was chosen; such a cart cannot be ordered.
    DoesNotMatchCart,
}

/// What picks a tier of the shipping rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingRateInput {
    Classification { key: String, label: LocalizedString },
    Score { score: i64 },
}

/// What shall pick a tier; the label of a class comes from the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ShippingRateInputDraft {
    Classification { key: String },
    Score { score: i64 },
}

//! Taxes in carts: modes, computed amounts and amounts from outside.

use crate::tax_category::{ExternalTaxRateDraft, Rate, TaxRate};
use crate::{Money, TypedMoney};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where tax rates come from (contract §3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TaxMode {
    /// From tax categories.
    #[default]
    Platform,
    /// Rates come with the cart.
    External,
    /// Amounts come with the cart.
    ExternalAmount,
    /// No taxes. Not to be chosen through `/me`.
    Disabled,
}

/// What taxes are worked out on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TaxCalculationMode {
    /// On the total of the line.
    #[default]
    LineItemLevel,
    /// On the unit price, then times the quantity.
    UnitPriceLevel,
}

/// Net and gross of a line, a shipping price or a whole cart. `totalTax = totalGross - totalNet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxedPrice {
    pub total_net: TypedMoney,
    pub total_gross: TypedMoney,
    /// One per rate and name.
    pub tax_portions: Vec<TaxPortion>,
    pub total_tax: TypedMoney,
}

/// The API has the same shape for one item under another name.
pub type TaxedItemPrice = TaxedPrice;

/// The tax of one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxPortion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub rate: Rate,
    pub amount: TypedMoney,
}

/// A portion as it comes in, in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TaxPortionDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub rate: Rate,
    pub amount: Money,
}

/// A tax that was worked out elsewhere, for tax mode `ExternalAmount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ExternalTaxAmountDraft {
    pub total_gross: Money,
    pub tax_rate: ExternalTaxRateDraft,
}

/// A rate for one of several shipping methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MethodTaxRate {
    pub shipping_method_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
}

/// A rate for one of several shipping methods as it comes in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MethodExternalTaxRateDraft {
    pub shipping_method_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<ExternalTaxRateDraft>,
}

/// A taxed price for one of several shipping methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct MethodTaxedPrice {
    pub shipping_method_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxed_price: Option<TaxedItemPrice>,
}

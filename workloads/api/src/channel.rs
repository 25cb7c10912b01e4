//! Channels: where goods are sold from, kept or shipped, and what orders are exchanged with.

use crate::review::ReviewRatingStatistics;
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{Address, AddressDraft, CustomFields, CustomFieldsDraft, Key, LocalizedString};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Channel {
    pub key: Key,
    /// At least one.
    pub roles: Vec<ChannelRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo_location: Option<GeoPoint>,
    /// Absent without a rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_rating_statistics: Option<ReviewRatingStatistics>,
}

/// What a channel may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ChannelRole {
    ProductDistribution,
    InventorySupply,
    Primary,
    OrderExport,
    OrderImport,
}

impl ChannelRole {
    /// The name as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProductDistribution => "ProductDistribution",
            Self::InventorySupply => "InventorySupply",
            Self::Primary => "Primary",
            Self::OrderExport => "OrderExport",
            Self::OrderImport => "OrderImport",
        }
    }
}

/// A `GeoJSON` point. The coordinates are kept as they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct GeoPoint {
    #[serde(rename = "type")]
    pub point_type: PointType,
    /// Longitude (-180..=180) and latitude (-90..=90) in degrees.
    pub coordinates: [Number; 2],
}

/// The only geometry that the API knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum PointType {
    Point,
}

/// What a channel is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ChannelDraft {
    pub key: Key,
    /// By default `InventorySupply`; not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<ChannelRole>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFieldsDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo_location: Option<GeoPoint>,
}

/// The update actions of channels.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum ChannelAction {
    ChangeKey { key: Key },
    ChangeName { name: LocalizedString },
    ChangeDescription { description: LocalizedString },
    AddRoles { roles: Vec<ChannelRole> },
    RemoveRoles { roles: Vec<ChannelRole> },
    SetRoles { roles: Option<Vec<ChannelRole>> },
    SetAddress { address: Option<Box<AddressDraft>> },
    SetAddressCustomType(SetCustomType),
    SetAddressCustomField(SetCustomField),
    SetGeoLocation { geo_location: Option<GeoPoint> },
    SetCustomType(SetCustomType),
    SetCustomField(SetCustomField),
}

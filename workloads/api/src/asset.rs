//! The bodies of the update actions of media assets, which categories and product variants share.

use crate::product_variant::{AssetDraft, AssetSource};
use crate::type_definition::{SetCustomField, SetCustomType};
use crate::{Id, Key, LocalizedString};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! change {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the API's own property names")]
        pub struct $name {
            $($(#[$attribute])* pub $field: $type,)*
        }
    };
}

change! {
    /// Names an asset of its owner: exactly one of both.
    AssetTarget {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset_id: Option<Id>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset_key: Option<Key>,
    }
}
change! {
    /// `addAsset`; without a position at the end.
    AddAsset {
        asset: AssetDraft,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<u32>,
    }
}
change! {
    /// `changeAssetOrder`: the ids of all assets, in their new order.
    ChangeAssetOrder {
        asset_order: Vec<Id>,
    }
}
change! {
    /// `changeAssetName`.
    ChangeAssetName {
        #[serde(flatten)]
        at: AssetTarget,
        name: LocalizedString,
    }
}
change! {
    /// `setAssetDescription`.
    SetAssetDescription {
        #[serde(flatten)]
        at: AssetTarget,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<LocalizedString>,
    }
}
change! {
    /// `setAssetKey`; the asset is named by its id.
    SetAssetKey {
        asset_id: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset_key: Option<Key>,
    }
}
change! {
    /// `setAssetSources`.
    SetAssetSources {
        #[serde(flatten)]
        at: AssetTarget,
        sources: Vec<AssetSource>,
    }
}
change! {
    /// `setAssetTags`.
    SetAssetTags {
        #[serde(flatten)]
        at: AssetTarget,
        #[serde(default, deserialize_with = "crate::null_as_default")]
        tags: Vec<String>,
    }
}
change! {
    /// `setAssetCustomType`.
    SetAssetCustomType {
        #[serde(flatten)]
        at: AssetTarget,
        #[serde(flatten)]
        set: SetCustomType,
    }
}
change! {
    /// `setAssetCustomField`.
    SetAssetCustomField {
        #[serde(flatten)]
        at: AssetTarget,
        #[serde(flatten)]
        set: SetCustomField,
    }
}

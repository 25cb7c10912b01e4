//! The kinds of resource, and for each what the API calls it, where it lives and who may touch it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A service of the stack: one database, one event topic, one Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceName {
    /// API clients, tokens, keys.
    Account,
    /// Project settings, types, states, stores, channels, custom objects.
    Project,
    /// Customers and customer groups.
    Customer,
    /// Product types, categories, products, projections and reviews.
    Product,
    /// Inventory entries and reservations.
    Inventory,
    /// Carts, tax categories, shipping methods, zones.
    Cart,
    /// Orders.
    Order,
    /// The edge.
    Gateway,
}

impl ServiceName {
    /// All services, in the order in which they start.
    pub const ALL: &'static [ServiceName] = &[
        Self::Account,
        Self::Project,
        Self::Customer,
        Self::Product,
        Self::Inventory,
        Self::Cart,
        Self::Order,
        Self::Gateway,
    ];

    /// The name in commands, paths, topics and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Project => "project",
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Inventory => "inventory",
            Self::Cart => "cart",
            Self::Order => "order",
            Self::Gateway => "gateway",
        }
    }

    /// The service of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == name)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $type_id:literal, $path:literal, $schema:literal, $service:ident, [$($scope:literal),*];)*) => {
        /// A kind of resource. As JSON it is the API's `typeId`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $type_id)] $variant),* }
        impl Kind {
            /// All kinds that are built.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];
            /// The `typeId` of references to it.
            #[must_use]
            pub fn type_id(self) -> &'static str { match self { $(Kind::$variant => $type_id),* } }
            /// Its path segment under `/{projectKey}`.
            #[must_use]
            pub fn path(self) -> &'static str { match self { $(Kind::$variant => $path),* } }
            /// The name of its schema in API descriptions.
            #[must_use]
            pub fn schema_name(self) -> &'static str { match self { $(Kind::$variant => $schema),* } }
            /// The service that owns it.
            #[must_use]
            pub fn service(self) -> ServiceName { match self { $(Kind::$variant => ServiceName::$service),* } }
            /// The scope names, without `view_` and `manage_`, of which any one gives access.
            #[must_use]
            pub fn scopes(self) -> &'static [&'static str] { match self { $(Kind::$variant => &[$($scope),*]),* } }
        }
    };
}

kinds! {
    /// The key pair that tokens are signed with; never public.
    SigningKey = "signing-key", "", "SigningKey", Account, [];
    /// A refresh token; never public.
    RefreshToken = "refresh-token", "", "RefreshToken", Account, [];
    /// The withdrawal of tokens; never public.
    Revocation = "revocation", "", "Revocation", Account, [];
    /// What the manifest declared of a project when it was last applied; never public.
    Declaration = "declaration", "", "Declaration", Account, [];
    /// An API client; no references point to it.
    ApiClient = "api-client", "api-clients", "ApiClient", Account, ["api_clients"];
    /// The project itself: its settings. Addressed by its key, which is also its id.
    Project = "project", "", "Project", Project, ["project_settings"];
    /// A type of custom fields.
    Type = "type", "types", "Type", Project, ["types"];
    /// A workflow state.
    State = "state", "states", "State", Project, ["states"];
    /// A store.
    Store = "store", "stores", "Store", Project, ["stores"];
    /// A supply or distribution channel.
    Channel = "channel", "channels", "Channel", Project, ["products", "channels"];
    /// A custom object.
    CustomObject = "key-value-document", "custom-objects", "CustomObject", Project,
        ["products", "orders", "customers", "key_value_documents"];
    /// A customer group.
    CustomerGroup = "customer-group", "customer-groups", "CustomerGroup", Customer, ["customers", "customer_groups"];
    /// A customer.
    Customer = "customer", "customers", "Customer", Customer, ["customers"];
    /// A product type.
    ProductType = "product-type", "product-types", "ProductType", Product, ["products", "product_types"];
    /// A category.
    Category = "category", "categories", "Category", Product, ["products", "categories"];
    /// A product.
    Product = "product", "products", "Product", Product, ["products"];
    /// A review of a product or a channel.
    Review = "review", "reviews", "Review", Product, ["products"];
    /// An inventory entry.
    InventoryEntry = "inventory-entry", "inventory", "InventoryEntry", Inventory, ["products"];
    /// A tax category.
    TaxCategory = "tax-category", "tax-categories", "TaxCategory", Cart, ["products", "tax_categories"];
    /// A zone of countries and states.
    Zone = "zone", "zones", "Zone", Cart, ["orders", "zones"];
    /// A shipping method.
    ShippingMethod = "shipping-method", "shipping-methods", "ShippingMethod", Cart, ["orders", "shipping_methods"];
    /// A cart.
    Cart = "cart", "carts", "Cart", Cart, ["orders"];
    /// An order.
    Order = "order", "orders", "Order", Order, ["orders"];
}

impl Kind {
    /// Whether clients may refer to such a resource and see it.
    #[must_use]
    pub fn is_public(self) -> bool {
        !self.path().is_empty() && self != Self::ApiClient
    }

    /// The kind that a `typeId` names.
    #[must_use]
    pub fn from_type_id(type_id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.type_id() == type_id)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_id())
    }
}

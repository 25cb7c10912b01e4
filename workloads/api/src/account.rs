//! API clients and what the token endpoints answer.

use crate::CalendarDate;
use crate::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an API client is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ApiClientDraft {
    pub name: String,
    /// Space-separated `permission:project[:store]`.
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_days_after_creation: Option<u32>,
    /// 3600..=604800; by default 172800.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_validity_seconds: Option<u32>,
    /// 30..=31536000 seconds without use; by default 17280000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_validity_seconds: Option<u32>,
}

/// An API client in answers. It has no version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct ApiClient {
    pub id: String,
    pub name: String,
    pub scope: String,
    pub created_at: Timestamp,
    /// The last day on which it got a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<CalendarDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_validity_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_validity_seconds: Option<u32>,
    /// Only in the answer to creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// The answer of the token endpoints (RFC 6749 §5.1).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: String,
    /// Seconds.
    pub expires_in: i64,
    /// What was granted, then the identity.
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// The answer of token introspection (RFC 7662).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// The permissions that an API client may have, without project: all names of contract §1.
#[must_use]
pub fn is_permission(name: &str) -> bool {
    const BOTH: &[&str] = &[
        "api_clients",
        "approval_flows",
        "approval_rules",
        "associate_roles",
        "attribute_groups",
        "business_units",
        "cart_discounts",
        "categories",
        "channels",
        "customer_groups",
        "customers",
        "discount_codes",
        "key_value_documents",
        "mcp_servers",
        "order_edits",
        "orders",
        "payment_methods",
        "payments",
        "product_discounts",
        "product_selections",
        "product_types",
        "products",
        "project_settings",
        "quote_requests",
        "quotes",
        "recurrence_policies",
        "recurring_orders",
        "shipping_methods",
        "shopping_lists",
        "staged_quotes",
        "standalone_prices",
        "states",
        "stores",
        "tax_categories",
        "types",
        "zones",
    ];
    const MANAGE: &[&str] = &[
        "extensions",
        "subscriptions",
        "project",
        "locked_carts",
        "my_business_units",
        "my_orders",
        "my_payments",
        "my_profile",
        "my_quote_requests",
        "my_quotes",
        "my_shopping_lists",
    ];
    const VIEW: &[&str] = &["audit_log", "messages", "published_products"];
    match name.split_once('_') {
        Some(("manage", rest)) => BOTH.contains(&rest) || MANAGE.contains(&rest),
        Some(("view", rest)) => BOTH.contains(&rest) || VIEW.contains(&rest),
        _ => name == "create_anonymous_token" || name == "introspect_oauth_tokens",
    }
}

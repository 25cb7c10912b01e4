//! API errors: the closed set of codes, their HTTP status and the body that clients see.
//!
//! Rule: every error body is `{statusCode, message, errors: [{code, message, …}]}` and `message`
//! equals the first error's. Wordings that clients compare against live in the constructors here,
//! once.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;

/// The result of everything that may end in an error body.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

macro_rules! codes {
    ($($variant:ident = $name:literal, $status:literal;)*) => {
        /// Every error code that this implementation sends; each has exactly one HTTP status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the documentation: they are the API's own")]
        pub enum Code { $($variant),* }
        impl Code {
            /// All codes, for documents and tests.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];
            /// The code as it stands in an error body.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $name),* } }
            /// The HTTP status that the code is sent with.
            #[must_use]
            pub fn status(self) -> u16 { match self { $(Code::$variant => $status),* } }
        }
    };
}

codes! {
    InvalidJsonInput = "InvalidJsonInput", 400;
    InvalidInput = "InvalidInput", 400;
    InvalidField = "InvalidField", 400;
    RequiredField = "RequiredField", 400;
    DuplicateField = "DuplicateField", 400;
    InvalidOperation = "InvalidOperation", 400;
    ReferencedResourceNotFound = "ReferencedResourceNotFound", 400;
    ReferenceExists = "ReferenceExists", 400;
    MaxResourceLimitExceeded = "MaxResourceLimitExceeded", 400;
    InvalidCredentials = "InvalidCredentials", 400;
    InvalidCurrentPassword = "InvalidCurrentPassword", 400;
    ExpiredCustomerEmailToken = "ExpiredCustomerEmailToken", 400;
    ExpiredCustomerPasswordToken = "ExpiredCustomerPasswordToken", 400;
    AnonymousIdAlreadyInUse = "AnonymousIdAlreadyInUse", 400;
    MatchingPriceNotFound = "MatchingPriceNotFound", 400;
    MissingTaxRateForCountry = "MissingTaxRateForCountry", 400;
    MissingRoleOnChannel = "MissingRoleOnChannel", 400;
    CountryNotConfiguredInStore = "CountryNotConfiguredInStore", 400;
    ProjectNotConfiguredForLanguages = "ProjectNotConfiguredForLanguages", 400;
    LanguageUsedInStores = "LanguageUsedInStores", 400;
    DiscountCodeNonApplicable = "DiscountCodeNonApplicable", 400;
    OutOfStock = "OutOfStock", 400;
    PriceChanged = "PriceChanged", 400;
    ShippingMethodDoesNotMatchCart = "ShippingMethodDoesNotMatchCart", 400;
    InvalidItemShippingDetails = "InvalidItemShippingDetails", 400;
    LineItemQuantityAboveLimit = "LineItemQuantityAboveLimit", 400;
    LineItemQuantityBelowLimit = "LineItemQuantityBelowLimit", 400;
    DuplicatePriceScope = "DuplicatePriceScope", 400;
    DuplicatePriceKey = "DuplicatePriceKey", 400;
    OverlappingPriceValidity = "OverlappingPriceValidity", 400;
    DuplicateVariantValues = "DuplicateVariantValues", 400;
    DuplicateAttributeValue = "DuplicateAttributeValue", 400;
    DuplicateAttributeValues = "DuplicateAttributeValues", 400;
    AttributeDefinitionAlreadyExists = "AttributeDefinitionAlreadyExists", 400;
    AttributeDefinitionTypeConflict = "AttributeDefinitionTypeConflict", 400;
    AttributeNameDoesNotExist = "AttributeNameDoesNotExist", 400;
    EnumKeyAlreadyExists = "EnumKeyAlreadyExists", 400;
    EnumKeyDoesNotExist = "EnumKeyDoesNotExist", 400;
    EnumValueIsUsed = "EnumValueIsUsed", 400;
    EnumValuesMustMatch = "EnumValuesMustMatch", 400;
    DuplicateEnumValues = "DuplicateEnumValues", 400;
    MoneyOverflow = "MoneyOverflow", 400;
    SemanticError = "SemanticError", 400;
    SyntaxError = "SyntaxError", 400;
    QueryComplexityLimitExceeded = "QueryComplexityLimitExceeded", 400;
    ResourceSizeLimitExceeded = "ResourceSizeLimitExceeded", 400;
    InvalidScope = "invalid_scope", 400;
    InvalidRequest = "invalid_request", 400;
    InvalidGrant = "invalid_grant", 400;
    UnsupportedGrantType = "unsupported_grant_type", 400;
    InvalidCustomerAccountCredentials = "invalid_customer_account_credentials", 400;
    InvalidClient = "invalid_client", 401;
    InvalidToken = "invalid_token", 401;
    AccessDenied = "access_denied", 401;
    InsufficientScope = "insufficient_scope", 403;
    Unauthorized = "Unauthorized", 403;
    ResourceNotFound = "ResourceNotFound", 404;
    ConcurrentModification = "ConcurrentModification", 409;
    LockedField = "LockedField", 409;
    ContentTooLarge = "ContentTooLarge", 413;
    TooManyRequests = "TooManyRequests", 429;
    General = "General", 500;
    BadGateway = "BadGateway", 502;
    OverCapacity = "OverCapacity", 503;
    PendingOperation = "PendingOperation", 503;
    QueryTimedOut = "QueryTimedOut", 504;
}

impl Code {
    /// `true` for the codes of RFC 6749, whose bodies also carry `error` and `error_description`.
    #[must_use]
    pub fn is_oauth(self) -> bool {
        // Only the anonymous token endpoint sends this one, so it is answered like the others there.
        self == Self::AnonymousIdAlreadyInUse || self.as_str().starts_with(|c: char| c.is_ascii_lowercase())
    }
}

/// One entry of an error body's `errors`: a code, its message and the extra fields of that code.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorItem {
    /// The code; decides the HTTP status.
    pub code: Code,
    /// What is wrong and how to mend it; safe to show to any client.
    pub message: String,
    /// Extra fields that the code documents (`field`, `currentVersion`, …).
    pub extra: Map<String, Value>,
}

/// An error as clients see it: at least one [`ErrorItem`], all of one status.
///
/// It never carries an internal cause; log that where it happens and answer [`ApiError::general`].
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError(Box<[ErrorItem]>);

impl ApiError {
    /// An error of one item.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new([ErrorItem { code, message: message.into(), extra: Map::new() }]))
    }

    /// Adds an extra field to the first item.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        if let Some(item) = self.0.first_mut() {
            item.extra.insert(field.to_owned(), value.into());
        }
        self
    }

    /// Adds an extra field to the first item if there is a value.
    #[must_use]
    pub fn with_opt(self, field: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// The code of the first item.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.first().map_or(Code::General, |item| item.code)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.code().status()
    }

    /// The first item's message.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.first().map_or("", |item| item.message.as_str())
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[ErrorItem] {
        &self.0
    }

    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Value {
        let errors: Vec<Value> = self
            .0
            .iter()
            .map(|item| {
                let mut object = Map::new();
                object.insert("code".into(), item.code.as_str().into());
                object.insert("message".into(), item.message.as_str().into());
                object.extend(item.extra.clone());
                Value::Object(object)
            })
            .collect();
        let mut body = json!({"statusCode": self.status(), "message": self.message(), "errors": errors});
        if self.code().is_oauth()
            && let Some(body) = body.as_object_mut()
        {
            body.insert("error".into(), self.code().as_str().into());
            // The API sends no description with a bad bearer token.
            if self.code() != Code::InvalidToken {
                body.insert("error_description".into(), self.message().into());
            }
        }
        body
    }

    /// Reads a body made by [`ApiError::body`] again, as a peer sends it. Unknown codes become
    /// [`Code::General`].
    #[must_use]
    pub fn from_body(body: &Value) -> Option<Self> {
        let items: Vec<ErrorItem> = body
            .get("errors")?
            .as_array()?
            .iter()
            .filter_map(|item| {
                let mut extra = item.as_object()?.clone();
                let code = extra.remove("code")?;
                let message = extra.remove("message")?.as_str()?.to_owned();
                let code = Code::ALL.iter().copied().find(|c| Some(c.as_str()) == code.as_str());
                Some(ErrorItem { code: code.unwrap_or(Code::General), message, extra })
            })
            .collect();
        if items.is_empty() { None } else { Some(Self(items.into_boxed_slice())) }
    }

    // --- wordings, one place each -------------------------------------------------------------

    /// 404 for an item path.
    #[must_use]
    pub fn not_found(id: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("The Resource with ID {id} was not found."))
    }

    /// 404 for a key path.
    #[must_use]
    pub fn key_not_found(key: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("The Resource with key '{key}' was not found."))
    }

    /// 404 for a path that no service serves.
    #[must_use]
    pub fn no_route(path: &str) -> Self {
        Self::new(
            Code::ResourceNotFound,
            format!("No resource of this API is served under the path '{path}'."),
        )
    }

    /// 409 of optimistic concurrency.
    #[must_use]
    pub fn concurrent_modification(id: &str, expected: i64, current: i64) -> Self {
        Self::new(
            Code::ConcurrentModification,
            format!(
                "Object {id} has a different version than expected. Expected: {expected} - Actual: {current}."
            ),
        )
        .with("currentVersion", current)
    }

    /// 400: a predicate in that field cannot be read.
    #[must_use]
    pub fn syntax(field: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::SyntaxError, format!("Syntax error while parsing {field}."))
            .with("detailedErrorMessage", detail.into())
    }

    /// 400: a predicate in that field can be read, but means nothing.
    #[must_use]
    pub fn semantic(field: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::SemanticError, format!("Semantic error in {field}. {}", detail.into()))
    }

    /// 400: the body is not JSON or not of the type's shape; `detail` names the path.
    #[must_use]
    pub fn invalid_json(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidJsonInput, "Request body does not contain valid JSON.")
            .with("detailedErrorMessage", detail.into())
    }

    /// 400: a query parameter out of its range or grammar.
    #[must_use]
    pub fn malformed_parameter(name: &str, detail: &str) -> Self {
        Self::new(Code::InvalidInput, format!("Malformed parameter: {name}: {detail}"))
    }

    /// 400 `InvalidInput` with a free message.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    /// 400: the operation does not fit the resource's state.
    pub fn invalid_operation(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidOperation, message)
    }

    /// 400: a field's value is not acceptable.
    #[must_use]
    pub fn invalid_field(field: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::new(Code::InvalidField, format!("The value '{value}' is not valid for field '{field}'."))
            .with("field", field)
            .with("invalidValue", value)
    }

    /// 400: a required field is absent.
    #[must_use]
    pub fn required_field(field: &str) -> Self {
        Self::new(Code::RequiredField, format!("A value is required for field '{field}'."))
            .with("field", field)
    }

    /// 400: a unique value is taken.
    #[must_use]
    pub fn duplicate_field(field: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::new(Code::DuplicateField, format!("A duplicate value '{value}' exists for field '{field}'."))
            .with("field", field)
            .with("duplicateValue", value)
    }

    /// 400: a reference in a body points nowhere. `by` is `("id", …)` or `("key", …)`.
    #[must_use]
    pub fn referenced_not_found(type_id: &str, by: (&str, &str)) -> Self {
        let (field, value) = by;
        Self::new(
            Code::ReferencedResourceNotFound,
            format!(
                "The referenced object of type '{type_id}' with {} '{value}' was not found. It either doesn't \
                 exist, or it can't be accessed from this endpoint (e.g., if the endpoint filters by store or \
                 customer account).",
                if field == "id" { "identifier" } else { field },
            ),
        )
        .with("typeId", type_id)
        .with(field, value)
    }

    /// 400: deletion refused because something refers to the resource.
    #[must_use]
    pub fn reference_exists(resource: &str, referenced_by: &str) -> Self {
        Self::new(
            Code::ReferenceExists,
            format!("Can not delete a {resource} while it is referenced by at least one {referenced_by}."),
        )
        .with("referencedBy", referenced_by)
    }

    /// 403: the token lacks every scope that would do. `scopes` are names without project key.
    #[must_use]
    pub fn insufficient_scope(scopes: &[String]) -> Self {
        Self::new(
            Code::InsufficientScope,
            format!(
                "Insufficient scope. One of the following scopes is missing: {}.",
                if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") }
            ),
        )
    }

    /// 500 without a cause; the log has it under the request's id.
    #[must_use]
    pub fn general() -> Self {
        Self::new(
            Code::General,
            "An internal error occurred. The X-Correlation-ID of this response names it in the logs.",
        )
    }

    /// 503: a part that is needed cannot be reached now; the request may be repeated.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            Code::OverCapacity,
            "The service is temporarily not able to serve this request. Please try again.",
        )
    }

    /// 400: too few units of these SKUs for these line items.
    pub fn out_of_stock<'a>(
        line_items: impl IntoIterator<Item = &'a crate::Id>,
        skus: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let line_items: Vec<Value> = line_items.into_iter().map(Value::from).collect();
        let skus: Vec<Value> = skus.into_iter().map(Value::from).collect();
        Self::new(Code::OutOfStock, "Some line items are out of stock at the moment.")
            .with("lineItems", line_items)
            .with("skus", skus)
    }

    /// 400: an amount left the 64-bit range.
    #[must_use]
    pub fn money_overflow() -> Self {
        Self::new(Code::MoneyOverflow, "A money calculation exceeded the range of 64-bit integers.")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status(), self.code().as_str(), self.message())
    }
}

impl std::error::Error for ApiError {}

impl Serialize for ApiError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.body().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_repeats_the_first_message_and_carries_the_extra_fields() {
        let body = ApiError::duplicate_field("slug.en", "x").body();
        assert_eq!(body["message"], "A duplicate value '\"x\"' exists for field 'slug.en'.");
        assert_eq!(body["message"], body["errors"][0]["message"]);
        assert_eq!(body["errors"][0]["duplicateValue"], "x");
        assert_eq!(body["statusCode"], 400);
    }

    #[test]
    fn an_oauth_body_names_the_error_and_a_bad_token_gives_no_description() {
        let scope = ApiError::new(Code::InvalidScope, "Malformed parameter: scope: Invalid scope.").body();
        assert_eq!(scope["error"], "invalid_scope");
        assert_eq!(scope["error_description"], scope["message"]);
        let token = ApiError::new(Code::InvalidToken, "invalid_token").body();
        assert_eq!(token["error"], "invalid_token");
        assert!(token.get("error_description").is_none());
    }

    #[test]
    fn a_body_read_back_is_the_same_error() {
        let error = ApiError::concurrent_modification("a", 1, 2);
        assert_eq!(ApiError::from_body(&error.body()), Some(error));
    }
}

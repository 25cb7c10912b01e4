//! The routes beside the derived ones.

mod customers;
mod me;
mod tokens;

use crate::desk::Desk;
use crate::sign_in;
use api::cart::Cart;
use api::customer::CustomerToken;
use api::{Kind, Meta, Result};
use kit::peers::internal;
use kit::service::ServiceBuilder;
use serde::Serialize;
use serde_json::{Value, json};

/// Adds them all.
pub(crate) fn add(mut builder: ServiceBuilder, desk: &Desk) -> ServiceBuilder {
    let parts = builder.parts();
    let cart = json!({"allOf": [parts.answer::<Meta>(), parts.answer::<Cart>()]});
    // The engine describes the resource under this name.
    let customer = json!({"$ref": "#/components/schemas/StoredCustomer"});
    let sign_in = json!({
        "type": "object",
        "required": ["customer"],
        "properties": {"customer": customer, "cart": cart},
    });
    let schemas = Schemas {
        sign_in: parts.name("CustomerSignInResult", sign_in),
        token: parts.answer::<CustomerToken>(),
        customer,
    };
    let builder = customers::add(builder, desk, &schemas);
    let builder = tokens::add(builder, desk, &schemas);
    let builder = me::add(builder, desk, &schemas);
    builder.internal("/authenticate", sign_in::authenticate(desk))
}

/// The schemas of answers.
struct Schemas {
    customer: Value,
    sign_in: Value,
    token: Value,
}

fn scopes(prefix: &str) -> Vec<String> {
    Kind::Customer.scopes().iter().map(|scope| format!("{prefix}{scope}")).collect()
}

fn written(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| internal(&e))
}

//! Customers: the rules.
//!
//! E-mail addresses are unique without regard to case: among the global customers, and per store among the
//! customers of that store. What no client may see, hashes of passwords and tokens, is [`Secrets`].

mod actions;
mod addresses;
mod create;
mod membership;
mod secrets;

pub(crate) use secrets::{Secrets, SignUp, Token, TokenKind};

use crate::limits;
use api::customer::{Customer, CustomerAction, CustomerDraft};
use api::{ApiError, Code, Key, Kind, Message, Meta, Stored};
use kit::resource::{Context, Decision, RouteSet, Rules, State};
use kit::store::{Claim, Visibility};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The rules of customers.
pub(crate) struct Customers;

/// What a customer is made from: the draft, and the hash of the password in it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewCustomer {
    pub(crate) draft: CustomerDraft,
    pub(crate) password_hash: Option<String>,
    /// What must be adopted before the customer is there for others.
    #[schemars(skip)]
    pub(crate) sign_up: Option<SignUp>,
}

/// An update action, and the hash of the password in it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Step {
    pub(crate) action: CustomerAction,
    pub(crate) password_hash: Option<String>,
}

/// How long a sign-up has to adopt what was anonymous before the recovery loop takes over.
const SIGN_UP_MS: i64 = 30_000;

impl Rules for Customers {
    type Body = Customer;
    type Hidden = Secrets;
    type Draft = NewCustomer;
    type Action = Step;

    const KIND: Kind = Kind::Customer;
    const DATA_ERASURE: bool = true;
    const INDEXES: &'static [&'static str] = &["email", "customerGroup.id", "externalId"];
    const IN_STORE: &'static str = "stores(key = :value)";
    const ROUTES: RouteSet = RouteSet { create: false, update: false, ..RouteSet::ALL };

    fn create(new: &NewCustomer, cx: &mut Context<'_>) -> Decision<(Customer, Secrets)> {
        let customer = create::customer(&new.draft, new.password_hash.is_some(), cx)?;
        if new.sign_up.is_none() {
            cx.emit(created(&meta(cx), &customer));
        }
        let secrets = Secrets {
            password_hash: new.password_hash.clone(),
            sign_up: new.sign_up.clone(),
            ..Secrets::default()
        };
        Ok((customer, secrets))
    }

    fn apply(state: &mut State<Self>, step: &Step, cx: &mut Context<'_>) -> Decision<()> {
        actions::apply(state, step, cx)
    }

    fn settle(state: &mut State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        limits::customer(&state.body)?;
        if state.visibility == Visibility::Pending {
            state.due_at = Some(cx.now.plus_millis(SIGN_UP_MS));
        }
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        cx.emit(Message::new("CustomerDeleted").with("email", &state.email));
        Ok(())
    }

    fn claims(customer: &Customer) -> Vec<Claim> {
        let mut claims = Vec::new();
        if customer.stores.is_empty() {
            claims.push(email_claim(&customer.email, None));
        }
        claims.extend(customer.stores.iter().map(|store| email_claim(&customer.email, Some(&store.key))));
        claims.extend(customer.key.iter().map(|key| Claim::new("key", key.as_str())));
        claims.extend(customer.customer_number.iter().map(|number| Claim::new("customerNumber", number)));
        claims
    }

    fn hidden_claims(secrets: &Secrets) -> Vec<Claim> {
        secrets.claims()
    }

    fn is_in_store(customer: &Customer, store: &Key) -> bool {
        customer.stores.iter().any(|held| held.key == *store)
    }

    fn user_identifiers(customer: &Customer) -> Map<String, Value> {
        let mut identifiers = Map::new();
        identifiers.extend(customer.key.iter().map(|key| ("key".to_owned(), key.into())));
        identifiers
            .extend(customer.external_id.iter().map(|id| ("externalId".to_owned(), id.as_str().into())));
        let number = customer.customer_number.iter();
        identifiers.extend(number.map(|number| ("customerNumber".to_owned(), number.as_str().into())));
        identifiers
    }

    fn taken(claim: &Claim) -> ApiError {
        if claim.name != EMAIL && claim.name != EMAIL_IN_STORE {
            return ApiError::duplicate_field(&claim.name, claim.value.as_str());
        }
        // The routes put in the address as the client wrote it.
        email_taken(claim.value.split('\n').next().unwrap_or_default())
    }
}

const EMAIL: &str = "email";
const EMAIL_IN_STORE: &str = "emailInStore";

/// What makes an e-mail address unique, among global customers or in a store.
pub(crate) fn email_claim(email: &str, store: Option<&Key>) -> Claim {
    let email = email.to_lowercase();
    match store {
        Some(store) => Claim::new(EMAIL_IN_STORE, format!("{email}\n{store}")),
        None => Claim::new(EMAIL, email),
    }
}

/// The error for an e-mail address that another customer has.
pub(crate) fn email_taken(email: &str) -> ApiError {
    ApiError::new(Code::DuplicateField, "There is already an existing customer with the provided email.")
        .with("field", EMAIL)
        .with("duplicateValue", email)
}

/// The life of a customer that is being made.
fn meta(cx: &Context<'_>) -> Meta {
    let by = cx.caller().attribution();
    Meta {
        id: cx.resource_id.clone(),
        version: 1,
        created_at: cx.now,
        last_modified_at: cx.now,
        created_by: Some(by.clone()),
        last_modified_by: Some(by),
    }
}

/// The message that there is a new customer.
pub(crate) fn created(meta: &Meta, customer: &Customer) -> Message {
    let stored = Stored { meta: meta.clone(), body: customer.clone() }.to_json().unwrap_or_default();
    let customer: Value = serde_json::from_str(&stored).unwrap_or_default();
    Message::new("CustomerCreated").with("customer", customer)
}

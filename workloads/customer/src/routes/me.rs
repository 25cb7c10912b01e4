//! `me`: customers look after themselves. Who it is, the token alone says.

use super::Schemas;
use crate::desk::Desk;
use api::customer::{
    CustomerAction, MY_ACTIONS, MyChangePassword, MyConfirmEmail, MyCustomerDraft, MyCustomerSignin,
    MyResetPassword,
};
use api::{ApiError, Id, Result};
use axum::extract::RawQuery;
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, json, ok};
use kit::resource::{Access, Operation, UpdateRequest, refuse_others};
use kit::service::ServiceBuilder;
use kit::store::Selector;
use serde_json::Value;

const SCOPE: &str = "manage_my_profile";

pub(super) fn add(mut builder: ServiceBuilder, desk: &Desk, schemas: &Schemas) -> ServiceBuilder {
    let parts = builder.parts();
    let update = parts.request::<UpdateRequest<CustomerAction>>();
    let draft = parts.request::<MyCustomerDraft>();
    let sign_in = parts.request::<MyCustomerSignin>();
    let change = parts.request::<MyChangePassword>();
    let reset = parts.request::<MyResetPassword>();
    let confirm = parts.request::<MyConfirmEmail>();
    let Schemas { customer, sign_in: signed_in, .. } = schemas;
    let (a, b, c, d, e) = (desk.clone(), desk.clone(), desk.clone(), desk.clone(), desk.clone());
    let me = [
        operation("get", "", "Gets the customer of the token.")
            .param("expand", "string")
            .gives(200, Some(customer.clone())),
        posting("", "Updates the customer of the token.", update, (200, customer)).param("expand", "string"),
        operation("delete", "", "Deletes the customer of the token.")
            .param("version", "integer")
            .param("expand", "string")
            .gives(200, Some(customer.clone())),
    ];
    builder
        .route("/{project}/me", &me, myself(desk))
        .route(
            "/{project}/me/signup",
            &[posting(
                "/signup",
                "Creates a customer, with the cart of the token's session.",
                draft,
                (201, signed_in),
            )],
            post(move |request: RequestInfo, body: Bytes| async move {
                admit(&request)?;
                let draft: MyCustomerDraft = json(&body)?;
                let draft = draft.in_session(request.caller.anonymous_id.clone());
                Reply::Ok(created(a.sign_up(&request, draft).await?))
            }),
        )
        .route(
            "/{project}/me/login",
            &[posting("/login", "Signs a customer in and merges carts.", sign_in, (200, signed_in))],
            post(move |request: RequestInfo, body: Bytes| async move {
                admit(&request)?;
                let sign_in: MyCustomerSignin = json(&body)?;
                let sign_in = sign_in.in_session(request.caller.anonymous_id.clone());
                Reply::Ok(ok(b.sign_in(&request, &sign_in).await?))
            }),
        )
        .route(
            "/{project}/me/password",
            &[posting("/password", "Changes the customer's password.", change, (200, customer))],
            post(move |request: RequestInfo, body: Bytes| async move {
                let id = customer_of(&request)?;
                let MyChangePassword { version, current_password, new_password } = json(&body)?;
                let passwords = (&current_password, &new_password);
                Reply::Ok(ok(c.change_password(&request, &id, version, passwords).await?))
            }),
        )
        .route(
            "/{project}/me/password/reset",
            &[posting(
                "/password/reset",
                "Sets a password by a token; all the customer's tokens end.",
                reset,
                (200, customer),
            )],
            post(move |request: RequestInfo, body: Bytes| async move {
                // Who forgot the password has no token of a customer's.
                admit(&request)?;
                let MyResetPassword { token_value, new_password } = json(&body)?;
                Reply::Ok(ok(d.reset_password(&request, &token_value, None, &new_password).await?))
            }),
        )
        .route(
            "/{project}/me/email/confirm",
            &[posting(
                "/email/confirm",
                "Verifies the customer's e-mail address by a token.",
                confirm,
                (200, customer),
            )],
            post(move |request: RequestInfo, body: Bytes| async move {
                let id = customer_of(&request)?;
                let MyConfirmEmail { token_value } = json(&body)?;
                Reply::Ok(ok(e.confirm_email(&request, &token_value, None, Some(&id)).await?))
            }),
        )
}

/// `GET`, `POST` and `DELETE` of `/me`.
fn myself(desk: &Desk) -> MethodRouter {
    let (a, b, c) = (desk.clone(), desk.clone(), desk.clone());
    MethodRouter::new()
        .get(move |request: RequestInfo, RawQuery(query): RawQuery| async move {
            let id = customer_of(&request)?;
            let found = a.by_id(&request, &id).await?;
            Reply::Ok(ok(a.expanded(&request, query.as_deref(), found.json).await?))
        })
        .post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
            let id = customer_of(&request)?;
            Params::parse(query.as_deref())?;
            refuse_others(&body, MY_ACTIONS)?;
            let changed = b.update(&request, &Selector::Id(id.clone()), json(&body)?).await?;
            let changed = changed.ok_or_else(|| ApiError::not_found(id.as_str()))?;
            Reply::Ok(ok(b.expanded(&request, query.as_deref(), changed).await?))
        })
        .delete(move |request: RequestInfo, RawQuery(query): RawQuery| async move {
            let id = customer_of(&request)?;
            let version = Params::parse(query.as_deref())?.version()?.ok_or_else(|| {
                ApiError::malformed_parameter("version", "A version is required to delete a resource.")
            })?;
            let selector = Selector::Id(id.clone());
            let gone = c.customers.delete(&request, &selector, &Access::of(&request), Some(version)).await?;
            let gone = gone.ok_or_else(|| ApiError::not_found(id.as_str()))?;
            Reply::Ok(ok(c.expanded(&request, query.as_deref(), gone.json).await?))
        })
}

fn admit(request: &RequestInfo) -> Result<()> {
    request.caller.require(&[SCOPE.to_owned()])
}

/// The customer of the token; 403 for tokens of nobody and of guests.
fn customer_of(request: &RequestInfo) -> Result<Id> {
    admit(request)?;
    let id = request.caller.customer_id.clone();
    id.ok_or_else(|| ApiError::insufficient_scope(&["customer_id".to_owned()]))
}

fn operation(method: &'static str, path: &str, summary: &str) -> Operation {
    Operation::new(method, format!("/{{projectKey}}/me{path}"), summary).scopes([SCOPE])
}

fn posting(path: &str, summary: &str, takes: Value, (status, gives): (u16, &Value)) -> Operation {
    operation("post", path, summary).takes(takes).gives(status, Some(gives.clone()))
}

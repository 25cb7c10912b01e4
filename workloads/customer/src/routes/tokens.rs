//! Passwords, and the tokens that customers get by e-mail.

use super::{Schemas, scopes, written};
use crate::customers::TokenKind;
use crate::desk::Desk;
use crate::tokens::Wanted;
use api::customer::{ChangePassword, ConfirmEmail, CreateEmailToken, CreatePasswordToken, ResetPassword};
use api::{ApiError, Kind};
use axum::extract::{Path, RawQuery};
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::resource::Operation;
use kit::service::ServiceBuilder;
use kit::store::Selector;
use serde_json::Value;

/// The life of a password token in minutes, where the request does not say.
const PASSWORD_TOKEN_MINUTES: i64 = 1440;

pub(super) fn add(mut builder: ServiceBuilder, desk: &Desk, schemas: &Schemas) -> ServiceBuilder {
    let parts = builder.parts();
    let change = parts.request::<ChangePassword>();
    let password_token = parts.request::<CreatePasswordToken>();
    let reset = parts.request::<ResetPassword>();
    let email_token = parts.request::<CreateEmailToken>();
    let confirm = parts.request::<ConfirmEmail>();
    let Schemas { customer, token, .. } = schemas;
    let (a, b, c, d, e) = (desk.clone(), desk.clone(), desk.clone(), desk.clone(), desk.clone());
    let builder = builder
        .route(
            "/{project}/customers/password",
            &[operation("password", "Changes a customer's password.", change, customer)],
            post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                let ChangePassword { id, version, current_password, new_password } = json(&body)?;
                let passwords = (&current_password, &new_password);
                Reply::Ok(ok(a.change_password(&request, &id, version, passwords).await?))
            }),
        )
        .route(
            "/{project}/customers/password-token",
            &[operation("password-token", "Makes a token to reset a password.", password_token, token)],
            post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                let CreatePasswordToken { email, ttl_minutes, invalidate_older_tokens } = json(&body)?;
                let wanted = Wanted {
                    kind: TokenKind::Password,
                    minutes: ttl_minutes.unwrap_or(PASSWORD_TOKEN_MINUTES),
                    alone: invalidate_older_tokens,
                };
                Reply::Ok(ok(written(&b.make_password_token(&request, &email, wanted).await?)?))
            }),
        )
        .route(
            "/{project}/customers/password/reset",
            &[operation(
                "password/reset",
                "Sets a password by a token; all the customer's tokens end.",
                reset,
                customer,
            )],
            post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                let ResetPassword { token_value, new_password, version } = json(&body)?;
                Reply::Ok(ok(c.reset_password(&request, &token_value, version, &new_password).await?))
            }),
        )
        .route(
            "/{project}/customers/email-token",
            &[operation("email-token", "Makes a token to verify an e-mail address.", email_token, token)],
            post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                let CreateEmailToken { id, ttl_minutes, version, invalidate_older_tokens } = json(&body)?;
                let wanted =
                    Wanted { kind: TokenKind::Email, minutes: ttl_minutes, alone: invalidate_older_tokens };
                let made = d.make_token(&request, &Selector::Id(id.clone()), version, wanted).await?;
                Reply::Ok(ok(written(&made.ok_or_else(|| ApiError::not_found(id.as_str()))?)?))
            }),
        )
        .route(
            "/{project}/customers/email/confirm",
            &[operation("email/confirm", "Verifies an e-mail address by a token.", confirm, customer)],
            post(move |request: RequestInfo, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                let ConfirmEmail { token_value, version } = json(&body)?;
                Reply::Ok(ok(e.confirm_email(&request, &token_value, version, None).await?))
            }),
        );
    let by_token = |what: &str| {
        Operation::new(
            "get",
            format!("/{{projectKey}}/customers/{what}-token={{{what}Token}}"),
            "Gets a customer by a token.",
        )
        .scopes(scopes("view_"))
        .param("expand", "string")
        .gives(200, Some(customer.clone()))
    };
    builder
        .route(
            "/{project}/customers/password-token={token}",
            &[by_token("password")],
            get_by(desk, TokenKind::Password),
        )
        .route(
            "/{project}/customers/email-token={token}",
            &[by_token("email")],
            get_by(desk, TokenKind::Email),
        )
}

fn operation(path: &str, summary: &str, takes: Value, gives: &Value) -> Operation {
    Operation::new("post", format!("/{{projectKey}}/customers/{path}"), summary)
        .scopes(scopes("manage_"))
        .takes(takes)
        .gives(200, Some(gives.clone()))
}

fn get_by(desk: &Desk, kind: TokenKind) -> MethodRouter {
    let desk = desk.clone();
    get(
        move |request: RequestInfo, Path((_, token)): Path<(String, String)>, RawQuery(query): RawQuery| async move {
            request.caller.require_view(Kind::Customer)?;
            let found = desk.by_token(&request, kind, &token).await?;
            Reply::Ok(ok(desk.expanded(&request, query.as_deref(), found.json).await?))
        },
    )
}

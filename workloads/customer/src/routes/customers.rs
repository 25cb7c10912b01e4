//! Making and updating customers, and signing in, by who may manage customers.

use super::{Schemas, scopes};
use crate::customers::{Customers, Step};
use crate::desk::Desk;
use crate::sign_up::as_written;
use api::customer::{AuthenticationMode, CustomerAction, CustomerDraft, CustomerSignin};
use api::{ApiError, Code, Kind, Result};
use axum::extract::{Path, RawQuery};
use axum::routing::post;
use bytes::Bytes;
use kit::http::{Params, Reply, RequestInfo, created, json, not_found, ok, selector};
use kit::resource::{Access, Edit, Operation, Rules, State, UpdateRequest};
use kit::service::ServiceBuilder;
use kit::store::Selector;

pub(super) fn add(mut builder: ServiceBuilder, desk: &Desk, schemas: &Schemas) -> ServiceBuilder {
    let parts = builder.parts();
    let (draft, sign_in) = (parts.request::<CustomerDraft>(), parts.request::<CustomerSignin>());
    let update = parts.request::<UpdateRequest<CustomerAction>>();
    let operation = |path: &str, summary: &str| {
        Operation::new("post", format!("/{{projectKey}}/{path}"), summary)
            .scopes(scopes("manage_"))
            .param("expand", "string")
    };
    let create = operation("customers", "Creates a customer, with the cart of a guest if one is named.")
        .takes(draft)
        .gives(201, Some(schemas.sign_in.clone()));
    let updates = ["customers/{id}", "customers/key={key}"].map(|path| {
        operation(path, "Updates a customer.")
            .takes(update.clone())
            .gives(200, Some(schemas.customer.clone()))
    });
    let login = operation("login", "Signs a customer in and merges carts.")
        .takes(sign_in)
        .gives(200, Some(schemas.sign_in.clone()));
    let (a, b, c) = (desk.clone(), desk.clone(), desk.clone());
    builder
        .route(
            "/{project}/customers",
            &[create],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                Params::parse(query.as_deref())?;
                let made = a.sign_up(&request, json(&body)?).await?;
                Reply::Ok(created(a.expanded(&request, query.as_deref(), made).await?))
            }),
        )
        .route(
            "/{project}/customers/{selector}",
            &updates,
            post(
                move |request: RequestInfo,
                      Path((_, segment)): Path<(String, String)>,
                      RawQuery(query): RawQuery,
                      body: Bytes| async move {
                    request.caller.require_manage(Kind::Customer)?;
                    Params::parse(query.as_deref())?;
                    let selector = selector(&segment).ok_or_else(|| not_found(&segment))?;
                    let changed = b.update(&request, &selector, json(&body)?).await?;
                    let changed = changed.ok_or_else(|| not_found(&segment))?;
                    Reply::Ok(ok(b.expanded(&request, query.as_deref(), changed).await?))
                },
            ),
        )
        .route(
            "/{project}/login",
            &[login],
            post(move |request: RequestInfo, RawQuery(query): RawQuery, body: Bytes| async move {
                request.caller.require_manage(Kind::Customer)?;
                Params::parse(query.as_deref())?;
                let sign_in: CustomerSignin = json(&body)?;
                let signed_in = c.sign_in(&request, &sign_in).await?;
                Reply::Ok(ok(c.expanded(&request, query.as_deref(), signed_in).await?))
            }),
        )
}

impl Desk {
    /// Applies update actions; gives the JSON text of the customer as it is then.
    pub(super) async fn update(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        update: UpdateRequest<CustomerAction>,
    ) -> Result<Option<String>> {
        let update = UpdateRequest { version: update.version, actions: self.steps(update.actions).await? };
        let access = Access::of(request);
        let regrouped = self.regrouped(request, selector, &access, &update).await?;
        if let Some(customer) = &regrouped {
            self.check_reprice(request, customer).await?;
        }
        let changed = match self.customers.update(request, selector, &access, &update).await {
            Err(error) => return Err(self.with_email(request, selector, &update, error).await),
            Ok(changed) => changed,
        };
        if let Some(customer) = &regrouped
            && let Err(error) = self.reprice(request, customer).await
        {
            tracing::warn!(customer = %customer.meta.id, %error, "carts follow the groups of their customer later");
        }
        Ok(changed.map(|changed| changed.json))
    }

    /// The customer as it will be, if the actions change its groups; nothing is changed yet.
    async fn regrouped(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        access: &Access,
        update: &UpdateRequest<Step>,
    ) -> Result<Option<State<Customers>>> {
        if !update.actions.iter().any(|step| is_about_groups(&step.action)) {
            return Ok(None);
        }
        let edit = Edit { expected_version: Some(update.version), access: access.clone(), visible: true };
        let mut after = None;
        self.customers
            .edit(request, selector, &edit, |held, cx| {
                let mut customer = held.clone();
                for step in &update.actions {
                    Customers::apply(&mut customer, step, cx)?;
                }
                let same = customer.customer_group == held.customer_group
                    && customer.customer_group_assignments == held.customer_group_assignments;
                after = (!same).then_some(customer);
                Ok(())
            })
            .await?;
        Ok(after)
    }

    /// The error that an e-mail address is taken names it as the client wrote it: now, or when it was set.
    async fn with_email(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        update: &UpdateRequest<Step>,
        error: ApiError,
    ) -> ApiError {
        let written = update.actions.iter().rev().find_map(|step| match &step.action {
            CustomerAction::ChangeEmail { email } => Some(email.clone()),
            _ => None,
        });
        let email = match written {
            None if error.code() == Code::DuplicateField => {
                let held = self.find(request.project(), selector).await;
                held.ok().flatten().map(|found| found.state.body.email)
            }
            written => written,
        };
        as_written(error, email.as_deref())
    }

    /// Hashes the password among the actions, since rules do no slow work.
    async fn steps(&self, actions: Vec<CustomerAction>) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::with_capacity(actions.len());
        for action in actions {
            let password_hash = match &action {
                CustomerAction::SetAuthenticationMode {
                    auth_mode: AuthenticationMode::Password,
                    password: Some(password),
                } => {
                    if steps.iter().any(|step| step.password_hash.is_some()) {
                        return Err(ApiError::invalid_operation("An update sets at most one password."));
                    }
                    Some(self.passwords.hash(password).await?)
                }
                _ => None,
            };
            steps.push(Step { action, password_hash });
        }
        Ok(steps)
    }
}

fn is_about_groups(action: &CustomerAction) -> bool {
    matches!(
        action,
        CustomerAction::SetCustomerGroup { .. }
            | CustomerAction::SetCustomerGroupAssignments { .. }
            | CustomerAction::AddCustomerGroupAssignment { .. }
            | CustomerAction::RemoveCustomerGroupAssignment { .. }
    )
}

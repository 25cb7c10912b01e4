//! The OAuth 2.0 endpoints: the four grants, introspection, revocation (contract §1).

use crate::clients::ApiClients;
use crate::credentials::basic;
use crate::refresh::Session;
use crate::{Account, revocation};
use api::account::{Introspection, TokenAnswer, is_permission};
use api::internal::account::Revoked;
use api::internal::customer::{Authenticate, Authenticated};
use api::{ApiError, Code, Id, Key, Result, Scopes, ServiceName, Timestamp};
use axum::extract::{Path, RawQuery};
use axum::http::HeaderMap;
use axum::routing::post;
use bytes::Bytes;
use kit::State;
use kit::http::{Params, Reply, RequestInfo, ok};
use kit::peers::{self, internal};
use kit::resource::Operation;
use kit::service::ServiceBuilder;
use kit::token::{Claims, ISSUER, KeyRing};
use serde_json::json;
use std::sync::Arc;

/// Whom a token is for, beside its client.
#[derive(Debug, Clone, Default)]
struct Identity {
    customer_id: Option<Id>,
    anonymous_id: Option<String>,
}

/// The parameters of a token request: form body and query together.
struct Form {
    body: Params,
    query: Params,
}

impl Form {
    fn read(query: Option<&str>, body: &[u8]) -> Result<Self> {
        if body.len() > 16_384 {
            return Err(ApiError::new(
                Code::InvalidRequest,
                "The request is longer than a token request can be.",
            ));
        }
        let body = std::str::from_utf8(body)
            .map_err(|_| ApiError::new(Code::InvalidRequest, "The body is not a form."))?;
        Ok(Self { body: Params::parse(Some(body))?, query: Params::parse(query)? })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.body.get(name).or_else(|| self.query.get(name)).filter(|v| !v.is_empty())
    }

    fn require(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| ApiError::new(Code::InvalidRequest, format!("The parameter '{name}' is missing.")))
    }

    fn grant(&self, expected: &[&str]) -> Result<&str> {
        let grant = self.require("grant_type")?;
        if expected.contains(&grant) {
            return Ok(grant);
        }
        Err(ApiError::new(
            Code::UnsupportedGrantType,
            format!("The grant type '{grant}' is not supported here; supported: {}.", expected.join(", ")),
        ))
    }
}

/// The endpoints under `/oauth`.
pub(crate) fn routes(mut builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let token = builder.parts().answer::<TokenAnswer>();
    let introspection = builder.parts().answer::<Introspection>();
    let form = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let operation = |path: &str, summary: &str, answer: serde_json::Value| {
        let mut operation =
            Operation::new("post", path, summary).takes(form.clone()).gives(200, Some(answer));
        operation.request_media = "application/x-www-form-urlencoded";
        operation
    };
    let [a, b, c, d, e, f] = std::array::from_fn(|_| Arc::clone(account));
    builder
        .route(
            "/oauth/token",
            &[operation(
                "/oauth/token",
                "Client credentials and refresh grants. HTTP Basic authentication.",
                token.clone(),
            )],
            post(move |headers: HeaderMap, RawQuery(query): RawQuery, body: Bytes| async move {
                let client = a.client(&headers).await?;
                let form = Form::read(query.as_deref(), &body)?;
                match form.grant(&["client_credentials", "refresh_token"])? {
                    "refresh_token" => a.refresh_grant(&client, form.require("refresh_token")?).await,
                    _ => a.grant(&client, form.get("scope"), Identity::default(), false).await,
                }
            }),
        )
        .route(
            "/oauth/{project}/customers/token",
            &[operation(
                "/oauth/{projectKey}/customers/token",
                "Password grant for customers.",
                token.clone(),
            )],
            post(
                move |headers: HeaderMap,
                      Path(project): Path<String>,
                      RawQuery(query): RawQuery,
                      body: Bytes| async move {
                    b.password_grant(&headers, &project, None, &Form::read(query.as_deref(), &body)?).await
                },
            ),
        )
        .route(
            "/oauth/{project}/in-store/{store}/customers/token",
            &[operation(
                "/oauth/{projectKey}/in-store/key={storeKey}/customers/token",
                "Password grant for customers of a store.",
                token.clone(),
            )],
            post(
                move |headers: HeaderMap,
                      Path((project, store)): Path<(String, String)>,
                      RawQuery(query): RawQuery,
                      body: Bytes| async move {
                    let key = store
                        .strip_prefix("key=")
                        .and_then(Key::parse)
                        .ok_or_else(|| kit::http::not_found(&store))?;
                    c.password_grant(&headers, &project, Some(key), &Form::read(query.as_deref(), &body)?)
                        .await
                },
            ),
        )
        .route(
            "/oauth/{project}/anonymous/token",
            &[operation(
                "/oauth/{projectKey}/anonymous/token",
                "Client credentials grant with an anonymous session.",
                token,
            )],
            post(
                move |headers: HeaderMap,
                      Path(project): Path<String>,
                      RawQuery(query): RawQuery,
                      body: Bytes| async move {
                    d.anonymous_grant(&headers, &project, &Form::read(query.as_deref(), &body)?).await
                },
            ),
        )
        .route(
            "/oauth/introspect",
            &[operation("/oauth/introspect", "What a token is worth (RFC 7662).", introspection)],
            post(move |headers: HeaderMap, RawQuery(query): RawQuery, body: Bytes| async move {
                e.introspect(&headers, &Form::read(query.as_deref(), &body)?).await
            }),
        )
        .route(
            "/oauth/token/revoke",
            &[operation("/oauth/token/revoke", "Withdraws a token (RFC 7009).", json!(true))],
            post(move |headers: HeaderMap, RawQuery(query): RawQuery, body: Bytes| async move {
                f.revoke(&headers, &Form::read(query.as_deref(), &body)?).await
            }),
        )
}

impl Account {
    async fn client(&self, headers: &HeaderMap) -> Result<State<ApiClients>> {
        let (id, secret) = basic(headers)?;
        self.authenticate(&id, &secret).await
    }

    async fn client_of(&self, headers: &HeaderMap, project: &str) -> Result<State<ApiClients>> {
        let client = self.client(headers).await?;
        if client.project == project { Ok(client) } else { Err(crate::credentials::invalid_client()) }
    }

    /// Issues an access token, and a refresh token if the session can be kept up.
    async fn grant(
        &self,
        client: &State<ApiClients>,
        scope: Option<&str>,
        identity: Identity,
        refresh: bool,
    ) -> Reply {
        let granted = granted(&client.scope, &client.project, scope)?;
        let now = self.deps.clock.now();
        let mut answer = self.access_token(client, &granted, &identity, now).await?;
        if refresh {
            let life = i64::from(client.refresh_seconds()).saturating_mul(1000);
            let session = Session {
                project: client.project.clone(),
                client_id: client.meta.id.to_string(),
                scope: granted,
                customer_id: identity.customer_id,
                anonymous_id: identity.anonymous_id,
                issued_at: now,
                expires_at: now.plus_millis(life),
            };
            answer.refresh_token = Some(self.begin(session).await?);
        }
        written(&answer)
    }

    async fn access_token(
        &self,
        client: &State<ApiClients>,
        granted: &str,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<TokenAnswer> {
        let mut scope = granted.to_owned();
        if let Some(id) = &identity.customer_id {
            scope.push_str(&format!(" customer_id:{id}"));
        }
        if let Some(id) = &identity.anonymous_id {
            scope.push_str(&format!(" anonymous_id:{id}"));
        }
        self.note_use(client, now).await;
        let seconds = i64::from(client.access_seconds());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            jti: self.deps.clock.secret(),
            client_id: client.meta.id.to_string(),
            project: client.project.clone(),
            scope: scope.clone(),
            customer_id: identity.customer_id.clone(),
            anonymous_id: identity.anonymous_id.clone(),
            iat_ms: now.as_millis(),
            exp: now.as_millis() / 1000 + seconds,
        };
        Ok(TokenAnswer {
            access_token: self.keys.sign(&claims).await?,
            token_type: "Bearer".to_owned(),
            expires_in: seconds,
            scope,
            refresh_token: None,
        })
    }

    async fn refresh_grant(&self, client: &State<ApiClients>, token: &str) -> Reply {
        let invalid =
            || ApiError::new(Code::InvalidGrant, "The refresh token was not found. It may have expired.");
        let found = self.resume(token, client.meta.id.as_str(), client.refresh_seconds()).await?;
        let session = found.ok_or_else(invalid)?;
        let now = self.deps.clock.now();
        let identity = Identity { customer_id: session.customer_id, anonymous_id: session.anonymous_id };
        // A customer's sessions end with a password reset: check what the session began with.
        let probe = Claims {
            iss: String::new(),
            jti: String::new(),
            client_id: session.client_id,
            project: session.project,
            scope: String::new(),
            customer_id: identity.customer_id.clone(),
            anonymous_id: None,
            iat_ms: session.issued_at.as_millis(),
            exp: i64::MAX / 1000,
        };
        if self.withdrawn.check(&probe, now).is_err() {
            self.end(token, None).await?;
            return Err(invalid().into());
        }
        written(&self.access_token(client, &session.scope, &identity, now).await?)
    }

    async fn password_grant(
        &self,
        headers: &HeaderMap,
        project: &str,
        store: Option<Key>,
        form: &Form,
    ) -> Reply {
        let client = self.client_of(headers, project).await?;
        form.grant(&["password"])?;
        let question = Authenticate {
            email: form.require("username")?.to_owned(),
            password: form.require("password")?.to_owned(),
            store,
        };
        let request = RequestInfo::system(project, "password-grant");
        let answer: Result<Authenticated> = peers::call(
            self.deps.peers.as_ref(),
            ServiceName::Customer,
            "/authenticate",
            &request,
            &question,
        )
        .await;
        let customer = answer.map_err(|error| match error.code() {
            Code::InvalidCredentials => ApiError::new(
                Code::InvalidCustomerAccountCredentials,
                "Customer account with the given credentials not found.",
            ),
            _ => error,
        })?;
        let identity = Identity { customer_id: Some(customer.customer_id), anonymous_id: None };
        self.grant(&client, form.get("scope"), identity, true).await
    }

    async fn anonymous_grant(&self, headers: &HeaderMap, project: &str, form: &Form) -> Reply {
        let client = self.client_of(headers, project).await?;
        form.grant(&["client_credentials"])?;
        let scopes = Scopes::of_project(&client.scope, project);
        if !scopes.allow("create_anonymous_token") {
            return Err(ApiError::insufficient_scope(&["create_anonymous_token".to_owned()]).into());
        }
        let id = match form.get("anonymous_id") {
            Some(id) if id.len() <= 256 && !id.contains(char::is_whitespace) => id.to_owned(),
            Some(_) => {
                return Err(ApiError::new(
                    Code::InvalidRequest,
                    "An anonymous_id has 1 to 256 characters and no spaces.",
                )
                .into());
            }
            None => self.deps.clock.new_id(self.deps.clock.now()).to_string(),
        };
        let identity = Identity { customer_id: None, anonymous_id: Some(id) };
        self.grant(&client, form.get("scope"), identity, true).await
    }

    /// The claims of a token that is still valid.
    async fn valid(&self, token: &str) -> Result<Option<Claims>> {
        let ring = KeyRing::default();
        ring.replace(&self.keys.public().await?);
        let Ok(claims) = ring.verify(token) else { return Ok(None) };
        Ok(self.withdrawn.check(&claims, self.deps.clock.now()).is_ok().then_some(claims))
    }

    async fn introspect(&self, headers: &HeaderMap, form: &Form) -> Reply {
        let client = self.client(headers).await?;
        let permission = "introspect_oauth_tokens";
        if !Scopes::of_project(&client.scope, &client.project).allow(permission) {
            return Err(ApiError::insufficient_scope(&[permission.to_owned()]).into());
        }
        let found =
            self.valid(form.require("token")?).await?.filter(|claims| claims.project == client.project);
        let answer = match found {
            Some(claims) => Introspection {
                active: true,
                scope: Some(claims.scope),
                exp: Some(claims.exp.saturating_mul(1000)),
                client_id: Some(claims.client_id),
            },
            None => Introspection { active: false, scope: None, exp: None, client_id: None },
        };
        written(&answer)
    }

    /// Withdraws an access or refresh token of the client's own; of any other nothing is said (RFC 7009 §2.2).
    async fn revoke(&self, headers: &HeaderMap, form: &Form) -> Reply {
        let client = self.client(headers).await?;
        let token = form.require("token")?;
        self.end(token, Some(client.meta.id.as_str())).await?;
        if let Some(claims) = self.valid(token).await?
            && claims.client_id == client.meta.id.as_str()
        {
            let until = Timestamp::from_millis(claims.exp.saturating_mul(1000));
            revocation::withdraw(self, Revoked::Token(claims.jti), until).await?;
        }
        Ok(ok("{}"))
    }
}

/// The scope `external_user_id:{id}`, which names the client's own user rather than a permission.
const EXTERNAL_USER: &str = "external_user_id";

/// What a request gets: all of the client's scopes, or those it names if the client has them.
fn granted(client: &str, project: &str, requested: Option<&str>) -> Result<String> {
    let Some(requested) = requested else { return Ok(client.to_owned()) };
    let own = Scopes::of_project(client, project);
    let mut granted: Vec<&str> = Vec::new();
    for scope in requested.split(' ').filter(|s| !s.is_empty()) {
        let mut parts = scope.splitn(3, ':');
        let (permission, of, store) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let allowed = match (of, store) {
            // Whom the client acts for: it says so itself, as it may with the header.
            _ if permission == EXTERNAL_USER => {
                let user = scope.split_once(':').map_or("", |(_, user)| user);
                (1..=128).contains(&user.len())
            }
            _ if !is_permission(permission) || of != Some(project) => false,
            (_, None) => own.allow(permission),
            (_, Some(store)) => Key::parse(store).is_some_and(|store| own.within(&store).allow(permission)),
        };
        if !allowed {
            return Err(ApiError::new(Code::InvalidScope, "Malformed parameter: scope: Invalid scope."));
        }
        if !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    if granted.iter().all(|scope| scope.starts_with(EXTERNAL_USER)) {
        granted.splice(0..0, client.split(' '));
    }
    Ok(granted.join(" "))
}

fn written(answer: &impl serde::Serialize) -> Reply {
    Ok(ok(serde_json::to_string(answer).map_err(|e| internal(&e))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_its_own_user_in_the_scope() {
        let client = "manage_orders:demo view_products:demo";
        let both = granted(client, "demo", Some("view_orders:demo external_user_id:u:1")).unwrap();
        assert_eq!(both, "view_orders:demo external_user_id:u:1");
        let alone = granted(client, "demo", Some("external_user_id:u1")).unwrap();
        assert_eq!(alone, format!("{client} external_user_id:u1"));
        for bad in [
            "external_user_id:".to_owned(),
            "external_user_id".into(),
            format!("external_user_id:{}", "u".repeat(129)),
        ] {
            assert_eq!(granted(client, "demo", Some(&bad)).unwrap_err().code(), Code::InvalidScope, "{bad}");
        }
    }

    #[test]
    fn a_client_gets_what_it_asks_for_and_never_more_than_it_has() {
        let client = "manage_orders:demo view_products:demo";
        assert_eq!(granted(client, "demo", None).unwrap(), client);
        assert_eq!(granted(client, "demo", Some("view_orders:demo")).unwrap(), "view_orders:demo");
        for bad in ["manage_products:demo", "view_products:other", "view_products", "nonsense"] {
            assert_eq!(granted(client, "demo", Some(bad)).unwrap_err().code(), Code::InvalidScope, "{bad}");
        }
        let one_store = "view_orders:demo:berlin";
        assert_eq!(granted(client, "demo", Some(one_store)).unwrap(), one_store);
        for bad in ["manage_foo:demo", "customer_id:demo", "view_orders:demo:!"] {
            let refused = granted("manage_project:demo", "demo", Some(bad));
            assert_eq!(refused.unwrap_err().code(), Code::InvalidScope, "{bad}");
        }
    }
}

//! `commerce seed`: loads the sample catalogue into a project of a running stack, through its public API.
//!
//! Create-only, so it may run again at any time. While the stack is coming up it waits and tries again.

use crate::Failure;
use crate::sample::{self, Api};
use api::Kind;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use bytes::Bytes;
use clap::Args;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kit::Boxed;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// Pauses between tries.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const LARGEST: usize = 4 << 20;

/// Options of `commerce seed`.
#[derive(Args)]
#[command(
    after_help = "Environment only: CTP_CLIENT_ID and CTP_CLIENT_SECRET, an API client with the scope manage_project."
)]
pub(crate) struct Options {
    /// The project's key
    #[arg(long, env = "CTP_PROJECT_KEY")]
    project: String,
    /// Where tokens are given
    #[arg(long, env = "CTP_AUTH_URL", default_value = "http://127.0.0.1:8080")]
    auth_url: String,
    /// Where the API is
    #[arg(long, env = "CTP_API_URL", default_value = "http://127.0.0.1:8080")]
    api_url: String,
    /// Seconds to wait for a stack that is coming up
    #[arg(long, env = "COMMERCE_SEED_WAIT", default_value_t = 600)]
    wait: u64,
}

/// Loads what is not there yet.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let secret = |name: &str| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
            Failure::Use(format!("{name} is not set: an API client of the project is needed to load data"))
        })
    };
    let basic = format!("{}:{}", secret("CTP_CLIENT_ID")?, secret("CTP_CLIENT_SECRET")?);
    let remote = Remote {
        client: Client::builder(TokioExecutor::new()).build_http(),
        auth_url: base("--auth-url", &options.auth_url)?,
        api_url: base("--api-url", &options.api_url)?,
        basic: credentials(&basic)?,
        token: Mutex::default(),
        until: Instant::now() + Duration::from_secs(options.wait),
    };
    let made = sample::load(&remote, &options.project).await?;
    eprintln!("loaded {made} resources into project '{}'; what was there is as it was", options.project);
    Ok(())
}

fn credentials(basic: &str) -> Result<HeaderValue, Failure> {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
    let mut value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(Failure::run)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The URL without a slash at its end.
fn base(option: &str, url: &str) -> Result<String, Failure> {
    let uri: Uri = url.parse().map_err(|e| Failure::Use(format!("{option} {url}: {e}")))?;
    if uri.scheme_str() != Some("http") {
        return Err(Failure::Use(format!("{option} {url}: only http:// addresses can be asked")));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// The API over HTTP, asked with patience.
struct Remote {
    client: Client<HttpConnector, Body>,
    auth_url: String,
    api_url: String,
    basic: HeaderValue,
    token: Mutex<Option<HeaderValue>>,
    until: Instant,
}

/// Why a request must be tried again.
struct Again(String);

impl Remote {
    async fn exchange(&self, request: Request<Body>) -> Result<(StatusCode, Bytes), Again> {
        let exchange = async {
            let response = self.client.request(request).await.map_err(|e| Again(causes(&e)))?;
            let status = response.status();
            let body = axum::body::to_bytes(Body::new(response.into_body()), LARGEST).await;
            Ok((status, body.map_err(|e| Again(e.to_string()))?))
        };
        let (status, body) = tokio::time::timeout(REQUEST, exchange)
            .await
            .map_err(|_| Again("there was no answer in time".to_owned()))??;
        match status.as_u16() {
            429 | 502..=504 => Err(Again(format!("the answer was {status}"))),
            _ => Ok((status, body)),
        }
    }

    async fn token(&self) -> Result<HeaderValue, Again> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref() {
            return Ok(token.clone());
        }
        let request = Request::post(format!("{}/oauth/token", self.auth_url))
            .header(header::AUTHORIZATION, self.basic.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("grant_type=client_credentials"))
            .map_err(|e| Again(e.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        // A client that the manifest declares may not have been made yet.
        let token = answer.get("access_token").and_then(Value::as_str).ok_or_else(|| {
            let told = answer.get("message").and_then(Value::as_str).unwrap_or("no token");
            Again(format!("no token was given: {status}, {told}"))
        })?;
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|e| Again(e.to_string()))?;
        value.set_sensitive(true);
        *kept = Some(value.clone());
        Ok(value)
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<(StatusCode, Bytes), Again> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.api_url))
            .header(header::AUTHORIZATION, self.token().await?);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request =
            request.body(body.map_or_else(Body::empty, Body::from)).map_err(|e| Again(e.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        if status == StatusCode::UNAUTHORIZED {
            *self.token.lock().await = None;
            return Err(Again("the token is not valid".to_owned()));
        }
        Ok((status, body))
    }
}

impl Api for Remote {
    fn send<'a>(
        &'a self,
        _: &'a str,
        _: Kind,
        method: Method,
        path: &'a str,
        body: Option<String>,
    ) -> Boxed<'a, Result<(StatusCode, Bytes), Failure>> {
        Box::pin(async move {
            let (mut pause, mut told) = (FIRST_PAUSE, String::new());
            loop {
                let Again(reason) = match self.once(method.clone(), path, body.clone()).await {
                    Ok(answer) => return Ok(answer),
                    Err(again) => again,
                };
                if Instant::now() + pause > self.until {
                    return Err(Failure::Run(format!("{method} {}{path}: {reason}", self.api_url)));
                }
                if told != reason {
                    eprintln!("waiting: {method} {}{path}: {reason}", self.api_url);
                    told = reason;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        })
    }
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

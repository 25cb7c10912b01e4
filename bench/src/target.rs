//! Whom the load goes to, and how its API is spoken.

use crate::http::Connection;
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use hyper::Method;
use hyper::header::HeaderValue;

/// Whose API the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavour {
    /// The commercetools HTTP API: ours and the mock's
    Commerce,
    /// Vendure's shop API (GraphQL)
    Vendure,
}

/// A server with what is needed to talk to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) flavour: Flavour,
    pub(crate) port: u16,
    project: String,
    authorization: Option<HeaderValue>,
}

impl Target {
    /// Gets a token if there are credentials (`id:secret`).
    pub(crate) async fn connect(
        flavour: Flavour,
        port: u16,
        project: &str,
        credentials: Option<&str>,
    ) -> Result<Self> {
        let mut authorization = None;
        if let Some(credentials) = credentials {
            let basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(credentials)))?;
            let mut connection = Connection::open(port, Some(basic)).await?;
            let form = "grant_type=client_credentials".into();
            let answer =
                connection.send(Method::POST, "/oauth/token", form, "application/x-www-form-urlencoded");
            let token: serde_json::Value = answer.await?.expect(200)?.json()?;
            let token = token["access_token"].as_str().context("no access_token")?;
            authorization = Some(HeaderValue::try_from(format!("Bearer {token}"))?);
        }
        Ok(Self { flavour, port, project: project.to_owned(), authorization })
    }

    pub(crate) async fn open(&self) -> Result<Connection> {
        Connection::open(self.port, self.authorization.clone()).await
    }

    /// A path under the project.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.project)
    }
}

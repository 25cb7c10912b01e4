//! Whom the load goes to, and how its API is spoken.

use crate::http::Connection;
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::net::SocketAddr;

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
    address: SocketAddr,
    project: String,
    /// The header that says who asks.
    identity: Option<(HeaderName, HeaderValue)>,
}

impl Target {
    /// A server that does not ask who asks.
    pub(crate) fn new(flavour: Flavour, address: SocketAddr, project: &str) -> Self {
        Self { flavour, address, project: project.to_owned(), identity: None }
    }

    /// Gets a token for the credentials, `id:secret`.
    pub(crate) async fn log_in(&mut self, credentials: &str) -> Result<()> {
        let basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(credentials)))?;
        let mut connection = Connection::open(self.address, Some((AUTHORIZATION, basic))).await?;
        let form = "grant_type=client_credentials".into();
        let answer = connection.send(Method::POST, "/oauth/token", form, "application/x-www-form-urlencoded");
        let token: serde_json::Value = answer.await?.expect(200)?.json()?;
        let token = token["access_token"].as_str().context("no access_token")?;
        self.identity = Some((AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?));
        Ok(())
    }

    /// Sends this internal token along, as the gateway does.
    pub(crate) fn pose_as(&mut self, caller: &str) -> Result<()> {
        self.identity = Some((HeaderName::from_static("commerce-caller"), HeaderValue::try_from(caller)?));
        Ok(())
    }

    pub(crate) async fn open(&self) -> Result<Connection> {
        Connection::open(self.address, self.identity.clone()).await
    }

    /// A path under the project.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.project)
    }
}

//! Whom the load goes to, and how its API is spoken.

use crate::http::Connection;
use anyhow::{Context, Result};
use clap::ValueEnum;
use hyper::Method;

/// Whose API the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavour {
    /// The commercetools HTTP API: ours and the mock's.
    Commerce,
    /// Vendure's shop API (GraphQL).
    Vendure,
}

/// A server with what is needed to talk to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) flavour: Flavour,
    pub(crate) port: u16,
    pub(crate) project: String,
    authorization: Option<String>,
}

impl Target {
    /// Gets a token if there are credentials.
    pub(crate) async fn connect(flavour: Flavour, port: u16, project: &str, credentials: Option<&str>) -> Result<Self> {
        let mut authorization = None;
        if let Some(credentials) = credentials {
            let basic = format!("Basic {}", base64(credentials.as_bytes()));
            let mut connection = Connection::open(port, Some(basic)).await?;
            let form = ("grant_type=client_credentials".to_owned(), "application/x-www-form-urlencoded");
            let answer = connection.send(Method::POST, "/oauth/token", Some(form)).await?.expect(200)?;
            let token = answer.json()?;
            let token = token["access_token"].as_str().context("no access_token")?;
            authorization = Some(format!("Bearer {token}"));
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

/// Base64 with padding, for one header.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = (word >> (18 - 6 * at)) & 63;
            let digit = DIGITS.get(usize::try_from(digit).unwrap_or(0)).copied().unwrap_or(b'A');
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

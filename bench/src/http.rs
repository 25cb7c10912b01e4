//! One keep-alive connection to a server of this machine. Every request has a deadline, so a server that hangs
//! shows as an error, never as a driver that hangs.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(20);
const MAX_BODY: usize = 64 << 20;

/// A connection; one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    identity: Option<(HeaderName, HeaderValue)>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The session that Vendure opened for this request, if it opened one.
    pub(crate) session: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

/// What a client must remember of a resource to change it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Versioned {
    pub(crate) id: String,
    pub(crate) version: i64,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("not the expected JSON: {}", self.start()))
    }

    /// The answer if it has the wanted status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        anyhow::ensure!(self.status == status, "expected {status}, got {}: {}", self.status, self.start());
        Ok(self)
    }

    /// The first bytes of the body, for messages.
    pub(crate) fn start(&self) -> String {
        String::from_utf8_lossy(self.body.get(..400).unwrap_or(&self.body)).into_owned()
    }
}

impl Connection {
    pub(crate) async fn open(
        address: SocketAddr,
        identity: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How it ended shows in the request that was under way.
            let _ = connection.await;
        });
        Ok(Self { sender, identity })
    }

    /// What is sent as `Authorization` from now on.
    pub(crate) fn authorize(&mut self, authorization: Option<HeaderValue>) {
        self.identity = authorization.map(|value| (AUTHORIZATION, value));
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        media: &'static str,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "127.0.0.1");
        if let Some((name, value)) = &self.identity {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, media);
        }
        let request = request.body(Full::new(body))?;
        let exchange = async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status().as_u16();
            let session = response.headers().get("vendure-auth-token").cloned();
            let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
            let body = body.map_err(|e| anyhow::anyhow!("the body could not be read: {e}"))?.to_bytes();
            Ok(Answer { status, session, body })
        };
        tokio::time::timeout(DEADLINE, exchange)
            .await
            .with_context(|| format!("no answer in {} s", DEADLINE.as_secs()))?
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Bytes::new(), "").await
    }

    pub(crate) async fn post(&mut self, path: &str, body: String) -> Result<Answer> {
        self.send(Method::POST, path, body.into(), "application/json").await
    }

    /// Posts and wants 201.
    pub(crate) async fn create(&mut self, path: &str, draft: &serde_json::Value) -> Result<Versioned> {
        self.post(path, draft.to_string()).await?.expect(201)?.json()
    }
}

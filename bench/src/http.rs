//! One keep-alive connection to the loopback address.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

/// A connection; one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authorization: Option<String>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }

    /// The answer if it has the wanted status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        anyhow::ensure!(
            self.status == status,
            "expected {status}, got {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body[..self.body.len().min(600)])
        );
        Ok(self)
    }
}

impl Connection {
    pub(crate) async fn open(port: u16, authorization: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, authorization })
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Option<(String, &str)>) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let (text, media) = body.unwrap_or_default();
        if !text.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(text.into()))?).await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: String) -> Result<Answer> {
        self.send(Method::POST, path, Some((body, "application/json"))).await
    }
}

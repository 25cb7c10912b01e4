//! One kind of question to the API server: what does it answer to this path? Enough to see that it is ready, without a
//! client library and its runtime.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks with a bearer token, over TLS.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    token: String,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, authority: &str, token: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, token: token.to_owned(), tls: Arc::new(tls) })
    }

    /// Whether `GET path` is answered with 200.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.get(path).is_ok()
    }

    /// What `GET path` is answered with, if that is 200.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        let answer = self.answer(path)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
        // `HTTP/1.0 200 OK`
        let status = head.split(' ').nth(1).context("no status in the answer")?;
        ensure!(status == "200", "GET {path}: {status}");
        // Those of health checks are no JSON.
        Ok(serde_json::from_str(body).unwrap_or_default())
    }

    fn answer(&self, path: &str) -> Result<String> {
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::from(self.address.ip());
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&self.tls), name)?, socket);
        let token = &self.token;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

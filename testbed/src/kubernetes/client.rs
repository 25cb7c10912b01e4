//! One kind of question to the API server: does it answer this path? Enough to see that it is ready, without a
//! client library and its runtime.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

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
        self.status(path).is_ok_and(|status| status == 200)
    }

    fn status(&self, path: &str) -> Result<u16> {
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::from(self.address.ip());
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&self.tls), name)?, socket);
        let token = &self.token;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")?;
        // `HTTP/1.0 200 OK`
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        let start = std::str::from_utf8(&start)?;
        start
            .rsplit(' ')
            .next()
            .context("no status in the answer")?
            .parse()
            .context("no status in the answer")
    }
}

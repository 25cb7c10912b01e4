//! Asks a service why it is not ready. `/readyz` needs no credentials and names parts, never values.

use crate::edges::INTERNAL_PORT;
use crate::failure::short;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of an answer.
const MOST: usize = 16 * 1024;

#[derive(Deserialize)]
struct Answer {
    missing: Vec<String>,
}

/// What the service at this address misses; nothing if it is only starting or cannot be reached from here.
pub(super) async fn ask(address: IpAddr) -> Option<String> {
    let body = timeout(PATIENCE, request(address)).await.ok()?.ok()?;
    let Answer { missing } = serde_json::from_slice(&body).ok()?;
    let told = !missing.is_empty() && missing != ["starting"] && missing != ["stopping"];
    told.then(|| short(&missing.join("; ")))
}

async fn request(address: IpAddr) -> anyhow::Result<Bytes> {
    let stream = TcpStream::connect((address, INTERNAL_PORT)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/readyz").header(header::HOST, "pod").body(Empty::<Bytes>::new())?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let body = Limited::new(response.into_body(), MOST).collect().await;
        body.map(|body| body.to_bytes()).map_err(anyhow::Error::from_boxed)
    };
    tokio::pin!(connection);
    tokio::select! {
        biased;
        answer = answer => answer,
        ended = &mut connection => Err(ended.err().map_or_else(|| anyhow::anyhow!("closed"), Into::into)),
    }
}

//! Listening: an address of which the user is told clearly when it cannot be had, and a server that drains.

use crate::Failure;
use axum::Router;
use futures::FutureExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a client may take to send a request's headers, or stay silent between two of them.
const HEADER_TIME: Duration = Duration::from_secs(60);
/// Requests of one HTTP/2 connection at the same time.
const MAX_STREAMS: u32 = 250;

/// Takes the address, or says why not.
pub(crate) async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Run(match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another program; choose another address with {option}")
            }
            _ => format!("cannot listen on {address}: {error}; choose another address with {option}"),
        })
    })
}

/// Serves until `stop`, then finishes what is under way, for `drain` at most.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, drain: Duration) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(HEADER_TIME);
    let graceful = GracefulShutdown::new();
    let start = |stream: TcpStream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => start(stream),
            Err(error) => {
                // Out of file descriptors, mostly: wait until some connections have ended.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Those that the system has accepted for us already would be cut off.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        start(stream);
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(?drain, "requests were still under way and were cut off");
    }
}

/// Takes Ctrl-C and the termination signal from now on, and gives what waits for one of them.
pub(crate) fn asked_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::run)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::run)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

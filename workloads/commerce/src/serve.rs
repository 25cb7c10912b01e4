//! Listening: an address of which the user is told clearly when it cannot be had, and a server that drains.

use crate::Failure;
use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests that are under way may take once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

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

/// Serves until `stop`, then finishes what is under way, for ten seconds at most.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopped = stop.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.cancelled().await });
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = std::future::IntoFuture::into_future(serving) => {
            if let Err(error) = ended {
                tracing::error!(%error, "the server ended");
            }
        }
        () = late => tracing::warn!("requests were still under way after ten seconds and were cut off"),
    }
}

/// Waits for Ctrl-C or a termination signal.
pub(crate) async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

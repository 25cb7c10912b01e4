//! Replicas of a service on addresses of their own and one port, and callers with keys in files.

use api::{Caller, ServiceName};
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use commerce_adapters::peers::http::{HttpPeers, PeerAddresses};
use ed25519_dalek::SigningKey;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use kit::clock::SystemClock;
use kit::identity::{Signer, Trust, guard};
use kit::peers::Call;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Addresses in use; each test takes some of 127.77.0.0/16 for itself.
static TAKEN: AtomicU8 = AtomicU8::new(1);

pub(crate) struct World {
    dir: tempfile::TempDir,
    net: u8,
    port: u16,
}

/// A running replica. It ends with its value, as if killed.
pub(crate) struct Replica {
    runtime: Option<Runtime>,
    drain: Option<oneshot::Sender<()>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("trust")).unwrap();
        let world = Self { dir, net: TAKEN.fetch_add(1, Ordering::Relaxed), port: 18_080 };
        let public = SigningKey::from_bytes(&[1; 32]).verifying_key();
        std::fs::write(world.dir.path().join("trust/gateway"), STANDARD.encode(public.as_bytes())).unwrap();
        std::fs::write(world.dir.path().join("key"), STANDARD.encode([1; 32])).unwrap();
        world
    }

    pub(crate) fn address(&self, replica: u8) -> SocketAddr {
        SocketAddr::from(([127, 77, self.net, replica], self.port))
    }

    /// Starts a replica of the cart service.
    pub(crate) fn start(&self, replica: u8, router: Router) -> Replica {
        let trust = Trust::open(ServiceName::Cart, &self.dir.path().join("trust"), Arc::new(SystemClock));
        let router = guard(router, &Arc::new(trust.unwrap()));
        self.start_open(replica, router)
    }

    /// Starts one that asks nobody for a token.
    pub(crate) fn start_open(&self, replica: u8, router: Router) -> Replica {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = std::net::TcpListener::bind(self.address(replica)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (drain, drained) = oneshot::channel::<()>();
        runtime.spawn(async move {
            serve(tokio::net::TcpListener::from_std(listener).unwrap(), router, drained).await;
        });
        Replica { runtime: Some(runtime), drain: Some(drain) }
    }

    pub(crate) fn signer(&self) -> Arc<Signer> {
        let key = self.dir.path().join("key");
        Arc::new(Signer::open(ServiceName::Gateway, &key, Arc::new(SystemClock)).unwrap())
    }

    pub(crate) fn addresses(&self, replicas: &[u8]) -> PeerAddresses {
        let hosts: Vec<String> =
            replicas.iter().map(|replica| self.address(*replica).ip().to_string()).collect();
        PeerAddresses::parse(&format!("cart={}", hosts.join("|"))).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A caller that knows these replicas.
    pub(crate) fn peers(&self, replicas: &[u8]) -> HttpPeers {
        HttpPeers::new(self.signer(), &self.addresses(replicas), self.port)
    }
}

/// Serves until it is asked to drain: no new connections, then no new requests, as a service does.
async fn serve(listener: tokio::net::TcpListener, router: Router, drained: oneshot::Receiver<()>) {
    let builder = Builder::new(TokioExecutor::new());
    let graceful = GracefulShutdown::new();
    let start = |stream| {
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        tokio::spawn(graceful.watch(connection));
    };
    tokio::pin!(drained);
    loop {
        tokio::select! {
            accepted = listener.accept() => start(accepted.unwrap().0),
            _ = &mut drained => break,
        }
    }
    while let Some(Ok((stream, _))) = futures::FutureExt::now_or_never(listener.accept()) {
        start(stream);
    }
    drop(listener);
    graceful.shutdown().await;
}

impl Replica {
    /// Asks it to end once its requests are answered.
    pub(crate) fn drain(&mut self) {
        drop(self.drain.take());
    }

    /// Ends it at once, connections and all.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.end();
    }
}

/// An idempotent call on behalf of the shop.
pub(crate) fn call(path: &'static str) -> Call {
    Call {
        path,
        caller: Arc::new(Caller::system("shop")),
        correlation_id: "trace-1".into(),
        body: Bytes::from_static(b"{\"a\":1}"),
        idempotent: true,
        deadline: Duration::from_secs(10),
    }
}

//! `commerce serve`: one service in this process, on MongoDB and Kafka, among peers over HTTP.
//!
//! It starts whatever else is away, says what is missing at `/readyz`, and never ends for it: a database that
//! comes later is taken up then. Only wrong settings end it, with exit code 2. Asked to stop, it first fails
//! `/readyz`, waits until others have noticed, then closes its ports, finishes what is under way, ends its
//! background work, and sends its last events.

mod declared_file;
mod door;
pub(crate) mod kafka;
mod options;
mod readiness;

pub(crate) use options::Options;

use crate::Failure;
use crate::declared::KEEPERS;
use crate::listen::{asked_to_stop, bind, serve};
use crate::wiring::{self, Running};
use adapters::bus::kafka::KafkaBus;
use adapters::peers::http::HttpPeers;
use adapters::peers::local::LocalPeers;
use adapters::store::mongodb::{MongoOptions, MongoStore, OpenError};
use adapters::upstreams::HttpUpstreams;
use api::ServiceName;
use axum::Router;
use door::Door;
use kit::bus::EventBus;
use kit::clock::{Clock, SystemClock};
use kit::identity::{self, Signer, Trust};
use kit::peers::Peers;
use kit::store::{KindSchema, Store};
use kit::telemetry::Metrics;
use options::{Config, Database, Secrets};
use readiness::Readiness;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long until a database that could not be opened is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs until it is asked to stop.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let config = options.check(Secrets::of_environment())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let of_key = |error: identity::KeyError| Failure::Use(error.to_string());
    let signer = Signer::open(config.service, &config.key_file, Arc::clone(&clock)).map_err(of_key)?;
    let trust = Trust::open(config.service, &config.trust_dir, Arc::clone(&clock)).map_err(of_key)?;
    let (signer, trust) = (Arc::new(signer), Arc::new(trust));
    let bus = KafkaBus::open(&config.kafka).map_err(|error| Failure::Use(error.to_string()))?;
    let bus: Arc<dyn EventBus> = Arc::new(bus);
    let (metrics, readiness) = (Metrics::shared(), Arc::new(Readiness::default()));
    let (public_door, internal_door) = (Door::default(), Door::default());

    let public = bind(config.public, "PORT").await?;
    let internal = bind(config.internal, "INTERNAL_PORT").await?;
    tracing::info!(service = %config.service, public = %config.public, internal = %config.internal, "serving");
    let stop_ports = CancellationToken::new();
    let drain = config.drain_timeout;
    let public_routes = public_door.router(&readiness);
    let internal_routes = readiness::routes(&readiness, &metrics).merge(internal_door.router(&readiness));
    let public = tokio::spawn(serve(public, public_routes, stop_ports.clone(), drain));
    let internal = tokio::spawn(serve(internal, internal_routes, stop_ports.clone(), drain));
    let keys =
        tokio::spawn(identity::keep_current(Arc::clone(&signer), Arc::clone(&trust), stop_ports.clone()));

    let signal = asked_to_stop()?;
    tokio::pin!(signal);
    let parts = Parts { config: &config, clock, bus, metrics, signer };
    let building = parts.build(&readiness);
    let built = tokio::select! {
        built = building => Some(built?),
        () = &mut signal => None,
    };
    let running = built.map(|(routes, running)| {
        // The gateway's clients show tokens of their own.
        public_door.open(match config.service {
            ServiceName::Gateway => routes.public,
            _ => identity::guard(routes.public, &trust),
        });
        internal_door.open(identity::guard(routes.internal, &trust));
        running
    });
    if running.is_some() {
        signal.await;
    }

    readiness.stop();
    tracing::info!("stopping: finishing what is under way");
    if running.is_some() {
        tokio::time::sleep(config.drain_delay).await;
    }
    stop_ports.cancel();
    let _ = tokio::join!(public, internal, keys);
    if let Some(running) = running {
        running.stop().await;
    }
    Ok(())
}

/// What a service is built of.
struct Parts<'a> {
    config: &'a Config,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn EventBus>,
    metrics: Arc<Metrics>,
    signer: Arc<Signer>,
}

struct Routes {
    public: Router,
    internal: Router,
}

impl Parts<'_> {
    /// Builds the service, as soon as its database can be had, and starts its background work.
    async fn build(self, readiness: &Arc<Readiness>) -> Result<(Routes, Running), Failure> {
        let Config { service, peers: addresses, .. } = self.config;
        let peers = HttpPeers::new(Arc::clone(&self.signer), addresses, self.config.peer_internal_port);
        let peers: Arc<dyn Peers> = Arc::new(peers);
        let Some(database) = &self.config.database else {
            return Ok(self.gateway(peers, readiness));
        };
        let (kinds, build) = wiring::entry(*service)?;
        let store = open(database, &kinds(), &self.clock, readiness).await?;
        let mut running = Running::new();
        let relay = running.relay(&store, &self.bus);
        let built = build(kit::Deps {
            service: *service,
            store: Arc::clone(&store),
            bus: Arc::clone(&self.bus),
            peers,
            clock: self.clock,
            relay,
            metrics: self.metrics,
        });
        if let Some(file) = self.config.declared_file.clone().filter(|_| KEEPERS.contains(service)) {
            let own = Arc::new(LocalPeers::new());
            own.register(*service, built.internal.clone());
            let service = *service;
            running.start(Box::new(move |stop| Box::pin(declared_file::follow(file, service, own, stop))));
        }
        built.tasks.into_iter().for_each(|task| running.start(task));
        let (readiness, bus, gates) = (Arc::clone(readiness), self.bus, built.gates);
        running
            .start(Box::new(move |stop| Box::pin(readiness::keep(readiness, Some(store), bus, gates, stop))));
        Ok((Routes { public: built.public, internal: built.internal }, running))
    }

    fn gateway(self, peers: Arc<dyn Peers>, readiness: &Arc<Readiness>) -> (Routes, Running) {
        let addresses = &self.config.peers;
        let upstreams = HttpUpstreams::new(self.signer, addresses, self.config.peer_port);
        let gateway = gateway::gateway(gateway::Parts {
            services: addresses.services().filter(|name| *name != ServiceName::Gateway).collect(),
            upstreams: Arc::new(upstreams),
            peers,
            bus: Arc::clone(&self.bus),
            clock: self.clock,
            metrics: self.metrics,
            limits: gateway::Limits::default(),
        });
        let mut running = Running::new();
        gateway.tasks.into_iter().for_each(|task| running.start(task));
        let (readiness, bus, gates) = (Arc::clone(readiness), self.bus, gateway.gates);
        running.start(Box::new(move |stop| Box::pin(readiness::keep(readiness, None, bus, gates, stop))));
        (Routes { public: gateway.public, internal: Router::new() }, running)
    }
}

/// Opens the database, trying for as long as it takes. Settings that never will do end it.
async fn open(
    database: &Database,
    kinds: &[KindSchema],
    clock: &Arc<dyn Clock>,
    readiness: &Readiness,
) -> Result<Arc<dyn Store>, Failure> {
    loop {
        let ca_file = database.ca_file.clone();
        let options = MongoOptions { clock: Arc::clone(clock), ca_file, ..MongoOptions::default() };
        let error = match MongoStore::open(&database.uri, &database.name, kinds, options).await {
            Ok(store) => return Ok(Arc::new(store)),
            Err(error @ OpenError::Uri(_)) => return Err(Failure::Use(format!("MONGODB_URI: {error}"))),
            Err(error @ OpenError::Name(_)) => {
                return Err(Failure::Use(format!("MONGODB_DATABASE: {error}")));
            }
            Err(error @ OpenError::CaFile { .. }) => {
                return Err(Failure::Use(format!("MONGODB_CA_FILE: {error}")));
            }
            Err(error) => error,
        };
        readiness.set(vec![format!("database: {error}")]);
        tokio::time::sleep(AGAIN).await;
    }
}

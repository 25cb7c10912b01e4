//! Wiring: which driver stands behind which port, and which services there are. Nothing else knows.

use crate::Failure;
use adapters::bus::local::LocalBus;
use adapters::peers::local::LocalPeers;
use adapters::store::sqlite::SqliteStore;
use adapters::upstreams::LocalUpstreams;
use api::ServiceName;
use axum::Router;
use gateway::{Gateway, Limits, Parts};
use kit::bus::EventBus;
use kit::clock::{Clock, SystemClock};
use kit::peers::Peers;
use kit::relay::Relay;
use kit::service::{Deps, Service, Task};
use kit::store::{KindSchema, Store};
use kit::telemetry::Metrics;
use kit::upstream::Upstreams;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A service crate's two entries: the kinds that its store holds, and the service itself.
type Entry = (ServiceName, fn() -> Vec<KindSchema>, fn(Deps) -> Service);

/// Every service behind the gateway.
const SERVICES: &[Entry] = &[
    (ServiceName::Account, account::kinds, account::service),
    (ServiceName::Project, project::kinds, project::service),
    (ServiceName::Customer, customer::kinds, customer::service),
    (ServiceName::Product, product::kinds, product::service),
    (ServiceName::Inventory, inventory::kinds, inventory::service),
    (ServiceName::Cart, cart::kinds, cart::service),
    (ServiceName::Order, order::kinds, order::service),
];

/// A stack in one process.
pub(crate) struct Stack {
    /// What clients reach.
    pub(crate) public: Router,
    /// The services' internal routes.
    pub(crate) peers: Arc<dyn Peers>,
    /// The services' public routes, behind the gateway.
    pub(crate) upstreams: Arc<dyn Upstreams>,
    pub(crate) metrics: Arc<Metrics>,
    tasks: JoinSet<()>,
    relays: Vec<tokio::task::JoinHandle<()>>,
    stop_tasks: CancellationToken,
    stop_relays: CancellationToken,
}

impl Stack {
    /// Builds the services on SQLite files and an event log in `dir`, and starts their background work.
    pub(crate) fn embedded(dir: &Path) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Metrics::shared();
        let local = Arc::new(LocalPeers::new());
        let peers: Arc<dyn Peers> = Arc::clone(&local) as _;
        let bus: Arc<dyn EventBus> =
            Arc::new(LocalBus::open(&dir.join("events.db"), Arc::clone(&clock)).map_err(Failure::run)?);
        let (stop_tasks, stop_relays) = (CancellationToken::new(), CancellationToken::new());
        let (mut routers, mut tasks, mut relays) = (HashMap::new(), JoinSet::new(), Vec::new());
        let mut background: Vec<Task> = Vec::new();
        for (name, kinds, build) in SERVICES {
            let store: Arc<dyn Store> =
                Arc::new(SqliteStore::open(&dir.join(format!("{name}.db")), &kinds()).map_err(Failure::run)?);
            let (relay, task) = Relay::start(Arc::clone(&store), Arc::clone(&bus), stop_relays.clone());
            relays.push(task);
            let service = build(Deps {
                service: *name,
                store,
                bus: Arc::clone(&bus),
                peers: Arc::clone(&peers),
                clock: Arc::clone(&clock),
                relay,
                metrics: Arc::clone(&metrics),
            });
            local.register(*name, service.internal);
            routers.insert(*name, service.public);
            background.extend(service.tasks);
        }
        let upstreams: Arc<dyn Upstreams> = Arc::new(LocalUpstreams::new(routers));
        let Gateway { public, tasks: of_gateway } = gateway::gateway(Parts {
            upstreams: Arc::clone(&upstreams),
            peers: Arc::clone(&peers),
            bus,
            clock,
            metrics: Arc::clone(&metrics),
            limits: Limits::default(),
        });
        background.extend(of_gateway);
        for task in background {
            tasks.spawn(task(stop_tasks.clone()));
        }
        Ok(Self { public, peers, upstreams, metrics, tasks, relays, stop_tasks, stop_relays })
    }

    /// Ends the background work, the relays last so that every event still goes out.
    pub(crate) async fn stop(mut self) {
        self.stop_tasks.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.stop_relays.cancel();
        for relay in self.relays {
            let _ = relay.await;
        }
    }
}

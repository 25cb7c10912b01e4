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
type Entry = (fn() -> Vec<KindSchema>, fn(Deps) -> Service);

/// Every service behind the gateway.
const SERVICES: &[(ServiceName, Entry)] = &[
    (ServiceName::Account, (account::kinds, account::service)),
    (ServiceName::Project, (project::kinds, project::service)),
    (ServiceName::Customer, (customer::kinds, customer::service)),
    (ServiceName::Product, (product::kinds, product::service)),
    (ServiceName::Inventory, (inventory::kinds, inventory::service)),
    (ServiceName::Cart, (cart::kinds, cart::service)),
    (ServiceName::Order, (order::kinds, order::service)),
];

/// What is needed to build a service.
pub(crate) fn entry(service: ServiceName) -> Result<Entry, Failure> {
    let found = SERVICES.iter().find(|(name, _)| *name == service).map(|(_, entry)| *entry);
    found.ok_or_else(|| Failure::Use(format!("'{service}' is no service with a database")))
}

/// Background work of a process, and its end.
pub(crate) struct Running {
    tasks: JoinSet<()>,
    relays: Vec<tokio::task::JoinHandle<()>>,
    stop_tasks: CancellationToken,
    stop_relays: CancellationToken,
}

impl Running {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            relays: Vec::new(),
            stop_tasks: CancellationToken::new(),
            stop_relays: CancellationToken::new(),
        }
    }

    /// Starts the relay of a store.
    pub(crate) fn relay(&mut self, store: &Arc<dyn Store>, bus: &Arc<dyn EventBus>) -> Relay {
        let (relay, task) = Relay::start(Arc::clone(store), Arc::clone(bus), self.stop_relays.clone());
        self.relays.push(task);
        relay
    }

    /// Starts other work.
    pub(crate) fn start(&mut self, task: Task) {
        self.tasks.spawn(task(self.stop_tasks.clone()));
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

/// A stack in one process.
pub(crate) struct Stack {
    /// What clients reach.
    pub(crate) public: Router,
    /// The services' internal routes.
    pub(crate) peers: Arc<dyn Peers>,
    /// The services' public routes, behind the gateway.
    pub(crate) upstreams: Arc<dyn Upstreams>,
    pub(crate) metrics: Arc<Metrics>,
    running: Running,
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
        let (mut routers, mut running) = (HashMap::new(), Running::new());
        let mut background: Vec<Task> = Vec::new();
        for (name, (kinds, build)) in SERVICES {
            let store: Arc<dyn Store> =
                Arc::new(SqliteStore::open(&dir.join(format!("{name}.db")), &kinds()).map_err(Failure::run)?);
            let relay = running.relay(&store, &bus);
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
        let Gateway { public, tasks, .. } = gateway::gateway(Parts {
            services: SERVICES.iter().map(|(name, _)| *name).collect(),
            upstreams: Arc::clone(&upstreams),
            peers: Arc::clone(&peers),
            bus,
            clock,
            metrics: Arc::clone(&metrics),
            limits: Limits::default(),
        });
        background.extend(tasks);
        background.into_iter().for_each(|task| running.start(task));
        Ok(Self { public, peers, upstreams, metrics, running })
    }

    /// Ends the background work.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

//! The life of an operator: elect, watch, work, stop.

use crate::backend_watch::BackendWatch;
use crate::cluster::{Cluster, Fence};
use crate::config::Config;
use crate::events;
use crate::leader::{Candidate, Ended};
use crate::metrics::Metrics;
use crate::operator::Operator;
use crate::pods::Pods;
use crate::probes::{self, Health};
use crate::queue::Finish;
use crate::state::State;
use crate::watch::Watches;
use crate::world::StackKey;
use kube::Client;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Why an operator ended without having been asked to.
#[derive(Debug, Error)]
pub enum RunError {
    /// Metrics and probes cannot be served.
    #[error("cannot serve metrics and probes on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Another operator leads. This one stops, so that nothing of it writes any more.
    #[error("no longer leading; start anew to stand for election again")]
    LeadershipLost,
}

/// How long passes may take to end after a stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Runs an operator until `shutdown`.
///
/// Everything that it started ends with the future, also if that is dropped.
///
/// # Errors
/// It cannot serve its metrics, or it lost the leadership.
pub async fn run(client: Client, config: Config, shutdown: CancellationToken) -> Result<(), RunError> {
    let (metrics, health) = (Arc::new(Metrics::new()), Arc::new(Health::default()));
    let mut service = JoinSet::new();
    if let Some(address) = config.metrics_address {
        let serving = probes::serve(address, Arc::clone(&metrics), Arc::clone(&health)).await;
        service.spawn(serving.map_err(|source| RunError::Listen { address, source })?);
    }
    let Some(lease) = config.lease.clone() else {
        health.ready();
        work(client, config, Fence::open(), metrics, health, shutdown).await;
        return Ok(());
    };
    let fence = Fence::closed();
    let mut candidate = Candidate::new(client.clone(), lease, &config.identity, fence.clone());
    health.ready();
    tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        () = candidate.acquire(&health) => metrics.leads(true),
    }
    // The lease is held until all work has ended.
    let (stop_work, give_back) = (shutdown.child_token(), CancellationToken::new());
    let working = work(client, config, fence, Arc::clone(&metrics), health, stop_work.clone());
    let mut working = std::pin::pin!(working);
    let mut leading = std::pin::pin!(candidate.lead(give_back.clone()));
    let lost = tokio::select! {
        () = &mut working => false,
        ended = &mut leading => ended == Ended::Lost,
    };
    metrics.leads(false);
    if lost {
        stop_work.cancel();
        return Err(RunError::LeadershipLost);
    }
    give_back.cancel();
    leading.await;
    Ok(())
}

/// Watches and works until `shutdown`, and then ends what has begun.
async fn work(
    client: Client,
    config: Config,
    fence: Fence,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    shutdown: CancellationToken,
) {
    let state = State::new(config.queue);
    let cluster = Cluster::new(client.clone(), fence, Arc::clone(&metrics), config.request_deadline);
    let (announcer, publisher) = events::channel(&cluster, &config.identity);
    let backends = Arc::new(BackendWatch::new(&config));
    let mut tasks = JoinSet::new();
    let publishing = tasks.spawn(publisher.run());
    let watches = Watches {
        client,
        namespace: config.watch_namespace.clone(),
        state: state.clone(),
        metrics: Arc::clone(&metrics),
        discovery_period: config.discovery_period,
    };
    watches.start(&mut tasks);
    tasks.spawn(Arc::clone(&backends).run(cluster.clone(), state.clone(), announcer.clone()));
    let operator = Arc::new(Operator {
        turns: Semaphore::new(config.parallel_writes.1),
        config,
        cluster,
        state,
        events: announcer,
        metrics,
        backends,
        pods: Pods::default(),
    });
    tokio::select! {
        () = shutdown.cancelled() => return,
        () = known(&operator, &health) => {}
    }
    Workers::new(operator).run(&health, &shutdown).await;
    // The last events may still go out; nothing else has anything left to do.
    let _ = timeout(Duration::from_millis(500), async {
        while !publishing.is_finished() {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    tasks.shutdown().await;
}

/// Waits until everything is listed, or part of it cannot be.
async fn known(operator: &Operator, health: &Health) {
    let start = Instant::now();
    while !operator.state.world().is_known() {
        health.beat();
        if start.elapsed() > operator.config.listing_patience && operator.state.world().has_stacks() {
            warn!("not everything could be listed in time; going on with what is known");
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    info!(took = ?start.elapsed(), stacks = operator.state.world().keys().len(), "everything is listed");
}

/// Passes that run at once.
struct Workers {
    operator: Arc<Operator>,
    running: JoinSet<Finish>,
    keys: HashMap<Id, StackKey>,
}

impl Workers {
    fn new(operator: Arc<Operator>) -> Self {
        Self { operator, running: JoinSet::new(), keys: HashMap::new() }
    }

    async fn run(mut self, health: &Health, shutdown: &CancellationToken) {
        let mut every = interval(Duration::from_secs(1));
        let operator = Arc::clone(&self.operator);
        loop {
            let free = self.running.len() < operator.config.workers;
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(ended) = self.running.join_next_with_id() => self.note(ended),
                key = operator.state.queue().next(), if free => self.begin(key),
                _ = every.tick() => {
                    health.beat();
                    let stacks = operator.state.world().keys().len();
                    operator.metrics.queue(stacks, operator.state.queue().waiting());
                }
            }
        }
        let drained = timeout(DRAIN, async {
            while let Some(ended) = self.running.join_next_with_id().await {
                self.note(ended);
            }
        });
        if drained.await.is_err() {
            warn!(passes = self.running.len(), "passes did not end in time and are cut off");
        }
    }

    fn begin(&mut self, key: StackKey) {
        let (operator, of) = (Arc::clone(&self.operator), key.clone());
        let handle = self.running.spawn(async move {
            let start = Instant::now();
            let ended = operator.pass(&of).await;
            operator.metrics.passed(ended.result, start.elapsed());
            ended.finish
        });
        self.keys.insert(handle.id(), key);
    }

    fn note(&mut self, ended: Result<(Id, Finish), tokio::task::JoinError>) {
        let (id, finish) = match ended {
            Ok((id, finish)) => (id, finish),
            Err(fault) => {
                // A fault in one pass is that stack's alone.
                self.operator.metrics.passed("fault", Duration::ZERO);
                (fault.id(), Finish::Failed)
            }
        };
        let Some(key) = self.keys.remove(&id) else { return };
        if finish == Finish::Failed && self.operator.state.world().manifest(&key).is_none() {
            // Nothing is left to repeat.
            return self.operator.state.queue().finish(&key, Finish::Done);
        }
        self.operator.state.queue().finish(&key, finish);
    }
}

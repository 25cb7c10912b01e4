//! All replicas of one service: found by name, chosen for each request, tried again where that is safe.
//!
//! Names are resolved at most every [`FRESH`], behind the requests' backs, and not at all while there are
//! none. A request that reached nobody goes to another replica, however often; one that may have been served
//! is repeated only if that changes nothing, and only within the retry budget.

use super::budget::Budget;
use super::pick::{pick, random};
use super::replica::{Answer, Exchange, NoAnswer, Replica};
use api::ServiceName;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// How long a name's addresses are used before it is resolved again behind a request, and how long at most.
const FRESH: Duration = Duration::from_millis(1_500);
const STALE: Duration = Duration::from_secs(30);
/// How long resolving may take.
const RESOLVING: Duration = Duration::from_secs(2);
/// Tries of one request.
const TRIES: usize = 6;

/// Why a request was not answered; for the log.
#[derive(Debug, thiserror::Error)]
#[error("{service}: {reason}")]
pub(crate) struct Unanswered {
    service: ServiceName,
    reason: String,
}

/// Sends requests to a service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Balancer(Arc<Inner>);

struct Inner {
    service: ServiceName,
    hosts: Vec<String>,
    port: u16,
    replicas: RwLock<Arc<[Arc<Replica>]>>,
    /// When the hosts were last resolved; held while they are, if nothing is known.
    resolved: tokio::sync::Mutex<Option<Instant>>,
    /// The same for a glance, in milliseconds since `born`; 0 for never.
    resolved_ms: AtomicU64,
    resolving: AtomicBool,
    born: Instant,
    budget: Mutex<Budget>,
    turns: AtomicU64,
}

impl Balancer {
    pub(crate) fn new(service: ServiceName, hosts: &[String], port: u16) -> Self {
        let now = Instant::now();
        Self(Arc::new(Inner {
            service,
            hosts: hosts.to_vec(),
            port,
            replicas: RwLock::new(Arc::from(Vec::new())),
            resolved: tokio::sync::Mutex::default(),
            resolved_ms: AtomicU64::new(0),
            resolving: AtomicBool::new(false),
            born: now,
            budget: Mutex::new(Budget::new(now)),
            turns: AtomicU64::new(0),
        }))
    }

    /// Gives the answer of some replica.
    pub(crate) async fn send(&self, exchange: &Exchange) -> Result<Answer, Unanswered> {
        let inner = &self.0;
        self.resolve().await;
        inner.budget.lock().unwrap_or_else(PoisonError::into_inner).call();
        let mut absent: HashSet<SocketAddr> = HashSet::new();
        let mut reason = String::new();
        for _ in 0..TRIES {
            let Some(replica) = inner.choose(&absent) else {
                if reason.is_empty() {
                    "no replica can be reached".clone_into(&mut reason);
                }
                break;
            };
            let at = replica.address;
            match replica.send(exchange).await {
                Ok(answer) => return Ok(answer),
                Err(NoAnswer::TooLarge) => {
                    reason = format!("{at}: the answer is too large");
                    break;
                }
                Err(NoAnswer::Absent(told) | NoAnswer::Silent(told)) => {
                    reason = format!("{at}: {told}");
                    absent.insert(at);
                }
                Err(NoAnswer::NotSent(told)) => reason = format!("{at}: {told}"),
                Err(NoAnswer::Lost(told)) => {
                    reason = format!("{at}: {told}");
                    let now = Instant::now();
                    let again = exchange.idempotent
                        && now < exchange.deadline
                        && inner.budget.lock().unwrap_or_else(PoisonError::into_inner).retry(now);
                    if !again {
                        break;
                    }
                }
            }
            tracing::debug!(service = %inner.service, reason, "a call is tried again");
        }
        Err(Unanswered { service: inner.service, reason })
    }

    /// Sees to it that addresses are known.
    async fn resolve(&self) {
        let inner = &self.0;
        let age = inner.age();
        if age.is_some_and(|age| age < FRESH) {
            return;
        }
        if age.is_some_and(|age| age < STALE) {
            if !inner.resolving.swap(true, Ordering::AcqRel) {
                let inner = Arc::clone(inner);
                tokio::spawn(async move {
                    inner.resolve().await;
                    inner.resolving.store(false, Ordering::Release);
                });
            }
            return;
        }
        let mut resolved = inner.resolved.lock().await;
        if resolved.is_none_or(|at| at.elapsed() >= FRESH) {
            inner.resolve().await;
            *resolved = Some(Instant::now());
        }
    }
}

impl Inner {
    fn age(&self) -> Option<Duration> {
        let at = self.resolved_ms.load(Ordering::Acquire);
        (at > 0).then(|| self.born.elapsed().saturating_sub(Duration::from_millis(at)))
    }

    /// One of those that take calls now, the absent ones left out. Where none does, one that was absent when it was last
    /// asked: replicas that end one after the other are each back before the next one goes.
    fn choose(&self, absent: &HashSet<SocketAddr>) -> Option<Arc<Replica>> {
        let replicas = Arc::clone(&self.replicas.read().unwrap_or_else(PoisonError::into_inner));
        let of = |admits: &dyn Fn(&Replica) -> bool| -> Vec<&Arc<Replica>> {
            let left = replicas.iter().filter(|replica| !absent.contains(&replica.address));
            left.filter(|replica| admits(replica)).collect()
        };
        let now = Instant::now();
        let mut admitted = of(&|replica| replica.admits(now));
        if admitted.is_empty() {
            admitted = of(&Replica::admits_in_need);
        }
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let chosen = pick(&admitted, |replica| replica.load(), random(turn))?;
        admitted.get(chosen).map(|replica| Arc::clone(replica))
    }

    /// Looks the hosts up. Replicas that stay keep their connections. Where nothing is found, those that are
    /// known stay: a name server that is away must not take the stack with it.
    async fn resolve(&self) {
        let mut found: Vec<SocketAddr> = Vec::new();
        for host in &self.hosts {
            let looked_up = tokio::net::lookup_host((host.as_str(), self.port));
            match tokio::time::timeout(RESOLVING, looked_up).await {
                Ok(Ok(addresses)) => found.extend(addresses),
                Ok(Err(error)) => tracing::debug!(service = %self.service, host, %error, "not resolved"),
                Err(_) => tracing::debug!(service = %self.service, host, "not resolved in time"),
            }
        }
        found.sort_unstable();
        found.dedup();
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.resolved_ms.store(now.max(1), Ordering::Release);
        let mut replicas = self.replicas.write().unwrap_or_else(PoisonError::into_inner);
        if found.is_empty() || found.iter().eq(replicas.iter().map(|replica| &replica.address)) {
            return;
        }
        let known: HashMap<SocketAddr, &Arc<Replica>> =
            replicas.iter().map(|replica| (replica.address, replica)).collect();
        let next: Arc<[Arc<Replica>]> = found
            .into_iter()
            .map(|address| {
                known.get(&address).map_or_else(|| Arc::new(Replica::new(address)), |one| Arc::clone(one))
            })
            .collect();
        *replicas = next;
    }
}

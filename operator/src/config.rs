//! How an operator runs. The command line makes one; tests make their own.

use crate::backends::Limits;
use crate::queue::Policy;
use crate::release::Release;
use std::net::SocketAddr;
use std::time::Duration;

/// How an operator runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The one namespace to look after; none for the whole cluster.
    pub watch_namespace: Option<String>,
    /// How the leader is elected; none for an operator that is alone.
    pub lease: Option<Lease>,
    /// Who this operator is, in leases and events.
    pub identity: String,
    /// Where metrics and probes are served; none for nowhere.
    pub metrics_address: Option<SocketAddr>,
    /// The operator's own release of the services.
    pub release: Release,
    /// How many stacks are worked on at once.
    pub workers: usize,
    /// How stacks are timed.
    pub queue: Policy,
    /// How many objects are written at once, of one stack and of all.
    pub parallel_writes: (usize, usize),
    /// How long a request to the API server may take, with its repeats.
    pub request_deadline: Duration,
    /// How long the operator waits at its start for listings before it works with what it knows.
    pub listing_patience: Duration,
    /// How often the cluster is asked which optional kinds it serves.
    pub discovery_period: Duration,
    /// How often each stack's topics and database users are looked at.
    pub backend_period: Duration,
    /// How many stacks' topics and database users are looked at at once.
    pub backend_workers: usize,
    /// Bounds of requests to brokers and databases.
    pub backend_limits: Limits,
    /// After what time a deletion ends although something outside of the cluster could not be removed.
    pub deletion_deadline: Duration,
}

/// How the leader is elected.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How long others wait after the last renewal that they saw.
    pub duration: Duration,
    /// How long the leader writes after its last renewal; less than `duration`.
    pub renew_deadline: Duration,
    /// How often the leader renews, and others look.
    pub period: Duration,
}

impl Lease {
    /// A lease of 15 seconds in this namespace.
    #[must_use]
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: "commerce-operator".to_owned(),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            period: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// The settings of an operator with this release that looks after the whole cluster, alone.
    #[must_use]
    pub fn new(release: Release) -> Self {
        Self {
            watch_namespace: None,
            lease: None,
            identity: "commerce-operator".to_owned(),
            metrics_address: None,
            release,
            workers: 32,
            queue: Policy {
                debounce: Duration::from_millis(20),
                first_delay: Duration::from_millis(500),
                max_delay: Duration::from_secs(300),
                bulk_limit: 24,
            },
            parallel_writes: (16, 32),
            request_deadline: Duration::from_secs(10),
            listing_patience: Duration::from_secs(30),
            discovery_period: Duration::from_secs(30),
            backend_period: Duration::from_secs(40),
            backend_workers: 16,
            backend_limits: Limits::default(),
            deletion_deadline: Duration::from_secs(300),
        }
    }
}

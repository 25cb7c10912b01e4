//! Election by a Lease: at most one operator writes.
//!
//! Others are judged by the local clock alone: a lease is over when it has not changed for its duration
//! since this process first saw it as it is. What the leader may do is in [`Fence`].

use crate::clock;
use crate::cluster::Fence;
use crate::config;
use crate::probes::Health;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long giving the lease back may take, of the half minute that Kubernetes leaves a pod to end.
const RELEASE: Duration = Duration::from_secs(10);

/// The fields of a lease that tell whether its holder is alive.
type Sign = (Option<String>, Option<String>);

/// A candidate.
pub struct Candidate {
    api: Api<Lease>,
    config: config::Lease,
    identity: String,
    fence: Fence,
    seen: Option<(Sign, Instant)>,
}

/// Why a leader no longer leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop and gave the lease back.
    Released,
    /// It could not renew in time, or another leads.
    Lost,
}

impl Candidate {
    /// A candidate that opens `fence` while it leads.
    #[must_use]
    pub fn new(client: Client, config: config::Lease, identity: &str, fence: Fence) -> Self {
        let api = Api::namespaced(client, &config.namespace);
        // A pod that is replaced under its old name is another candidate.
        let identity = format!("{identity}_{:08x}", rand::random::<u32>());
        Self { api, config, identity, fence, seen: None }
    }

    /// Waits until this candidate leads. Cancel-safe: whoever stops waiting does not lead for longer than
    /// the lease lasts.
    pub async fn acquire(&mut self, health: &Health) {
        let mut told = String::new();
        loop {
            health.beat();
            let start = Instant::now();
            match self.attempt().await {
                Ok(true) => {
                    self.fence.extend(start + self.config.renew_deadline);
                    info!(identity = self.identity, "leading");
                    return;
                }
                Ok(false) => {}
                Err(error) if error == told => {}
                Err(error) => {
                    warn!("cannot take part in the election: {error}");
                    told = error;
                }
            }
            sleep(self.config.period).await;
        }
    }

    /// Leads until told to stop or unable to go on.
    pub async fn lead(&mut self, stop: CancellationToken) -> Ended {
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    self.release().await;
                    return Ended::Released;
                }
                () = sleep(self.config.period) => {}
            }
            let start = Instant::now();
            match self.attempt().await {
                Ok(true) => self.fence.extend(start + self.config.renew_deadline),
                Ok(false) => {
                    self.fence.close();
                    warn!("another operator leads");
                    return Ended::Lost;
                }
                Err(error) => warn!(left = ?self.fence.left(), "cannot renew the lease: {error}"),
            }
            if !self.fence.is_open() {
                warn!("the lease was not renewed in time");
                return Ended::Lost;
            }
        }
    }

    /// Takes or renews the lease, unless another holds it.
    async fn attempt(&mut self) -> Result<bool, String> {
        match timeout(self.config.period.max(Duration::from_secs(1)) * 2, self.request()).await {
            Ok(Ok(held)) => Ok(held),
            // Somebody was faster.
            Ok(Err(kube::Error::Api(status))) if status.is_conflict() || status.is_already_exists() => {
                Err("another operator changed the lease".to_owned())
            }
            Ok(Err(error)) => Err(crate::failure::Cause::of(&error, false).to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn request(&mut self) -> Result<bool, kube::Error> {
        let now = MicroTime(clock::now());
        let seconds = i32::try_from(self.config.duration.as_secs()).unwrap_or(i32::MAX).max(1);
        let Some(mut lease) = self.api.get_opt(&self.config.name).await? else {
            let spec = LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: Some(seconds),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                ..LeaseSpec::default()
            };
            let metadata = ObjectMeta { name: Some(self.config.name.clone()), ..ObjectMeta::default() };
            self.api.create(&PostParams::default(), &Lease { metadata, spec: Some(spec) }).await?;
            return Ok(true);
        };
        let spec = lease.spec.get_or_insert_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let ours = holder == self.identity;
        if !ours && !holder.is_empty() && !self.is_over(&lease) {
            return Ok(false);
        }
        let spec = lease.spec.get_or_insert_default();
        if !ours {
            spec.holder_identity = Some(self.identity.clone());
            spec.acquire_time = Some(now.clone());
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
        }
        spec.lease_duration_seconds = Some(seconds);
        spec.renew_time = Some(now);
        self.api.replace(&self.config.name, &PostParams::default(), &lease).await?;
        Ok(true)
    }

    /// Whether a lease of another has not changed for its duration.
    fn is_over(&mut self, lease: &Lease) -> bool {
        let spec = lease.spec.clone().unwrap_or_default();
        let sign = (spec.holder_identity, lease.metadata.resource_version.clone());
        let since = match &self.seen {
            Some((seen, since)) if *seen == sign => *since,
            _ => {
                let since = Instant::now();
                self.seen = Some((sign, since));
                since
            }
        };
        let lasts = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        since.elapsed() >= lasts.map_or(self.config.duration, Duration::from_secs)
    }

    /// Gives the lease back, so that the next leader need not wait.
    async fn release(&mut self) {
        self.fence.close();
        let released = timeout(RELEASE, async {
            let Some(mut lease) = self.api.get_opt(&self.config.name).await? else { return Ok(()) };
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(self.identity.as_str()) {
                spec.holder_identity = None;
                spec.lease_duration_seconds = Some(1);
                self.api.replace(&self.config.name, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        });
        if !matches!(released.await, Ok(Ok(()))) {
            warn!("the lease could not be given back; the next leader waits until it is over");
        }
    }
}

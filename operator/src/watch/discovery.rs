//! Which optional kinds the cluster serves, looked up again and again; each is watched while it is served.

use super::{Watches, children, others};
use crate::inputs::Capabilities;
use crate::kinds::KindId;
use kube::core::GroupVersion;
use kube::discovery::pinned_group;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

const PATIENCE: Duration = Duration::from_secs(10);

/// Watches optional kinds while there are such.
pub(super) struct Discovery {
    watches: Watches,
    running: HashMap<KindId, [AbortHandle; 2]>,
    tasks: JoinSet<()>,
}

impl Discovery {
    pub(super) fn new(watches: Watches) -> Self {
        Self { watches, running: HashMap::new(), tasks: JoinSet::new() }
    }

    pub(super) async fn run(mut self) {
        let mut known = false;
        loop {
            let mut available = Some(Capabilities::default());
            for kind in KindId::all().filter(|kind| kind.get().optional) {
                match self.is_served(kind).await {
                    Ok(served) => {
                        self.follow(kind, served);
                        available = available.map(|_| Capabilities { http_route: served });
                    }
                    Err(error) => {
                        warn!(kind = kind.get().kind, "cannot find out whether it is served: {error}");
                        available = None;
                    }
                }
            }
            if let Some(available) = available {
                self.watches.state.heard(|world| world.set_available(available));
                known = true;
            }
            sleep(if known { self.watches.discovery_period } else { Duration::from_secs(1) }).await;
            while self.tasks.try_join_next().is_some() {}
        }
    }

    async fn is_served(&self, kind: KindId) -> Result<bool, String> {
        let kind = kind.get();
        let group = GroupVersion::gv(kind.group, kind.version);
        match timeout(PATIENCE, pinned_group(&self.watches.client, &group)).await {
            Ok(Ok(group)) => Ok(group.recommended_kind(kind.kind).is_some()),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(false),
            Ok(Err(kube::Error::Discovery(_))) => Ok(false),
            Ok(Err(error)) => Err(crate::failure::Cause::of(&error, false).to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    fn follow(&mut self, kind: KindId, served: bool) {
        match (served, self.running.remove(&kind)) {
            (true, Some(running)) => {
                self.running.insert(kind, running);
            }
            (true, None) => {
                info!(kind = kind.get().kind, "the cluster serves it");
                let ours = self.tasks.spawn(children::watch(self.watches.clone(), kind));
                let theirs = self.tasks.spawn(others::watch(self.watches.clone(), kind));
                self.running.insert(kind, [ours, theirs]);
            }
            (false, Some(running)) => {
                info!(kind = kind.get().kind, "the cluster no longer serves it");
                running.iter().for_each(AbortHandle::abort);
                self.watches.state.world().kind_removed(kind);
            }
            (false, None) => {}
        }
    }
}

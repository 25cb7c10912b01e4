//! The watch of one kind of child: metadata alone, or, of workloads, with a sliver of their status.

use super::{Watches, config, follow};
use crate::kinds::KindId;
use crate::labels::MANAGER;
use crate::state::State;
use crate::world::readiness::Readiness;
use crate::world::seen::Seen;
use kube::api::Api;
use kube::runtime::watcher::{Event, watcher};

pub(super) async fn watch(watches: Watches, kind: KindId) {
    if kind.get().workload {
        run::<false>(watches, kind).await;
    } else {
        run::<true>(watches, kind).await;
    }
}

async fn run<const METADATA: bool>(watches: Watches, kind: KindId) {
    let Watches { client, namespace, state, metrics, .. } = watches;
    let resource = kind.resource();
    let api: Api<Seen<METADATA>> = match &namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let config = config().labels(&format!("app.kubernetes.io/managed-by={MANAGER}"));
    let failed = || state.world().children_unheard(kind);
    follow(kind.get().kind, &metrics, watcher(api, config), |event| hear(&state, kind, event), failed).await;
}

fn hear<const METADATA: bool>(state: &State, kind: KindId, event: Event<Seen<METADATA>>) {
    state.heard(|world| match event {
        Event::Init => {
            world.children_listed_anew(kind);
            Vec::new()
        }
        Event::InitDone => world.children_listed(kind),
        Event::InitApply(object) | Event::Apply(object) => {
            let readiness = (!METADATA).then(|| Readiness::of(kind.get().kind, &object));
            world.child_seen(kind, object.metadata, readiness).into_iter().collect()
        }
        Event::Delete(object) => world.child_gone(kind, &object.metadata).into_iter().collect(),
    });
}

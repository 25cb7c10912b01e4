//! The watch of objects of one kind that are not ours: that their names are taken, and, of Secrets, the
//! versions of those that some spec refers to.

use super::{Watches, config, follow};
use crate::kinds::KindId;
use crate::labels::MANAGER;
use crate::world::record::version;
use crate::world::seen::Seen;
use crate::world::{Woken, World};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::Api;
use kube::runtime::watcher::{Event, watcher};

pub(super) async fn watch(watches: Watches, kind: KindId) {
    let Watches { client, namespace, state, metrics, .. } = watches;
    let resource = kind.resource();
    let api: Api<Seen<true>> = match &namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let config = config().labels(&format!("app.kubernetes.io/managed-by!={MANAGER}"));
    let hear = |event: Event<Seen<true>>| {
        state.heard(|world| match event {
            Event::Init => {
                world.others_listed_anew(kind);
                Vec::new()
            }
            Event::InitDone => world.others_listed(kind),
            Event::InitApply(object) | Event::Apply(object) => {
                seen(world, kind, &object.metadata, version(&object.metadata))
            }
            Event::Delete(object) => seen(world, kind, &object.metadata, 0),
        });
    };
    let failed = || state.world().others_unheard(kind);
    follow(kind.get().kind, &metrics, watcher(api, config), hear, failed).await;
}

fn seen(world: &mut World, kind: KindId, metadata: &ObjectMeta, version: u64) -> Vec<Woken> {
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    world.other_seen(kind, namespace, metadata.name.as_deref().unwrap_or_default(), version)
}

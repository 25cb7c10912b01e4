//! The watch of one kind of child: metadata alone, or, of workloads, with a sliver of their status.

use super::{Watches, config, follow};
use crate::kinds::KindId;
use crate::labels::MANAGER;
use crate::state::State;
use crate::world::readiness::{Readiness, Workload};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject, DynamicResourceScope, PartialObjectMeta};
use kube::runtime::watcher::{Event, watcher};

pub(super) async fn watch(watches: Watches, kind: KindId) {
    if kind.get().workload {
        let take = |workload: Workload| {
            let readiness = Readiness::of(kind.get().kind, &workload);
            (workload.metadata, Some(readiness))
        };
        run::<Workload>(watches, kind, take).await;
    } else {
        run::<PartialObjectMeta<DynamicObject>>(watches, kind, |object| (object.metadata, None)).await;
    }
}

async fn run<K>(
    watches: Watches,
    kind: KindId,
    take: impl Fn(K) -> (ObjectMeta, Option<Readiness>) + Send + Sync,
) where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
        + serde::de::DeserializeOwned
        + Clone
        + std::fmt::Debug
        + Send
        + 'static,
{
    let Watches { client, namespace, state, metrics, .. } = watches;
    let resource = kind.resource();
    let api: Api<K> = match &namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let config = config().labels(&format!("app.kubernetes.io/managed-by={MANAGER}"));
    let failed = || state.world().children_unheard(kind);
    follow(kind.get().kind, &metrics, watcher(api, config), |event| hear(&state, kind, event, &take), failed)
        .await;
}

fn hear<K>(
    state: &State,
    kind: KindId,
    event: Event<K>,
    take: &impl Fn(K) -> (ObjectMeta, Option<Readiness>),
) {
    state.heard(|world| match event {
        Event::Init => {
            world.children_listed_anew(kind);
            Vec::new()
        }
        Event::InitDone => world.children_listed(kind),
        Event::InitApply(object) | Event::Apply(object) => {
            let (metadata, readiness) = take(object);
            world.child_seen(kind, metadata, readiness).into_iter().collect()
        }
        Event::Delete(object) => world.child_gone(kind, &take(object).0).into_iter().collect(),
    });
}

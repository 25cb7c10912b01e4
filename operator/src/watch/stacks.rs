//! The watch of CommerceStacks. One that cannot be read does not end it.

use super::{Watches, config, follow};
use crate::world::{Manifest, StackKey};
use crds::CommerceStack;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::watcher::{Event, watcher};
use std::sync::Arc;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(super) async fn watch(watches: Watches) {
    let Watches { client, namespace, state, metrics, .. } = watches;
    let api: Api<DeserializeGuard<CommerceStack>> = match &namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let hear = |event: Event<DeserializeGuard<CommerceStack>>| {
        state.heard(|world| match event {
            Event::Init => {
                world.stacks_listed_anew();
                Vec::new()
            }
            Event::InitDone => world.stacks_listed(),
            Event::InitApply(stack) | Event::Apply(stack) => {
                let Some(key) = key(stack.meta()) else { return Vec::new() };
                world.stack_seen(&key, slim(stack)).into_iter().collect()
            }
            Event::Delete(stack) => {
                key(stack.meta()).and_then(|key| world.stack_gone(&key)).into_iter().collect()
            }
        });
    };
    follow("CommerceStack", &metrics, watcher(api, config()), hear, || {}).await;
}

fn key(metadata: &ObjectMeta) -> Option<StackKey> {
    Some(StackKey::new(metadata.namespace.as_deref()?, metadata.name.as_deref()?))
}

/// Without what is long and nobody here reads.
fn slim(DeserializeGuard(stack): DeserializeGuard<CommerceStack>) -> Manifest {
    let strip = |metadata: &mut ObjectMeta| {
        metadata.managed_fields = None;
        if let Some(annotations) = &mut metadata.annotations {
            annotations.remove(LAST_APPLIED);
        }
    };
    match stack {
        Ok(mut stack) => {
            strip(&mut stack.metadata);
            Manifest::Read(Arc::new(stack))
        }
        Err(mut invalid) => {
            strip(&mut invalid.metadata);
            Manifest::Unreadable(Arc::new(invalid.metadata), invalid.error.into())
        }
    }
}

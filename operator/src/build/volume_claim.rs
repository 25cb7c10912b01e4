//! The volumes of the managed database and broker.
//!
//! They are claims of their own and no templates of a StatefulSet, because templates can never change, and a
//! claim can grow. Whether they outlive the stack is up to its deletion policy.

use super::secret::guarding;
use super::{Child, Context};
use crate::labels::Component;
use crate::names;
use crds::{Broker, Database, Volume};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    if let Database::Managed(volume) = &cx.stack.database {
        children.push(one(cx, &names::mongodb(cx.name()), "mongodb", Component::Database, volume));
    }
    if let Broker::Managed(volume) = &cx.stack.broker {
        children.push(one(cx, &names::kafka(cx.name()), "kafka", Component::Broker, volume));
    }
}

fn one(cx: &Context<'_>, set: &str, label: &str, component: Component, volume: &Volume) -> Child {
    let requests = [("storage".to_owned(), Quantity(volume.storage.clone()))].into();
    let spec = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
        storage_class_name: volume.class.clone(),
        ..Default::default()
    };
    let metadata = guarding(cx.metadata(&names::volume(set), label, component));
    let claim = PersistentVolumeClaim { spec: Some(spec), ..Default::default() };
    Child::new(&claim, metadata, cx.lifetime_of_data(), cx.identity)
}

//! The ConfigMap with every service's public keys, by which calls among services are trusted.
//!
//! For each service it holds the key of the present rotation, the one before and the one after, so that a
//! rotation by one step is never ahead of those who must trust it: pods read their files at different times.

use super::{Child, Context, Lifetime};
use crate::names;
use crate::secrets::Secrets;
use k8s_openapi::api::core::v1::ConfigMap;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let rotation = cx.stack.secrets_rotation;
    let rotations = rotation.saturating_sub(1)..=rotation.saturating_add(1);
    let keys = |service: &str| -> String {
        let public = |rotation| Secrets::new(&cx.inputs.root, rotation).identity(service).public();
        rotations.clone().map(public).map(|key| key + "\n").collect()
    };
    let data = cx.stack.enabled().map(|service| (service.to_string(), keys(service.as_str()))).collect();
    let map = ConfigMap { data: Some(data), ..Default::default() };
    children.push(Child::new(&map, cx.of_stack(&names::trust(cx.name())), Lifetime::Owned, cx.identity));
}

//! A PodDisruptionBudget per service: drains of nodes take one pod after the other.

use super::{Child, Context, Lifetime};
use crate::labels;
use crate::names;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    for service in cx.stack.enabled() {
        let pods = labels::selector(cx.name(), service.as_str());
        let spec = PodDisruptionBudgetSpec {
            // Never a least number: with a single pod that would block drains for good.
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector { match_labels: Some(pods), match_expressions: None }),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..Default::default()
        };
        let metadata = cx.of_service(&names::service(cx.name(), service), service);
        let budget = PodDisruptionBudget { spec: Some(spec), ..Default::default() };
        children.push(Child::new(&budget, metadata, Lifetime::Owned, cx.identity));
    }
}

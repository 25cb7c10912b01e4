//! A HorizontalPodAutoscaler for each service that asks for one.

use super::{Child, Context, Lifetime};
use crate::names;
use crds::Scale;
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    for service in cx.stack.enabled() {
        let Some(Scale::Auto { min, max, cpu_utilization }) =
            cx.stack.services.get(&service).map(|s| s.scale)
        else {
            continue;
        };
        let int = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let name = names::service(cx.name(), service);
        let target = MetricTarget {
            type_: "Utilization".to_owned(),
            average_utilization: Some(int(cpu_utilization)),
            ..Default::default()
        };
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: name.clone(),
            },
            min_replicas: Some(int(min)),
            max_replicas: int(max),
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource { name: "cpu".to_owned(), target }),
                ..Default::default()
            }]),
            behavior: None,
        };
        let scaler = HorizontalPodAutoscaler { spec: Some(spec), ..Default::default() };
        children.push(Child::new(&scaler, cx.of_service(&name, service), Lifetime::Owned, cx.identity));
    }
}

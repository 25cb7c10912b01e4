//! The rules of services: which run, how many pods they have, and what a pod may use.

use super::names::{billionths, is_quantity, wrong};
use super::{Report, image};
use crate::service::{Amounts, Autoscaling, Defaults, Resources, Service, ServiceName, Services};
use crate::validated::{Scale, ValidatedService};
use std::collections::BTreeMap;

const MAX_REPLICAS: u32 = 100;

pub(super) fn services(
    defaults: Option<&Defaults>,
    given: Option<&Services>,
    report: &mut Report,
) -> BTreeMap<ServiceName, ValidatedService> {
    let replicas = defaults.and_then(|defaults| defaults.replicas);
    let replicas = report.number(replicas, 1, 1, MAX_REPLICAS, "spec.defaults.replicas");
    let resources = defaults.and_then(|defaults| defaults.resources.clone()).unwrap_or_default();
    check(&resources, "spec.defaults.resources", report);
    let mut all = BTreeMap::new();
    for name in ServiceName::ALL {
        let service = given.and_then(|services| services.get(*name)).cloned().unwrap_or_default();
        all.insert(*name, one(*name, service, replicas, &resources, report));
    }
    all
}

fn one(
    name: ServiceName,
    given: Service,
    replicas: u32,
    resources: &Resources,
    report: &mut Report,
) -> ValidatedService {
    let path = format!("spec.services.{name}");
    let enabled = given.enabled.unwrap_or(true);
    if !enabled && name.always_on() {
        let message = format!("must be true or absent; a stack cannot run without its {name} service");
        report.refuse(format_args!("{path}.enabled"), message);
    }
    image(given.image.as_deref(), &format!("{path}.image"), report);
    let choice = [("replicas", given.replicas.is_some()), ("autoscaling", given.autoscaling.is_some())];
    report.at_most_one(&choice, &path);
    let scale = match given.autoscaling {
        Some(autoscaling) => auto(&autoscaling, &format!("{path}.autoscaling"), report),
        None => Scale::Fixed(report.number(
            given.replicas,
            replicas,
            1,
            MAX_REPLICAS,
            format_args!("{path}.replicas"),
        )),
    };
    let resources = match given.resources {
        Some(own) => {
            check(&own, &format!("{path}.resources"), report);
            own
        }
        None => resources.clone(),
    };
    ValidatedService { enabled, image: given.image, scale, resources }
}

fn auto(given: &Autoscaling, path: &str, report: &mut Report) -> Scale {
    let min = report.number(given.min_replicas, 1, 1, MAX_REPLICAS, format_args!("{path}.minReplicas"));
    let max =
        report.number(Some(given.max_replicas), min, 1, MAX_REPLICAS, format_args!("{path}.maxReplicas"));
    if max < min {
        report.refuse(format_args!("{path}.maxReplicas"), format!("is {max}, less than minReplicas {min}"));
    }
    let cpu_utilization =
        report.number(given.cpu_utilization, 70, 1, 100, format_args!("{path}.cpuUtilization"));
    Scale::Auto { min, max, cpu_utilization }
}

fn check(resources: &Resources, path: &str, report: &mut Report) {
    let mut amounts = |side: &str, amounts: Option<&Amounts>| {
        for (field, quantity) in amounts.into_iter().flat_map(|a| [("cpu", &a.cpu), ("memory", &a.memory)]) {
            if let Some(quantity) = quantity.as_ref().filter(|quantity| !is_quantity(&quantity.0)) {
                let rule = "a quantity greater than 0, such as 250m for cpu or 64Mi for memory";
                report.refuse(format_args!("{path}.{side}.{field}"), wrong(&quantity.0, rule));
            }
        }
    };
    amounts("requests", resources.requests.as_ref());
    amounts("limits", resources.limits.as_ref());
    if let (Some(requests), Some(limits)) = (&resources.requests, &resources.limits) {
        for (field, request, limit) in
            [("cpu", &requests.cpu, &limits.cpu), ("memory", &requests.memory, &limits.memory)]
        {
            if let (Some(request), Some(limit)) = (request, limit)
                && billionths(&request.0) > billionths(&limit.0)
            {
                let message = format!("is {}, more than limits.{field} {}", request.0, limit.0);
                report.refuse(format_args!("{path}.requests.{field}"), message);
            }
        }
    }
}

//! Services: for peers the addresses of a service's ready pods, headless, because a ClusterIP would pin a
//! connection to one of them; for clients the gateway; for everybody the managed database and broker.

use super::{Child, Context, Lifetime};
use crate::edges::{INTERNAL_PORT, KAFKA_PORT, MONGODB_PORT, PUBLIC_PORT};
use crate::labels::{self, Component};
use crate::names;
use crds::{Broker, Database, ServiceName};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The port of the gateway's Service.
pub(super) const GATEWAY_PORT: u16 = 80;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    for service in cx.stack.enabled() {
        let ports = vec![port("http", PUBLIC_PORT, "http"), port("internal", INTERNAL_PORT, "internal")];
        let metadata = cx.of_service(&names::pods(cx.name(), service), service);
        children.push(one(cx, metadata, service.as_str(), true, ports));
    }
    let gateway = ServiceName::Gateway;
    let metadata = cx.of_service(&names::service(cx.name(), gateway), gateway);
    children.push(one(cx, metadata, gateway.as_str(), false, vec![port("http", GATEWAY_PORT, "http")]));
    if let Database::Managed { .. } = cx.stack.database {
        let metadata = cx.metadata(&names::mongodb(cx.name()), "mongodb", Component::Database);
        children.push(one(cx, metadata, "mongodb", false, vec![port("mongodb", MONGODB_PORT, "mongodb")]));
    }
    if let Broker::Managed { .. } = cx.stack.broker {
        let metadata = cx.metadata(&names::kafka(cx.name()), "kafka", Component::Broker);
        children.push(one(cx, metadata, "kafka", false, vec![port("kafka", KAFKA_PORT, "kafka")]));
    }
}

fn one(cx: &Context<'_>, metadata: ObjectMeta, pods: &str, headless: bool, ports: Vec<ServicePort>) -> Child {
    let spec = ServiceSpec {
        type_: Some("ClusterIP".to_owned()),
        cluster_ip: headless.then(|| "None".to_owned()),
        // A pod that is not ready must not be called.
        publish_not_ready_addresses: headless.then_some(false),
        selector: Some(labels::selector(cx.name(), pods)),
        ports: Some(ports),
        ..Default::default()
    };
    let service = Service { spec: Some(spec), ..Default::default() };
    Child::new(&service, metadata, Lifetime::Owned, cx.identity)
}

fn port(name: &str, port: u16, target: &str) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: port.into(),
        target_port: Some(IntOrString::String(target.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}

//! NetworkPolicies: everything is closed, and then each edge of [`crate::edges`] is opened at both ends.
//!
//! Policies add up, so a user opens more (a scraper of metrics, a broker on another port) with one of their
//! own. Outside of the cluster only ports can be told apart, not hosts.

use super::{Child, Context, Lifetime};
use crate::edges::{INTERNAL_PORT, KAFKA_PORT, MONGODB_PORT, PUBLIC_PORT, calls, has_database};
use crate::labels::{self, Component, Labels, MANAGER};
use crate::names;
use crds::{Broker, Database, ServiceName};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// DNS as Services offer it, and as the pods of some clusters do: policies see the pod's port.
const DNS_PORTS: [u16; 2] = [53, 5353];

type Ingress = NetworkPolicyIngressRule;
type Egress = NetworkPolicyEgressRule;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let mut push = |metadata: ObjectMeta, pods: Labels, ingress: Vec<Ingress>, egress: Vec<Egress>| {
        let spec = NetworkPolicySpec {
            pod_selector: Some(selector(pods)),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(ingress).filter(|rules| !rules.is_empty()),
            egress: Some(egress).filter(|rules| !rules.is_empty()),
        };
        children.push(Child::new(
            &NetworkPolicy { spec: Some(spec), ..Default::default() },
            metadata,
            Lifetime::Owned,
            cx.identity,
        ));
    };
    let stack = cx.name();
    push(cx.of_stack(&names::default_deny(stack)), labels::stack_selector(stack), vec![], vec![]);
    for service in cx.stack.enabled() {
        let metadata = cx.of_service(&names::service(stack, service), service);
        let pods = labels::selector(stack, service.as_str());
        push(metadata, pods, into_service(cx, service), out_of_service(cx, service));
    }
    if let Database::Managed { .. } = cx.stack.database {
        let metadata = cx.metadata(&names::mongodb(stack), "mongodb", Component::Database);
        let users = cx.keepers().map(|service| pods(cx, service.as_str())).chain([operator(cx)]).collect();
        push(metadata, labels::selector(stack, "mongodb"), vec![from(users, &[MONGODB_PORT])], vec![dns()]);
    }
    if let Broker::Managed { .. } = cx.stack.broker {
        let metadata = cx.metadata(&names::kafka(stack), "kafka", Component::Broker);
        let users =
            cx.stack.enabled().map(|service| pods(cx, service.as_str())).chain([operator(cx)]).collect();
        push(metadata, labels::selector(stack, "kafka"), vec![from(users, &[KAFKA_PORT])], vec![dns()]);
    }
    if cx.seeds() {
        let metadata = cx.metadata(&names::seed_policy(stack), "seed", Component::Task);
        let gateway = to(vec![pods(cx, ServiceName::Gateway.as_str())], &[PUBLIC_PORT]);
        push(metadata, labels::selector(stack, "seed"), vec![], vec![dns(), gateway]);
    }
}

fn into_service(cx: &Context<'_>, service: ServiceName) -> Vec<Ingress> {
    if service == ServiceName::Gateway {
        // The edge is for everybody; tokens decide there.
        let public = Ingress { from: None, ports: Some(ports(&[PUBLIC_PORT], "TCP")) };
        return vec![public, from(vec![operator(cx)], &[INTERNAL_PORT])];
    }
    let gateway = pods(cx, ServiceName::Gateway.as_str());
    let callers = cx.stack.enabled().filter(|caller| calls(*caller, service));
    let callers = callers.map(|caller| pods(cx, caller.as_str())).chain([operator(cx)]).collect();
    vec![from(vec![gateway], &[PUBLIC_PORT]), from(callers, &[INTERNAL_PORT])]
}

fn out_of_service(cx: &Context<'_>, service: ServiceName) -> Vec<Egress> {
    let called: Vec<_> = cx.stack.enabled().filter(|called| calls(service, *called)).collect();
    let called = called.into_iter().map(|called| pods(cx, called.as_str())).collect::<Vec<_>>();
    let peers: &[u16] =
        if service == ServiceName::Gateway { &[PUBLIC_PORT, INTERNAL_PORT] } else { &[INTERNAL_PORT] };
    let mut rules = vec![dns()];
    if !called.is_empty() {
        rules.push(to(called, peers));
    }
    if has_database(service) {
        rules.extend(match &cx.stack.database {
            Database::Managed { .. } => Some(to(vec![pods(cx, "mongodb")], &[MONGODB_PORT])),
            Database::External { .. } => {
                cx.database.as_ref().map(|access| anywhere(access.admin.ports().collect()))
            }
        });
    }
    rules.push(match &cx.stack.broker {
        Broker::Managed { .. } => to(vec![pods(cx, "kafka")], &[KAFKA_PORT]),
        Broker::Strimzi { cluster } => {
            let labels = Labels::from([("strimzi.io/cluster".to_owned(), cluster.clone())]);
            to(vec![peer(labels, None)], &[KAFKA_PORT])
        }
        Broker::External { .. } => {
            let port = |server: &String| server.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            anywhere(cx.broker.servers.iter().filter_map(port).collect())
        }
    });
    rules
}

/// The operator, which makes users and topics, and asks services why they are not ready.
fn operator(cx: &Context<'_>) -> NetworkPolicyPeer {
    let name = Labels::from([(labels::NAME.to_owned(), MANAGER.to_owned())]);
    let namespace = cx.inputs.operator_namespace.clone();
    let namespace =
        namespace.map(|name| ("kubernetes.io/metadata.name".to_owned(), name)).into_iter().collect();
    peer(name, Some(namespace))
}

fn pods(cx: &Context<'_>, name: &str) -> NetworkPolicyPeer {
    peer(labels::selector(cx.name(), name), None)
}

fn peer(pods: Labels, namespaces: Option<Labels>) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(selector(pods)),
        namespace_selector: namespaces.map(selector),
        ip_block: None,
    }
}

fn selector(labels: Labels) -> LabelSelector {
    LabelSelector { match_labels: Some(labels).filter(|labels| !labels.is_empty()), match_expressions: None }
}

fn from(peers: Vec<NetworkPolicyPeer>, to: &[u16]) -> Ingress {
    Ingress { from: Some(peers), ports: Some(ports(to, "TCP")) }
}

fn to(peers: Vec<NetworkPolicyPeer>, at: &[u16]) -> Egress {
    Egress { to: Some(peers), ports: Some(ports(at, "TCP")) }
}

fn anywhere(mut at: Vec<u16>) -> Egress {
    at.sort_unstable();
    at.dedup();
    Egress { to: None, ports: Some(ports(&at, "TCP")) }
}

fn dns() -> Egress {
    let both = ["UDP", "TCP"].into_iter().flat_map(|protocol| ports(&DNS_PORTS, protocol)).collect();
    Egress { to: None, ports: Some(both) }
}

fn ports(ports: &[u16], protocol: &str) -> Vec<NetworkPolicyPort> {
    let port = |port: &u16| NetworkPolicyPort {
        port: Some(IntOrString::Int(i32::from(*port))),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    };
    ports.iter().map(port).collect()
}

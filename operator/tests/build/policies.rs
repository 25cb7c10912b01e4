//! NetworkPolicies, evaluated: which pod may reach which port is computed from the objects as a network
//! plugin does, and held against the edges that there are.

use crate::fixture::{NAMESPACE, children, example, examples, stack};
use commerce_operator::build::Child;
use commerce_operator::edges::calls;
use crds::{Broker, Database, ServiceName, ValidatedStack};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

#[derive(Clone)]
struct Pod {
    name: String,
    namespace: String,
    labels: Labels,
}

fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    assert!(selector.match_expressions.is_none(), "not evaluated here");
    selector.match_labels.iter().flatten().all(|(name, value)| labels.get(name) == Some(value))
}

fn selects(peer: &NetworkPolicyPeer, pod: Option<&Pod>) -> bool {
    assert!(peer.ip_block.is_none(), "not evaluated here");
    // An address outside of the cluster is no pod.
    let Some(pod) = pod else { return false };
    let namespace = match &peer.namespace_selector {
        None => pod.namespace == NAMESPACE,
        Some(selector) => {
            matches(selector, &Labels::from([("kubernetes.io/metadata.name".into(), pod.namespace.clone())]))
        }
    };
    namespace && peer.pod_selector.as_ref().is_none_or(|selector| matches(selector, &pod.labels))
}

fn opens(ports: Option<&Vec<NetworkPolicyPort>>, port: u16, protocol: &str) -> bool {
    ports.is_none_or(|ports| {
        ports.iter().any(|one| {
            one.protocol.as_deref() == Some(protocol) && one.port == Some(IntOrString::Int(port.into()))
        })
    })
}

fn policies(children: &[Child]) -> Vec<NetworkPolicy> {
    let policies = children.iter().filter(|child| child.kind() == "NetworkPolicy");
    policies.map(|child| child.object.clone().try_parse().unwrap()).collect()
}

/// Whether `from` may open a connection to `port` of `to`; `None` is somewhere outside of the cluster.
fn reaches(
    policies: &[NetworkPolicy],
    from: Option<&Pod>,
    to: Option<&Pod>,
    port: u16,
    protocol: &str,
) -> bool {
    let of = |pod: Option<&Pod>, side: &str| -> Vec<_> {
        let Some(pod) = pod.filter(|pod| pod.namespace == NAMESPACE) else { return vec![] };
        let specs = policies.iter().filter_map(|policy| policy.spec.as_ref());
        specs
            .filter(|spec| spec.policy_types.iter().flatten().any(|kind| kind == side))
            .filter(|spec| spec.pod_selector.as_ref().is_none_or(|selector| matches(selector, &pod.labels)))
            .collect()
    };
    let (out, into) = (of(from, "Egress"), of(to, "Ingress"));
    let peer = |peers: Option<&Vec<NetworkPolicyPeer>>, pod: Option<&Pod>| {
        peers.is_none_or(|peers| peers.iter().any(|peer| selects(peer, pod)))
    };
    let leaves = out.is_empty()
        || out
            .iter()
            .flat_map(|spec| spec.egress.iter().flatten())
            .any(|rule| peer(rule.to.as_ref(), to) && opens(rule.ports.as_ref(), port, protocol));
    let enters = into.is_empty()
        || into
            .iter()
            .flat_map(|spec| spec.ingress.iter().flatten())
            .any(|rule| peer(rule.from.as_ref(), from) && opens(rule.ports.as_ref(), port, protocol));
    leaves && enters
}

/// The pods of the stack, by the label `name`.
fn pods(children: &[Child]) -> Vec<Pod> {
    let templates =
        children.iter().filter_map(|child| child.object.data.pointer("/spec/template/metadata/labels"));
    templates
        .map(|labels| {
            let labels: Labels = serde_json::from_value(labels.clone()).unwrap();
            Pod { name: labels["app.kubernetes.io/name"].clone(), namespace: NAMESPACE.into(), labels }
        })
        .collect()
}

fn stranger(namespace: &str, labels: &[(&str, &str)]) -> Pod {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Pod { name: "stranger".into(), namespace: namespace.into(), labels }
}

fn service(name: &str) -> Option<ServiceName> {
    ServiceName::ALL.iter().copied().find(|service| service.as_str() == name)
}

/// The table of edges, said a second time and in other words than in the product.
fn expected(from: &str, to: &str, port: u16) -> bool {
    match (from, to, port) {
        (_, "gateway", 8080) => true,
        ("gateway", to, 8080 | 9090) => service(to).is_some_and(|to| to != ServiceName::Gateway),
        (from, "mongodb", 27017) => service(from).is_some_and(|from| from != ServiceName::Gateway),
        (from, "kafka", 9092) => service(from).is_some(),
        ("account", "customer", 9090) | ("customer", "account", 9090) => true,
        ("account", _, 9090) | (_, "account", 9090) => false,
        (from, to, 9090) => {
            from != to && service(from).is_some() && service(to).is_some_and(|to| to != ServiceName::Gateway)
        }
        _ => false,
    }
}

const PORTS: [u16; 7] = [22, 80, 8080, 9090, 9092, 9093, 27017];

#[test]
fn within_a_stack_only_the_edges_that_exist_are_open() {
    for name in examples() {
        let children = children(&example(&name));
        let (policies, pods) = (policies(&children), pods(&children));
        for (from, to) in pods.iter().flat_map(|from| pods.iter().map(move |to| (from, to))) {
            for port in PORTS {
                // Managed nodes call nobody, and a task calls the gateway alone.
                let silent = matches!(from.name.as_str(), "mongodb" | "kafka")
                    || from.name != "gateway" && service(&from.name).is_some() && to.name == "gateway";
                let wanted = expected(&from.name, &to.name, port) && !silent && from.name != to.name;
                let open = reaches(&policies, Some(from), Some(to), port, "TCP");
                assert_eq!(open, wanted, "{name}: {} to {}:{port}", from.name, to.name);
            }
        }
    }
}

#[test]
fn what_the_peers_are_told_is_what_the_policies_open() {
    let children = children(&stack("{}"));
    let (policies, pods) = (policies(&children), pods(&children));
    for from in pods.iter().filter(|pod| service(&pod.name).is_some()) {
        for to in pods.iter().filter(|pod| service(&pod.name).is_some()) {
            let open = reaches(&policies, Some(from), Some(to), 9090, "TCP");
            assert_eq!(open, calls(service(&from.name).unwrap(), service(&to.name).unwrap()));
        }
    }
}

#[test]
fn from_outside_of_the_stack_only_the_gateway_is_open() {
    let children = children(&stack("{}"));
    let (policies, pods) = (policies(&children), pods(&children));
    let outsiders = [
        None,
        Some(stranger(NAMESPACE, &[])),
        Some(stranger(
            "other",
            &[("app.kubernetes.io/name", "cart"), ("app.kubernetes.io/instance", "shop")],
        )),
        Some(stranger(
            NAMESPACE,
            &[("app.kubernetes.io/name", "cart"), ("app.kubernetes.io/instance", "other")],
        )),
        Some(stranger("other", &[("app.kubernetes.io/name", "commerce-operator")])),
    ];
    for outsider in &outsiders {
        for (pod, port) in pods.iter().flat_map(|pod| PORTS.map(|port| (pod, port))) {
            let open = reaches(&policies, outsider.as_ref(), Some(pod), port, "TCP");
            assert_eq!(open, pod.name == "gateway" && port == 8080, "to {}:{port}", pod.name);
        }
    }
}

#[test]
fn the_operator_reaches_the_managed_database_and_broker_and_asks_services_how_they_are() {
    let children = children(&stack("{}"));
    let (policies, pods) = (policies(&children), pods(&children));
    let operator = stranger("commerce-system", &[("app.kubernetes.io/name", "commerce-operator")]);
    for (pod, port) in pods.iter().flat_map(|pod| PORTS.map(|port| (pod, port))) {
        let open = reaches(&policies, Some(&operator), Some(pod), port, "TCP");
        let wanted = match pod.name.as_str() {
            "mongodb" => port == 27017,
            "kafka" => port == 9092,
            "seed" => false,
            "gateway" => [8080, 9090].contains(&port),
            _ => port == 9090,
        };
        assert_eq!(open, wanted, "to {}:{port}", pod.name);
    }
}

/// The ports at which a service may leave the cluster, beside DNS.
fn exits(stack: &ValidatedStack, name: &str) -> Vec<u16> {
    let children = children(stack);
    let policies = policies(&children);
    let pods = pods(&children);
    let pod = pods.iter().find(|pod| pod.name == name).unwrap();
    for protocol in ["UDP", "TCP"] {
        assert!(reaches(&policies, Some(pod), None, 53, protocol), "{name} needs DNS");
    }
    (1..=u16::MAX)
        .filter(|port| ![53, 5353].contains(port) && reaches(&policies, Some(pod), None, *port, "TCP"))
        .collect()
}

#[test]
fn outside_of_the_cluster_a_service_reaches_its_database_and_broker_alone() {
    let managed = stack("{}");
    assert!(matches!(
        (&managed.database, &managed.broker),
        (Database::Managed { .. }, Broker::Managed { .. })
    ));
    assert!(exits(&managed, "cart").is_empty());
    let external = example("external");
    assert_eq!(exits(&external, "cart"), [9094, 27017, 27018]);
    assert_eq!(exits(&external, "gateway"), [9094]);
}

#[test]
fn a_cluster_of_strimzi_is_reached_by_its_label() {
    let children = children(&stack("{kafka: {strimzi: {cluster: events}}}"));
    let (policies, pods) = (policies(&children), pods(&children));
    let cart = pods.iter().find(|pod| pod.name == "cart").unwrap();
    let broker = |cluster: &str| stranger(NAMESPACE, &[("strimzi.io/cluster", cluster)]);
    assert!(reaches(&policies, Some(cart), Some(&broker("events")), 9092, "TCP"));
    assert!(!reaches(&policies, Some(cart), Some(&broker("others")), 9092, "TCP"));
}

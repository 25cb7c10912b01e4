//! Stacks of all sorts.

use crate::fixture::named;
use crds::ValidatedStack;
use proptest::prelude::*;

fn projects() -> impl Strategy<Value = String> {
    let project = (
        "[a-z][a-z0-9_-]{0,33}[a-z0-9]",
        any::<bool>(),
        prop::sample::select(vec!["manage_project", "view_orders"]),
    )
        .prop_map(|(key, sample, scope)| {
            format!("{{key: '{key}', sampleData: {sample}, apiClients: [{{name: web, scopes: [{scope}]}}]}}")
        });
    prop::collection::vec(project, 1..4).prop_map(|all| format!("[{}]", all.join(", ")))
}

fn service(name: &'static str, may_be_off: bool) -> impl Strategy<Value = String> {
    let on = prop_oneof![
        Just(format!("{name}: {{}}")),
        (1..9_u8).prop_map(move |n| format!("{name}: {{replicas: {n}}}")),
        (1..9_u8).prop_map(move |n| format!("{name}: {{autoscaling: {{minReplicas: {n}, maxReplicas: 9}}}}")),
        Just(format!("{name}: {{image: 'other:2', resources: {{limits: {{cpu: 2, memory: 1Gi}}}}}}")),
    ];
    if may_be_off {
        prop_oneof![4 => on, 1 => Just(format!("{name}: {{enabled: false}}"))].boxed()
    } else {
        on.boxed()
    }
}

/// Any stack that the rules allow, but for the labels of API clients, which may collide by chance.
pub fn any_stack() -> impl Strategy<Value = ValidatedStack> {
    let gateway = prop::sample::select(vec![
        "{}",
        "{host: shop.example.com}",
        "{host: shop.example.com, scheme: http, ingress: {className: nginx}}",
        "{host: shop.example.com, ingress: {tlsSecretRef: {name: tls}}}",
        "{httpRoute: {parentRefs: [{name: public}]}}",
    ]);
    let mongodb = prop::sample::select(vec![
        "{}",
        "{managed: {storage: 1Gi}}",
        "{external: {uriSecretRef: {name: a, key: b}}}",
        "{external: {uriSecretRef: {name: a, key: b}, caSecretRef: {name: a, key: c}}}",
    ]);
    let kafka = prop::sample::select(vec![
        "{}",
        "{external: {bootstrapServers: 'k:9093,l:9094'}}",
        "{external: {bootstrapServers: 'k:9093', authSecretRef: {name: k}, tls: {caSecretRef: {name: a, key: c}}}}",
        "{strimzi: {cluster: events}}",
    ]);
    let services = (
        service("gateway", false),
        service("account", false),
        service("cart", true),
        service("order", true),
        service("product", true),
    )
        .prop_map(|(a, b, c, d, e)| [a, b, c, d, e].join(", "));
    let rest = (prop::sample::select(vec!["Retain", "Delete"]), 0..3_u8);
    ("[a-z]([a-z0-9-]{0,38}[a-z0-9])?", projects(), gateway, mongodb, kafka, services, rest)
        .prop_filter_map("a manifest that the rules refuse", |(name, projects, gateway, mongodb, kafka, services, rest)| {
            let (policy, rotation) = rest;
            let spec = format!(
                "{{projects: {projects}, gateway: {gateway}, mongodb: {mongodb}, kafka: {kafka}, \
                 services: {{{services}}}, deletionPolicy: {policy}, operation: {{secretsRotation: {rotation}}}}}"
            );
            std::panic::catch_unwind(|| named(&name, &spec)).ok()
        })
}

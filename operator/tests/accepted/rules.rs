//! What the definition's rules refuse, when a stack is made and when it is changed.

use crate::{manifest, offer, stacks};
use kube::Client;

pub async fn what_the_rules_forbid_is_refused_with_its_path(client: &Client) {
    let long = "x".repeat(41);
    let many: Vec<String> = (0..101).map(|n| format!("{{key: p-{n:03}}}")).collect();
    let many = format!("{{projects: [{}]}}", many.join(", "));
    let table: Vec<(&str, &str, &str)> = vec![
        ("1shop", "{projects: [{key: aa}]}", ": Invalid value: metadata.name must have up to 40"),
        (&long, "{projects: [{key: aa}]}", ": Invalid value: metadata.name must have up to 40"),
        (
            "api",
            "{}",
            "spec.projects: Invalid value: the project of a stack without spec.projects is named like",
        ),
        (
            "a",
            "{}",
            "spec.projects: Invalid value: the project of a stack without spec.projects is named like",
        ),
        (
            "shop",
            "{mongodb: {managed: {}, external: {uriSecretRef: {name: a, key: b}}}}",
            "spec.mongodb: Invalid value: give only one of managed and external",
        ),
        ("shop", "{mongodb: {external: {}}}", "spec.mongodb.external.uriSecretRef: Required value"),
        (
            "shop",
            "{mongodb: {managed: {storage: big}}}",
            "spec.mongodb.managed.storage: Invalid value: \"big\"",
        ),
        (
            "shop",
            "{kafka: {managed: {}, strimzi: {cluster: c}}}",
            "spec.kafka: Invalid value: give only one of managed, external and strimzi",
        ),
        (
            "shop",
            "{kafka: {topics: {replicationFactor: 3}}}",
            "spec.kafka.topics.replicationFactor: Invalid value: must be 1",
        ),
        ("shop", "{kafka: {topics: {partitions: 0}}}", "spec.kafka.topics.partitions: Invalid value: 0"),
        (
            "shop",
            "{kafka: {topics: {retention: forever}}}",
            "spec.kafka.topics.retention: Invalid value: \"forever\"",
        ),
        (
            "shop",
            "{kafka: {external: {bootstrapServers: kafka}}}",
            "spec.kafka.external.bootstrapServers: Invalid value: \"kafka\"",
        ),
        (
            "shop",
            "{gateway: {ingress: {}}}",
            "spec.gateway.host: Invalid value: is missing; an ingress needs a host name",
        ),
        (
            "shop",
            "{gateway: {host: a.b, ingress: {}, httpRoute: {parentRefs: [{name: a}]}}}",
            "spec.gateway: Invalid value: give only one of ingress and httpRoute",
        ),
        ("shop", "{gateway: {host: 'https://a.b'}}", "spec.gateway.host: Invalid value: \"https://a.b\""),
        (
            "shop",
            "{gateway: {httpRoute: {parentRefs: []}}}",
            "spec.gateway.httpRoute.parentRefs: Invalid value: 0",
        ),
        (
            "shop",
            "{services: {cart: {replicas: 2, autoscaling: {maxReplicas: 2}}}}",
            "spec.services.cart: Invalid value: give only one of replicas and autoscaling",
        ),
        (
            "shop",
            "{services: {cart: {autoscaling: {minReplicas: 3, maxReplicas: 2}}}}",
            "spec.services.cart.autoscaling.maxReplicas: Invalid value: must not be less than minReplicas",
        ),
        ("shop", "{services: {cart: {replicas: 101}}}", "spec.services.cart.replicas: Invalid value: 101"),
        (
            "shop",
            "{services: {account: {enabled: false}}}",
            "spec.services.account.enabled: Invalid value: a stack cannot run without its account service",
        ),
        (
            "shop",
            "{services: {gateway: {enabled: false}}}",
            "spec.services.gateway.enabled: Invalid value: a stack cannot run without its gateway",
        ),
        ("shop", "{services: {carts: {}}}", ".spec.services.carts: field not declared in schema"),
        ("shop", "{services: {cart: {image: 'a b'}}}", "spec.services.cart.image: Invalid value: \"a b\""),
        (
            "shop",
            "{projects: [{key: api}]}",
            "spec.projects[0].key: Invalid value: \"api\": this key is reserved",
        ),
        ("shop", "{projects: [{key: A-B}]}", "spec.projects[0].key: Invalid value: \"A-B\""),
        (
            "shop",
            "{projects: [{key: aa}, {key: aa}]}",
            ".spec.projects: duplicate entries for key [key=\"aa\"]",
        ),
        ("shop", &many, "spec.projects: Too many: 101: must have at most 100 items"),
        (
            "shop",
            "{projects: [{key: aa, currencies: [eur]}]}",
            "spec.projects[0].currencies[0]: Invalid value: \"eur\"",
        ),
        (
            "shop",
            "{projects: [{key: aa, currencies: [EUR, EUR]}]}",
            ".spec.projects[key=\"aa\"].currencies: duplicate entries",
        ),
        ("shop", "{projects: [{key: aa, languages: [english]}]}", "spec.projects[0].languages[0]: "),
        (
            "shop",
            "{projects: [{key: aa, apiClients: [{name: web}]}]}",
            "spec.projects[0].apiClients[0].scopes: Required value",
        ),
        (
            "shop",
            "{projects: [{key: aa, apiClients: [{name: web, scopes: ['view_orders:aa']}]}]}",
            "spec.projects[0].apiClients[0].scopes[0]: Invalid value",
        ),
        (
            "shop",
            "{defaults: {resources: {requests: {cpu: many}}}}",
            "spec.defaults.resources.requests.cpu: Invalid value: \"many\"",
        ),
        (
            "shop",
            "{defaults: {resources: {requests: {cpu: 1}, limits: {cpu: 500m}}}}",
            "spec.defaults.resources.requests.cpu: Invalid value: must not be more than limits.cpu",
        ),
        ("shop", "{deletionPolicy: Never}", "spec.deletionPolicy: Unsupported value: \"Never\""),
        ("shop", "{operation: {upgrades: Sometimes}}", "spec.operation.upgrades: Unsupported value"),
        ("shop", "{operation: {secretsRotation: -1}}", "spec.operation.secretsRotation: Invalid value: -1"),
    ];
    for (name, spec, expected) in table {
        let refused = offer(client, &manifest(name, spec), true).await.expect_err(spec);
        assert!(refused.contains(expected), "{spec}\nexpected: {expected}\n   found: {refused}");
    }
    for good in [
        "{defaults: {resources: {requests: {cpu: 2, memory: 0.5Gi}}}}",
        "{mongodb: {managed: null, external: {uriSecretRef: {name: a, key: b}}}, kafka: {topics: null}, services: {cart: null}}",
    ] {
        offer(client, &manifest("shop", good), true).await.unwrap_or_else(|error| panic!("{good}: {error}"));
    }
}

pub async fn what_cannot_be_changed_is_refused_with_its_path(client: &Client) {
    let external = "{mongodb: {external: {uriSecretRef: {name: a, key: b}}}}";
    let table: Vec<(&str, &str, Option<&str>)> = vec![
        ("{}", external, Some("spec.mongodb: Invalid value: cannot be switched")),
        (external, "{}", Some("spec.mongodb: Invalid value: cannot be switched")),
        (
            "{kafka: {strimzi: {cluster: a}}}",
            "{kafka: {managed: {}}}",
            Some("spec.kafka: Invalid value: cannot be switched"),
        ),
        ("{kafka: {strimzi: {cluster: a}}}", "{kafka: {strimzi: {cluster: b}}}", None),
        (
            "{}",
            "{mongodb: {managed: {storage: 5Gi}}}",
            Some("spec.mongodb.managed.storage: Invalid value: cannot shrink"),
        ),
        ("{}", "{mongodb: {managed: {storage: 15Gi}}}", None),
        (
            "{kafka: {managed: {storage: 5Gi}}}",
            "{kafka: {managed: {storage: 5000Mi}}}",
            Some("spec.kafka.managed.storage: Invalid value: cannot shrink"),
        ),
        ("{kafka: {managed: {storage: 5Gi}}}", "{kafka: {managed: {storage: 5120Mi}}}", None),
        (
            "{}",
            "{mongodb: {managed: {storageClassName: fast}}}",
            Some("spec.mongodb.managed.storageClassName: Invalid value: cannot be changed"),
        ),
        ("{}", "{kafka: {managed: {storage: 20Gi}}}", None),
        (
            "{kafka: {topics: {partitions: 8}}}",
            "{}",
            Some("spec.kafka.topics.partitions: Invalid value: cannot be lowered"),
        ),
        ("{}", "{kafka: {topics: {partitions: 9}}}", None),
        (
            "{kafka: {topics: null}, mongodb: {managed: {storage: null}}}",
            "{kafka: null, mongodb: {managed: {storage: 11Gi}}}",
            None,
        ),
    ];
    for (index, (before, after, expected)) in table.into_iter().enumerate() {
        let name = format!("change-{index}");
        offer(client, &manifest(&name, before), false).await.unwrap();
        let answer = offer(client, &manifest(&name, after), true).await;
        match (&answer, expected) {
            (Ok(()), None) => {}
            (Err(refused), Some(expected)) if refused.contains(expected) => {}
            _ => panic!("{before} -> {after}: {answer:?} where {expected:?} was expected"),
        }
        stacks(client).delete(&name, &Default::default()).await.unwrap();
    }
}
